"""What the page "Softmax or neighbours?" shows of a study: diagrams, single samples, and what to take home."""

from __future__ import annotations

import numpy as np
import streamlit as st
from jaxtyping import Bool

from lab.core.spreadsheet import csv_text
from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.figures.aggregates import MOST_DIAGRAMS, Diagrams, aggregate_alt, aggregate_bars
from lab.figures.pairs_payload import Pairs, encode
from lab.noise import MatrixNoise
from lab.specs import Aggregates, to_json
from lab.specs.presets import AGGREGATES
from lab.ui import address, jobs
from lab.ui.aggregates import mount, row_of
from lab.ui.choices import renew
from lab.ui.jobs import finished_run, latest_run
from lab.ui.run_words import noise_words
from lab.ui.take_home import File, take_home
from lab.ui.words import percent, sentence

COMPONENT, ROW = "pairs", "row"  # the component, and the sample in the address
EACH, POOLED = "each class", "all classes, turned"
PART_NAMES = {
    "all": "all test samples",
    "clean": "outside the noisy places",
    "noisy": "inside the noisy places",
}


def meanwhile() -> Run | None:
    """What stands there while a study is computed: the run before, or the lab's own."""
    return latest_run(Aggregates) or shipped(AGGREGATES.digest)


def show_aggregates(run: Run, *, pooled: bool, before: bool) -> None:
    """Everything the page says of a study.

    Args:
        pooled: one diagram of all classes instead of one each.
        before: the same of the network before the noise, above.
    """
    rates(run)
    with st.container(key="aggregate-diagrams"):
        if before and run.request != run.request.before_noise:
            _before_noise(run, pooled)
        for part in parts_of(run):
            _diagrams(run, part, pooled)
    st.markdown(reading(run))
    st.subheader("One sample at a time")
    st.markdown(
        "Green: what the network answers. Blue: the labels of its K nearest training samples, by the network’s own features. "
        "Drag along the histogram, or along the samples; move K. *DRO, App. A, Figs. 5 and 6.*"
    )

    @st.fragment(key="one-sample")
    def samples() -> None:
        if (row := row_of(COMPONENT)) is not None:
            address.write(ROW, str(row))
        mount(
            encode(pairs_of(run)),
            key=COMPONENT,
            identity=run.request.digest,
            row=_linked_row(),
            on_row=renew,
        )

    samples()
    st.markdown(distances_in_words(run))
    st.caption(sentence(_small_print(run)))
    take_home(lambda: run, _files, "The diagrams as a picture: the camera above the figure.")


def _linked_row() -> int:
    return address.number(ROW, -1)


def rates(run: Run) -> None:
    """Noise, nominal and effective, and accuracy."""
    m = run.metrics
    nominal = "none" if m["nominal_rate"] is None else percent(m["nominal_rate"], 0)
    with st.container(horizontal=True, key="aggregate-rates"):
        st.metric(
            "Nominal noise rate", nominal, help="What the noise model calls its rate; none where the rate is a result."
        )
        st.metric("Wrong labels π, effective", percent(m["effective_rate"]), help="Expected share of wrong labels.")
        st.metric(f"Test accuracy, epoch {m['epoch']}", percent(m["accuracy"]), help="On clean test labels.")
        if regions := m.get("regions"):
            st.metric(
                "Inside the noisy places",
                _or_none(regions["noisy"]),
                help=f"{percent(regions['share_noisy'])} of the test samples lie there.",
            )
            st.metric("Outside of them", _or_none(regions["clean"]))
    if m["uses_clean_labels"]:
        st.badge("uses clean labels", icon=":material/verified:", color="orange")


def _or_none(share: float) -> str:
    return "no samples" if np.isnan(share) else percent(share)


def parts_of(run: Run) -> list[str]:
    """The parts of the test samples that have diagrams of their own: the regions, where noise has a place."""
    parts: list[str] = run.metrics["parts"]
    return parts[1:] or parts


