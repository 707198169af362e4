"""What stands still below the board of “kNN or kNet?”: KNET Fig. 3, choosing k, kNet's size, and the paper's claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lab.experiments import Run, find
from lab.experiments.gallery import shipped
from lab.figures.comparison import KNET, KNN, OTHER, Curve, k_alt, k_option, sizes_alt, sizes_option
from lab.specs import KNetSizes
from lab.ui.compare_form import KAPPA_NAMES
from lab.ui.jobs import finished_run
from lab.ui.words import percent, sentence

ASKED = "knet-sizes-asked"  # digests of comparisons whose study of sizes somebody asked for


def imitation(run: Run) -> None:
    """KNET Fig. 3."""
    st.subheader("How well does kNet imitate kNN? (KNET Fig. 3)")
    found, k_max, dark = run.metrics["imitation"], run.metrics["k_max"], st.context.theme.type == "dark"
    closest = found["closest_k"]
    gap = [Curve("mean difference of the shares", found["difference"], KNET, mark=closest)]
    sure = [Curve("kNN", found["max_knn"], KNN), Curve("kNet", found["max_knet"], KNET)]
    left, right = st.container(key="two-imitation").columns(2)
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
MISLED = 0.01  # clean accuracy lost
PICKS = {"most_accurate": "accuracy", "least_surprised": "log-loss", "oracle": "clean labels (nobody has them)"}


def choice(run: Run) -> None:
    """Choosing k by noisy labels, beside the oracle."""
    st.subheader("Which k, without clean labels?")
    dark = st.context.theme.type == "dark"
    for column, (name, found) in zip(
        st.container(key="two-choice").columns(2), run.metrics["choice"].items(), strict=False
    ):
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
            f"{_misled(run.metrics['choice'])}"
        )
    )


def _misled(choices: Mapping[str, Any]) -> str:
    """A sentence where log-loss picks a k that costs a point or more; "" where it does not."""
    loses = [found["costs"]["least_surprised"] for found in choices.values()]
    if max(loses) < MISLED:
        return ""
    return (
        ". Log-loss misleads here: neighbours in features that know the wrong labels by heart agree too often, and a loss "
        "that punishes being too sure then takes the k whose few votes weigh least against the smoothing"
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
    left, right = st.container(key="two-sizes").columns(2)
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
