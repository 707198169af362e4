"""`lab bench upload`: the health of a large file and every detector on its labels, as the page and `lab detect` do it.

100,000 rows of 50 columns in 10 overlapping classes, a tenth of the labels wrong. Bar: 60 s on two cores for all of it, with
progress all the way and a stop that is heard within 3 s, after which the job engine would replace the worker. The time of
each stretch is printed, and beside it scikit-learn's search for 10 neighbours by brute force on a twentieth of the rows,
times 20.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Float32, Int
from numpy import ndarray
from sklearn.neighbors import NearestNeighbors

from lab.core.rng import numpy_rng
from lab.core.threads import usable_cores
from lab.experiments import uploads
from lab.experiments.progress import Stopped
from lab.experiments.worker_upload_study import study_file
from lab.specs.upload_studies import UploadStudy

ROWS, COLUMNS, CLASSES, RATE = 100_000, 50, 10, 0.1
BAR, STOP_BAR = 60.0, 3.0
SPREAD = 0.7  # of the class means, in deviations of a column


def main(rows: int = ROWS) -> None:
    """Print the times and the bars; fewer `rows` are too few to judge by."""
    x, y, wrong = large_file(rows)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "large.npz"
        np.savez(path, x=x, y=y)
        study = UploadStudy(upload=uploads.identify(path))
        watch = Watch()
        start, cpu = time.perf_counter(), time.process_time()
        run = study_file(path, study, watch)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(f"{rows:,} rows x {COLUMNS} columns, {CLASSES} classes, {RATE:.0%} wrong; {usable_cores()} cores")
        for message, taken in watch.stretches():
            print(f"  {message:55s}{taken:8.1f} s")
        for one, score in zip(run.metrics["detectors"], run.arrays["scores"], strict=True):
            first = np.argsort(score, kind="stable")[: wrong.sum()]
            print(
                f"  {one['name']:55s}{one['seconds']:8.1f} s, of as many as are wrong {wrong[first].mean():.1%} found"
            )
        print(f"  the longest silence {watch.longest:.1f} s; bar: {STOP_BAR:.0f} s, so that a stop is heard")
        print(f"  all of it {seconds:.1f} s ({cpu:.1f} s of the cores' time); bar: {BAR:.0f} s on two cores")
        print(f"  a stop half way was heard after {stopped_after(path, study, seconds / 2):.1f} s")
    print(f"  scikit-learn's 10 neighbours alone, by brute force: {peer(x):.1f} s")


def large_file(rows: int) -> tuple[Float32[ndarray, "n d"], Int[ndarray, " n"], ndarray]:
    """Features, given labels, and which of them are wrong."""
    rng = numpy_rng(0, "large")
    y = rng.integers(CLASSES, size=rows)
    x = SPREAD * rng.normal(size=(CLASSES, COLUMNS))[y] + rng.normal(size=(rows, COLUMNS))
    wrong = rng.random(rows) < RATE
    return x.astype(np.float32), np.where(wrong, (y + rng.integers(1, CLASSES, rows)) % CLASSES, y), wrong


class Watch:
    """A report that notes when what was said; one that is told to stops at its next word."""

    def __init__(self, stop_after: float = np.inf) -> None:
        self.began = self.last = time.perf_counter()
        self.longest, self.asked, self.stop_after = 0.0, 0.0, stop_after
        self.said: list[tuple[float, str]] = []

    def __call__(self, fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
        now = time.perf_counter()
        if now - self.began > self.stop_after:
            raise Stopped
        self.longest, self.last = max(self.longest, now - self.last), now
        self.said.append((now, message))

    def stretches(self) -> list[tuple[str, float]]:
        """What was said, and for how long."""
        found: dict[str, float] = {}
        ends = [at for at, _ in self.said[1:]] + [time.perf_counter()]
        for (at, message), end in zip(self.said, ends, strict=True):
            found[message] = found.get(message, 0.0) + end - at
        return list(found.items())


def stopped_after(path: Path, study: UploadStudy, asked: float) -> float:
    """Seconds between a stop that is asked for and its being heard."""
    start = time.perf_counter()
    try:
        study_file(path, study, Watch(asked))
    except Stopped:
        return time.perf_counter() - start - asked
    return np.nan


def peer(x: Float32[ndarray, "n d"]) -> float:
    """What scikit-learn would take for the neighbours of all rows."""
    some = x[:: max(1, len(x) // max(1, len(x) // 20))]
    model = NearestNeighbors(n_neighbors=11, algorithm="brute", n_jobs=usable_cores()).fit(x)
    start = time.perf_counter()
    model.kneighbors(some)
    return (time.perf_counter() - start) * len(x) / len(some)


if __name__ == "__main__":
    main()
