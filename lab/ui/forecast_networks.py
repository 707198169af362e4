"""Trained networks over the curves: from the history, and those that ship with the lab; and how to train more of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Float
from numpy import ndarray

from lab.experiments import Experiment, Run, submit
from lab.experiments.gallery import shipped
from lab.experiments.store import store
from lab.figures.effective_k import effective_k_alt, effective_k_option
from lab.figures.forecast_payload import Networks
from lab.noise import Clean, Concentrated, Flip, LocallyConcentrated, Noise
from lab.specs import Axis, DataSource, Forecast, NetworkCurve, Record, Seeds, Sweep, digest, to_json
from lab.specs.datasets import DATASETS
from lab.specs.presets import NETWORK_BASE, NETWORKS
from lab.ui.run_words import LOSS_NAMES, SPEC_NAMES
from lab.ui.words import percent

NONE = ""
MOST_LEVELS = 6  # of the levels that a sweep is offered for


@dataclass(frozen=True, eq=False)
class Measured:
    """Accuracy of trainings that differ in noise level and seeds alone.

    name: without their number, because a select box keeps the name it shows while trainings come.
    levels: nominal, or as drawn where the rate is a result. accuracy: nan where a seed or an epoch is missing.
    best: after the best epoch, nan where a seed is missing.
    """

    name: str
    base: Experiment
    levels: Float[ndarray, " levels"]
    accuracy: Float[ndarray, "levels seeds epochs"]
    best: Float[ndarray, "levels seeds"]

    @property
    def last(self) -> Float[ndarray, "levels seeds"]:
        """Accuracy after each training's last epoch."""
        ends = np.isfinite(self.accuracy).sum(axis=2) - 1
        last = np.take_along_axis(self.accuracy, np.maximum(ends, 0)[:, :, None], axis=2)[:, :, 0]
        return np.where(ends >= 0, last, np.nan)

    @property
    def count(self) -> int:
        """How many trainings they are."""
        return int(np.isfinite(self.best).sum())

    def drawn(self) -> Networks:
        """In the form that the component draws."""
        return Networks(
            name=self.name,
            levels=self.levels,
            last=_mean_and_deviation(self.last),
            best=_mean_and_deviation(self.best),
            n_seeds=int(np.isfinite(self.best).sum(axis=1).min()),
            clean_best=self.base.schedule.early_stopping != "noisy",
        )


def _mean_and_deviation(values: Float[ndarray, "levels seeds"]) -> Float[ndarray, "levels 2"]:
    rows = [row[np.isfinite(row)] for row in values]
    return np.array([[row.mean(), row.std(ddof=1) if len(row) > 1 else 0.0] for row in rows])


def choose_networks(forecast: Forecast) -> Measured | None:
    """A select box of the networks that fit a forecast; None for none of them."""
    known = {digest(each.base): each for each in measured_for(forecast)}
    if not known:
        return None
    same = Counter(each.name for each in known.values())
    names = {key: each.name + (f" ({key[:4]})" if same[each.name] > 1 else "") for key, each in known.items()}
    names = {NONE: "none", **names}
    chosen = st.selectbox(
        "Networks over the curves",
        list(names),
        index=1,
        format_func=names.__getitem__,
        key="nets",
        help="Finished trainings on the same data under the same kind of noise; those that differ in level and seed alone "
        "are one choice.",
    )
    return known.get(chosen)


