"""`lab train`, `lab runs` and `lab sweep`: trainings without the browser, in the same history as those of the pages."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.experiments.engine import submit
from lab.experiments.export import export, table_csv
from lab.experiments.here import run_here
from lab.experiments.history import title
from lab.experiments.home import checkpoint_folder
from lab.experiments.jobs import JobFailed
from lab.experiments.progress import Stopped
from lab.experiments.results import Run, replace_file
from lab.experiments.store import store
from lab.experiments.sweep import RESULTS, SweepProgress, missing, run_sweep, stop_jobs, sweep_table
from lab.experiments.terminal import Bar, Interrupt, columns, duration, percent, tell
from lab.specs import Experiment, Sweep, from_json

__all__ = ["add_parsers", "export"]

TRAIN_EXAMPLE = """{"kind": "Experiment",
   "dataset": {"kind": "DataSource", "name": "digits"}, "noise": {"kind": "Symmetric", "rate": 0.4},
   "backbone": {"kind": "DigitsMLP"}, "method": {"kind": "CrossEntropy"}, "schedule": {"kind": "Schedule", "epochs": 30}}"""
TRAIN_HELP = f"""example, with this in exp.json (what is left out takes its default; the page Train gives the JSON of any setting):
  {TRAIN_EXAMPLE}

  lab train exp.json

The same experiment again is the finished run, at once. After Ctrl-C, or a crash, the same command goes on from the
last checkpoint. LAB_HOME is the folder of all runs, and LAB_SCHEDULER=tcp://... the cluster that computes, if any.
"""
SWEEP_EXAMPLE = """{"kind": "Sweep", "seeds": [0, 1, 2],
   "base": {"kind": "Experiment", "dataset": {"kind": "DataSource"}, "backbone": {"kind": "DigitsMLP"},
            "noise": {"kind": "Symmetric", "rate": 0.2}, "method": {"kind": "CrossEntropy"}},
   "axes": [{"kind": "Axis", "field": "noise.rate", "values": [0.2, 0.4]},
            {"kind": "Axis", "field": "method", "values": [{"kind": "CrossEntropy"}, {"kind": "GeneralisedCrossEntropy"}]}]}"""
SWEEP_HELP = f"""example, with this in sweep.json: 2 noise levels x 2 losses x 3 seeds
  {SWEEP_EXAMPLE}

  lab sweep sweep.json
  LAB_SCHEDULER=tcp://10.0.0.1:8786 lab sweep sweep.json -o table.csv

What is finished is not run again. After Ctrl-C the same command goes on.
"""


def add_parsers(commands: Any) -> None:
    """Add `train` and `sweep` to the command line."""
    train = commands.add_parser(
        "train", help="train a network as a JSON file says", epilog=TRAIN_HELP, formatter_class=_Plain
    )
    train.add_argument("file", metavar="EXP.json", help="an Experiment")
    train.add_argument("--name", help="what to call the run")
    train.set_defaults(call=train_command)
    sweep = commands.add_parser(
        "sweep", help="train over a grid of settings and seeds", epilog=SWEEP_HELP, formatter_class=_Plain
    )
    sweep.add_argument("file", metavar="SWEEP.json", help="a Sweep: a base Experiment and what to replace in it")
    sweep.add_argument("-o", "--output", metavar="OUT.csv", help="the table (default: SWEEP.csv beside the sweep)")
    sweep.add_argument("--here", action="store_true", help="in this process, one after another, instead of by workers")
    sweep.set_defaults(call=sweep_command)


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Keep the examples' lines."""


def read_spec(path: str, kind: type) -> Any:
    """The spec in a JSON file. Raises: ValueError in one sentence that names the file."""
    try:
        spec = from_json(Path(path).read_text())
    except OSError as error:
        raise ValueError(f"{path} must be a readable file, got: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} can not be used: {error}") from error
    if not isinstance(spec, kind):
        raise ValueError(f"{path} must hold one {kind.__name__}, got {type(spec).__name__}")
    return spec


