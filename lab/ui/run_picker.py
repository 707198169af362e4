"""Which finished training a page looks at: from the history or among those that ship with the lab."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from lab.experiments import Experiment
from lab.experiments.gallery import shipped
from lab.experiments.store import store
from lab.specs.presets import TRAININGS
from lab.ui import address
from lab.ui.linked_select import linked_select
from lab.ui.run_view import RunView, view_run
from lab.ui.run_words import run_title
from lab.ui.words import sentence

RUN_PAGES: dict[str, tuple[str, str]] = {  # path of a page that opens a run by `?run=`: its title and icon
    "pages/map.py": ("Feature map", ":material/scatter_plot:"),
    "pages/inn.py": ("Which labels are wrong?", ":material/rule:"),
    "pages/aggregates.py": ("Softmax or neighbours?", ":material/compare_arrows:"),
    "pages/compare.py": ("kNN or kNet?", ":material/hub:"),
}


def choose_run(label: str = "Training", *, key: str = "run") -> RunView | None:
    """A select box of all finished trainings, in the address as `key`; the first opens by itself.

    Where the address names one that is not there, or not finished, that is said in a sentence. None if there is none.
    """
    names = finished_names()
    asked = address.read(key)
    if asked and asked not in names:
        found = view_run(asked) if asked.isalnum() else None
        if found is not None and found.metrics:  # just finished, and not yet written
            names = {asked: found.name} | names
        else:
            _say_why_not(found)
    if not names:
        return None
    picked = linked_select(
        label,
        names,
        key,
        help="All finished trainings, newest first; those that ship with the lab come last.",
    )
    view = view_run(picked)
    if view is None or not view.metrics:
        st.error("The files of this training can not be read.", icon=":material/error:")
        return None
    return view


def finished_names() -> dict[str, str]:
    """A name of its own for each finished training: of the history, newest first, then those that ship with the lab."""
    return {digest: name for digest, (name, _) in finished_trainings().items()}


def finished_trainings() -> dict[str, tuple[str, Experiment]]:
    """The same, with what each was asked for."""
    own = {
        record.digest: (record.name or run_title(record.request), record.request)
        for record in store().records()
        if record.status == "done" and isinstance(record.request, Experiment)
    }
    known = own | {
        each.digest: (run_title(each), each) for each in TRAININGS if each.digest not in own and shipped(each.digest)
    }
    often = Counter(name for name, _ in known.values())
    return {
        digest: (name if often[name] == 1 else f"{name} ({digest[:6]})", request)
        for digest, (name, request) in known.items()
    }


def open_links(digest: str) -> None:
    """A link to every page that can look at this training."""
    for page, (title, icon) in RUN_PAGES.items():
        st.page_link(page, label=title, icon=icon, query_params={"run": digest})


def _say_why_not(found: RunView | None) -> None:
    if found is None:
        st.warning("The address names a training that is not in this history.", icon=":material/help:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"{sentence(found.name)} It is not finished, but {found.status}.", icon=":material/hourglass:")
        st.page_link("pages/train.py", label="See how far it is", query_params={"runs": found.digest})
