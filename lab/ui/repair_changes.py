"""Some of the samples that an episode changed, rightly and wrongly, with the neighbours that outvoted them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from jaxtyping import Integer
from numpy import ndarray

from lab.experiments import Run
from lab.ui.pictures import Picture, picture_list
from lab.ui.words import sentence

SHOWN, VOTERS = 6, 4  # samples of a kind, and neighbours of each


def changed_samples(name: str, run: Run, episode: int) -> None:
    """Pictures, or a table where the rows are no pictures."""
    st.subheader("Who was outvoted, and by whom", anchor=False)
    arrays = run.arrays
    if not len(arrays["shown_rows"]):
        st.caption(f"{name} holds no vote of neighbours, so there is nobody to show.")
        return
    if episode == 0:
        st.caption("Move the scrubber to an episode to see samples that it changed.")
        return
    before, after, clean = arrays["labels"][episode - 1], arrays["labels"][episode], arrays["y_clean"]
    of_episode = np.flatnonzero(arrays["shown_episode"] == episode)
    for right, words in ((True, "Rightly changed"), (False, "Wrongly changed")):
        changed = (before != after) & ((after == clean) == right)
        shown = [int(i) for i in of_episode if changed[arrays["shown_rows"][i]]]
        draw = _pictures if "pictures" in arrays else _table
        count = min(len(shown), SHOWN) if draw is _pictures else len(shown)
        st.markdown(
            f"**{words} in episode {episode}**: {int(changed.sum()):,}" + (f", {count} of them" if shown else "")
        )
        if shown:
            draw(run, shown[:count], before, after)


def _pictures(run: Run, shown: list[int], before: Integer[ndarray, " n"], after: Integer[ndarray, " n"]) -> None:
    arrays, classes, clean = run.arrays, run.metrics["classes"], run.arrays["y_clean"]
    place = {int(row): i for i, row in enumerate(arrays["picture_rows"])}
    with st.container(key=f"outvoted-{shown[0]}"):
        columns = st.columns(2)
    for position, i in enumerate(shown):
        row, votes = int(arrays["shown_rows"][i]), arrays["shown_votes"][i]
        old, new, truth = (classes[labels[row]] for labels in (before, after, clean))
        right = after[row] == clean[row]
        caption = f"{old} → {new}" + ("" if right else f", truly {truth}")
        pictures = [Picture(arrays["pictures"][place[row]], caption, wrong=not right)]
        pictures += [
            Picture(
                arrays["pictures"][place[int(other)]],
                classes[before[other]],
                alt=f"neighbour labelled {classes[before[other]]}",
            )
            for other in arrays["shown_neighbours"][i][:VOTERS]
            if other >= 0
        ]
        with columns[position % 2]:
            picture_list(pictures)
            st.caption(
                sentence(f"{votes[1]} votes for {new}, {votes[0]} for {old}; its nearest voters with their labels")
            )


def _table(run: Run, shown: list[int], before: Integer[ndarray, " n"], after: Integer[ndarray, " n"]) -> None:
    rows = [_line(run, i, before, after) for i in shown]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Samples that were changed, and how their neighbours voted.")


def _line(run: Run, i: int, before: Integer[ndarray, " n"], after: Integer[ndarray, " n"]) -> dict[str, Any]:
    arrays, classes = run.arrays, run.metrics["classes"]
    row, votes = int(arrays["shown_rows"][i]), arrays["shown_votes"][i]
    voters = [int(other) for other in arrays["shown_neighbours"][i] if other >= 0]
    return {
        "Row": int(arrays["rows"][row]),
        "Label before": classes[before[row]],
        "Label now": classes[after[row]],
        "Truly": classes[arrays["y_clean"][row]],
        "Votes for it": int(votes[1]),
        "Votes for the old": int(votes[0]),
        "Nearest voters": ", ".join(f"row {arrays['rows'][other]} ({classes[before[other]]})" for other in voters),
    }
