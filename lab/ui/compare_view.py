"""What “kNN or kNet?” shows of a finished comparison."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lab.experiments import Run, find
from lab.experiments.gallery import shipped
from lab.figures.compare_payload import Board, Sample, encode
from lab.figures.comparison import (
    KNET,
    KNN,
    OTHER,
    SOFTMAX,
    Curve,
    k_alt,
    k_option,
    reliability_alt,
    reliability_option,
    sizes_alt,
    sizes_option,
)
from lab.specs import Comparison, KNetSizes
from lab.specs.presets import COMPARISON
from lab.ui.compare_board import chosen, mount
from lab.ui.compare_downloads import take_home
from lab.ui.compare_form import FEATURE_NAMES, KAPPA_NAMES
from lab.ui.compare_tables import cost_table, printed_tables, rates_line
from lab.ui.jobs import finished_run, latest_run
from lab.ui.run_words import run_title
from lab.ui.words import percent, sentence

FIRST_K = 51
ASKED = "knet-sizes-asked"  # digests of comparisons whose study of sizes somebody asked for


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
    take_home(run)


@st.fragment
def board(run: Run) -> None:
    """What follows k: accuracy, one row, and, once k is let go, calibration."""
    m = run.metrics
    k = chosen("k", _linked("k", FIRST_K), 1, m["k_max"])
    row = chosen("row", _linked("row", _telling_row(run, min(FIRST_K, m["k_max"]))), 0, m["n_test"] - 1)
    for name, value in (("k", k), ("row", row)):
        if st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)
    mount(message(run.request.digest, row, run), first_k=k)
    st.caption(sentence(rates_line(run)))
    calibration(run, k)


def _linked(name: str, otherwise: int) -> int:
    value = st.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else otherwise


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
    for column, (against, word) in zip(st.columns(2), (("given", "noisy"), ("clean", "clean")), strict=True):
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


def imitation(run: Run) -> None:
    """KNET Fig. 3."""
    st.subheader("How well does kNet imitate kNN? (KNET Fig. 3)")
    found, k_max, dark = run.metrics["imitation"], run.metrics["k_max"], st.context.theme.type == "dark"
    closest = found["closest_k"]
    gap = [Curve("mean difference of the shares", found["difference"], KNET, mark=closest)]
    sure = [Curve("kNN", found["max_knn"], KNN), Curve("kNet", found["max_knet"], KNET)]
    left, right = st.columns(2)
    with left:
        st.markdown(f"**Difference**: smallest at k = {closest} (the paper: at about 50 or 60).")
        st.echarts_chart(k_option(gap, k_max, "", dark=dark), key="gap", height=300, alt=k_alt(gap, "Difference"))
    with right:
        apart = abs(found["max_knn"][-1] - found["max_knet"][-1])
        st.markdown(f"**Largest share**, mean over rows. At k = {k_max} they are {apart:.3f} apart.")
        st.echarts_chart(k_option(sure, k_max, "", dark=dark), key="sure", height=300, alt=k_alt(sure, "Largest share"))
    st.caption(
        sentence(
            "Mean over rows and classes of the absolute difference between kNN’s label shares and kNet’s answer; the paper "
            "does not say whether it sums over classes. One neighbour is always sure; a small network can not be"
        )
    )


CHOICES = {"left_one_out": "Training rows, each without its own vote", "held_out": "Rows the network has not seen"}
PICKS = {"most_accurate": "accuracy", "least_surprised": "log-loss", "oracle": "clean labels (nobody has them)"}


def choice(run: Run) -> None:
    """Choosing k by noisy labels, beside the oracle."""
    st.subheader("Which k, without clean labels?")
    dark = st.context.theme.type == "dark"
    for column, (name, found) in zip(st.columns(2), run.metrics["choice"].items(), strict=False):
        picks = found["picks"]
        curves = [
            Curve("hits the noisy label", found["accuracy"], KNN, mark=picks["most_accurate"]),
            Curve("hits the clean label", found["clean_accuracy"], OTHER, mark=picks["oracle"]),
        ]
        with column:
            st.markdown(f"**{CHOICES[name]}**")
            st.echarts_chart(
                k_option(curves, run.metrics["k_max"], "", dark=dark, percents=True),
                key=f"choice-{name}",
                height=300,
                alt=k_alt(curves, "Accuracy of kNN"),
            )
            lines = ["| k chosen by | k | loses on clean labels |", "|:--|--:|--:|"]
            lines += [
                f"| {words} | {picks[pick]} | {percent(found['costs'][pick], 2)} |" for pick, words in PICKS.items()
            ]
            st.markdown("\n".join(lines))
    st.caption(
        sentence(
            "The paper asks how to choose k and leaves it open. Every row is judged by its noisy label, which anybody has. "
            "A network has bent its features to its training rows’ labels, wrong ones too, so rows it has not seen judge "
            "more honestly; their noisy labels are drawn as for the figure above"
        )
    )


def sizes(run: Run) -> None:
    """kNet against its width and against the form of k: a study of its own, begun by a button."""
    st.subheader("How large must kNet be?")
    study = KNetSizes(comparison=run.request)
    asked = st.session_state.setdefault(ASKED, set())
    if shipped(study.digest) is None and find(study.digest) is None and study.digest not in asked:
        st.markdown(
            "Trains kNet at eight widths and with k in four forms; seconds for a small set, minutes for a large one."
        )
        if not st.button("Train kNets of all sizes", icon=":material/straighten:"):
            return
        asked.add(study.digest)
    found = finished_run(study)
    if found is None:
        return
    dark = st.context.theme.type == "dark"
    left, right = st.columns(2)
    for column, kind, what in ((left, "widths", "Width of the hidden layer"), (right, "kappas", "How k enters")):
        rows = found.metrics[kind]
        names = [str(row["width"]) if kind == "widths" else KAPPA_NAMES[row["kappa"]] for row in rows]
        lines = {f"k = {k}": [row["difference"][k] for row in rows] for k in rows[0]["difference"]}
        with column:
            st.markdown(f"**{what}**: difference from kNN")
            st.echarts_chart(
                sizes_option(names, lines, dark=dark),
                key=f"sizes-{kind}",
                height=300,
                alt=sizes_alt(names, lines, what),
            )
            best = max(rows, key=lambda row: row["accuracy"][_middle(row)])
            spread = best["accuracy"][_middle(best)] - min(row["accuracy"][_middle(row)] for row in rows)
            st.caption(
                sentence(
                    f"Best accuracy at k = {_middle(best)}: {percent(best['accuracy'][_middle(best)])} with "
                    f"{names[rows.index(best)]} ({best['parameters']:,} parameters), {100 * spread:.1f} points above the worst"
                )
            )


def _middle(row: dict[str, Any]) -> str:
    """The third k of the study, 51, or the last there is."""
    ks = list(row["accuracy"])
    return ks[min(2, len(ks) - 1)]


def doubts(run: Run) -> None:
    """The paper's claims that can be held against this training: what holds here and what does not."""
    accuracy = run.metrics["accuracy"]
    network, knn, knet = accuracy["network"], accuracy["knn"], accuracy["knet"]
    claims = {
        "kNet improves the network at every k": min(knet) >= network,
        "kNN is best at a large k": knn.index(max(knn)) + 1 > 11,
        "kNet hardly depends on k (2 points at most)": max(knet) - min(knet) <= 0.02,
        "kNet is nearest to kNN at a fairly large k": 31 <= run.metrics["imitation"]["closest_k"] <= 81,
    }
    if "1" in accuracy["fixed"]:
        claims["fixed kNet with k = 1 is consistently excellent (no worse than kNet)"] = accuracy["fixed"]["1"] >= max(
            knet
        )
    lines = ["**What the paper says, on this training** (one run)", ""]
    lines += [f"- {words}: **{'holds' if holds else 'does not hold'} here**" for words, holds in claims.items()]
    st.markdown("\n".join(lines))
