"""Samples of each given label, the wrong ones outlined and named: pictures, or rows of a table."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from lab.core.palette import ERROR
from lab.experiments import Run
from lab.ui.pictures import as_png

FIRST_SHOWN, MOST_COLUMNS = 10, 30
STYLE = f"""<style>
.strip {{ display: grid; grid-template-columns: minmax(5rem, 8rem) 1fr; gap: .35rem .8rem; align-items: start; }}
.strip h4 {{ font-size: .9rem; font-weight: 600; margin: 0; padding: .35rem 0 0; overflow-wrap: anywhere; }}
.strip p {{ font-size: .75rem; font-weight: 400; margin: 0; opacity: .75; }}
.strip ul {{ display: flex; flex-wrap: wrap; gap: .35rem; list-style: none; margin: 0 0 .5rem; padding: 0; }}
.strip li {{ width: 3.6rem; margin: 0; font-size: .72rem; line-height: 1.15; text-align: center; overflow-wrap: anywhere; }}
.strip img {{ width: 3rem; height: 3rem; image-rendering: pixelated; border-radius: 3px; margin: 3px auto;
  display: block; outline: 1px solid rgba(128, 128, 128, .4); }}
.strip .wrong img {{ outline: 3px dashed {ERROR}; }}
.strip .wrong {{ font-weight: 600; }}
@media (max-width: 640px) {{ .strip {{ grid-template-columns: 1fr; gap: 0; }} }}
</style>"""


def samples(run: Run) -> None:
    """A dozen samples of every given label, the wrong ones first, in the share that they have among all."""
    classes = run.metrics["classes"]
    chosen = list(range(len(classes)))
    if len(classes) > FIRST_SHOWN:
        chosen = st.multiselect(
            "Given labels to show",
            range(len(classes)),
            default=range(FIRST_SHOWN),
            format_func=lambda c: str(classes[c]),
            max_selections=20,
            key=f"samples-of-{len(classes)}",
        )
    if run.arrays["samples"].ndim == 4:
        st.caption(
            "A row shows what carries that label, a dozen at most. Dashed outline: the label is wrong, and its true class "
            "stands below. The share of wrong ones is that of the whole row, and they come first."
        )
        st.html(STYLE + '<div class="strip">' + "".join(_row(run, c) for c in chosen) + "</div>")
    else:
        st.caption("A dozen rows at most of each given label, the wrong ones first.")
        st.dataframe(
            sample_table(run, list(chosen)),
            hide_index=True,
            height=420,
            key="sample-rows",
            alt="Rows of features with their given and true class.",
        )


def _row(run: Run, c: int) -> str:
    """The pictures of one given label, as HTML in which every class name is text."""
    arrays, classes = run.arrays, run.metrics["classes"]
    of_label = np.flatnonzero(arrays["y_given"][arrays["shown"]] == c)
    wrong, total = int((arrays["changed"] & (arrays["y_given"] == c)).sum()), run.metrics["counts_given"][c]
    items = []
    for i in of_label:
        true, changed = arrays["y_clean"][arrays["shown"][i]], bool(arrays["changed"][arrays["shown"][i]])
        words = f"labelled {classes[c]}, truly {classes[true]}"
        note = f"truly {escape(str(classes[true]))}" if changed else "&nbsp;"
        items.append(
            f'<li class="{"wrong" if changed else "right"}"><img alt="{escape(words)}" title="{escape(words)}" '
            f'src="{as_png(arrays["samples"][i])}">{note}</li>'
        )
    return (
        f"<h4>labelled {escape(str(classes[c]))}<p>{wrong:,} of {total:,} wrong</p></h4>"
        f"<ul>{''.join(items) or '<li>none</li>'}</ul>"
    )


def sample_table(run: Run, chosen: list[int]) -> pd.DataFrame:
    """Rows to look at: given label, true class, whether it is wrong, and the features."""
    arrays, classes = run.arrays, [str(name) for name in run.metrics["classes"]]
    keep = np.isin(arrays["y_given"][arrays["shown"]], chosen)
    rows, values = arrays["shown"][keep], arrays["samples"][keep][:, :MOST_COLUMNS]
    changed = arrays["changed"][rows]
    table = {
        "label": [
            ("✗ " if wrong else "") + classes[g] for g, wrong in zip(arrays["y_given"][rows], changed, strict=True)
        ],
        "truth": [classes[c] for c in arrays["y_clean"][rows]],
        "note": ["wrong label" if wrong else "" for wrong in changed],
    }
    return pd.DataFrame(table | {f"feature {j + 1}": column.round(3) for j, column in enumerate(values.T)})
