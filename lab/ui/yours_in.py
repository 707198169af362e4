"""A file of one's own: how it comes in, what was found in it, and how it is read."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from lab.experiments import Run, uploads
from lab.figures.yours import bars_height, class_bars
from lab.specs import Upload, UploadLook
from lab.specs.uploads import SUFFIXES
from lab.ui import address
from lab.ui.jobs import STOPPED, finished_run
from lab.ui.pictures import Picture, picture_list
from lab.ui.words import literal, sentence
from lab.ui.yours_samples import samples
from lab.ui.yours_state import (
    DATA,
    Opened,
    arrive,
    choose_columns,
    chosen_columns,
    leave,
    upload_of_address,
    with_columns,
)

TURN, TROUBLE = "yours-turn", "yours-trouble"  # a fresh uploader each time; why the last file was not taken
FILE, FOLDER = "A file", "A folder of pictures"
KINDS = {
    "table": "a table",
    "arrays": "features and labels",
    "images": "pictures",
    "probabilities": "labels with predicted probabilities",
}
ROLES = {"label": "the labels", "feature": "used", "probability": "used, as a probability"}
MOST_NOTES = 12


def open_upload() -> Opened | None:
    """The file that the address names, looked at; else, the ways to bring one, and None."""
    upload = upload_of_address()
    if upload is None:
        if address.read(DATA):
            st.info(uploads.NOT_KEPT, icon=":material/history:")
        bring_one()
        return None
    first = finished_run(UploadLook(upload=upload), patience=2.0, stopped=STOPPED)
    if first is None:
        _another()
        return None
    return _as_chosen(upload, first)


def _as_chosen(upload: Upload, first: Run) -> Opened | None:
    """The file, read by the columns that were chosen."""
    names = [column["name"] for column in first.metrics["columns"]]
    label, out = chosen_columns(names, first.metrics["label"])
    if label == first.metrics["label"] and not out:
        return Opened(upload, first, first)
    used = [column["name"] for column in first.metrics["columns"] if column["role"] != "left out"]
    features = tuple(name for name in used if name != label and name not in out) if out else None
    chosen = with_columns(upload, label, features)
    look = finished_run(UploadLook(upload=chosen), patience=2.0, stopped=STOPPED)
    if look is None:
        st.caption("Choose other columns here:")
        _column_pickers(first, label, out)
        return None
    return Opened(chosen, first, look)


def bring_one() -> None:
    """An upload, or one of the samples."""
    if trouble := st.session_state.pop(TROUBLE, None):
        st.error(sentence(trouble), icon=":material/error:")
    st.subheader("Bring a file", anchor=False)
    how = st.segmented_control(
        "What to bring", [FILE, FOLDER], default=FILE, required=True, key="how", label_visibility="collapsed"
    )
    turn = st.session_state.setdefault(TURN, 0)
    if how == FOLDER:
        st.file_uploader(
            "A folder of pictures, a folder for each class in it",
            accept_multiple_files="directory",
            type=["png", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff", "csv"],
            key=f"folder-{turn}",
            on_change=_take,
            args=(f"folder-{turn}",),
        )
    else:
        st.file_uploader(
            "CSV, TSV, Parquet, Excel, NPZ, or a ZIP of pictures",
            type=[suffix[1:] for suffix in SUFFIXES],
            max_upload_size=uploads.limits().file_mb,
            key=f"file-{turn}",
            on_change=_take,
            args=(f"file-{turn}",),
        )
    st.caption(
        "A table: one row an example, one column of labels, any other columns. NPZ: arrays of features or predicted "
        "probabilities, and of labels. ZIP: pictures in a folder for each class, or with a CSV that names file and label. "
        "Nothing leaves this server, and nothing is kept: half an hour after you last looked at it, the file is put away."
    )
    st.subheader("Or try one of these", anchor=False)
    samples()


def _take(key: str) -> None:
    """What was uploaded goes to where the workers read, and out of this session's memory."""
    given: Any = st.session_state.get(key)
    if not given:
        return
    try:
        if isinstance(given, list):
            arrive(uploads.keep_files([(file.name, file.getvalue()) for file in given]))
        else:
            arrive(uploads.keep(given.getbuffer(), given.name))
    except ValueError as error:
        st.session_state[TROUBLE] = str(error)
    st.session_state[TURN] += 1


