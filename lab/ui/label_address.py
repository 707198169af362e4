"""The controls of data and noise, filled in by an address: a link to another page with the same labels."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from lab.noise import (
    Concentrated,
    HumanLabels,
    InstanceDependent,
    LocallyConcentrated,
    Matrix,
    MatrixNoise,
    Noise,
    RandomAsymmetric,
    Semantic,
)
from lab.specs import DataSource, LabelStudy, RareClass
from lab.specs.datasets import DATASETS
from lab.ui.noise_data import PAIR, RARE, TITLES
from lab.ui.noise_form import MODE_NAMES
from lab.ui.noise_matrix import PARAM, UNIT, to_steps, write_matrix
from lab.ui.noise_models import KINDS, MAP_NAMES, NAMES, PICK_NAMES, kinds_for

STEP, FINE_STEP = 0.05, 0.02  # of the sliders of rates, and of the role of chance
MOST_CLUSTERS = 20

Address = dict[str, str]


def label_address(study: LabelStudy) -> Address | None:
    """What `lab.ui.noise_form.label_study` reads as this study; None where its controls can not say it."""
    source = study.dataset
    noise, imbalance = _noise(study), _imbalance(study)
    if noise is None or imbalance is None:
        return None
    data = {"set": TITLES.get(source.name, source.name)}
    data |= {"rows": str(source.n)} if source.n is not None else {}
    data |= {"label": source.label} if source.label is not None else {}
    drawn = {"mode": MODE_NAMES[study.mode]} if isinstance(study.noise, MatrixNoise | InstanceDependent) else {}
    return data | imbalance | noise | drawn | {"draw": str(study.seed)}


def _imbalance(study: LabelStudy) -> Address | None:
    names, rare = study.dataset.classes, study.imbalance
    if rare is None:
        return {}
    if names is None or not _on_grid(rare.fraction, STEP):
        return None
    kept = {"kept": f"{rare.fraction:g}"}
    if isinstance(rare, RareClass):
        return {"imbalance": RARE, "rare": names[rare.class_index]} | kept
    return {"imbalance": PAIR, "whole": names[rare.majority], "rare": names[rare.minority]} | kept


def _noise(study: LabelStudy) -> Address | None:
    noise, source = study.noise, study.dataset
    kind = next((kind for kind, model in KINDS.items() if model is type(noise)), "")
    own, rate = _own_parameters(noise, source), _rate(noise)
    if kind not in kinds_for(source, source.classes, study.imbalance) or own is None or rate is None:
        return None
    return {"model": NAMES[kind]} | rate | own


def _rate(noise: Noise) -> Address | None:
    """The slider of the rate; nothing where the noise has none."""
    if "rate" not in {field.name for field in fields(noise)}:  # type: ignore[arg-type]  # every noise is a dataclass
        return {}
    rate: float = noise.rate  # type: ignore[attr-defined]
    name = "part" if isinstance(noise, Matrix) else "share"
    return {name: f"{rate:g}"} if _on_grid(rate, STEP) else None


def _own_parameters(noise: Noise, source: DataSource) -> Address | None:
    """What this kind's further controls hold; None where they can not."""
    if getattr(noise, "permutation", None) is not None:
        return None
    match noise:
        case Matrix():
            return _matrix(noise)
        case Semantic():
            return _look_alikes(noise, source)
        case RandomAsymmetric():
            return {"pairs": str(noise.seed)}
        case Concentrated():
            return {"dial": f"{noise.concentration:g}"} if _on_grid(noise.concentration, STEP) else None
        case InstanceDependent():
            return {"chance": f"{noise.temperature:g}"} if _on_grid(noise.temperature, FINE_STEP) else None
        case LocallyConcentrated():
            return _local(noise)
        case HumanLabels():
            usual = HumanLabels(noise.path, noise.column) == noise
            return {"file": str(noise.path), "column": noise.column} if usual else None
    return {}


def _look_alikes(noise: Semantic, source: DataSource) -> Address | None:
    maps = DATASETS[source.name].maps
    found = next((name for name in maps if Semantic(noise.rate, name) == noise), None)
    if found is None:
        return None
    return {"map": MAP_NAMES[found]} if len(maps) > 1 else {}


def _local(noise: LocallyConcentrated) -> Address | None:
    target = noise.target_rate
    if noise.n_clusters > MOST_CLUSTERS or (target is not None and not _on_grid(target, STEP)):
        return None
    aimed = {} if target is None else {"target": f"{target:g}"}
    return {"clusters": str(noise.n_clusters), "pick": PICK_NAMES[noise.pick]} | aimed


def _matrix(noise: Matrix) -> Address | None:
    P = np.array(noise.corruption)
    steps = to_steps(P)
    return {PARAM: write_matrix(steps)} if Matrix(noise.rate, steps / UNIT) == noise else None


def _on_grid(value: float, step: float) -> bool:
    return abs(value / step - round(value / step)) < 1e-9
