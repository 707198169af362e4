"""A sweep: which runs it asks for, that it resumes, and that its table is what the runs say."""

import csv
import os
import signal
import statistics

import pytest
from conftest import wait_until
from test_command import lab

from lab.cli import main
from lab.experiments.command import SWEEP_EXAMPLE
from lab.experiments.engine import Engine
from lab.experiments.progress import Stopped
from lab.experiments.store import Store
from lab.experiments.sweep import RESULTS, missing, run_sweep, sweep_table
from lab.noise import Clean, Semantic, Symmetric
from lab.specs import (
    Axis,
    Bootstrapping,
    CrossEntropy,
    DataSource,
    Experiment,
    GeneralisedCrossEntropy,
    LossCorrection,
    Schedule,
    Seeds,
    Sweep,
    from_json,
    to_json,
)
from lab.specs.backbones import DigitsMLP
from lab.specs.sweep import replaced

BASE = Experiment(
    dataset=DataSource(),
    noise=Symmetric(0.2),
    backbone=DigitsMLP(),
    schedule=Schedule(epochs=3),
    method=CrossEntropy(),
)
SHORT = SWEEP_EXAMPLE.replace(
    '"method": {"kind": "CrossEntropy"}},',
    '"method": {"kind": "CrossEntropy"}, "schedule": {"kind": "Schedule", "epochs": 3}},',
)
LEVELS = Axis(field="noise.rate", values=(0.2, 0.4))
METHODS = Axis(field="method", values=(CrossEntropy(), GeneralisedCrossEntropy()))


def unwatched(progress):
    """Nobody looks."""


@pytest.fixture(autouse=True)
def _stub(home, monkeypatch):
    monkeypatch.setattr("lab.experiments.here.WORKER_MODULE", "stub_training")


@pytest.fixture
def kept():
    return Store()


def test_every_combination_on_every_seed_and_the_last_axis_runs_fastest():
    sweep = Sweep(base=BASE, axes=(LEVELS, METHODS), seeds=(5, 7))
    assert len(sweep.experiments) == len({experiment.digest for experiment in sweep.experiments}) == 8
    assert [cell.settings for cell in sweep.cells] == [
        (("noise.rate", rate), ("method", method)) for rate in LEVELS.values for method in METHODS.values
    ]
    experiment = sweep.cells[1].experiments[1]
    assert (experiment.noise, experiment.method) == (Symmetric(0.2), GeneralisedCrossEntropy())
    assert experiment.seeds == Seeds(noise=7, init=7, batch=7)
    assert experiment.schedule == BASE.schedule
    assert Sweep(base=BASE, seeds=()).experiments == (BASE,)


def test_the_kind_of_noise_comes_before_its_level():
    kinds = Axis(field="noise", values=(Symmetric(0.1), Semantic(0.1, "digits")))
    noises = [cell.experiments[0].noise for cell in Sweep(base=BASE, axes=(kinds, LEVELS)).cells]
    assert noises == [Symmetric(0.2), Symmetric(0.4), Semantic(0.2, "digits"), Semantic(0.4, "digits")]


def test_fields_that_fit_only_together_are_set_together():
    small = replaced(BASE, [("dataset.name", "iris"), ("schedule.batch_size", 32)])
    assert (small.dataset.name, small.schedule.batch_size) == ("iris", 32)