def measured_for(forecast: Forecast) -> list[Measured]:
    """All networks that fit: of the history, the group with the most trainings first, then those that ship with the lab."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for record in store().records():
        request = record.request
        if record.status == "done" and isinstance(request, Experiment) and fits(request, forecast):
            groups[digest(_base_of(request))].append(record)
    own = [_of_records(records) for records in sorted(groups.values(), key=len, reverse=True)]
    lab_own = [
        _of_curve(curve, run)
        for curve in NETWORKS
        if fits(curve.experiments[0][0], forecast) and (run := shipped(curve.digest)) is not None
    ]
    return own + lab_own


def fits(experiment: Experiment, forecast: Forecast) -> bool:
    """Whether a training is on the forecast's data, all classes of it, under its kind of noise."""
    if experiment.dataset != forecast.dataset or experiment.imbalance is not None:
        return False
    mine, asked = experiment.noise, forecast.noise
    if isinstance(asked, Concentrated) and asked.concentration == 0:
        asked = Flip(1.0, asked.permutation)  # wrong labels all over the class
    if isinstance(mine, LocallyConcentrated):
        return isinstance(asked, Concentrated) and asked.concentration == 1 and mine.permutation == asked.permutation
    has_rate = type(mine) is type(asked)  # a forecast's noise has one
    return has_rate and replace(mine, rate=1.0) == asked  # type: ignore[type-var]


def _base_of(experiment: Experiment) -> Experiment:
    return replace(experiment, noise=Clean(), seeds=Seeds(), record=Record())


def _of_records(records: Iterable[Any]) -> Measured:
    by_level: dict[Noise, list[Any]] = defaultdict(list)
    for record in records:
        by_level[record.request.noise].append(record)
    rows = []
    for noise, same in by_level.items():
        levels = [each.summary.get("realised_rate", np.nan) for each in same]
        curves = [[point.get("test_accuracy") or np.nan for point in each.points] for each in same]
        best = [each.summary.get("best_test_accuracy", np.nan) for each in same]
        rows.append((float(getattr(noise, "rate", np.mean(levels))), curves, best))
    rows.sort(key=lambda row: row[0])
    shape = max(len(row[1]) for row in rows), max(len(curve) for row in rows for curve in row[1])
    accuracy, best_of = np.full((len(rows), *shape), np.nan), np.full((len(rows), shape[0]), np.nan)
    for i, (_, curves, best) in enumerate(rows):
        best_of[i, : len(best)] = best
        for j, curve in enumerate(curves):
            accuracy[i, j, : len(curve)] = curve
    base = _base_of(next(iter(by_level.values()))[0].request)
    return Measured(f"{_words(base)}: of the history", base, np.array([row[0] for row in rows]), accuracy, best_of)


def _of_curve(curve: NetworkCurve, run: Run) -> Measured:
    accuracy, best_epoch = run.arrays["accuracy"].astype(float), run.arrays["best_epoch"]
    wrong = run.arrays["wrong"].mean(axis=1)
    nominal = run.metrics["nominal"]
    levels = np.array([wrong[i] if rate is None else rate for i, rate in enumerate(nominal)], dtype=float)
    best = np.take_along_axis(accuracy, best_epoch[:, :, None] - 1, axis=2)[:, :, 0]
    order = np.argsort(levels)
    return Measured(
        f"{_words(curve.base)}: the lab’s own", _base_of(curve.base), levels[order], accuracy[order], best[order]
    )


def _words(base: Experiment) -> str:
    net = SPEC_NAMES.get(base.backbone, type(base.backbone).__name__)
    loss = LOSS_NAMES.get(type(base.method), type(base.method).__name__)
    return f"{net}, {loss}, {base.schedule.epochs} epochs"


def effective_ks(run: Run, networks: Measured) -> tuple[ndarray, ndarray] | None:
    """The K whose expected accuracies are nearest to the networks' after each epoch, and the root mean square difference.

    None where noise has a place, or fewer than two levels lie on the curves.
    """
    series, ks = run.arrays.get("grid_coefficients"), np.array(run.metrics.get("grid_ks", ()))
    here = networks.levels <= run.request.highest + 1e-9
    if series is None or not len(series) or here.sum() < 2:
        return None
    x = 2 * networks.levels[here] / run.request.highest - 1
    expected = np.polynomial.chebyshev.chebval(x, series.T)  # (K, levels)
    whole = np.isfinite(networks.accuracy[here]).any(axis=1).all(axis=0)
    measured = np.nanmean(networks.accuracy[here][:, :, whole], axis=1)  # (levels, epochs)
    errors = np.sqrt(((expected[:, :, None] - measured[None]) ** 2).mean(axis=1))
    return ks[errors.argmin(axis=0)], errors.min(axis=0)


