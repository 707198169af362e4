"""Two maps of the same rows of finished trainings, and everything that a page links to them.

Digits (500 test rows, backbone and kNet) take about 5 s on one slow core, most of it the two t-SNE descents.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from jaxtyping import Float32, Int
from numpy import ndarray

from lab.analysis.map_quality import trustworthiness
from lab.analysis.tsne import Frame, fit_map
from lab.core.checks import require
from lab.core.rng import numpy_rng
from lab.experiments.progress import Report, show
from lab.experiments.results import Run
from lab.experiments.worker_map_cast import Cast, cast_of
from lab.experiments.worker_map_layers import judge_layers, lay_out_layers, relative
from lab.experiments.worker_map_scores import scores_of, votes_of
from lab.experiments.worker_map_sides import Side, shelf
from lab.figures.scatter_payload import choose_drawn
from lab.specs import FeatureMap
from lab.specs.feature_map import KS, MOST_POINTS

KEPT_FRAME = 100  # iterations between the frames of a finished map, to be seen again
DONE, DONE_OF_MANY = (0.6, 0.65), (0.3, 0.8)  # of the progress: the maps formed, and then the layers judged
MANY = 10_000
NEAR = 8  # neighbours that are kept with picture, label and distance


def run_map(study: FeatureMap, report: Report) -> Run:
    """Lay out both maps; each iteration's frame is shown on the way.

    Metrics: `classes`, `ks`, `n_all` (rows that could be on the map), `n_circled` (of them, at k), `pictures` (whether
    there are any), `scores` (names of `score_0`, ...), `layers` (see `judge_layers`: of all `n_all` rows, up to 60,000),
    and for `left` and `right`: `kl`, `trustworthiness`, `silhouette`, `n_features`, `epoch`, `accuracy` (over all rows,
    for each k), and the rates and accuracies of its training.
    Arrays, of the m rows on the map: `rows`, `y_true`, `y_given` and `right_y_given` (training rows), `score_<i>`, and
    with `left_` and `right_` in front: `places`, `frames`, `answers` (m, ks; or 1 where k does not matter), `votes` and
    `agree` (m, ks), `softmax` (of the left one alone), `near` and `dist` (m, 8). `near` counts the rows on the map first,
    then those of `cast_true`, `cast_given` and `right_cast_given`; `pictures` are of both. What the right map shares with
    the left one is left out. Of every row i of `layers` whose outputs are not all the same: `layer_<i>_places` of
    some rows on the map, and `layer_<i>_y`, the true classes there.
    Raises: ValueError in one sentence if a training or its data is not there, or there are too few rows for the map.
    """
    start = perf_counter()
    report(0.0, "opening the training")
    take = shelf(report)
    left, right = (Side(s, study.part, take, ks=KS, k=study.k, knet=study.knet) for s in (study.left, study.right))
    ids, left_at, right_at = _common(left, right)
    n_all, n_circled = len(ids), None
    everybody = {"left": left_at, "right": right_at}
    if n_all > study.n:
        circled = left.wrong[left_at] | right.wrong[right_at]
        n_circled = int(circled.sum())
        kept = _sampled(circled, study.n)
        ids, left_at, right_at = ids[kept], left_at[kept], right_at[kept]
    sides = {"left": (left, left_at), "right": (right, right_at)}
    formed, judged = DONE if n_all <= MANY else DONE_OF_MANY
    maps = {"left": _Map(left, left_at, study, report, 0, formed)}
    same = _same_places(study)
    maps["right"] = maps["left"] if same else _Map(right, right_at, study, report, 1, formed)
    report(formed, "finding the neighbours")
    cast = cast_of(study.part, ids, left, right, left_at, right_at, NEAR)
    arrays: dict[str, ndarray] = {"rows": ids.astype(np.int32), "y_true": left.y_true[left_at].astype(np.uint8)}
    for name, (side, at) in sides.items():
        shared = name == "right" and same
        arrays |= _named(name, _of_side(side, at, maps[name], cast, name, shared=shared))
    scores = scores_of(study, sides, report)
    arrays |= {f"score_{i}": values.astype(np.float32) for i, values in enumerate(scores.values())}
    arrays |= _labels(study, sides, cast)
    layers = judge_layers(
        study,
        {name: (side, everybody[name]) for name, (side, _) in sides.items()},
        lambda done, message: report(formed + (judged - formed) * done, message),
    )
    known = [(layout.features, layout.places) for layout in maps.values()]
    arrays |= lay_out_layers(
        study, sides, layers, known, lambda done, message: report(judged + (1 - judged) * done, message)
    )
    metrics: dict[str, Any] = {
        "classes": list(left.metrics["classes"]),
        "ks": list(left.ks),
        "n_all": n_all,
        "n_circled": n_circled,
        "pictures": "pictures" in arrays,
        "scores": list(scores),
        "layers": layers,
    }
    metrics |= {name: _about(side, maps[name]) for name, (side, _) in sides.items()}
    return Run(study, metrics, arrays, perf_counter() - start)


def _common(left: Side, right: Side) -> tuple[Any, Any, Any]:
    """Numbers in the data set of the rows that both sides have, and where they stand on either side."""
    ids, left_at, right_at = np.intersect1d(left.rows, right.rows, return_indices=True)
    require(len(ids) > 0, "rows of the two trainings", "at least one in common", 0)
    same = left.metrics["classes"] == right.metrics["classes"]
    same = same and np.array_equal(left.y_true[left_at], right.y_true[right_at])
    require(same, "trainings of the two maps", "on the same rows and classes", "others")
    return ids, left_at, right_at


def _sampled(circled: ndarray, n: int) -> Int[ndarray, " m"]:
    """All circled rows and n of all; of more circled rows than a map can hold, a random part."""
    allowed = np.zeros(len(circled), dtype=bool)
    allowed[numpy_rng(0, "circled").permutation(np.flatnonzero(circled))[:MOST_POINTS]] = True
    drawn = choose_drawn(allowed, budget=n)
    assert drawn is not None
    return drawn


def _same_places(study: FeatureMap) -> bool:
    """Whether one layout serves both maps."""
    left, right = study.left, study.right
    return (left.experiment, left.tap, left.epoch) == (right.experiment, right.tap, right.epoch)


class _Map:
    """The layout of one side, shown while it forms.

    Attributes:
        places: where the rows are. frames: every 100th iteration, relative to the last.
    """

    def __init__(
        self, side: Side, at: Int[ndarray, " m"], study: FeatureMap, report: Report, index: int, formed: float
    ) -> None:
        self.features = side.features[at]
        self._about = {"map": index, "classes": list(side.metrics["classes"]), "y": side.y_true[at].astype(np.uint8)}
        self._report, self._index, self._formed = report, index, formed
        self._frames: list[Float32[ndarray, "m 2"]] = []
        found = fit_map(self.features, study.tsne, on_frame=self._show)
        self.places, self.kl = found.coordinates, found.kl
        self.frames = np.stack(self._frames).astype(np.float16)
        k = min(10, max(1, (len(at) - 1) // 2))
        self.trustworthiness = trustworthiness(self.features, self.places, n_neighbors=k, metric=study.tsne.metric)

    def _show(self, frame: Frame) -> None:
        done = frame.iteration / frame.n_iterations
        which = ("left", "right")[self._index]
        self._report(
            0.1 + (self._formed - 0.1) * (self._index + done) / 2,
            f"forming the {which} map, iteration {frame.iteration} of {frame.n_iterations}",
        )
        if frame.iteration % KEPT_FRAME == 0:
            self._frames.append(frame.coordinates)
        numbers = {"iteration": frame.iteration, "n_iterations": frame.n_iterations, "kl": frame.kl}
        places = relative(frame.coordinates).astype(np.float16).tobytes()
        about = self._about | {"y": self._about["y"].tobytes()}
        show(self._report, about | numbers | {"places": places})


def _named(name: str, arrays: dict[str, ndarray]) -> dict[str, ndarray]:
    return {f"{name}_{key}": array for key, array in arrays.items()}


def _of_side(
    side: Side, at: Int[ndarray, " m"], layout: _Map, cast: Cast, name: str, *, shared: bool
) -> dict[str, ndarray]:
    own = (side.y_true if side.part == "test" else side.y_given)[at]
    table = cast.tables[name]
    one = slice(None) if side.source.tap == "knet" else slice(1)  # a network answers the same for every k
    found = {"answers": side.answers[at][:, one]}
    if name == "left":
        found["softmax"] = side.softmax[at].astype(np.float16)
    found |= votes_of(table, side.y_given, own, side.ks, len(side.metrics["classes"]))
    if shared:
        return found
    ids = cast.near[name]
    near = {"near": ids.astype(np.min_scalar_type(ids.max())), "dist": table.dist[:, : ids.shape[1]]}
    return found | near | {"places": layout.places, "frames": layout.frames}


def _labels(study: FeatureMap, sides: dict[str, tuple[Side, Any]], cast: Cast) -> dict[str, ndarray]:
    """Given labels of the rows on the map, and everything about the neighbours that are not on it."""
    found: dict[str, ndarray] = {"cast_true": cast.y_true, "cast_given": cast.y_given["left"]}
    differ = study.left.judge != study.right.judge
    if differ:
        found["right_cast_given"] = cast.y_given["right"]
    if study.part == "train":
        found["y_given"] = sides["left"][0].y_given[sides["left"][1]].astype(np.uint8)
        if differ:
            found["right_y_given"] = sides["right"][0].y_given[sides["right"][1]].astype(np.uint8)
    return found if cast.pictures is None else found | {"pictures": cast.pictures}


def _about(side: Side, layout: _Map) -> dict[str, Any]:
    metrics, judge = side.metrics, side.judge
    right = side.answers == side.y_true[:, None]
    names = ("nominal_rate", "effective_rate", "realised_rate", "uses_clean_labels")
    return {name: metrics[name] for name in names} | {
        "kl": layout.kl,
        "trustworthiness": layout.trustworthiness,
        "n_features": side.features.shape[1],
        "epoch": side.placed.epoch,
        "last_epoch": side.placed.last,
        "accuracy": [float(share) for share in right.mean(axis=0)],
        "best_test_accuracy": judge.run.metrics["best"].get("test_accuracy"),
        "last_test_accuracy": judge.run.metrics["last"].get("test_accuracy"),
    }
