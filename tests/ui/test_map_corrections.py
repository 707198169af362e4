"""Which finished corrections a feature map offers, and whose labels stand at its points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.experiments.store import store
from lab.noise import Symmetric
from lab.specs import Correction, DataSource, Experiment
from lab.specs.correction_methods import IterKNN
from lab.specs.presets import FEATURE_MAPS
from lab.specs.repair import FIRST, METHODS, correction_of
from lab.specs.training import Seeds
from lab.ui.map_corrections import finished_corrections, labels_at

KED = FEATURE_MAPS["KED Fig. 2"].left.experiment  # digits with 60 % symmetric noise, as the shipped corrections


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))


def names(experiment: Experiment) -> list[str]:
    return [name for name, _ in finished_corrections(experiment).values()]


def keep(study: Correction) -> None:
    """A finished run of it in the history."""
    store().begin(study)
    store().finish(study.digest, "done", run=Run(study, {"episodes": []}, {}, 1.0))
    assert store().settle(20)


def test_every_correction_that_changes_labels_is_offered_neighbours_first() -> None:
    found = names(KED)
    assert found[:2] == ["IterKNN", "SelKNN"]
    assert {name for name in found if " (" not in name} == {*METHODS} - {"kNN filter"}


@pytest.mark.parametrize(
    "other",
    [
        replace(KED, noise=Symmetric(0.4)),
        replace(KED, seeds=Seeds(noise=1)),
        replace(KED, mode="exact"),
        replace(KED, dataset=DataSource(n=1000)),
        replace(KED, edits=((3, 4),)),
    ],
    ids=["rate", "seed", "mode", "rows", "edits"],
)
def test_corrections_of_other_labels_are_never_offered(other: Experiment) -> None:
    assert names(other) == []


def test_own_ones_come_first_under_their_own_name() -> None:
    study = replace(correction_of(FIRST, "IterKNN"), method=IterKNN(episodes=2, k=10))
    strange = replace(study, experiment=replace(study.experiment, seeds=Seeds(noise=5)))
    for one in (study, strange):
        keep(one)
    store().rename(study.digest, "mine")
    assert names(KED)[:2] == ["mine", "IterKNN"]
    assert strange.digest not in finished_corrections(KED)
    store().delete(study.digest)
    assert names(KED)[0] == "IterKNN"


@pytest.mark.parametrize("method", ["IterKNN", "SelKNN", "PENCIL", "CE"])
def test_labels_stand_at_their_rows_and_count_what_the_repair_page_counts(method: str) -> None:
    run = shipped(correction_of(FIRST, method).digest)
    assert run is not None
    arrays, flow = run.arrays, run.metrics["episodes"][-1]["flow"]
    at = np.random.default_rng(0).permutation(len(arrays["rows"]))
    rows, given, true = arrays["rows"][at], arrays["labels"][0][at], arrays["y_clean"][at]
    labels = labels_at(run, rows, given)
    by_row = dict(zip(arrays["rows"].tolist(), arrays["labels"][-1].tolist(), strict=True))
    assert labels.tolist() == [by_row[row] for row in rows.tolist()]
    assert ((given != true) & (labels == true)).sum() == flow["wrong_right"]
    assert ((given == true) & (labels != true)).sum() == flow["right_wrong"]
    assert (labels == true).mean() == pytest.approx(run.metrics["episodes"][-1]["recovery"])
    some = at[:100]
    np.testing.assert_array_equal(labels_at(run, arrays["rows"][some], arrays["labels"][0][some]), labels[:100])


def test_rows_or_given_labels_that_differ_get_no_labels() -> None:
    run = shipped(correction_of(FIRST, "IterKNN").digest)
    assert run is not None
    rows, given = run.arrays["rows"], run.arrays["labels"][0].copy()
    assert labels_at(run, rows, given) is not None
    assert labels_at(run, rows + 1, given) is None
    given[7] = (given[7] + 1) % 10
    assert labels_at(run, rows, given) is None
