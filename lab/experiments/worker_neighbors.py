"""Who is asked about whom: training rows, the rows a vote is held for, and each one's neighbours, on inputs or features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int

from lab.core.checks import require
from lab.core.rng import numpy_rng
from lab.data.rows import stratified
from lab.data.vision import data_root
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_rows import Rows, choose_rows, flat, needs_files, open_rows, pick
from lab.experiments.worker_runs import finished
from lab.neighbors.scaling import z_scored
from lab.neighbors.table import NeighborTable
from lab.noise import Clean
from lab.specs import Experiment
from lab.specs.datasets import DATASETS
from lab.specs.labels import DataSource, LabelStudy

KEPT = 4
_of_networks: dict[tuple[Experiment, int, int], Ground] = {}
Space = tuple[Float32[np.ndarray, "n d"], Float32[np.ndarray, "m d"]]


@dataclass(frozen=True, eq=False)
class Ground:
    """What a forecast stands on. Labels are the true ones; of data of one's own the given ones, taken as true."""

    source: DataSource
    rows: Rows
    asked: Rows
    own: Int[np.ndarray, " m"] | None  # the training row that each asked row is; None where they are test rows
    table: NeighborTable  # of the asked rows among the training rows
    space: Space  # where neighbours are looked for: places of the training rows, and of the asked rows
    softmax: Float32[np.ndarray, "m c"] | None = None  # of the asked rows, where a network's features are the space

    @property
    def n_classes(self) -> int:
        """L."""
        return len(self.rows.classes)


def ground(source: DataSource, k_max: int, n_test: int) -> Ground:
    """Rows and neighbours; those of the latest few questions are kept.

    Raises: ValueError if the data is not there or has too few rows for `k_max`.
    """
    needs = needs_files(LabelStudy(dataset=source, noise=Clean()))
    return _ground(source, k_max, n_test, str(data_root()) if needs else "")


@lru_cache(maxsize=4)
def _ground(source: DataSource, k_max: int, n_test: int, root: str) -> Ground:
    rows = choose_rows(LabelStudy(dataset=source, noise=Clean()), open_rows(source, root))
    test = open_rows(source, root, "test")
    from_test = len(test.y) > 0
    whole = test if from_test else rows
    chosen = stratified(whole.y, min(n_test, len(whole.y)), rng=numpy_rng(0, "asked"))
    asked, own = pick(whole, chosen), None if from_test else chosen
    space = features(source, rows, asked)
    table = NeighborTable.build(*space, k_max=min(k_max, len(rows.y) - (own is not None)), own=own)
    return Ground(source, rows, asked, own, table, space)


def network_ground(network: Experiment, k_max: int, n_test: int, report: PlainReport) -> Ground:
    """The training rows of a network and its test rows, in its features; those of the latest few questions are kept.

    A training that is not finished is done now. Raises: ValueError if it can not be, or has no test rows.
    """
    key = (network, k_max, n_test)
    if key not in _of_networks:
        _of_networks[key] = _network_ground(finished(network, report), k_max, n_test)
        while len(_of_networks) > KEPT:
            _of_networks.pop(next(iter(_of_networks)))
    return _of_networks[key]


def _network_ground(run: Run, k_max: int, n_test: int) -> Ground:
    arrays, classes = run.arrays, tuple(run.metrics["classes"])
    y, test_y = arrays["y_clean"].astype(np.int64), arrays["test_y"].astype(np.int64)
    require(len(test_y) > 0, "network", "a training with test rows", run.request.dataset.name)
    chosen = stratified(test_y, min(n_test, len(test_y)), rng=numpy_rng(0, "asked"))
    x, queries = (np.asarray(arrays[f"{part}_features"], dtype=np.float32) for part in ("train", "test"))
    queries = queries[chosen]
    return Ground(
        run.request.dataset,
        Rows(x, y, arrays["rows"].astype(np.int64), classes),
        Rows(queries, test_y[chosen], chosen, classes),
        None,
        NeighborTable.build(x, queries, k_max=min(k_max, len(x))),
        (x, queries),
        np.asarray(arrays["test_softmax"], dtype=np.float32)[chosen],
    )


def features(
    source: DataSource, rows: Rows, asked: Rows
) -> tuple[Float32[np.ndarray, "n d"], Float32[np.ndarray, "m d"]]:
    """The space in which neighbours are looked for: pixels as they are, columns of a table on one scale."""
    known = DATASETS.get(source.name)
    is_table = rows.x.ndim == 2 if known is None else known.image is None
    x, queries = flat(rows.x), flat(asked.x)
    return z_scored(x, queries) if is_table else (x, queries)
