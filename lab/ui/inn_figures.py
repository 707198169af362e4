"""INN's own figures: over the epochs (Figs. 2 and 4), its parts (Fig. 3), a small class (Fig. 6), heavy noise (Table 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lab.experiments import Run, find
from lab.experiments.gallery import shipped
from lab.figures.inn import GROUPS, groups_chart, line_chart
from lab.specs.detection import InnFigure
from lab.ui.inn_study import Study
from lab.ui.jobs import finished_run

AS_PRINTED = {  # INN Table 1, CIFAR-10, symmetric noise
    "0.8": {"small loss, CE": 0.857, "small loss, CE+NE": 0.854, "INN": 0.885},
    "0.9": {"small loss, CE": 0.756, "small loss, CE+NE": 0.750, "INN": 0.817},
}
Lines = Mapping[str, Sequence[float | None]]


def over_training(study: Study) -> None:
    """Figs. 4 and 2."""
    metrics = study.run.metrics
    st.subheader("Does a detector outlast the training? (INN Fig. 4)", anchor=False)
    st.markdown(
        "The area under the ROC curve, if one stops after so many epochs. Small losses are good early, before the network "
        "knows the wrong labels by heart; INN looks between the samples, where there is nothing to know by heart."
    )
    drawn("epochs", metrics["epochs"], metrics["auroc"], study, "epoch", "AUC", high=1.0)
    st.caption(
        "The network’s neighbours are those of the last epoch for INN, those of each epoch for kNN agreement. Detectors that "
        "see inputs and held-out probabilities alone do not change with the epochs; they stand in the table under Scores."
    )
    st.subheader("The consistency effect (INN Fig. 2)", anchor=False)
    effect = metrics["effect"]
    gap, middle_gap = (_gap(effect[-1][i], effect[-1][i + 1]) for i in (0, 2))
    st.markdown(
        f"The mean belief in the given label. After epoch {metrics['epochs'][-1]} right and wrong labels differ by "
        f"{gap} at the samples, and by {middle_gap} half way to the nearest neighbour."
    )
    names = ("right, at the sample", "wrong, at the sample", "right, half way", "wrong, half way")
    lines = {name: [four[i] for four in effect] for i, name in enumerate(names)}
    drawn("effect", metrics["epochs"], lines, study, "epoch", "belief", low=0, high=1.0)


def parts(study: Study) -> None:
    """Fig. 3, and what it costs."""
    ablation = study.run.metrics["ablation"]
    st.subheader("How many neighbours, and is the integral worth it? (INN Fig. 3)", anchor=False)
    lines = {
        "the whole way (integral)": ablation["integral"],
        "half way alone (midpoint)": ablation["midpoint"],
    }
    st.markdown(_integral_words(ablation))
    drawn("neighbours", ablation["L"], lines, study, "neighbours L", "AUC", high=None)
    drawn("segments", ablation["H"], {"ten neighbours": ablation["segments"]}, study, "segments H", "AUC", high=None)
    by_space = ablation["by_rivals_space"]
    other = (
        ""
        if by_space is None
        else (
            f" Ten neighbours by the {'inputs' if study.run.request.space == 'inputs' else 'network'}, in place of the "
            f"features that the wrong labels have shaped, give {by_space:.3f}."
        )
    )
    n, u = study.run.metrics["n"], ablation["pairs"]
    st.caption(
        f"{ablation['passes']:,} samples went through the network: 9 × {u:,} pairs of neighbours + {n:,}; mutual neighbours "
        f"share a line. The plain way takes {110 * 2 * n:,}.{other}"
    )


def _integral_words(ablation: Mapping[str, Any]) -> str:
    """Which of the two is ahead here, and why it may be the other way than in the paper."""
    integral, midpoint = ablation["integral"][-1], ablation["midpoint"][-1]
    if integral is None or midpoint is None:
        return "There must be right and wrong labels to compare."
    if integral >= midpoint - 0.005:
        return (
            f"The whole way is as good as half way, or better: {integral:.3f} and {midpoint:.3f} with most neighbours."
        )
    return (
        f"**Here half way alone is ahead** ({midpoint:.3f}, the whole way {integral:.3f}), unlike in the paper: the whole way "
        "begins at the sample itself, and this network knows that label by heart."
    )


def small_class() -> None:
    """Fig. 6 and C.1."""
    st.subheader("A small class (INN Fig. 6)", anchor=False)
    st.markdown(
        "Digits 0–4 are one class, a tenth of the digits 5–9 the other; 30 % of the labels are swapped. The network first "
        "learns to say “large class” always, so the small class looks like noise: high losses where labels are right."
    )
    run = _asked(InnFigure(figure="imbalance"), "Train 9 small networks (about 20 s)")
    if run is None:
        return
    epochs, arrays, auroc = run.metrics["epochs"], run.arrays, run.metrics["auroc"]
    dark = st.context.theme.type == "dark"
    for column, (name, array, title, first) in zip(
        st.columns(2),
        (("loss", "loss", "Small loss: loss of the given label", 0), ("inn", "inn", "INN score", len(epochs) - 1)),
        strict=True,
    ):
        with column:
            epoch = st.select_slider(
                f"{title}, after epoch", epochs, epochs[first], key=f"{name}-epoch", bind="query-params"
            )
            values = arrays[array][epochs.index(epoch)]
            option, counts = groups_chart(values.astype(np.float64), arrays["group"], name=title, dark=dark)
            alt = "; ".join(f"{group}: {sum(each)} samples" for group, each in zip(GROUPS, counts, strict=True))
            st.echarts_chart(option, key=f"groups-{name}-{epoch}", height=520, alt=f"Four histograms. {alt}.")
    st.caption("Shares within each group, seed 0; hatched: the label is wrong.")
    detectors = ("INN", "small loss, CE", "small loss, CE+NE", "small loss, MixUp")
    for part, words in (("whole", "all samples"), ("minority", "the small class alone")):
        means = {name: np.mean(auroc[name][part], axis=0).round(3).tolist() for name in detectors}
        _drawn(f"figure-{part}", epochs, means, "epoch", f"AUC, {words}", low=0, high=1.0)
    last = {name: float(np.mean(auroc[name]["minority"], axis=0)[-1]) for name in detectors}
    st.caption(
        f"Mean of {len(run.metrics['seeds'])} seeds. The paper’s claim about small losses holds here: look at the small "
        f"class after epochs 1 and 2. That INN solves it does not: on the small class its AUC ends at {last['INN']:.2f}."
    )


def heavy_noise() -> None:
    """Table 1."""
    st.subheader("Heavy noise (INN Table 1)", anchor=False)
    st.markdown(
        "Digits with 80 and 90 % symmetric noise, of which a tenth falls on the true label (72 and 81 % of the labels are "
        "wrong). The best AUC over the epochs: **which epoch that is, only the true labels tell**, here and in the paper."
    )
    run = _asked(InnFigure(figure="heavy"), "Train 18 small networks (about a minute)")
    if run is None:
        return
    rows = [
        {
            "Nominal rate": f"{float(rate):.0%}",
            "Effective rate": f"{0.9 * float(rate):.0%}",
            "Detector": name,
            "Best AUC here": f"{np.mean(best):.3f} ({np.std(best):.3f})",
            "Best epochs": ", ".join(map(str, run.metrics["best_epoch"][rate][name])),
            "CIFAR-10, as printed": f"{AS_PRINTED[rate][name]:.3f}" if name in AS_PRINTED[rate] else "–",
        }
        for rate, by_name in run.metrics["best"].items()
        for name, best in by_name.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    best = run.metrics["best"]
    leads = [np.mean(best[rate]["INN"]) - np.mean(best[rate]["small loss, CE"]) for rate in AS_PRINTED]
    printed = [by_name["INN"] - by_name["small loss, CE"] for by_name in AS_PRINTED.values()]
    st.caption(
        "Mean and spread of 3 seeds; the printed column is of another data set and network, not to be compared. INN leads "
        f"the small loss of cross-entropy by {leads[0]:.3f} and {leads[1]:.3f} here, {printed[0]:.3f} and {printed[1]:.3f} "
        "as printed. On the digits small losses are best after a few epochs, when few wrong labels are known by heart; who "
        "trains longer, and can not know when to stop, gains more by INN."
    )


def drawn(key: str, x: Sequence[float], lines: Lines, study: Study, x_name: str, y_name: str, **look: Any) -> None:
    """A figure of a study, with its numbers beneath."""
    _drawn(f"{key}-{study.run.request.digest}", x, lines, x_name, y_name, **look)


def _drawn(key: str, x: Sequence[float], lines: Lines, x_name: str, y_name: str, **look: Any) -> None:
    dark = st.context.theme.type == "dark"
    table = pd.DataFrame({x_name: list(x), **{name: list(values) for name, values in lines.items()}})
    st.echarts_chart(
        line_chart(x, lines, x_name=x_name, y_name=y_name, dark=dark, **look),
        key=key,
        height=340,
        alt=f"{y_name} against {x_name}: " + "; ".join(f"{name} {list(values)}" for name, values in lines.items()),
    )
    with st.expander(f"The numbers: {y_name} by {x_name}"):
        st.dataframe(table, hide_index=True)


def _asked(figure: InnFigure, label: str) -> Run | None:
    """The figure's run; it is computed once somebody asks for it."""
    place = st.empty()
    if not (shipped(figure.digest) or find(figure.digest)):
        if not place.button(label, key=f"ask-{figure.figure}", icon=":material/play_arrow:"):
            st.caption("It takes trainings of its own; a worker does them while you look at something else.")
            return None
        place.empty()
    return finished_run(figure, patience=0.4)


def _gap(right: float | None, wrong: float | None) -> str:
    return "–" if right is None or wrong is None else f"{right - wrong:.2f}"
