"""The toy's run: what the page is sent equals what the library computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.experiments import Run
from lab.experiments.worker_toy import Pipeline, features_of
from lab.experiments.worker_toy_run import run_toy
from lab.figures.field_payload import decode
from lab.neighbors import NeighborTable, search_grid
from lab.noise import Clean, Matrix, Symmetric
from lab.specs import Experiment, KNet, Schedule, Toy, ToyMLP

SMALL = Experiment(
    dataset=Toy(n_per_class=60),
    noise=Symmetric(0.3),
    backbone=ToyMLP(width=16),
    schedule=Schedule(epochs=5),
    method=KNet(epochs=4, fixed_ks=(1, 11)),
    grid=40,
)


def quiet(fraction: float, message: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def run() -> Run:
    return run_toy(SMALL, quiet)


def test_the_page_is_sent_the_librarys_votes_exactly(run: Run) -> None:
    scene = decode(run.arrays["payload"].tobytes())
    pipeline = Pipeline(SMALL)
    pipeline.run()
    on_grid = features_of(pipeline.net, pipeline.grid.x)
    table = search_grid(pipeline.features, on_grid, (40, 40))
    y_given = run.arrays["y_given"].astype(int)
    np.testing.assert_array_equal(y_given[table.idx].T, scene.neighbour_labels)
    np.testing.assert_array_equal(table.predict_all(y_given, 3).T, pipeline.grid_answers.knn)
    np.testing.assert_array_equal(pipeline.grid_answers.knet, scene.knet_labels)
    plain = NeighborTable.build(pipeline.features, on_grid)
    np.testing.assert_allclose(table.dist, plain.dist, atol=2e-5)
    assert (table.idx == plain.idx).mean() > 0.999  # the others are ties within rounding


def test_the_same_experiment_gives_the_same_bytes(run: Run) -> None:
    again = run_toy(SMALL, quiet)
    for name, array in run.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[name])


def test_progress_never_goes_back_and_a_stop_ends_the_run() -> None:
    seen: list[float] = []
    run_toy(SMALL, lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] < 1

    def stop(fraction: float, message: str) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_toy(SMALL, stop)


def test_labels_set_by_hand_are_the_given_ones(run: Run) -> None:
    edited = run_toy(replace(SMALL, edits=((0, 2), (7, 1))), quiet).arrays
    assert edited["y_given"][[0, 7]].tolist() == [2, 1]
    assert np.flatnonzero(edited["edited"]).tolist() == [0, 7]
    others = np.setdiff1d(np.arange(180), [0, 7])
    np.testing.assert_array_equal(edited["y_given"][others], run.arrays["y_given"][others])


def test_rates_are_kept_apart(run: Run) -> None:
    """Uniform noise of 30 % on three classes changes 20 %; what this draw changed is counted."""
    assert run.metrics["nominal_rate"] == pytest.approx(0.3)
    assert run.metrics["effective_rate"] == pytest.approx(0.3)
    wrong = (run.arrays["y_clean"] != run.arrays["y_given"]).mean()
    assert run.metrics["realised_rate"] == pytest.approx(wrong)
    clean = run_toy(replace(SMALL, noise=Clean()), quiet)
    assert clean.metrics["effective_rate"] == clean.metrics["realised_rate"] == 0


def test_memory_is_n_times_d_and_table_1s_parameters(run: Run) -> None:
    d, m = 16, 16
    assert run.metrics["numbers_kept"] == {
        "knn": 180 * d,
        "knet": (d + 1) * m + m + 2 * m + m * 3 + 3,
        "network": 2 * d + d + d * d + d + d * 3 + 3,
    }


def test_fewer_points_than_101_end_k_at_their_number_less_one() -> None:
    few = run_toy(replace(SMALL, dataset=Toy(n_per_class=10)), quiet)
    scene = decode(few.arrays["payload"].tobytes())
    assert scene.k_max == 29
    assert len(few.metrics["accuracy"]["knet"]) == 29
    assert scene.knet_knots[-1] == 29


@pytest.mark.parametrize("shape", ["moons", "rings"])
@pytest.mark.parametrize("stopping", ["noisy", "clean"])
def test_every_shape_runs_with_early_stopping(shape: str, stopping: str) -> None:
    schedule = Schedule(epochs=5, early_stopping=stopping, patience=2)
    experiment = replace(SMALL, dataset=Toy(shape=shape, n_per_class=40), schedule=schedule)
    metrics = run_toy(experiment, quiet).metrics
    assert 1 <= metrics["kept_epoch"] <= 5
    assert len(metrics["validation_accuracy"]) >= metrics["kept_epoch"]


def test_one_class_left_is_refused_in_a_sentence() -> None:
    everything_to_first = Matrix(1.0, [[1, 0, 0]] * 3)
    with pytest.raises(ValueError, match=r"the given labels must be of at least two classes.*got 'top'"):
        run_toy(replace(SMALL, noise=everything_to_first), quiet)


def test_a_run_survives_the_disk(run: Run, tmp_path: object) -> None:
    run.save(str(tmp_path))
    back = Run.load(str(tmp_path))
    assert back.request == SMALL
    assert back.metrics == run.metrics
    for name, array in run.arrays.items():
        np.testing.assert_array_equal(array, back.arrays[name])