def diagrams_of(run: Run, part: str, *, pooled: bool) -> Diagrams:
    """The diagrams of one part; with many classes the first of them."""
    arrays, classes = run.arrays, run.metrics["classes"]
    n, at = len(classes), run.metrics["parts"].index(part)
    rows = np.array([n]) if pooled else np.arange(min(n, MOST_DIAGRAMS))
    bars = ["true", *(f"+{j}" for j in range(1, n))] if pooled else classes
    return Diagrams(
        titles=["all classes"] if pooled else [f"true class {name}" for name in classes[:MOST_DIAGRAMS]],
        bars=bars,
        **{name: arrays[f"softmax_{name}"][at, rows].astype(float) for name in ("median", "low", "high")},
        near=arrays["near_median"][at, rows].astype(float),
        theory=arrays["theory"][at, rows].astype(float),
        own=np.zeros(1, dtype=np.int64) if pooled else rows,
        counts=arrays["counts"][at, rows].astype(np.int64),
    )


def _diagrams(run: Run, part: str, pooled: bool, title: str = "") -> None:
    diagrams = diagrams_of(run, part, pooled=pooled)
    asked = "training samples, each without its own vote" if run.metrics["left_out"] else PART_NAMES[part]
    st.markdown(f"**{title or sentence(noise_words(run.request.experiment))[:-1]}**, {asked}")
    dark = st.context.theme.type == "dark"
    st.plotly_chart(
        aggregate_bars(diagrams, dark=dark),
        key=f"diagrams-{run.request.digest}-{part}-{pooled}-{dark}",
        alt=aggregate_alt(diagrams),
    )


def _before_noise(run: Run, pooled: bool) -> None:
    """The network before the noise, once it is there; training it may take a while, so it is asked for."""
    request = run.request.before_noise
    asked = f"before-{request.digest}"
    if not shipped(request.digest) and not jobs.find(request.digest) and not st.session_state.get(asked):
        st.button(
            "Train the same network on clean labels",
            icon=":material/model_training:",
            on_click=st.session_state.update,
            args=({asked: True},),
            help="As long as the training itself took.",
        )
        return
    found = finished_run(request)
    if found is not None:
        _diagrams(found, "all", pooled, title="Before the noise")


def reading(run: Run) -> str:
    """What the diagrams show here, in the words of the claim and whether it holds."""
    held = [_claim(run, part) for part in parts_of(run)]
    return "\n".join(f"- {text}" for text in held)


def _claim(run: Run, part: str) -> str:
    diagrams = diagrams_of(run, part, pooled=False)
    whole = diagrams_of(run, part, pooled=True)
    seen = diagrams.counts > 0
    if not seen.any():
        return f"{PART_NAMES[part].capitalize()}: no samples."
    tallest = np.nan_to_num(diagrams.median).argmax(axis=1)
    likeliest = diagrams.theory.argmax(axis=1)
    agree, own = int((tallest == likeliest)[seen].sum()), int((tallest == diagrams.own)[seen].sum())
    off = 100 * (whole.median[0, 0] - whole.theory[0, 0])
    names = {"all": "All", "clean": "Outside the noisy places", "noisy": "Inside the noisy places"}
    text = (
        f"{names[part]}: the tallest bar is the true class in {own} of {int(seen.sum())} diagrams, and the label that the "
        f"noise makes the most frequent in {agree}."
    )
    if part == "all":
        text += f" {_far(off, run.request.epoch) if abs(off) > 10 else _near(abs(off), _farthest(diagrams, seen))}"
    return text


def _farthest(diagrams: Diagrams, seen: Bool[np.ndarray, " c"]) -> float:
    """How many points the true class's median is off at most, over single classes."""
    rows, own = np.flatnonzero(seen), diagrams.own[seen]
    return float(100 * np.abs(diagrams.median[rows, own] - diagrams.theory[rows, own]).max())


def _far(off: float, epoch: str) -> str:
    why = (
        "above, because a network that has learnt its training labels by heart is surer than they are; its neighbours, in its "
        "own features, are so too." + (" The best epoch, early on, may lie nearer." if epoch == "last" else "")
        if off > 0
        else "below: this network is less sure than the labels are, as networks are early on."
    )
    return (
        f"The paper expects medians at the shares of the labels: here the true class’s is {abs(off):.0f} points {why}"
    )


