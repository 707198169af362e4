"""Studies of detectors as JSON, and what can not be asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.specs import Experiment, InnFigure, Toy, from_json, to_json
from lab.specs.presets import DETECTION


@pytest.mark.parametrize(
    "spec", [DETECTION, replace(DETECTION, space="network", epochs=(1, 7)), InnFigure(figure="heavy")]
)
def test_a_study_survives_json_with_its_digest(spec) -> None:
    back = from_json(to_json(spec))
    assert back == spec
    assert back.digest == spec.digest


def test_the_last_epoch_is_always_watched() -> None:
    assert DETECTION.watched == (1, 2, 5, 10, 20, 40, 60)
    assert replace(DETECTION, epochs=(3,)).watched == (3, 60)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"experiment": Experiment(dataset=Toy())}, "experiment must be the training of a backbone"),
        ({"space": "moon"}, "space must be one of"),
        ({"epochs": (61,)}, r"epochs must be an integer in \[1, 60\], got 61"),
        ({"epochs": (5, 3)}, "epochs must be ascending"),
    ],
)
def test_what_can_not_be_asked_for_is_said(wrong, message) -> None:
    with pytest.raises(ValueError, match=message):
        replace(DETECTION, **wrong)


def test_a_figure_has_seeds_and_a_known_name() -> None:
    with pytest.raises(ValueError, match="figure must be one of"):
        InnFigure(figure="7")
    with pytest.raises(ValueError, match="seeds must be 1 to 10, got 0"):
        InnFigure(seeds=())
