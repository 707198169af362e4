"""Which data set: those that come with the lab, those in the server's LAB_DATA, and what is not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from lab.specs import DataSource, RareClass, RarePair, digest
from lab.specs.datasets import DATASETS
from lab.specs.labels import PLAIN_NAME
from lab.specs.no_data import NoData
from lab.ui.whole_number import whole_number
from lab.ui.words import sentence

TABLES = (".csv", ".tsv", ".tab", ".parquet")
LABEL_FILES = (".pt", ".pth", ".npz", ".npy", ".csv")
TITLES = {name: known.title for name, known in DATASETS.items()}
OWN_CLASSES = "own-classes"  # class names of data sets that had to be opened to know them
ALL, RARE, PAIR = "none", "one rare class", "a rare pair"


def data_folder() -> Path | None:
    """The folder of LAB_DATA, if there is one."""
    where = os.environ.get("LAB_DATA")
    folder = Path(where).expanduser() if where else None
    return folder if folder is not None and folder.is_dir() else None


def is_here(name: str) -> bool:
    """Whether a known data set can be read."""
    marker, folder = DATASETS[name].marker, data_folder()
    return marker is None or (folder is not None and (folder / marker).is_file())


def own_names() -> list[str]:
    """Files and folders right below LAB_DATA that belong to no known data set."""
    folder = data_folder()
    if folder is None:
        return []
    known = {Path(k.marker).parts[0] for k in DATASETS.values() if k.marker} | {"test_32x32.mat"}
    return [
        path.name
        for path in sorted(folder.iterdir())
        if path.name not in known
        and PLAIN_NAME.fullmatch(path.name)
        and (path.is_dir() or path.suffix.lower() in (*TABLES, ".npz"))
    ]


def label_files() -> list[str]:
    """Files below LAB_DATA that may hold labels by people."""
    folder = data_folder()
    found = [*folder.glob("*"), *folder.glob("*/*")] if folder else []
    return sorted(str(p.relative_to(folder)) for p in found if folder and p.suffix in LABEL_FILES and p.is_file())


def source_picker() -> DataSource:
    """The data set and how many of its rows. Raises: ValueError as `source_of`."""
    return source_of(name_picker({}))


def name_picker(instead: Mapping[str, str]) -> str:
    """The name of a data set; `instead` names what else can be chosen."""
    names = {**TITLES, **{name: name for name in own_names()}, **instead}
    return st.selectbox("Data set", list(names), format_func=names.__getitem__, key="set", bind="query-params")


def source_of(name: str) -> DataSource:
    """How many rows of a data set, and which column of a table.

    Raises: ValueError saying where its files are expected, if they are not on this server.
    """
    if name in DATASETS and not is_here(name):
        raise ValueError(where_expected(name))
    label = None
    if Path(name).suffix.lower() in TABLES and name not in DATASETS:
        label = st.text_input("Column of the labels", value="label", key="label", bind="query-params")
    most = DATASETS[name].n_train if name in DATASETS else None
    n = whole_number(
        "Rows (0: all)",
        min_value=0,
        value=0,
        step=100,
        key="rows",
        help="Keep so many training rows, in the proportions of the classes. 0 keeps all"
        + (f" {most:,}." if most else "."),
    )
    source = DataSource(name=name, n=min(n, most) if most and n else n or None, label=label)
    missing = [TITLES[other] for other in DATASETS if not is_here(other)]
    if missing:
        st.caption(sentence(f"Not on this server: {', '.join(missing)}. Pick one to see where its files belong"))
    return source


def where_expected(name: str) -> str:
    """One sentence on a data set that is missing."""
    marker = DATASETS[name].marker
    if data_folder() is None:
        return (
            f"{TITLES[name]} is read from the server’s folder LAB_DATA, which is not set; in it, {marker} is expected"
        )
    return f"{TITLES[name]} is not on this server; its files are expected in LAB_DATA, the first at {marker}"


def classes_of(source: DataSource | NoData) -> tuple[str, ...] | None:
    """Class names, also of data that this session has opened before."""
    return source.classes or st.session_state.get(OWN_CLASSES, {}).get(digest(source))


def remember_classes(source: DataSource | NoData, classes: tuple[str, ...]) -> bool:
    """Keep the class names of data of one's own; True if they are news."""
    if classes_of(source) is not None:
        return False
    st.session_state.setdefault(OWN_CLASSES, {})[digest(source)] = classes
    return True


def imbalance_picker(classes: tuple[str, ...]) -> RareClass | RarePair | None:
    """Rows taken away before the noise."""
    kind = st.selectbox("Imbalance", [ALL, RARE, PAIR], key="imbalance", bind="query-params")
    if kind == ALL:
        return None
    first, second = ("Kept whole", "Rare") if kind == PAIR else ("", "Rare class")
    chosen = [
        st.selectbox(label, classes, index=i, key=key, bind="query-params")
        for i, (label, key) in enumerate(((first, "whole"), (second, "rare")))
        if label
    ]
    fraction = st.slider("Fraction kept of the rare class", 0.05, 1.0, 0.1, 0.05, key="kept", bind="query-params")
    places = [classes.index(name) for name in chosen]
    if kind == RARE:
        return RareClass(class_index=places[0], fraction=fraction)
    st.caption("INN §4.4 takes two classes of CIFAR-10, keeps a tenth of the second, and flips 30 %.")
    return RarePair(majority=places[0], minority=places[1], fraction=fraction)