def test_a_sweep_turns_to_json_and_back_and_has_an_identity():
    sweep = Sweep(base=BASE, axes=(LEVELS, METHODS))
    assert from_json(to_json(sweep)) == sweep
    assert hash(sweep) == hash(from_json(to_json(sweep)))
    assert sweep.digest != Sweep(base=BASE, axes=(METHODS, LEVELS)).digest


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Sweep(base=Experiment()), "base must be an Experiment on a DataSource"),
        (lambda: Axis(field="noise.rate", values=()), "values must be a list of at least one value"),
        (lambda: Axis(field="noise.rate", values=(0.2, 0.2)), "values must be a list .* without repeats"),
        (lambda: Sweep(base=BASE, axes=(LEVELS, LEVELS)), "axes must be of a field each"),
        (lambda: Sweep(base=BASE, seeds=(1, 1)), "seeds must be without repeats"),
        (lambda: Sweep(base=BASE, seeds=(-1,)), "seeds must be an integer"),
        (lambda: axis("noise.level", 0.2), "here are rate, got 'noise.level'"),
        (lambda: axis("noise.rate.x", 0.2), "here are none, got 'noise.rate.x'"),
        (lambda: axis("kind", "Sweep"), "field of an axis must be a path to a field"),
        (lambda: axis("method", "CE"), 'at method = CE: method must be a spec such as {"kind": ...}'),
        (lambda: axis("noise.rate", 2), r"at noise.rate = 2: rate must be a finite number in \[0, 1\], got 2"),
        (lambda: axis("seeds.init", *range(10_001)), "runs of a sweep must be at most 10,000"),
        (
            lambda: Sweep(base=BASE, axes=(Axis(field="noise", values=(Clean(),)), LEVELS)),
            "at noise = Clean, noise.rate",
        ),
    ],
)
def test_what_can_not_be_swept_is_refused_in_a_sentence(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()


def axis(field, *values):
    return Sweep(base=BASE, axes=(Axis(field=field, values=values),), seeds=())


def test_the_table_is_mean_and_spread_over_the_finished_seeds(kept):
    """The stub's accuracy: 0.9 - rate / 2 + seed / 100, and 0.05 less after the last epoch."""
    losses = Axis(field="method", values=(Bootstrapping(form="hard"), LossCorrection()))
    sweep = Sweep(base=BASE, axes=(LEVELS, losses), seeds=(1, 3, 8))
    progress = run_sweep(sweep, kept, unwatched, here=True)
    assert (progress.done, progress.total, progress.failed, progress.fraction) == (12, 12, (), 1)
    kept.delete(sweep.cells[3].experiments[2].digest)
    rows = sweep_table(sweep, kept)
    assert [row["noise.rate"] for row in rows] == ["0.2", "0.2", "0.4", "0.4"]
    assert [row["method"] for row in rows[:2]] == ["Bootstrapping(form=hard)", "LossCorrection"]
    assert [row["uses_clean_labels"] for row in rows[:2]] == [False, True]
    assert rows[0]["best"] == pytest.approx(0.84)
    assert rows[0]["last"] == pytest.approx(0.79)
    assert rows[0]["last_sd"] == pytest.approx(statistics.stdev([0.01, 0.03, 0.08]))
    assert rows[0]["wrong_labels"] == pytest.approx(0.2)
    assert rows[0]["seconds"] == pytest.approx(0.75)
    assert [(row["runs"], row["of"]) for row in rows] == [(3, 3), (3, 3), (3, 3), (2, 3)]
    assert rows[3]["best"] == pytest.approx(0.9 - 0.2 + 0.02)


def test_what_nobody_ran_yet_is_unknown(kept):
    [row] = sweep_table(Sweep(base=BASE, seeds=(1,)), kept)
    assert row == dict(zip(RESULTS, (0, 1, None, None, None, None, None, 0, False), strict=True))


def test_one_seed_has_no_spread(kept):
    sweep = Sweep(base=BASE, seeds=(1,))
    run_sweep(sweep, kept, unwatched, here=True)
    [row] = sweep_table(sweep, kept)
    assert row["last"] is not None
    assert row["last_sd"] is None


def test_finished_ones_are_not_run_again_and_a_stopped_sweep_goes_on(kept, monkeypatch):
    sweep = Sweep(base=BASE, axes=(LEVELS,))

    def stop(progress):
        if progress.done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        run_sweep(sweep, kept, stop, here=True)
    assert len(missing(sweep, kept)) == 4
    seen = []
    run_sweep(sweep, kept, lambda progress: seen.append(progress.fraction), here=True)
    assert seen[0] >= 2 / 6
    assert seen == sorted(seen)
    assert missing(sweep, kept) == []
    monkeypatch.setattr("stub_training.compute", None)
    run_sweep(sweep, kept, unwatched, here=True)


def test_one_that_fails_does_not_keep_the_others_from_running(kept):
    sweep = axis("noise.rate", 0.2, 0.9, 0.4)
    progress = run_sweep(sweep, kept, unwatched, here=True)
    assert progress.done == 2
    assert [(e.noise.rate, problem) for e, problem in progress.failed] == [
        (0.9, "rate must be at most 0.85 here, got 0.9")
    ]
    assert [row["runs"] for row in sweep_table(sweep, kept)] == [1, 0, 1]


def test_workers_run_a_sweep_and_a_training_too(kept, stub_path, monkeypatch, tmp_path, capsys):
    engine = Engine("stub_training", store=kept)
    monkeypatch.setattr("lab.experiments.sweep.submit", engine.submit)
    try:
        sweep = axis("noise.rate", 0.1, 0.2, 0.9)
        progress = run_sweep(sweep, kept, unwatched)
        assert (progress.done, len(progress.failed)) == (2, 1)
        assert [row["best"] for row in sweep_table(sweep, kept)] == [pytest.approx(0.85), pytest.approx(0.8), None]
        monkeypatch.setenv("LAB_SCHEDULER", "tcp://as-if")
        monkeypatch.setattr("lab.experiments.command.submit", engine.submit)
        (tmp_path / "exp.json").write_text(to_json(replaced(BASE, [("noise.rate", 0.3)])))
        assert main(["train", str(tmp_path / "exp.json")]) == 0
        out = capsys.readouterr().out.splitlines()
        assert [line[:10] for line in out[2:5]] == ["epoch 1/3 ", "epoch 2/3 ", "epoch 3/3 "]
        assert out[5] == "test accuracy  last 70.0 % (epoch 3), best 75.0 % (epoch 1)"
        (tmp_path / "exp.json").write_text(to_json(replaced(BASE, [("noise.rate", 0.9)])))
        assert main(["train", str(tmp_path / "exp.json")]) == 1
        assert capsys.readouterr().err == "lab: rate must be at most 0.85 here, got 0.9\n"
    finally:
        engine.stop()


def test_the_command_prints_and_writes_the_table_and_answers_for_failures(tmp_path, capsys):
    file = tmp_path / "sweep.json"
    file.write_text(SHORT)
    assert main(["sweep", str(file), "--here"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "4 settings, 12 runs, 0 of them finished earlier"
    assert out[1].split() == ["noise.rate", "method", "runs", "last", "best", "wrong", "labels", "time", "note"]
    assert out[2].split()[:8] == ["0.2", "CrossEntropy", "3", "of", "3", "76.0", "%", "±"]
    assert out[6] == f"written to {tmp_path / 'sweep.csv'}"
    with open(tmp_path / "sweep.csv") as table:
        rows = list(csv.DictReader(table))
    assert [float(row["last"]) for row in rows] == pytest.approx([0.76, 0.76, 0.66, 0.66])
    assert float(rows[0]["last_sd"]) == pytest.approx(0.01)
    file.write_text(SHORT.replace("[0.2, 0.4]", "[0.2, 0.9]"))
    assert main(["sweep", str(file), "--here", "-o", str(tmp_path / "other.csv")]) == 1
    captured = capsys.readouterr()
    assert "4 settings, 12 runs, 6 of them finished earlier" in captured.out
    assert captured.err.count("failed: rate must be at most 0.85 here, got 0.9") == 6
    assert (tmp_path / "other.csv").exists()


def test_a_sweep_that_is_interrupted_writes_what_there_is_and_goes_on(tmp_path, capsys):
    file = tmp_path / "sweep.json"
    file.write_text(SHORT)
    kept = Store()
    with lab(["sweep", str(file), "--here"], LAB_STUB_PAUSE="0.2") as process:
        wait_until(lambda: any(record.status == "done" for record in kept.records()))
        process.send_signal(signal.SIGINT)
        out, error = process.communicate()
    assert process.returncode == 130
    assert error == "lab: stopped; the same command goes on\n"
    assert "written to" in out
    assert os.path.exists(tmp_path / "sweep.csv")
    assert 0 < len(missing(from_json(SHORT), kept)) < 12
    assert main(["sweep", str(file), "--here"]) == 0
    assert missing(from_json(SHORT), kept) == []
