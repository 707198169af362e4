"""A correction from its request to its run, on a few digits: what it holds, and training again on its labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.experiments import Run
from lab.experiments.history import title
from lab.experiments.progress import Stopped, unheard
from lab.experiments.worker import compute
from lab.experiments.worker_correction import run_correction
from lab.experiments.worker_label_inference import run_label_inference
from lab.experiments.worker_training_data import load_training_data
from lab.noise import Symmetric
from lab.specs import Correction, DataSource, IterKNN, KNNFilter, LabelInference, Schedule, SelKNN
from lab.specs.correction import digits_experiment
from lab.ui.repair_again import corrected_experiment

CPU = torch.device("cpu")
SMALL = Correction(
    experiment=replace(
        digits_experiment(),
        dataset=DataSource(name="digits", n=200),
        noise=Symmetric(0.4),
        schedule=Schedule(epochs=6, batch_size=32, learning_rate=0.003),
    ),
    method=SelKNN(episodes=2, k=10, first_percent=40),
)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(tmp_path_factory.mktemp("home")))
        return compute(SMALL, unheard)


def test_the_numbers_are_those_of_the_labels(run: Run) -> None:
    a, m = run.arrays, run.metrics
    labels, clean = a["labels"], a["y_clean"]
    assert labels.shape == (3, 200)
    assert m["realised_rate"] == pytest.approx((labels[0] != clean).mean())
    assert m["initial"]["recovery"] == pytest.approx((labels[0] == clean).mean())
    for i, episode in enumerate(m["episodes"]):
        now = labels[i + 1]
        assert episode["recovery"] == pytest.approx((now == clean).mean())
        assert episode["class_counts"] == np.bincount(now, minlength=10).tolist()
        assert episode["changed"] == (labels[i] != now).sum()
        ways = [episode["flow"][way] for way in ("right_right", "right_wrong", "wrong_right", "wrong_wrong")]
        assert sum(ways) == 200
        assert ways[0] + ways[2] == (now == clean).sum()
        chosen = np.unpackbits(a["reference"][i], count=200).astype(bool)
        assert episode["reference_size"] == chosen.sum()
        assert episode["reference_clean"] == pytest.approx((labels[i] == clean)[chosen].mean())
        assert (now == labels[i])[chosen].all()
    assert [one["percent"] for one in m["episodes"]] == [40, 50]
    assert m["kept"] == 200
    assert not m["uses_clean_labels"]
    assert "SelKNN" in title(SMALL)


def test_the_samples_shown_were_changed_and_their_voters_have_pictures(run: Run) -> None:
    a = run.arrays
    assert len(a["shown_rows"]) > 0
    for row, episode, voters, votes in zip(
        a["shown_rows"], a["shown_episode"], a["shown_neighbours"], a["shown_votes"], strict=True
    ):
        before, after = a["labels"][episode - 1], a["labels"][episode]
        assert before[row] != after[row]
        assert votes[1] >= votes[0]
        assert {row, *voters} <= set(a["picture_rows"])
        chosen = np.unpackbits(a["reference"][episode - 1], count=200).astype(bool)
        assert chosen[voters].all()
    assert a["pictures"].shape[1:] == (8, 8, 1)


def test_stopped_in_a_later_episode_it_ends_with_the_same_labels(run: Run) -> None:
    def stop(fraction: float, message: str) -> None:
        if fraction > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        run_correction(SMALL, stop)
    said: list[str] = []
    again = run_correction(SMALL, lambda fraction, message: said.append(message))
    assert "episode 1 of 2" not in said
    np.testing.assert_array_equal(again.arrays["labels"], run.arrays["labels"])
    assert again.metrics["final"] == run.metrics["final"]


def test_the_filter_says_what_it_left_out() -> None:
    found = run_correction(replace(SMALL, method=KNNFilter(k=10)), unheard)
    m, kept = found.metrics, np.unpackbits(found.arrays["kept"], count=200).astype(bool)
    right = found.arrays["labels"][0] == found.arrays["y_clean"]
    assert m["kept"] == kept.sum() < 200
    assert m["kept_clean"] == pytest.approx(right[kept].mean())
    assert m["left_out_right"] == (right & ~kept).sum()


def test_true_labels_that_vote_are_said(run: Run) -> None:
    found = run_correction(replace(SMALL, method=IterKNN(episodes=1, k=5, reference="clean")), unheard)
    assert found.metrics["uses_clean_labels"]
    assert found.metrics["episodes"][0]["recovery"] > run.metrics["episodes"][0]["recovery"]


def test_training_again_is_on_the_corrected_labels(run: Run) -> None:
    experiment = corrected_experiment(run)
    data = load_training_data(experiment, CPU, unheard)
    np.testing.assert_array_equal(data.index, run.arrays["rows"])
    np.testing.assert_array_equal(data.y_given, run.arrays["labels"][-1])
    wrong = (run.arrays["labels"][-1] != run.arrays["y_clean"]).mean()
    assert data.labels.flip_rate == pytest.approx(wrong)


def test_an_edit_of_a_row_that_is_not_there_is_refused() -> None:
    rows = set(range(1797)) - set(load_training_data(SMALL.experiment, CPU, unheard).index)
    experiment = replace(SMALL.experiment, edits=((min(rows), 3),))
    with pytest.raises(ValueError, match="rows of edits must be among the training rows"):
        load_training_data(experiment, CPU, unheard)


def test_one_training_is_looked_at_and_not_disturbed() -> None:
    study = LabelInference(experiment=SMALL.experiment, every=3, ks=(5, 20), k_all=5, k_chosen=5, percent=20.0)
    m = run_label_inference(study, unheard).metrics
    assert [look["epoch"] for look in m["looks"]] == [3, 6]
    for look in m["looks"]:
        assert look["all_given"] == look["by_k"]["all"][0]
        assert look["all_given"] == pytest.approx(look["all_by_tap"]["last_conv"], abs=0.02)  # one in float16
        assert look["known_clean"] > look["chosen_given"]
        assert 0 < look["smallest_class"] <= 4
