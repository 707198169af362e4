"""What “kNN or kNet?” shows of a finished comparison."""

from __future__ import annotations

import streamlit as st

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.figures.compare_payload import Board, Sample, encode
from lab.figures.comparison import KNET, KNN, SOFTMAX, reliability_alt, reliability_option
from lab.specs import Comparison
from lab.specs.presets import COMPARISON
from lab.ui import address
from lab.ui.compare_board import chosen, mount
from lab.ui.compare_downloads import comparison_files
from lab.ui.compare_form import FEATURE_NAMES
from lab.ui.compare_sections import choice, doubts, imitation, sizes
from lab.ui.compare_tables import cost_table, printed_tables, rates_line
from lab.ui.first_things import draw_first
from lab.ui.jobs import latest_run
from lab.ui.run_words import run_title
from lab.ui.take_home import take_home
from lab.ui.words import sentence

FIRST_K = 51


def meanwhile(asked: Comparison | None) -> Run | None:
    """What stands there while what was asked for does not: the comparison before, or the lab's own, and a word on it."""
    run = latest_run(Comparison) or shipped(COMPARISON.digest)
    if run is not None:
        why = "" if asked else "What the side bar asks for cannot be done; the reason stands there. "
        st.info(sentence(f"{why}Shown meanwhile: {title(run)}"), icon=":material/info:")
    return run


def title(run: Run) -> str:
    """Training and features in a line."""
    return f"{run_title(run.request.experiment)}; neighbours in: {FEATURE_NAMES[run.request.features]}"


def show_comparison(run: Run) -> None:
    """The board, and below it what stands still."""
    if run.metrics["uses_clean_labels"]:
        st.badge("uses clean labels", icon=":material/warning:", color="orange")
    if run.metrics["left_out"]:
        st.info("This set has no test rows: its training rows are asked, which network and kNet have seen.")
    board(run)
    imitation(run)
    choice(run)
    sizes(run)
    st.subheader("In the paper")
    printed_tables(run)
    doubts(run)
    st.subheader("What it costs")
    cost_table(run)
    take_home(lambda: run, comparison_files)


@st.fragment
def board(run: Run) -> None:
    """What follows k: accuracy, one row, and, once k is let go, calibration."""
    m = run.metrics
    k = chosen("k", address.number("k", FIRST_K), 1, m["k_max"])
    row = chosen("row", address.number("row", _telling_row(run, min(FIRST_K, m["k_max"]))), 0, m["n_test"] - 1)
    for name, value in (("k", k), ("row", row)):
        address.write(name, str(value))
    mount(message(run.request.digest, row, run), first_k=k)
    draw_first("compare-board", 0.5)
    st.caption(sentence(rates_line(run)))
    calibration(run, k)


def _telling_row(run: Run, k: int) -> int:
    """A row that kNet mends, to begin with."""
    a = run.arrays
    mended = (a["network"] != a["y"]) & (a["knet"][:, k - 1] == a["y"])
    return int(mended.argmax())


@st.cache_data(max_entries=8, show_spinner=False)
def message(digest: str, row: int, _run: Run) -> bytes:
    """What the browser gets, of a comparison and a row."""
    a, m = _run.arrays, _run.metrics
    near = a["neighbours"][row].astype(int)
    shown = a["distances"].shape[1]
    train = a.get("train_pictures")
    pictures = train if m["left_out"] else a.get("test_pictures")
    whole = Board(
        what=title(_run),
        rows="training row" if m["left_out"] else "test row",
        classes=m["classes"],
        accuracy=m["accuracy"],
        y=a["y"],
        network=a["network"],
        knn=a["knn"],
        knet=a["knet"],
        pictures=pictures,
    )
    sample = Sample(
        row=row,
        softmax=a["softmax"][row],
        given=a["y_given"][near],
        clean=a["y_clean"][near],
        ids=near,
        distances=a["distances"][row],
        start=a["knet_start"][row],
        by_k=a["knet_k"],
        weight=a["knet_w"],
        bias=a["knet_b"],
        kappa=a["knet_kappa"],
        pictures=None if train is None else train[near[:shown]],
    )
    return encode(whole, sample)


def calibration(run: Run, k: int) -> None:
    """Reliability of softmax, kNN and kNet at this k, against noisy and clean labels."""
    st.subheader("Do they mean what they say?")
    told, dark = run.metrics["calibration"], st.context.theme.type == "dark"
    names = {"network": ("softmax", SOFTMAX), "kNN": ("knn", KNN), "kNet": ("knet", KNET)}
    for column, (against, word) in zip(
        st.container(key="two-meant").columns(2), (("given", "noisy"), ("clean", "clean")), strict=True
    ):
        bins, errors = {}, []
        for name, (method, place) in names.items():
            at = 0 if method == "softmax" else k - 1
            bins[name] = (run.arrays[f"reliability_{method}_{against}"][at], place)
            errors.append(f"{name} {told[method][against]['ece'][at]:.3f}")
        with column:
            st.markdown(f"**Against {word} labels**, k = {k}. Expected calibration error: {', '.join(errors)}.")
            st.echarts_chart(
                reliability_option(bins, dark=dark),
                key=f"reliability-{against}",
                height=320,
                alt=reliability_alt(bins, word),
            )
    noisy = (
        "their given ones"
        if run.metrics["left_out"]
        else "drawn by the matrix that the training labels show, class by class"
    )
    errors_of_knn = {
        word: told["knn"][against]["ece"][k - 1] for against, word in (("given", "noisy"), ("clean", "clean"))
    }
    nearer = min(errors_of_knn, key=errors_of_knn.__getitem__)
    why = "" if nearer == "noisy" else ": neighbours in a network that knows its labels by heart agree too often"
    st.caption(
        sentence(
            f"A good histogram of noisy neighbours means the share of the noisy label, not of the clean one. Here, at this "
            f"k, kNN’s is nearer to the {nearer} ones{why}. 15 bins; the noisy labels of the asked rows are {noisy}. Above "
            f"the line: right more often than it is sure"
        )
    )
