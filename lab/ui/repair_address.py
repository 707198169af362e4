"""Addresses of the page about repaired labels: of certain labels, or of one correction of them."""

from __future__ import annotations

from contextlib import suppress

from lab.specs import Correction, Experiment
from lab.specs.repair import METHODS, column_of, correction_of
from lab.specs.repair_plan import RepairPlan, corrections_of
from lab.ui.label_address import Address, label_address
from lab.ui.repair_choice import OWN, WHAT
from lab.ui.run_words import SPEC_NAMES

RETRAINED = {
    "same": "same first weights",
    "reset": "kept, rate reset",
    "continue": "network kept",
}


def method_name(study: Correction) -> str:
    """As the page calls it."""
    kinds = type(study.method), type(study.experiment.method)
    known = (name for name, (method, loss) in METHODS.items() if (type(method), type(loss)) == kinds)
    name = next(known, type(study.method).__name__)
    words = RETRAINED.get(getattr(study.method, "retrain", ""))
    return name if words is None else f"{name} ({words})"


def labels_to_repair(experiment: Experiment) -> Address:
    """The address that offers to repair a training's given labels; the bare page where its controls can not say them."""
    address = None if experiment.edits else label_address(experiment.label_study)
    return {} if address is None else {"of": WHAT[OWN]} | address


def correction_address(study: Correction) -> Address | None:
    """The address that shows this correction; None where the page's controls can not say it."""
    name, experiment = method_name(study), study.experiment
    if name not in METHODS:
        return None
    column, seed = column_of(experiment.noise), experiment.seeds.noise
    if column is not None and study == correction_of(column, name, seed):
        return {"noise": column, "seed": str(seed)}
    labels, plan, net = labels_to_repair(experiment), _plan(study), SPEC_NAMES.get(experiment.backbone)
    if not labels or plan is None or net is None or _of_the_form(study, plan, name) != study:
        return None
    numbers = {"epochs": plan.epochs, "batch": plan.batch_size, "episodes": plan.episodes, "k": plan.k}
    more = {"methods": name, "net": net, "weights": experiment.seeds.init}
    return labels | {param: str(value) for param, value in (numbers | more).items()}


def _plan(study: Correction) -> RepairPlan | None:
    """How long it trains, in the form's terms; None where that is outside of what the form takes."""
    schedule, usual = study.experiment.schedule, RepairPlan()
    with suppress(ValueError):
        return RepairPlan(
            epochs=schedule.epochs,
            batch_size=schedule.batch_size,
            episodes=getattr(study.method, "episodes", usual.episodes),
            k=getattr(study.method, "k", usual.k),
        )
    return None


def _of_the_form(study: Correction, plan: RepairPlan, name: str) -> Correction:
    """What the form would ask for with these labels, this network and this plan."""
    old = study.experiment
    base = plan.training(old.label_study, old.backbone, old.seeds.init)
    return corrections_of(base, plan, (name,))[name]
