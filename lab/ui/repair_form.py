"""The side bar of the page about repaired labels: data and noise as on every page, a network, and how long is trained."""

from __future__ import annotations

import streamlit as st

from lab.specs import Correction, LabelStudy
from lab.specs.datasets import DATASETS
from lab.specs.repair import METHODS
from lab.specs.repair_plan import RepairPlan, corrections_of
from lab.ui.noise_form import Impossible, form_group, label_study
from lab.ui.train_form import backbone_picker
from lab.ui.whole_number import whole_number

FEW_ROWS = 512  # below so many, batches of 32, and 5 votes: more would come from other classes


def own_corrections() -> dict[str, Correction] | None:
    """Draw the controls; a correction by each method that was picked. None where a control holds something impossible."""
    study = label_study()
    if study is None:
        return None
    names = st.pills(
        "Methods",
        list(METHODS),
        selection_mode="multi",
        default=list(METHODS),
        key="methods",
        bind="query-params",
        help="CE, SL and GCE train once and are the baselines. The others change labels, or leave rows out.",
    )
    with st.sidebar:
        try:
            backbone = form_group("Network", "network", lambda: backbone_picker(study, small_first=True))
            plan = form_group("Repair", "plan", lambda: _plan(study))
            seed = _seed()
            base = form_group("", "whole", lambda: plan.training(study, backbone, seed), visible=False)
            chosen = [name for name in METHODS if name in (names or METHODS)]
            return form_group("", "fits", lambda: corrections_of(base, plan, chosen), visible=False)
        except Impossible:
            return None


def _plan(study: LabelStudy) -> RepairPlan:
    usual = RepairPlan()
    batch, voters = (usual.batch_size, usual.k) if _rows(study) >= FEW_ROWS else (32, 5)
    epochs = whole_number(
        "Epochs of a training",
        value=usual.epochs,
        step=5,
        key="epochs",
        help="Also of an episode. Joint Optimization and PENCIL train three times as long and more, in one go. The paper has "
        "40 on MNIST, 120 on CIFAR.",
    )
    episodes = whole_number(
        "Episodes",
        value=usual.episodes,
        key="episodes",
        help="Of IterKNN and SelKNN; a last training follows. SelKNN begins with a fifth of each class and takes 20 % more "
        "each time, from six episodes on 10 % as the paper does with its ten.",
    )
    k = whole_number("k", value=voters, step=10, key="k", help="Neighbours that vote; paper: 100.")
    size = whole_number("Batch size", value=batch, step=32, key="batch")
    return RepairPlan(epochs=epochs, batch_size=size, episodes=episodes, k=k)


def _rows(study: LabelStudy) -> int:
    """Training rows; of one's own data, before they were read, enough."""
    known = DATASETS.get(study.dataset.name)
    return study.dataset.n or (known.n_train if known else FEW_ROWS)


def _seed() -> int:
    return whole_number(
        "Seed of weights and batches",
        min_value=0,
        max_value=9999,
        value=0,
        key="weights",
        help="The noise has its own.",
    )
