"""`lab train` and `lab runs`: what they print, how they answer, and that nothing is lost when they are stopped."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile

import pytest
from conftest import wait_until
from trainings import complete, experiment

from lab.cli import main
from lab.experiments.command import SWEEP_EXAMPLE, TRAIN_EXAMPLE, export
from lab.experiments.store import Store
from lab.specs import Experiment, Sweep, from_json

HERE = os.path.dirname(__file__)


@pytest.fixture(autouse=True)
def _stub(home, monkeypatch):
    monkeypatch.setattr("lab.experiments.here.WORKER_MODULE", "stub_training")
    monkeypatch.delenv("LAB_SCHEDULER", raising=False)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "exp.json"
    path.write_text(TRAIN_EXAMPLE)
    return str(path)


def test_the_examples_in_the_help_work():
    assert isinstance(from_json(TRAIN_EXAMPLE), Experiment)
    assert len(from_json(SWEEP_EXAMPLE).experiments) == 12
    assert isinstance(from_json(SWEEP_EXAMPLE), Sweep)


@pytest.mark.parametrize("words", [["train"], ["sweep"], ["runs"], ["runs", "rm"]])
def test_help_shows_an_example(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*words, "--help"])
    assert stop.value.code == 0
    assert "example" in capsys.readouterr().out


def test_training_prints_a_line_an_epoch_and_the_main_numbers(file, capsys):
    assert main(["train", file, "--name", "mine"]) == 0
    lines = capsys.readouterr().out.splitlines()
    digest = from_json(TRAIN_EXAMPLE).digest
    assert lines[:2] == ["digits, Symmetric 0.4, DigitsMLP, CrossEntropy", f"run {digest}"]
    assert lines[2] == "epoch  1/30  test accuracy 70.0 %  train loss 1"
    assert lines[31] == "epoch 30/30  test accuracy 65.0 %  train loss 0.03333"
    assert lines[32] == "test accuracy  last 65.0 % (epoch 30), best 70.0 % (epoch 1)"
    assert lines[33] == "wrong labels   40.0 % nominal, 40.0 % effective, 40.0 % in this draw"
    [record] = Store().records()
    assert (record.digest, record.name, record.status, len(record.points)) == (digest, "mine", "done", 30)


def test_the_same_experiment_again_is_the_finished_run(file, capsys, monkeypatch):
    assert main(["train", file]) == 0
    capsys.readouterr()
    monkeypatch.setattr("stub_training.compute", None)
    assert main(["train", file]) == 0
    out = capsys.readouterr().out
    assert "epoch  1/30" not in out
    assert "best 70.0 % (epoch 1)" in out
    assert "nothing was computed" in out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "can not be used: text must be JSON, got '{'"),
        ("[1]", "must hold one Experiment, got tuple"),
        ('{"kind": "LabelStudy"}', "must hold one Experiment, got LabelStudy"),
        ('{"kind": "os.system"}', "can not be used: kind must be one of"),
        ('{"kind": "Experiment", "schedule": 5, "dataset": {"kind": "DataSource"}}', "can not be used: "),
        (
            '{"kind": "Experiment", "noise": {"kind": "Symmetric", "rate": 2}}',
            "rate must be a finite number in [0, 1], got 2",
        ),
        (TRAIN_EXAMPLE.replace("0.4", "0.9"), "rate must be at most 0.85 here, got 0.9"),
        ("\xff", "can not be used: "),
    ],
)
def test_what_can_not_be_trained_is_refused_in_one_sentence(text, sentence, tmp_path, capsys):
    path = tmp_path / "bad.json"
    path.write_bytes(text.encode("latin-1"))
    assert main(["train", str(path)]) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert error.startswith("lab: ")
    assert error.count("\n") == 1
    assert main(["train", str(tmp_path / "nowhere.json")]) == 1
    assert "must be a readable file" in capsys.readouterr().err


def test_a_training_that_fails_says_so_in_the_history_too(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(TRAIN_EXAMPLE.replace("0.4", "0.9"))
    main(["train", str(path)])
    [record] = Store().records()
    assert (record.status, record.error) == ("failed", "rate must be at most 0.85 here, got 0.9")


def lab(words, **environment):
    code = (
        f"import sys, lab.experiments.here as here; here.WORKER_MODULE = 'stub_training'; sys.path.insert(0, {HERE!r});"
    )
    code += f"from lab.cli import main; sys.exit(main({words!r}))"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def epochs_of(digest):
    record = Store().record(digest)
    return 0 if record is None else len(record.points)


def test_stopped_or_killed_it_goes_on_from_its_checkpoint(file, capsys):
    digest = from_json(TRAIN_EXAMPLE).digest
    for number, status, code, said in (
        (signal.SIGINT, "stopped", 130, "goes on from its checkpoint"),
        (signal.SIGTERM, "stopped", 143, "goes on from its checkpoint"),
        (signal.SIGKILL, "interrupted", -9, ""),
    ):
        before = epochs_of(digest)
        with lab(["train", file], LAB_STUB_PAUSE="0.3") as process:
            wait_until(lambda before=before: epochs_of(digest) > before + 1)
            assert main(["train", file]) == 1, "one process at a time"
            process.send_signal(number)
            error = process.stderr.read()
        assert process.returncode == code
        assert said in error
        assert error.count("\n") <= 1
        assert Store().record(digest).status == status
    reached = epochs_of(digest)
    assert main(["train", file]) == 0
    run = Store().load(digest)
    assert reached - 1 <= run.metrics["started_at"] <= reached + 1
    assert [point["epoch"] for point in Store().record(digest).points] == list(range(1, 31))


def test_a_pipe_that_is_closed_early_is_no_error(file):
    with lab(["train", file]) as process:
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_runs_are_listed_shown_renamed_deleted_and_restored(capsys, monkeypatch):
    first, second = experiment(0), experiment(1)
    kept = Store()
    complete(kept, first)
    complete(kept, second)
    assert main(["runs", "rename", second.digest[:6], "mine"]) == 0
    assert main(["runs", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["id", "status"], [second.digest, "done"], [first.digest, "done"]]
    assert lines[1].endswith("mine")
    assert main(["runs", "show", "mine"]) == 0
    shown = capsys.readouterr().out
    assert from_json(shown[shown.index("{") :]) == second
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert main(["runs", "rm", "mine"]) == 1
    assert len(kept.records()) == 2
    monkeypatch.setattr("builtins.input", lambda question: "y")
    assert main(["runs", "rm", "mine"]) == 0
    assert main(["runs", "rm", first.digest, "--yes"]) == 0
    assert kept.records() == []
    assert main(["runs", "list", "--deleted"]) == 0
    assert "mine" in capsys.readouterr().out
    assert main(["runs", "restore", "mine", first.digest]) == 0
    assert len(kept.records()) == 2
    assert main(["runs", "erase", "mine", "--yes"]) == 1, "only what was deleted first"
    assert main(["runs", "rm", "mine"]) == 0
    assert main(["runs", "erase", "mine"]) == 0
    assert [record.digest for record in kept.records()] == [first.digest]
    assert kept.records(deleted=True) == []


def test_a_run_that_is_not_there_or_not_one_or_is_running_is_refused(capsys):
    kept = Store()
    for seed in range(17):
        kept.begin(experiment(seed))
    twice = next(name for name in "0123456789abcdef" if sum(r.digest[0] == name for r in kept.records()) > 1)
    for words, sentence in (
        (["show", "nothing"], "RUN must be the id or name of a run in `lab runs list`, got 'nothing'"),
        (["show", twice], "RUN must be the id or name of one run; "),
        (["rm", experiment(0).digest, "--yes"], "must be finished or stopped before it is deleted"),
    ):
        assert main(["runs", *words]) == 1
        assert sentence in capsys.readouterr().err


def test_runs_are_exported_as_json_and_csv(tmp_path, capsys):
    kept = Store()
    complete(kept, experiment(0))
    kept.begin(experiment(1))
    kept.rename(experiment(0).digest, 'a "name", with commas')
    assert main(["runs", "export", str(tmp_path / "out.zip")]) == 0
    assert (tmp_path / "out.zip").stat().st_size == len(export(kept.records()))
    with zipfile.ZipFile(io.BytesIO(export(kept.records()))) as archive:
        runs = json.loads(archive.read("runs.json"))
        rows = archive.read("runs.csv").decode().splitlines()
        epochs = archive.read("epochs.csv").decode().splitlines()
    assert from_json(json.dumps(runs[1]["experiment"])) == experiment(0)
    assert [run["status"] for run in runs] == ["running", "done"]
    assert len(rows) == 3
    assert "experiment.noise.rate" in rows[0]
    assert '"a ""name"", with commas"' in rows[2]
    assert epochs == [
        "digest,epoch,test_accuracy,train_loss",
        *(f"{experiment(0).digest},{p['epoch']},{p['test_accuracy']},{p['train_loss']}" for p in runs[1]["epochs"]),
    ]
    assert main(["runs", "export", str(tmp_path / "no" / "out.zip")]) == 1
