"""The controls of the page "Train": widgets in, a frozen Experiment out. Every widget is in the address bar."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lab.specs import LOSSES, Experiment, LabelStudy, Record, Schedule, Seeds
from lab.specs.backbones import BACKBONES, BackboneSpec
from lab.specs.datasets import DATASETS
from lab.specs.experiment import experiment_on
from lab.specs.methods import Loss, LossCorrection, SymmetricCrossEntropy
from lab.specs.recipes import NOTES, RECIPES
from lab.specs.training import AUGMENTATIONS, DECAYS
from lab.ui.noise_form import Impossible, form_group, label_study
from lab.ui.whole_number import whole_number
from lab.ui.words import sentence

STOPPING_NAMES = {
    "off": "Off: keep the last epoch",
    "noisy": "On noisy validation labels",
    "clean": "On clean validation labels",
}
DECAY_NAMES = dict(
    zip(DECAYS, ("falls in a line to zero", "falls as a cosine to zero", "falls in steps", "stays"), strict=True)
)
AUGMENTATION_NAMES = dict(
    zip(AUGMENTATIONS, ("none", "shift", "shift and mirror", "shift, mirror, turn, brightness"), strict=True)
)
IMAGE_RECIPE = "Small images, 15 epochs"
SET_BY_RECIPE = {  # widget -> field of the Schedule
    "epochs": "epochs",
    "batch": "batch_size",
    "lr": "learning_rate",
    "wd": "weight_decay",
    "optimiser": "optimiser",
    "decay": "decay",
    "augment": "augmentation",
    "mixup": "mixup",
    "stop": "early_stopping",
}
FULLY_CONNECTED = ("DigitsMLP", "ToyMLP")  # the usual one first


def experiment_form() -> Experiment | None:
    """Draw the controls in the side bar; None if one holds something impossible, which is then said where it stands."""
    study = label_study()
    if study is None:
        return None
    with st.sidebar:
        try:
            backbone = form_group("Network", "network", lambda: backbone_picker(study))
            loss = form_group("Method", "method", lambda: _loss(study))
            schedule = form_group("Training", "training", lambda: _schedule(study))
            record, seeds = form_group("Record and seeds", "record", lambda: _record(study), expanded=False)
            return form_group(
                "", "whole", lambda: _experiment(study, backbone, loss, schedule, record, seeds), visible=False
            )
        except Impossible:
            return None


def _experiment(
    study: LabelStudy, backbone: BackboneSpec, loss: Loss, schedule: Schedule, record: Record, seeds: Seeds
) -> Experiment:
    return experiment_on(study, backbone=backbone, method=loss, schedule=schedule, record=record, seeds=seeds)


def is_image_set(study: LabelStudy) -> bool:
    """Whether rows are pictures with more than a handful of pixels; a table of one's own is not."""
    known = DATASETS.get(study.dataset.name)
    return known is not None and known.image is not None and known.image[0] > 8


def backbone_picker(study: LabelStudy, *, small_first: bool = False) -> BackboneSpec:
    """Networks that fit the rows.

    Args:
        small_first: fully connected nets come first for images too: much is trained, and on a processor.
    """
    names, others = list(FULLY_CONNECTED), [name for name in BACKBONES if name not in FULLY_CONNECTED]
    if is_image_set(study):
        names = names + others if small_first else others + names
    name = st.selectbox("Backbone", names, key="net", bind="query-params")
    st.caption(sentence((type(BACKBONES[name]).__doc__ or name).split("\n")[0]))
    return BACKBONES[name]


def _loss(study: LabelStudy) -> Loss:
    name = st.selectbox("Loss", list(LOSSES), key="loss", bind="query-params")
    loss = LOSSES[name]
    st.caption(sentence((type(loss).__doc__ or name).split("\n")[0]))
    if isinstance(loss, SymmetricCrossEntropy):
        alpha = st.number_input(
            "α, weight of cross-entropy", value=loss.alpha, step=0.1, key="alpha", bind="query-params"
        )
        beta = st.number_input("β, weight of the reverse", value=loss.beta, step=0.1, key="beta", bind="query-params")
        loss = SymmetricCrossEntropy(alpha=alpha, beta=beta)
    if isinstance(loss, LossCorrection):
        st.warning("Uses the true matrix of the noise, which nobody has in practice.", icon=":material/warning:")
    return loss