def networks_section(run: Run, networks: Measured | None) -> None:
    """The effective K by epoch, and how to train more."""
    if networks is not None:
        _effective_k(run, networks)
    with st.expander("Train networks at more levels", icon=":material/model_training:", key="group-more"):
        sweep = sweep_for(run.request, networks)
        if sweep is None:
            st.markdown("Train one on the page *Train*; then it can be repeated at other levels from here.")
            st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
            return
        count = len(sweep.experiments)
        st.markdown(
            f"{len(sweep.cells)} noise levels, {len(sweep.seeds)} seeds each. They go into the history, and appear in the list "
            "above as they finish."
        )
        if st.button(f"Train these {count} networks now", icon=":material/play_arrow:"):
            for experiment in sweep.experiments:
                submit(experiment)
            st.success(f"{count} trainings stand in the line.", icon=":material/check:")
            st.page_link("pages/runs.py", label="See how far they are", icon=":material/history:")
        st.markdown("Or in a terminal, here or on a cluster: save this as `sweep.json`, then `lab sweep sweep.json`.")
        st.code(to_json(sweep, indent=1), language="json", height=220)


def _effective_k(run: Run, networks: Measured) -> None:
    found = effective_ks(run, networks)
    if found is None:
        return
    ks, errors = found
    st.subheader("As many neighbours as a network is worth")
    st.markdown(
        f"The K whose curve is nearest to the networks’ accuracies at all their levels: **{ks.max()}** at its largest, "
        f"**{ks[-1]}** after the last epoch, where the curve is off by {100 * errors[-1]:.1f} points. A network that learns wrong "
        "labels by heart is worth ever fewer neighbours; stopping early keeps many. *The paper leaves open which K is a "
        "network’s.*"
    )
    dark = st.context.theme.type == "dark"
    st.echarts_chart(
        effective_k_option(ks, errors, dark=dark), key="effective-k", height=260, alt=effective_k_alt(ks, errors)
    )


def sweep_for(forecast: Forecast, networks: Measured | None) -> Sweep | None:
    """Trainings at levels of the forecast: like the networks shown, else like the lab's own; None where neither fits."""
    if isinstance(forecast.noise, Concentrated) and forecast.noise.concentration == 1:
        noises: tuple[Noise, ...] = tuple(LocallyConcentrated(n) for n in (10, 7, 5, 4, 3, 2))
    else:
        levels = [level for level in forecast.levels if level > 0]
        picked = sorted({levels[i] for i in np.linspace(0, len(levels) - 1, MOST_LEVELS).round().astype(int)})
        noises = tuple(forecast.noise_at(level) for level in picked)
    try:
        base = _own_base(forecast) if networks is None else networks.base
        return (
            None
            if base is None
            else Sweep(base=replace(base, noise=noises[0]), axes=(Axis(field="noise", values=noises),))
        )
    except ValueError:
        return None  # such as a loss that needs a matrix of the noise, or a set smaller than a batch


def _own_base(forecast: Forecast) -> Experiment | None:
    """The lab's own network on other data; it is fully connected, and takes no other images."""
    source, own = forecast.dataset, NETWORK_BASE
    assert isinstance(own.dataset, DataSource)
    assert isinstance(source, DataSource)  # without data nothing is offered for training
    if source == own.dataset:
        return own
    known, name = DATASETS.get(source.name), source.name
    if known is None or (known.image is not None and name != own.dataset.name):
        return None
    return replace(own, dataset=source, schedule=replace(own.schedule, batch_size=32))


def best_in_words(networks: Measured) -> str:
    """How many trainings, and their mean accuracies after the last and the best epoch at every level."""
    drawn = networks.drawn()
    rows = [
        f"γ\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{level:.2f}: last {percent(last[0])}, best {percent(best[0])}"
        for level, last, best in zip(drawn.levels, drawn.last, drawn.best, strict=True)
    ]
    return f"{networks.count} trainings, mean of the seeds: {'; '.join(rows)}"
