"""The tables of “kNN or kNet?”: KNET's printed row beside this training, and what each method keeps and takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from lab.experiments import Run
from lab.experiments.knet_tables import PrintedRow, printed_for
from lab.specs.datasets import DATASETS
from lab.ui.run_words import SPEC_NAMES, noise_words, run_title
from lab.ui.words import bytes_words, percent, sentence

DIFFERS = {
    "noise": "no table has this kind of noise",
    "rate": "the rate is another",
    "data": "the data are other",
    "network": "the network is another",
    "method": "the paper trained it by the method of Zhang et al.",
}


def printed_tables(run: Run) -> None:
    """The row of Tables 2-5 for this setting, or the closest, with this training at the same k."""
    comparison = run.request
    found = printed_for(comparison.experiment)
    nearest = "The row of the paper’s" if not found.differs else "The closest in the paper is its"
    why = "" if not found.differs else f" Not the same: {', '.join(DIFFERS[what] for what in found.differs)}."
    st.markdown(
        f"{nearest} Table {found.rows[0].table}. Numbers marked *as printed* are the paper’s, of one run each.{why}"
    )
    for row in found.rows:
        ks = [k for k in row.ks if k <= run.metrics["k_max"]]
        st.markdown(f"**{_title(row)}**")
        lines = _header(row.ks)
        lines += _printed(row)
        lines += _ours(run.metrics, row.ks, ks)
        st.markdown("\n".join(lines))
    st.caption(
        sentence(
            f"Accuracy in percent on clean labels; “here” is this training: {run_title(comparison.experiment)}. The paper "
            "prints 3K to 5K parameters for kNet; its own layers have 322, 4,330 and 16,842 at d = 64, 256 and 512"
        )
    )


def _title(row: PrintedRow) -> str:
    return f"{DATASETS[row.dataset].title}, {row.network}, {row.rate:.0%} {_kind(row)} noise"


def _kind(row: PrintedRow) -> str:
    return {"Uniform": "uniform", "RandomAsymmetric": "random asymmetric", "Semantic": "semantic asymmetric"}[
        row.noise.__name__
    ]


def _header(ks: Sequence[int]) -> list[str]:
    return ["| | parameters | " + " | ".join(f"k = {k}" for k in ks) + " |", "|:--|--:|" + "--:|" * len(ks)]


def _printed(row: PrintedRow) -> list[str]:
    base, knn, knet = row.parameters
    lines = [_line("network, *as printed*", base, [f"{row.base:g}"] * len(row.ks))]
    lines.append(_line("kNN, *as printed*", f"{base} + {knn}", [f"{v:g}" for v in row.knn]))
    lines.append(_line("kNet, *as printed*", f"{base} + {knet}", [f"{v:g}" for v in row.knet]))
    if row.fixed:
        lines.append(_line("fixed kNet, *as printed*", f"{base} + {knet}", [f"{v:g}" for v in row.fixed]))
    return lines


def _ours(metrics: Mapping[str, Any], ks: Sequence[int], there: Sequence[int]) -> list[str]:
    accuracy, cost = metrics["accuracy"], metrics["cost"]

    def at(values: Sequence[float]) -> list[str]:
        return [f"{100 * values[k - 1]:.2f}" if k in there else "–" for k in ks]

    base, knn, knet = (f"{cost[name]['numbers']:,}" for name in ("network", "knn", "knet"))
    fixed = [f"{100 * accuracy['fixed'][str(k)]:.2f}" if str(k) in accuracy["fixed"] else "–" for k in ks]
    return [
        _line("network, here", base, [f"{100 * accuracy['network']:.2f}"] * len(ks)),
        _line("kNN, here", f"{base} + {knn}", at(accuracy["knn"])),
        _line("kNet, here", f"{base} + {knet}", at(accuracy["knet"])),
        _line("fixed kNet, here", f"{base} + {knet}", fixed),
    ]


def _line(name: str, parameters: str, values: Sequence[str]) -> str:
    return f"| {name} | {parameters} | " + " | ".join(values) + " |"


def cost_table(run: Run) -> None:
    """Parameters, bytes and microseconds of each method, measured."""
    cost, m = run.metrics["cost"], run.metrics
    raw = run.request.features == "raw"
    lines = ["| Method | Numbers kept | Bytes | Microseconds a query |", "|:--|--:|--:|--:|"]
    for name, key in (("network", "network"), ("kNN", "knn"), ("kNet, or a fixed kNet", "knet")):
        one = cost[key]
        shown = name if raw or key == "network" else f"{name}, on the network’s features"
        lines.append(f"| {shown} | {one['numbers']:,} | {bytes_words(one['bytes'])} | {one['microseconds']:.3g} |")
    st.markdown("\n".join(lines))
    ratio = cost["knn"]["numbers"] / cost["knet"]["numbers"]
    needed = "" if raw else " Both need the network’s features first: add its row."
    st.caption(
        sentence(
            f"kNN keeps {m['n_train']:,} × {m['n_features']} numbers, {ratio:.0f} times kNet’s, and a byte for every label; "
            f"kNet’s bytes hold the features’ mean and spread too. Measured here, on one thread of the CPU, "
            f"{cost['queries']} queries at a time, k = {cost['k']}, exact search.{needed}"
        )
    )


def rates_line(run: Run) -> str:
    """Nominal and effective rate side by side, and what was compared on what."""
    m, experiment = run.metrics, run.request.experiment
    asked = "training rows, each without its own vote" if m["left_out"] else "test rows"
    net = SPEC_NAMES.get(experiment.backbone, type(experiment.backbone).__name__)
    return (
        f"{net} after epoch {m['epoch']}; noise {noise_words(experiment)}, "
        f"nominal; {percent(m['effective_rate'])} wrong labels expected, {percent(m['realised_rate'])} here. "
        f"{m['n_test']:,} {asked}, {m['n_train']:,} training rows, {m['n_features']} features, kNet of width {m['width']}. "
        f"Comparison {run.request.digest}"
    )