def _schedule(study: LabelStudy) -> Schedule:
    recipe = st.selectbox(
        "Recipe",
        list(RECIPES),
        index=list(RECIPES).index(IMAGE_RECIPE) if is_image_set(study) else 0,
        key="recipe",
        bind="query-params",
        on_change=_take_recipe,
        help="Sets what stands below; change it as you like.",
    )
    base = RECIPES[recipe]
    st.caption(sentence(NOTES[recipe]))
    bound: dict[str, Any] = {"bind": "query-params"}
    left, right = st.columns(2)
    epochs = whole_number("Epochs", value=base.epochs, step=10, key="epochs", **bound, place=left)
    batch = whole_number("Batch size", value=base.batch_size, step=32, key="batch", **bound, place=right)
    rate = left.number_input("Learning rate", value=base.learning_rate, step=0.001, format="%.4f", key="lr", **bound)
    decay_weight = right.number_input(
        "Weight decay", value=base.weight_decay, step=0.0001, format="%.4f", key="wd", **bound
    )
    optimiser = st.selectbox(
        "Optimiser",
        ("adam", "sgd"),
        index=("adam", "sgd").index(base.optimiser),
        format_func={"adam": "Adam", "sgd": "SGD with momentum"}.__getitem__,
        key="optimiser",
        **bound,
    )
    decay = st.selectbox(
        "Learning rate over time",
        DECAYS,
        index=DECAYS.index(base.decay),
        format_func=DECAY_NAMES.__getitem__,
        key="decay",
        **bound,
    )
    augmentation = base.augmentation
    if is_image_set(study):
        augmentation = st.selectbox(
            "Augmentation",
            AUGMENTATIONS,
            index=AUGMENTATIONS.index(base.augmentation),
            format_func=AUGMENTATION_NAMES.__getitem__,
            key="augment",
            **bound,
        )
    mixup = st.number_input(
        "MixUp α", value=base.mixup, step=0.5, key="mixup", help="0: none. INN trains with MixUp.", **bound
    )
    stopping = st.selectbox(
        "Early stopping",
        list(STOPPING_NAMES),
        index=list(STOPPING_NAMES).index(base.early_stopping),
        format_func=STOPPING_NAMES.__getitem__,
        key="stop",
        **bound,
    )
    if stopping == "clean":
        st.warning("Uses clean labels, which nobody has in practice.", icon=":material/warning:")
    return Schedule(
        epochs=epochs,
        batch_size=batch,
        learning_rate=rate,
        optimiser=optimiser,
        momentum=base.momentum,
        nesterov=base.nesterov,
        weight_decay=decay_weight,
        decay=decay,
        milestones=tuple(epoch for epoch in base.milestones if epoch < epochs) if decay == "steps" else (),
        factor=base.factor,
        augmentation=augmentation,
        cutout=base.cutout if augmentation != "none" else 0,
        mixup=mixup,
        early_stopping=stopping,
        patience=base.patience,
    )


def _take_recipe() -> None:
    for key, field in SET_BY_RECIPE.items():
        if key in st.session_state:
            st.session_state[key] = getattr(RECIPES[st.session_state["recipe"]], field)


def _record(study: LabelStudy) -> tuple[Record, Seeds]:
    samples = st.toggle(
        "Every sample, every epoch",
        value=True,
        key="samples",
        bind="query-params",
        help="Loss, probability of the given label and prediction of every training row: what finds wrong labels later.",
    )
    consistency = st.toggle(
        "Consistency effect (INN Fig. 2)",
        value=False,
        key="consistency",
        bind="query-params",
        help="How sure the network is at samples, and half way to their nearest neighbour.",
    )
    init = whole_number("Where the weights start", value=0, key="s_init")
    batch = whole_number("Order of the batches", value=0, key="s_batch")
    seeds = Seeds(noise=study.seed, init=init, batch=batch)
    return Record(samples=samples, consistency=consistency), seeds
