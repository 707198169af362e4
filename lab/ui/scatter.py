"""The big scatter component: linked maps of the same points on canvases, mounted from a page with one call.

    shown = scatter.mount(encode_points(points), [MapView(title="backbone", places=encode_map(xy))], key="map")
    table.show(shown.ids)

Colour, circles, zoom, lasso and the histograms of what is selected happen in the browser. Python hears of a selection
when it is made, as ids, and can make one itself (a row of a table, a cell of a confusion matrix).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Int
from numpy import ndarray

from lab.core.checks import check_integer, require
from lab.core.palette import COLOURS, COLOURS_DARK, ERROR, RAMP, RAMP_DARK, SHAPES
from lab.figures.packed_ids import ids_from_text, ids_to_text
from lab.figures.scatter_payload import read_head
from lab.ui.choices import renew

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "scatter"
SHARED = ASSETS.parent / "boundaries"  # colours, marker shapes and the look of controls
SCRIPTS = (  # one module without a build step: the parts are joined
    "ids",
    "payload",
    "stamps",
    "maps",
    "selection",
    "zoom",
    "reading",
    "bars",
    "controls",
    "picture",
    "component",
)
RELAY = "relay"  # a module of its own
MAX_MAPS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class MapView:
    """One map.

    places: from `lab.figures.scatter_payload.encode_map`. note: a line below it, such as perplexity, seed, final KL and
    trustworthiness.
    """

    title: str
    places: bytes
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What Python asks of the component. The person decides from then on, until `revision` changes.

    colour: name of the channel that colours; "" is the first kind of label. hidden: names of rings that are not shown.
    ids: the selected points.
    own: further ways to colour: a name, and for each map the kind of label that colours it.
    """

    colour: str = ""
    hidden: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    revision: int = 0

    def __post_init__(self) -> None:
        check_integer("revision", self.revision, 0)
        require(min(self.ids, default=0) >= 0, "ids", ">= 0", min(self.ids, default=0))


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """What the person has chosen: as `Options`, with `ids` ascending, in the numbering of all points."""

    colour: str
    hidden: tuple[str, ...]
    ids: Int[ndarray, " m"]


def _asset(path: Path) -> str:
    return path.read_text(encoding="utf-8")


_JS = "\n".join([_asset(SHARED / "theme.js"), *(_asset(ASSETS / f"{name}.js") for name in SCRIPTS)])
_CSS = _asset(SHARED / "boundaries.css") + _asset(ASSETS / "scatter.css")
_scatter = st.components.v2.component("lab_scatter", html=_asset(ASSETS / "scatter.html"), css=_CSS, js=_JS)
_relay = st.components.v2.component("lab_scatter_relay", js=_asset(ASSETS / f"{RELAY}.js"))


def mount(
    points: bytes,
    maps: Sequence[MapView],
    *,
    key: str,
    options: Options = Options(),
    pictures: bytes | None = None,
    on_change: Callable[[], None] | None = None,
) -> Shown:
    """Show one or two maps of the same points and return what the person has chosen.

    Call it inside `st.fragment`: then a choice reruns the fragment only. Bytes that are the same as before are not sent
    again; while a map forms, only its places travel. The selection stays through all of it, as long as the number of
    points does.

    Args:
        points: from `lab.figures.scatter_payload.encode_points`.
        maps: one or two, their places encoded for the same `drawn` points.
        key: unique on the page.
        pictures: from `encode_pictures`, for the tooltip.
        on_change: called before the rerun after a choice.
    Raises: ValueError if a message is not of its kind, or if maps and points are not of the same points.
    """
    require(1 <= len(maps) <= MAX_MAPS, "maps", f"1 to {MAX_MAPS}", len(maps))
    head = read_head(points, "points")
    for view in maps:
        _check_same(f"map {view.title!r}", read_head(view.places, "map"), head)
    if pictures is not None:
        _check_same("pictures", read_head(pictures, "pictures"), head)
    with st.container(gap=None):
        result = _scatter(
            key=key,
            data=_line({"name": key, "palette": _palette(len(head["classes"]))}) + points,
            default={"state": None},
            on_state_change=on_change or renew,
        )
        for index, view in enumerate(maps):
            send(key, f"map{index}", view.places)
        if pictures is not None:
            send(key, "pictures", pictures)
        send(key, "options", _wire(options, maps, head["total"]))
    return _shown(result.get("state"), options, head["total"])


def send(key: str, part: str, message: bytes | dict[str, Any]) -> None:
    """Hand a component that is mounted by the name `key` one part of what it shows, without the others."""
    heading = {"name": key, "part": part}
    # In a list: among the values of a bare dict Streamlit looks for data frames, and imports pandas to do so.
    _relay(key=f"{key}.{part}", data=_line(heading) + message if isinstance(message, bytes) else [heading, message])


def _line(heading: Mapping[str, Any]) -> bytes:
    return json.dumps(heading).encode() + b"\n"


def _check_same(name: str, head: Mapping[str, Any], points: Mapping[str, Any]) -> None:
    wanted, found = ((h["n"], h["total"], h["crowd"]) for h in (points, head))
    require(wanted == found, name, f"of the same points {wanted}", found)


def _palette(n_classes: int) -> dict[str, Any]:
    """A colour and a shape for every class: seven and eight, so that 56 differ."""
    n = len(COLOURS) - 1  # black vanishes on a dark page
    classes = range(n_classes)
    return {
        "light": [COLOURS[c % n] for c in classes],
        "dark": [COLOURS_DARK[c % n] for c in classes],
        "shapes": [SHAPES[c % len(SHAPES)] for c in classes],
        "error": ERROR,
        "ramp": RAMP,
        "rampDark": RAMP_DARK,
    }


def _wire(options: Options, maps: Sequence[MapView], total: int) -> dict[str, Any]:
    ids = np.unique(np.array(options.ids, dtype=np.int64))
    start = {"colour": options.colour, "hidden": options.hidden, "ids": ids_to_text(ids[ids < total])}
    views = [{"title": view.title, "note": view.note} for view in maps]
    own = [{"name": name, "labels": labels} for name, labels in options.own.items()]
    return {"maps": views, "own": own, "start": start, "revision": options.revision}


def _shown(state: object, options: Options, total: int) -> Shown:
    """The browser's state, unless it has not seen this revision yet, is of other points or is not a state at all."""
    start = np.unique(np.array(options.ids, dtype=np.int64))
    asked = Shown(options.colour, options.hidden, start[start < total])
    if not isinstance(state, Mapping) or state.get("revision") != options.revision:
        return asked
    try:
        colour, hidden, ids = state["colour"], state["hidden"], ids_from_text(state["ids"], total)
        require(isinstance(colour, str) and all(isinstance(name, str) for name in hidden), "state", "names", state)
        return Shown(colour, tuple(hidden), ids)
    except (KeyError, TypeError, ValueError):
        return asked