def train_command(args: argparse.Namespace) -> int:
    """Train, and print a line an epoch."""
    experiment = read_spec(args.file, Experiment)
    history, bar = store(), Bar()
    print(f"{title(experiment)}\nrun {experiment.digest}")
    earlier = history.load(experiment.digest)
    with Interrupt() as interrupt:

        def report(fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
            interrupt.check()
            if point is not None:
                bar.clear()
                print(_epoch_line(point, experiment.schedule.epochs), flush=True)
            bar.draw(fraction, message)

        compute = _run_on_cluster if os.environ.get("LAB_SCHEDULER") else run_here
        try:
            run = earlier or compute(experiment, history, report)
        except (Stopped, KeyboardInterrupt):
            bar.clear()
            kept = checkpoint_folder(experiment.digest).exists()
            tell("stopped; the same command " + ("goes on from its checkpoint" if kept else "starts it anew"))
            return interrupt.exit_status
        except (ValueError, OSError, JobFailed) as error:
            bar.clear()
            return tell(str(error))
    bar.clear()
    if args.name:
        history.rename(experiment.digest, args.name)
    print(_summary(run))
    print("It was finished earlier; nothing was computed." if earlier else f"Again at once: lab train {args.file}")
    return tell(store().trouble)


def _run_on_cluster(experiment: Experiment, history: Any, report: Any) -> Run:
    """The same as `run_here`, by whatever worker is free."""
    job, shown = submit(experiment), 0
    try:
        finished = False
        while not finished:
            finished = job.finished  # asked before the points, so that the last ones are not missed
            report(job.progress.fraction, job.progress.message)
            for point in job.points[shown:]:
                report(job.progress.fraction, job.progress.message, point=point)
                shown += 1
            if not finished:
                time.sleep(0.1)
    finally:
        stop_jobs([job])
    return job.result(0)


SHOWN = ("test_accuracy", "val_accuracy", "train_accuracy", "train_loss")  # of an epoch; the rest is in the history


def _epoch_line(point: Mapping[str, Any], epochs: int) -> str:
    shown = [
        f"{name.replace('_', ' ')} {percent(point[name]) if name.endswith('accuracy') else format(point[name], '.4g')}"
        for name in SHOWN
        if point.get(name) is not None
    ]
    return f"epoch {point.get('epoch', 0):>{len(str(epochs))}.0f}/{epochs}  " + "  ".join(shown)


def _summary(run: Run) -> str:
    """The main numbers of a run in lines of text."""
    metrics, lines = run.metrics, []
    if isinstance(metrics.get("best"), Mapping) and isinstance(metrics.get("last"), Mapping):
        ends = [
            f"{end} {percent(metrics[end]['test_accuracy'])} (epoch {metrics[end]['epoch']})"
            for end in ("last", "best")
        ]
        lines.append("test accuracy  " + ", ".join(ends))
    elif isinstance(metrics.get("accuracy"), Mapping):
        lines.append(f"test accuracy  network {percent(metrics['accuracy']['network'])}")
    if "realised_rate" in metrics:
        rates = [percent(metrics[name]) for name in ("nominal_rate", "effective_rate", "realised_rate")]
        lines.append("wrong labels   {} nominal, {} effective, {} in this draw".format(*rates))
    if run.request.uses_clean_labels:
        lines.append("note           uses clean labels, which nobody has in practice")
    lines.append(f"time           {duration(run.seconds)} on {metrics.get('device', 'cpu')}")
    return "\n".join(lines)


def sweep_command(args: argparse.Namespace) -> int:
    """Run what is missing of a sweep, print its table and write it."""
    sweep = read_spec(args.file, Sweep)
    output = Path(args.output or Path(args.file).with_suffix(".csv"))
    history, bar = store(), Bar()
    total = len({experiment.digest for experiment in sweep.experiments})
    print(f"{len(sweep.cells)} settings, {total} runs, {total - len(missing(sweep, history))} of them finished earlier")
    seen = SweepProgress(0, total, (), 0.0, "")
    stopped = False
    with Interrupt() as interrupt:

        def watch(progress: SweepProgress) -> None:
            nonlocal seen
            seen = progress
            interrupt.check()
            bar.draw(progress.fraction, f"{progress.done} of {progress.total}, {progress.message}")

        try:
            run_sweep(sweep, history, watch, here=args.here)
        except (Stopped, KeyboardInterrupt):
            stopped = True
    bar.clear()
    rows = sweep_table(sweep, history)
    print(columns([_shown(row) for row in rows]))
    replace_file(output, lambda file: file.write(table_csv(rows).encode()))
    print(f"written to {output}")
    for experiment, problem in seen.failed:
        tell(f"run {experiment.digest} failed: {problem}")
    if stopped:
        tell("stopped; the same command goes on")
        return interrupt.exit_status
    return tell(store().trouble) or (1 if seen.failed else 0)


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    """A row of `sweep_table` for people."""
    shown = {name: str(value) for name, value in row.items() if name not in RESULTS}
    shown["runs"] = f"{row['runs']} of {row['of']}"
    for end in ("last", "best"):
        spread = "" if row[f"{end}_sd"] is None else f" ± {100 * row[f'{end}_sd']:.1f}"
        shown[end] = percent(row[end]) + spread
    shown["wrong labels"] = percent(row["wrong_labels"])
    shown["time"] = duration(row["seconds"])
    shown["note"] = "uses clean labels" if row["uses_clean_labels"] else ""
    return shown
