"""INN's figures on digits that need trainings of their own: a small class (Fig. 6, C.1), heavy noise (Table 1).

Three seeds take about 15 s and 60 s on one slow core.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from jaxtyping import Float32, Int
from numpy import ndarray

from lab.analysis.detect_metrics import auroc
from lab.analysis.digits_training import features_of, grouped_digits, losses_of, train_digits_mlp
from lab.analysis.inn import inn_scores
from lab.core.rng import numpy_rng
from lab.data import load
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.neighbors import NeighborTable
from lab.nets.backbone import Backbone
from lab.noise import Flip, Uniform, corrupt
from lab.specs.detection import InnFigure

EPOCHS = 50
WATCHED = (1, 2, 5, 10, 15, 20, 50)
HEAVY_RATES = (0.8, 0.9)
LOSSES = {"ce": "small loss, CE", "ce_ne": "small loss, CE+NE", "mixup": "small loss, MixUp"}
Nets = dict[str, dict[int, Backbone]]


def run_inn_figure(figure: InnFigure, report: PlainReport) -> Run:
    """All trainings of a figure.

    Metrics: `epochs` (watched), `seeds`; of "imbalance" `auroc`, by detector and epoch {"whole", "minority"} with a
        number a seed, and `sizes` of the four groups (true, given) of the first seed; of "heavy" `best`, by rate and
        detector the highest AUROC of each seed over the epochs, and `best_epoch`.
    Arrays, of "imbalance": `group` (n,), 2 * true + given, and `loss`, `inn` (epochs, n), all of the first seed.
    """
    start = perf_counter()
    metrics, arrays = (_imbalance if figure.figure == "imbalance" else _heavy)(figure, report)
    metrics |= {"epochs": list(WATCHED), "seeds": list(figure.seeds)}
    return Run(figure, metrics, arrays, perf_counter() - start)


def _imbalance(figure: InnFigure, report: PlainReport) -> tuple[dict[str, Any], dict[str, ndarray]]:
    found: dict[str, dict[str, list[list[float]]]] = {}
    arrays: dict[str, ndarray] = {}
    for i, seed in enumerate(figure.seeds):
        x, y_clean = grouped_digits(load("digits", seed=seed).part("train"), numpy_rng(seed, "rows"))
        y_given = corrupt(y_clean, Flip(0.3), rng=numpy_rng(seed, "noise"), n_classes=2).y_given
        wrong, few = y_given != y_clean, y_clean == 1
        scores = _scores(x, y_given, seed, _part(report, i, len(figure.seeds)))
        for name, by_epoch in scores.items():
            both = found.setdefault(name, {"whole": [], "minority": []})
            both["whole"].append([auroc(s, wrong) for s in by_epoch])
            both["minority"].append([auroc(s[few], wrong[few]) for s in by_epoch])
        if not arrays:
            arrays = {
                "group": (2 * y_clean + y_given).astype(np.uint8),
                "loss": -np.array(scores["small loss, CE"], dtype=np.float32),
                "inn": np.array(scores["INN"], dtype=np.float32),
            }
    sizes = np.bincount(arrays["group"], minlength=4).tolist()
    return {"auroc": found, "sizes": sizes}, arrays


def _heavy(figure: InnFigure, report: PlainReport) -> tuple[dict[str, Any], dict[str, ndarray]]:
    best: dict[str, dict[str, list[float]]] = {}
    best_epoch: dict[str, dict[str, list[int]]] = {}
    for j, rate in enumerate(HEAVY_RATES):
        for i, seed in enumerate(figure.seeds):
            data = load("digits", seed=seed).part("train")
            y_clean = np.asarray(data.y_clean)
            y_given = corrupt(y_clean, Uniform(rate), rng=numpy_rng(seed, "noise"), n_classes=10).y_given
            part = _part(report, j * len(figure.seeds) + i, len(HEAVY_RATES) * len(figure.seeds))
            for name, by_epoch in _scores(data.x, y_given, seed, part).items():
                aurocs = [auroc(s, y_given != y_clean) for s in by_epoch]
                best.setdefault(f"{rate:g}", {}).setdefault(name, []).append(max(aurocs))
                chosen = WATCHED[int(np.argmax(aurocs))]
                best_epoch.setdefault(f"{rate:g}", {}).setdefault(name, []).append(chosen)
    return {"best": best, "best_epoch": best_epoch}, {}


def _scores(
    x: Float32[ndarray, "n d"], y_given: Int[ndarray, " n"], seed: int, say: Callable[[float, str], None]
) -> dict[str, list[ndarray]]:
    """Scores by detector after every watched epoch; INN's neighbours are those of the last network with CE."""
    nets: Nets = {loss: {} for loss in LOSSES}
    for i, loss in enumerate(LOSSES):

        def keep(epoch: int, net: Backbone, loss: str = loss, i: int = i) -> None:
            say((i + epoch / EPOCHS) / len(LOSSES), f"training with {LOSSES[loss].removeprefix('small loss, ')}")
            nets[loss][epoch] = net

        train_digits_mlp(x, y_given, loss, epochs=EPOCHS, seed=seed, watched=WATCHED, keep=keep)
    table = NeighborTable.build(features_of(nets["ce"][EPOCHS], x), k_max=min(10, len(x) - 1))
    scores = {"INN": [inn_scores(net, x, y_given, table) for net in nets["mixup"].values()]}
    return scores | {
        name: [-losses_of(net, x, y_given).astype(np.float64) for net in nets[loss].values()]
        for loss, name in LOSSES.items()
    }


def _part(report: PlainReport, i: int, of: int) -> Callable[[float, str], None]:
    """Progress of one of several equal parts."""
    return lambda fraction, message: report((i + fraction) / of, message)