def header(opened: Opened) -> None:
    """Which file this is, in a line, and the way to another."""
    m = opened.look.metrics
    rows = f"{m['n']:,} labelled rows" if m["n"] == m["n_rows"] else f"{m['n']:,} labelled of {m['n_rows']:,} rows"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{literal(opened.name)}**: {KINDS.get(m['kind'], m['kind'])}, {rows}, {len(m['classes']):,} classes, "
            f"labels from “{literal(m['label'])}”.",
            width="stretch",
        )
        _another()


def _another() -> None:
    st.button("Another file", icon=":material/upload_file:", on_click=leave, key="another")


def show_in(opened: Opened) -> None:
    """What was found, and what of it is used."""
    m = opened.look.metrics
    names = [column["name"] for column in opened.first.metrics["columns"]]
    label, out = chosen_columns(names, opened.first.metrics["label"])
    _column_pickers(opened.first, label, out)
    if label == opened.first.metrics["label"] and m.get("label_reason"):
        st.caption(f"Why “{literal(label)}”: {literal(m['label_reason'])}.")
    _notes(m["notes"])
    left, right = st.container(key="two-in").columns([3, 2], gap="large")
    with left:
        _preview(opened)
    with right:
        counts = pd.Series(m["counts"], dtype="int64").to_numpy()
        st.subheader("Labels of each class", anchor=False)
        st.echarts_chart(
            class_bars(counts, None, m["classes"], dark=st.context.theme.type == "dark"),
            key="in-classes",
            height=bars_height(len(counts)),
            alt=f"{int(counts.sum()):,} labels of {len(counts):,} classes; the largest has {int(counts.max()):,}.",
        )
    if m["columns"]:
        st.subheader("Columns", anchor=False)
        st.dataframe(pd.DataFrame(column_table(m["columns"])), hide_index=True, key="in-columns")


def _notes(notes: list[str]) -> None:
    """What was done to the file while it was read."""
    if notes:
        st.info(" ".join(sentence(note) for note in notes[:MOST_NOTES]), icon=":material/info:")


def _column_pickers(first: Run, label: str, out: tuple[str, ...]) -> None:
    """Which column holds the labels, and which others are left out."""
    columns = first.metrics["columns"]
    names, guess = [column["name"] for column in columns], first.metrics["label"]
    if label not in names:  # pictures in folders have no columns
        return
    usable = [column["name"] for column in columns if column["role"] == "feature" or column["name"] in (guess, *out)]
    usable = [name for name in usable if name != label]
    st.session_state["label-column"], st.session_state["left-out"] = label, [name for name in out if name in usable]
    left, right = st.container(key="two-columns").columns([1, 2])
    with left:
        st.selectbox("Labels are in", names, key="label-column", on_change=_rechoose, args=(names, guess))
    if len(usable) > 1:
        with right:
            st.multiselect(
                "Do not use",
                usable,
                key="left-out",
                placeholder="all the others are used",
                on_change=_rechoose,
                args=(names, guess),
                help="Row numbers, names, or columns that give the label away.",
            )


def _rechoose(names: list[str], guess: str) -> None:
    choose_columns(names, guess, st.session_state["label-column"], st.session_state.get("left-out", ()))


def _preview(opened: Opened) -> None:
    m, pictures = opened.look.metrics, opened.look.arrays.get("pictures")
    st.subheader("The first rows" if pictures is None else "Some of the pictures", anchor=False)
    if pictures is not None:
        labels = opened.look.arrays.get("picture_labels")
        names = [m["classes"][int(c)] for c in labels] if labels is not None else [""] * len(pictures)
        picture_list(
            Picture(image, name, alt=f"picture {i}")
            for i, (image, name) in enumerate(zip(pictures, names, strict=True))
        )
        return
    if m["preview"]:
        stays = {m["label"]: st.column_config.Column(pinned=True)}
        preview = pd.DataFrame(m["preview"], columns=m.get("preview_columns"))
        st.dataframe(preview, hide_index=True, key="in-preview", column_config=stays)


def column_table(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line for each column of the file."""
    return [
        {
            "Column": column["name"],
            "Role": ROLES.get(column["role"], column["role"]),
            "Why": column["why"],
            "Missing": column["missing"],
            "Different": column["distinct"],
            "Kind": column["kind"],
        }
        for column in columns
    ]