def _near(off: float, farthest: float) -> str:
    points = "a point" if off < 1.5 else f"{off:.0f} points"
    single = f"; of single classes it is up to {farthest:.0f} points off" if farthest > 10 else ""
    return f"Over all classes, the true class’s median is within {points} of its share of the labels, as the paper has it{single}."


def pairs_of(run: Run) -> Pairs:
    """A study in the form that the component draws."""
    a, m = run.arrays, run.metrics
    return Pairs(
        classes=m["classes"],
        y=a["shown_y"],
        softmax=a["shown_softmax"],
        idx=a["idx"],
        rows=a["shown"],
        among=a["shown_among"],
        y_given=a["y_given"],
        y_clean=a["y_clean"],
        train_rows=a["train_rows"],
        ks=m["ks"],
        preferred=a["preferred"],
        distance=a["distance"],
        inside=a["shown_inside"] if "regions" in m else None,
        pictures=a.get("shown_pictures"),
        near_rows=a.get("near_rows"),
        near_pictures=a.get("near_pictures"),
    )


def distances_in_words(run: Run) -> str:
    """Medians here, and the paper's."""
    m = run.metrics
    return (
        f"Median distance here: **{m['median_distance']:.4f}** with the half, **{2 * m['median_distance']:.4f}** without; "
        f"median preferred K: **{m['median_k']:.0f}**, of {m['ks'][0]} to {m['ks'][-1]}. The paper prints a median of "
        "0.143123 *(as printed)* for a network on clean CIFAR-10 and does not say which of the two it means. The number measures "
        "how long a network was trained more than anything else: here it falls to a hundredth of that as training goes on."
    )


def _small_print(run: Run) -> str:
    m, epoch = run.metrics, run.request.epoch
    part = "" if m["n_compared"] == m["n_asked"] else f" Distances of {m['n_compared']:,} of them."
    theory = "the matrix of the noise" if isinstance(run.request.experiment.noise, MatrixNoise) else "labels as drawn"
    return (
        f"{m['n_asked']:,} samples asked, {len(run.arrays['shown']):,} to look at; neighbours among {m['n_train']:,} training "
        f"samples by {m['n_features']} penultimate features, not normalised, of the {epoch} epoch ({m['epoch']}).{part} Dashes in the "
        f"diagrams: {theory}. Bars are medians and need not sum to 1. Study {run.request.digest}"
    )


def _files(run: Run) -> list[File]:
    name = f"aggregates-{run.request.digest}"
    return [
        File("Diagrams (CSV)", lambda: diagrams_csv(run), f"{name}-diagrams.csv", "text/csv"),
        File("Samples (CSV)", lambda: samples_csv(run), f"{name}-samples.csv", "text/csv"),
        File("Study (JSON)", lambda: to_json(run.request, indent=1), f"{name}.json", "application/json"),
    ]


def diagrams_csv(run: Run) -> bytes:
    """A row for every part, true class and output class."""
    a, classes = run.arrays, run.metrics["classes"]
    names = ("softmax_median", "softmax_low", "softmax_high", "near_median", "theory")
    rows = (
        [part, true, output, *(f"{a[name][p, i, j]:.6f}" for name in names), a["counts"][p, i]]
        for p, part in enumerate(run.metrics["parts"])
        for i, true in enumerate(classes)
        for j, output in enumerate(classes)
    )
    return csv_text(["samples", "true_class", "output_class", *names, "n"], rows).encode()


def samples_csv(run: Run) -> bytes:
    """A row for every sample that can be looked at."""
    a, classes = run.arrays, run.metrics["classes"]
    heads = ["row", "true_class", "preferred_k", "chi_square_half", *(f"softmax_{name}" for name in classes)]
    rows = (
        [row, classes[y], a["preferred"][place], f"{a['distance'][place]:.6f}", *(f"{p:.6f}" for p in softmax)]
        for row, y, place, softmax in zip(a["shown"], a["shown_y"], a["shown_among"], a["shown_softmax"], strict=True)
    )
    return csv_text(heads, rows).encode()
