"""One sample: its paths, its neighbours, its life over the epochs, and why each detector calls its label wrong or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import streamlit as st

from lab.figures.inn import line_chart, paths_chart
from lab.figures.inn_payload import below
from lab.ui.inn_study import Study, trapezoid_area
from lab.ui.pictures import Picture, picture_list
from lab.ui.words import sentence

REASONS = {  # what a low score means
    "auto": "its worst margin of the label over the others, among neighbourhoods of 10 up to a whole class",
    "inn": "the network's mean belief in the label on the way to its ten neighbours",
    "small_loss_ce": "minus its loss; the network trained with cross-entropy",
    "small_loss_ce_ne": "minus its loss; the network that is kept in doubt",
    "small_loss_mixup": "minus its loss; the network trained with MixUp",
    "aum": "how far its label led the other labels, on average over the training",
    "knn": "the share of its 10 nearest samples that carry the label",
    "knn_weighted": "the same share, near samples counting more",
    "knn_average": "the mean of such shares over many k",
    "knet": "kNet's probability of the label",
    "confident_learning": "how far the label's held-out probability leads, by each class's usual confidence",
    "simifeat": "how often votes of its neighbours on parts of the features are for the label",
    "margin": "the label's held-out probability less that of the best other",
    "entropy": "the label's held-out probability, less where there is doubt",
}


def show_sample(study: Study, row: int, cuts: Mapping[str, float]) -> None:
    """Everything about one sample."""
    arrays, classes = study.run.arrays, study.classes
    given, clean = int(arrays["y_given"][row]), int(arrays["y_clean"][row])
    says = "which is right" if given == clean else f"but it truly is “{classes[clean]}”"
    st.markdown(sentence(f"Sample {row}: given “{classes[given]}”, {says}"))
    _neighbours(study, row)
    _paths(study, row)
    left, right = st.columns(2)
    with left:
        _life(study, row)
    with right:
        st.markdown("**Why each detector calls it wrong, or not**")
        st.dataframe(pd.DataFrame(reasons(study, row, cuts)), hide_index=True, height=420)


def reasons(study: Study, row: int, cuts: Mapping[str, float]) -> Iterator[dict[str, str | int | float]]:
    """A line for each detector."""
    for one in study.detectors:
        name, score = one["name"], study.score(one["name"])
        cut = cuts.get(name, study.cut(name))
        yield {
            "Detector": one["title"],
            "Own verdict": "wrong" if study.verdict(name)[row] else "right",
            "At your line": "wrong" if below(score[row : row + 1], cut)[0] else "right",
            "Score": round(float(score[row]), 3),
            "Line": round(cut, 3),
            "Rank from the most doubtful": int((score < score[row]).sum()) + 1,
            "The score is": REASONS[name],
        }


def _neighbours(study: Study, row: int) -> None:
    arrays, classes = study.run.arrays, study.classes
    pictures = []
    for place, each in enumerate([row, *arrays["neighbors"][row].tolist()]):
        image = study.picture(each)
        if image is None:
            continue
        given, clean = int(arrays["y_given"][each]), int(arrays["y_clean"][each])
        words = f"{classes[given]}" if given == clean else f"{classes[given]}, truly {classes[clean]}"
        pictures.append(Picture(image, f"{'it' if place == 0 else place}: {words}", given != clean))
    if pictures:
        st.caption("The sample and its ten nearest by the network’s features (dashed: the label is wrong)")
        picture_list(pictures)


def _paths(study: Study, row: int) -> None:
    arrays, classes = study.run.arrays, study.classes
    values = study.paths(row)
    areas = trapezoid_area(values)
    names = [
        f"{i + 1}: {classes[int(arrays['y_given'][other])]}, {area:.3f}"
        for i, (other, area) in enumerate(zip(arrays["neighbors"][row], areas, strict=True))
    ]
    st.markdown("**The network’s belief in the given label, from the sample (left) to each neighbour (right)**")
    score = float(study.score("inn")[row])
    alt = f"Ten small curves with trapezoids; areas {', '.join(f'{area:.3f}' for area in areas)}; mean {areas.mean():.6f}."
    st.echarts_chart(
        paths_chart(values, names, dark=st.context.theme.type == "dark"),
        key=f"paths-{study.run.request.digest}-{row}",
        height=330,
        alt=alt,
    )
    st.caption(
        f"Above each: the neighbour’s given label and the area. Their mean is {areas.mean():.6f}; the INN score in the table "
        f"is {score:.6f}. Where the neighbour carries another label, the belief must fall on the way. (INN Fig. 1)"
    )


def _life(study: Study, row: int) -> None:
    arrays, epochs = study.run.arrays, study.run.metrics["epochs"]
    dark, key = st.context.theme.type == "dark", f"{study.run.request.digest}-{row}"
    shares = {
        title: (arrays[name][:, row] / 255).round(3).tolist()
        for name, title in (
            ("life_inn", "INN score"),
            ("life_posterior", "P(right) by the mixture"),
            ("life_agreement", "neighbours that agree"),
        )
    }
    loss = {"loss of the given label": np.round(arrays["life_loss"][:, row].astype(float), 3).tolist()}
    st.markdown("**Its life over the epochs**")
    for name, lines, high, height in (("belief", shares, 1.0, 260), ("loss", loss, None, 190)):
        st.echarts_chart(
            line_chart(epochs, lines, x_name="epoch", y_name="", dark=dark, low=0, high=high),
            key=f"life-{name}-{key}",
            height=height,
            alt="; ".join(f"{title}: {values}" for title, values in lines.items()),
        )
