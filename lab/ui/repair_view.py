"""What the page about repaired labels shows of finished corrections: replay, changed samples, table, and to take home."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from lab.core.spreadsheet import csv_text
from lab.experiments import Run
from lab.figures.repair_payload import encode
from lab.specs.code import as_code
from lab.specs.repair import METHODS, PRINTED_ACCURACY, PRINTED_RECOVERY, SETTINGS
from lab.ui.choices import renew
from lab.ui.repair import Start, chosen, mount
from lab.ui.repair_again import train_again
from lab.ui.repair_changes import changed_samples
from lab.ui.repair_choice import Choice
from lab.ui.take_home import code_popover, link_popover
from lab.ui.words import percent
from lab.ui.wrapped_table import wrapped_table

CAPTION = (
    "Printed numbers: KED Tables 1 and 2, means of 10 trials on MNIST and CIFAR with larger networks; compare the order, not "
    "the values. SelKNN is best in 18 of the paper’s 21 columns. The filter leaves rows out and changes no label. For CE, SL "
    "and GCE the labels at the end are the network’s own predictions. "
)
HONEST = (
    "On the digits Joint Optimization often does better, if labels may change before the network has learned the wrong ones. "
    "That is no fair race: the numbers of Joint Optimization and PENCIL are the best of four settings tried on these very "
    "digits, clean labels in sight; the neighbours’ methods had one choice of schedule among four and no other. The rate falls "
    "after epochs 10 and 15 as in the paper, which leaves cross-entropy few wrong labels to know by heart in 20 epochs: at "
    "20 % it reaches 93.8 % (three seeds) and is 4 points behind; at a constant rate it falls to 87.8 % and is 8 behind."
)
ELSEWHERE = (
    "All settings but the lengths in the side bar are those found on the digits, clean labels in sight there; nothing was "
    "tuned on these data."
)
COMPONENT, DETAILS = "replay", "changed-samples"  # the component, and the fragment that follows it
FIRST = Start("SelKNN", 4)


def show_repairs(choice: Choice, runs: Mapping[str, Run]) -> None:
    """The replay of all finished methods, and what follows the scrubber."""
    metrics = {name: run.metrics for name, run in runs.items()}
    one = next(iter(metrics.values()))
    nominal = "" if one["nominal_rate"] is None else f"nominal {percent(one['nominal_rate'], 0)}, "
    rates = f"{nominal}wrong labels {percent(one['effective_rate'])} expected, {percent(one['realised_rate'])} here"
    what = f"{choice.words} ({rates}), {one['n_train']:,} training rows, seed {choice.experiment.seeds.noise}"
    start = chosen(COMPONENT, FIRST, runs)
    mount(encode(what, metrics), key=COMPONENT, start=start, on_change=partial(renew, DETAILS))

    @st.fragment(key=DETAILS)
    def details() -> None:
        at = chosen(COMPONENT, FIRST, runs)
        name = at.method if at.method in runs else next(iter(runs))
        run = runs[name]
        changed_samples(name, run, min(at.episode, len(run.arrays["labels"]) - 1))
        take_home(name, run)

    details()


def results_table(choice: Choice, runs: Mapping[str, Run]) -> None:
    """Every method in a row: here, and as KED printed it for its own data."""
    st.subheader("All methods, and what the paper printed", anchor=False)
    rows = [result_row(name, runs.get(name), choice.column) for name in METHODS if name in choice.studies]
    told = [name for name in rows[0] if any(row[name] is not None for row in rows)]  # the paper prints not all of them
    wrapped_table(({name: _word(name, row[name]) for name in told} for row in rows), key="repair-results")
    if choice.column is None:
        st.caption("The paper prints no column for this noise.")
    st.caption(CAPTION + (HONEST if choice.on_digits else ELSEWHERE))


def result_row(name: str, run: Run | None, column: str | None) -> dict[str, Any]:
    """A line of the table; None where a number is not there, and no printed ones without a column."""
    m = None if run is None else run.metrics
    row = {
        "Method": name,
        "Right labels at the end": None if m is None else m["episodes"][-1]["recovery"],
        "Test, last epoch": None if m is None else m["final"].get("test_last"),
        "Test, best epoch": None if m is None else m["final"].get("test_best"),
        "Seconds": None if m is None else m["seconds"],
    }
    if column is None:
        return row
    place = list(SETTINGS).index(column)
    for data, table in PRINTED_ACCURACY.items():
        row[f"{data}, test, as printed"] = table[name][place] / 100 if name in table else None
    printed = PRINTED_RECOVERY.get(name, {}).get(column)
    row["CIFAR-10, right labels, as printed"] = None if printed is None else printed / 100
    return row


def _word(name: str, value: Any) -> str:
    """A number as it is read: a share in percent, a dash where there is none."""
    if name == "Method":
        return str(value)
    if value is None:
        return "–"
    return f"{value:.1f}" if name == "Seconds" else percent(value)


def take_home(name: str, run: Run) -> None:
    """The labels as a file, the request as code, and a training on the labels."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"Labels by {name} (CSV)",
            lambda: labels_csv(run),
            f"labels-{run.request.digest}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        train_again(name, run)
        link_popover()
        code_popover(as_code(run.request))


def labels_csv(run: Run) -> str:
    """A line for each row: its number in the data set, and its labels: given, after every episode, true."""
    arrays, classes = run.arrays, run.metrics["classes"]
    kept = np.unpackbits(arrays["kept"], count=len(arrays["y_clean"])).astype(bool)
    episodes = [f"episode_{i}" for i in range(1, len(arrays["labels"]))]
    rows = (
        [row, *(classes[y] for y in history), classes[history[-1]], int(stays), classes[true]]
        for row, history, stays, true in zip(arrays["rows"], arrays["labels"].T, kept, arrays["y_clean"], strict=True)
    )
    return csv_text(["row", "given", *episodes, "corrected", "kept", "true"], rows)
