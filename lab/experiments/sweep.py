"""Run all experiments of a sweep, and tell what came of them in one table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.experiments.engine import submit
from lab.experiments.here import run_here
from lab.experiments.jobs import Job, one_sentence
from lab.experiments.progress import Report, Stopped
from lab.experiments.store import RunRecord, Store
from lab.specs import Experiment, Sweep
from lab.specs.sweep import Cell, words

MOST_SUBMITTED = 32  # at a time; enough for every worker, and few enough to stop quickly
SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_TO_STOP = 5.0
RESULTS = ("runs", "of", "last", "last_sd", "best", "best_sd", "wrong_labels", "seconds", "uses_clean_labels")
"""Columns of `sweep_table` beside the axes' fields."""


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """How far a sweep is.

    Attributes:
        done: runs that are in the history, those from earlier included; `total`: runs of the sweep.
        failed: (experiment, one sentence) of those that ended badly.
        fraction: in [0, 1], with the parts of the runs that are under way.
        message: what is being done, for people.
    """

    done: int
    total: int
    failed: tuple[tuple[Experiment, str], ...]
    fraction: float
    message: str


Watch = Callable[[SweepProgress], None]
"""Told how far it is, several times a second; raises `Stopped` to stop."""


def missing(sweep: Sweep, store: Store) -> list[Experiment]:
    """The experiments that are still to be run; those that lead to the same run are one."""
    experiments = {experiment.digest: experiment for experiment in sweep.experiments}
    return [experiment for digest, experiment in experiments.items() if not _is_done(store.record(digest))]


def run_sweep(sweep: Sweep, store: Store, watch: Watch, *, here: bool = False) -> SweepProgress:
    """Run what is missing of a sweep; a run that fails does not keep the others from running.

    Args:
        here: one after another in this process, instead of by the workers of this machine or of LAB_SCHEDULER.
    Raises: Stopped, out of `watch`; what was under way goes on from its checkpoint next time.
    """
    counter = _Counter(len({experiment.digest for experiment in sweep.experiments}), missing(sweep, store), watch)
    (_run_all_here if here else _submit_all)(counter, store)
    return counter.tell(0.0, "done")


class _Counter:
    """What is left, what failed, and who wants to know."""

    def __init__(self, total: int, left: list[Experiment], watch: Watch) -> None:
        self.total, self.left, self.watch = total, left, watch
        self.done = total - len(left)
        self.failed: list[tuple[Experiment, str]] = []

    def count(self, experiment: Experiment, problem: str | None) -> None:
        if problem is None:
            self.done += 1
        else:
            self.failed.append((experiment, problem))

    def tell(self, under_way: float, message: str) -> SweepProgress:
        fraction = min(1.0, (self.done + len(self.failed) + under_way) / self.total)
        progress = SweepProgress(self.done, self.total, tuple(self.failed), fraction, message)
        self.watch(progress)
        return progress


def _run_all_here(counter: _Counter, store: Store) -> None:
    def report(fraction: float, message: str, *, point: Any = None) -> None:
        counter.tell(fraction, message)

    for experiment in counter.left:
        counter.count(experiment, _run_one_here(experiment, store, report))


def _run_one_here(experiment: Experiment, store: Store, report: Report) -> str | None:
    """What went wrong."""
    try:
        run_here(experiment, store, report)
    except (Stopped, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, the next one may well be computed)
        return one_sentence(error)
    return None


def _submit_all(counter: _Counter, store: Store) -> None:
    waiting, jobs = list(reversed(counter.left)), list[Job]()
    try:
        while waiting or jobs:
            while waiting and len(jobs) < MOST_SUBMITTED:
                jobs.append(submit(waiting.pop()))
            counter.tell(sum(job.progress.fraction for job in jobs), _what(jobs))
            time.sleep(SECONDS_BETWEEN_LOOKS)
            for job in [job for job in jobs if job.finished]:
                jobs.remove(job)
                counter.count(job.request, None if job.status == "done" else job.error or "stopped by somebody else")
    finally:
        stop_jobs(jobs)
    store.settle()


def stop_jobs(jobs: Sequence[Job]) -> None:
    """Stop those that are not finished, and give them some seconds to leave a checkpoint."""
    for job in jobs:
        job.cancel()
    end = time.monotonic() + SECONDS_TO_STOP
    while not all(job.finished for job in jobs) and time.monotonic() < end:
        time.sleep(0.05)


def _what(jobs: Sequence[Job]) -> str:
    running = [job.progress.message for job in jobs if job.status == "running"]
    return f"{len(running)} running, {running[0]}" if running else "waiting for a worker"


def sweep_table(sweep: Sweep, store: Store) -> list[dict[str, Any]]:
    """What is known of a sweep: one row a version, with mean and standard deviation over its finished seeds.

    Keys: the axes' fields, and RESULTS: `runs` (how many are finished) and `of`; `last`, `last_sd`, `best`, `best_sd` (accuracy on
    clean test rows after the last and the best epoch, in [0, 1]; None while unknown, the deviation of fewer than two
    runs too); `wrong_labels` (mean realised rate); `seconds` (sum); `uses_clean_labels`.
    """
    return [_row(cell, store) for cell in sweep.cells]


def _row(cell: Cell, store: Store) -> dict[str, Any]:
    records = [store.record(experiment.digest) for experiment in cell.experiments]
    summaries = [record.summary for record in records if record is not None and _is_done(record)]
    row: dict[str, Any] = {path: words(value) for path, value in cell.settings}
    row |= {"runs": len(summaries), "of": len(records)}
    for end in ("last", "best"):
        values = [summary[f"{end}_test_accuracy"] for summary in summaries if f"{end}_test_accuracy" in summary]
        row[end] = statistics.fmean(values) if values else None
        row[f"{end}_sd"] = statistics.stdev(values) if len(values) > 1 else None
    rates = [summary["realised_rate"] for summary in summaries if "realised_rate" in summary]
    row["wrong_labels"] = statistics.fmean(rates) if rates else None
    row["seconds"] = sum(record.seconds for record in records if _is_done(record) and record is not None)
    row["uses_clean_labels"] = cell.experiments[0].uses_clean_labels
    return row


def _is_done(record: RunRecord | None) -> bool:
    return record is not None and record.status == "done" and not record.deleted
