"""How well each layer of the networks on a feature map keeps the true classes apart, and its own map (KED Figs. 2 and 6).

All rows of the part are judged, whether they are on the map or not. Measured on two cores that others used too: 50,000 rows
of 64 numbers 8 s a layer, of 512 numbers 93 s, in 200 MB besides the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float32, Int
from numpy import ndarray

from lab.analysis.map_quality import LayerScore, layer_score
from lab.analysis.tsne import Frame, fit_map
from lab.core.device import choose_device
from lab.core.rng import numpy_rng
from lab.experiments.worker_map_sides import LAYERS, Side
from lab.specs import FeatureMap
from lab.specs.feature_map import MOST_JUDGED

LAID_OUT = 2000  # rows on the map of a layer
MOST_BYTES = 1e9  # of outputs that are held at a time; where they are more, the network is asked once for every layer

Sides = Mapping[str, tuple[Side, Int[ndarray, " m"]]]


def judge_layers(study: FeatureMap, sides: Sides, report: Callable[[float, str], object]) -> list[dict[str, Any]]:
    """A row for every layer of every network that is shown.

    Keys: `side`, `epoch`, and those of `lab.analysis.map_quality.LayerScore`.

    Args:
        sides: each with the rows of the part that could be on the map.
        report: called often, with the part of this that is done.
    """
    rows: list[dict[str, Any]] = []
    plan = _plan(sides)
    n_layers = sum(map(len, plan.values()))
    for name, (side, at) in sides.items():
        at = at[_judged(len(at))]
        y, y_given = side.y_true[at], side.y_given[at] if study.part == "train" else None
        if not 2 <= len(np.unique(y)) < len(y):
            continue
        before: tuple[ndarray, LayerScore] | None = None
        for tap, output in _outputs(side, at, plan[name]):
            if before is not None and np.array_equal(before[0], output):  # where pooling has nothing left to do
                score = replace(before[1], tap=tap)
            else:
                score = _score(tap, output, y, y_given, _teller(report, len(rows), n_layers, len(y)))
            before = output, score
            rows.append({"side": name, "epoch": side.placed.epoch} | asdict(score))
    return rows


def _teller(
    report: Callable[[float, str], object], layer: int, n_layers: int, n_rows: int
) -> Callable[[float], object]:
    """What tells how far all layers are, when told how far this one is."""
    words = f"judging layer {layer + 1} of {n_layers} by {n_rows:,} rows"
    return lambda done: report((layer + done) / n_layers, words)


def _score(
    tap: str, output: ndarray, y: ndarray, y_given: ndarray | None, tick: Callable[[float], object]
) -> LayerScore:
    k = min(10, len(y) - 1)
    return layer_score(tap, output, y, y_given=y_given, n_neighbors=k, device=choose_device(), tick=tick)


def _judged(n: int) -> Int[ndarray, " j"]:
    """Which of n rows: all of them, or a random part."""
    if n <= MOST_JUDGED:
        return np.arange(n)
    return np.sort(numpy_rng(0, "judged").permutation(n)[:MOST_JUDGED])


def _plan(sides: Sides) -> dict[str, tuple[str, ...]]:
    """The layers of each side; none of a network that is on the other one already, but for kNet's."""
    plan: dict[str, tuple[str, ...]] = {}
    seen = set()
    for name, (side, _) in sides.items():
        network = side.placed.experiment, side.placed.epoch
        taps = () if network in seen else LAYERS
        plan[name] = (*taps, "knet") if side.source.tap == "knet" else taps
        seen.add(network)
    return plan


def _outputs(side: Side, at: Int[ndarray, " m"], taps: tuple[str, ...]) -> Iterator[tuple[str, ndarray]]:
    """What the layers put out for the rows `at`, one after another."""
    asked = tuple(tap for tap in taps if tap != "knet")
    for names in _at_once(side, at, asked):
        outputs = side.placed.layers(side.part, at, names)
        while outputs:  # given away, not kept
            name = next(iter(outputs))
            yield name, outputs.pop(name)
    if "knet" in taps:
        yield "knet", side.features[at]


def _at_once(side: Side, at: Int[ndarray, " m"], taps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All layers, or one by one where all would not fit."""
    if not taps:
        return
    one = side.placed.layers(side.part, at[:1], taps)
    fit = len(at) * sum(output.nbytes for output in one.values()) <= MOST_BYTES
    yield from [taps] if fit else [(tap,) for tap in taps]


def lay_out_layers(
    study: FeatureMap,
    sides: Sides,
    rows: Sequence[Mapping[str, Any]],
    known: list[tuple[ndarray, ndarray]],
    report: Callable[[float, str], object],
) -> dict[str, ndarray]:
    """`layer_<i>_places` and `layer_<i>_y` of every row i of `rows` whose outputs are not all the same.

    Args:
        sides: each with the rows of the part that are on the map; of many, 2,000 are laid out.
        known: features and places of maps that are there already.
        report: called at every frame, with the part of this that is done.
    """
    layouts: dict[str, ndarray] = {}
    laid_out = list(known)
    outputs: dict[tuple[str, str], tuple[ndarray, ndarray]] = {}
    for name, (side, at) in sides.items():
        at = at[np.linspace(0, len(at) - 1, min(len(at), LAID_OUT)).astype(int)]
        taps = tuple(row["tap"] for row in rows if row["side"] == name)
        outputs |= {(name, tap): (output, side.y_true[at]) for tap, output in _outputs(side, at, taps)}
    for i, row in enumerate(rows):
        output, y = outputs[row["side"], row["tap"]]
        words = f"laying out layer {i + 1} of {len(rows)}"
        places = _places_of(output, laid_out, study, partial(_tell_frame, report, words, i, len(rows)))
        if places is not None:
            layouts |= {f"layer_{i}_places": relative(places).astype(np.float16), f"layer_{i}_y": y.astype(np.uint8)}
    return layouts


def _tell_frame(report: Callable[[float, str], object], words: str, layer: int, n_layers: int, frame: Frame) -> None:
    report((layer + frame.iteration / frame.n_iterations) / n_layers, words)


def _places_of(
    output: ndarray,
    laid_out: list[tuple[ndarray, ndarray]],
    study: FeatureMap,
    on_frame: Callable[[Frame], object],
) -> Float32[ndarray, "m 2"] | None:
    """The map of a layer's output; one that is there already, where another layer puts out the same."""
    features = output.reshape(len(output), -1)
    known = next((places for before, places in laid_out if np.array_equal(before, features)), None)
    if known is not None or not (features != features[0]).any():
        return known
    laid_out.append((features, fit_map(features, study.tsne, on_frame=on_frame).coordinates))
    return laid_out[-1][1]


def relative(places: Float32[ndarray, "m 2"]) -> Float32[ndarray, "m 2"]:
    """In units of the map's reach, which a half-precision number holds at any size."""
    return places / max(float(np.abs(places).max()), 1e-30)
