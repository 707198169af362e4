"""The decision-boundary component: a canvas that holds every k, mounted from a page with one call.

    result = boundaries.mount(payload, key="toy", options=Options(k=51), on_edit=apply_edit)
    address.write("k", str(result.k))

The page sends a scene once (lab.figures.field_payload.encode); dragging k, switching layers and reading values
then happen in the browser. Python hears of a choice when it is made (release of the slider, not every step).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lab.core.checks import check_choice, check_integer, require
from lab.core.palette import COLOURS, COLOURS_DARK, ERROR, SHAPES
from lab.ui.choices import renew

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "boundaries"
SCRIPTS = (  # one module without a build step: the parts are joined
    "payload",
    "borders",
    "theme",
    "methods",
    "overlay",
    "panels",
    "reading",
    "editing",
    "chart",
    "controls",
    "picture",
    "component",
)

VIEWS = ("side", "fig2")
FIELDS = ("hard", "probability")
LAYERS = ("points", "wrong", "bayes", "noisy")
CURVES = ("accuracy", "agreement")
METHODS = ("knn", "knet", "disagreement", "fixed", "network", "bayes", "noisy")
PARTS = ("views", "layers", "tools", "chart")


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """What the component shows; also what `mount` returns, as the person in front of it last left it.

    k: number of neighbours. view: three large panels side by side, or the eight of KNET Fig. 2. panels: what the three
    show. field: colour by the winner alone, or shaded by its probability. layers: what lies over the fields.
    curve: the measure of the chart and of the captions.
    Raises: ValueError for anything the component does not know.
    """

    k: int = 51
    view: str = "side"
    panels: tuple[str, ...] = ("knn", "knet", "disagreement")
    field: str = "hard"
    layers: tuple[str, ...] = ("points", "bayes")
    curve: str = "accuracy"

    def __post_init__(self) -> None:
        check_integer("k", self.k, 1)
        check_choice("view", self.view, VIEWS)
        check_choice("field", self.field, FIELDS)
        check_choice("curve", self.curve, CURVES)
        require(len(self.panels) == 3, "panels", "three methods", self.panels)
        for method in self.panels:
            check_choice("panels", method, METHODS)
        for layer in self.layers:
            check_choice("layers", layer, LAYERS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Highlight:
    """A dashed circle that a lesson draws on every panel, in the coordinates of the points."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What Python asks of the component.

    start: the view on first sight. Afterwards the person decides, until `revision` changes: then the component adopts
    `start` again (a lesson's step sets k = 1 by raising the revision).
    fig2_ks: the three k of KNET Fig. 2. highlight: a circle to look at. hide: parts a lesson leaves out, of `PARTS`.
    busy: a new scene is being computed; hand-set labels are shown as sent until it comes.
    """

    start: View = View()
    revision: int = 0
    fig2_ks: tuple[int, int, int] = (1, 19, 49)
    highlight: Highlight | None = None
    hide: tuple[str, ...] = ()
    busy: bool = False

    def __post_init__(self) -> None:
        for part in self.hide:
            check_choice("hide", part, PARTS)
        for k in self.fig2_ks:
            check_integer("fig2_ks", k, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One change of labels made by hand: either points `ids` now have `label`, or `action` is "undo" or "reset"."""

    action: str  # "set", "undo" or "reset"
    ids: tuple[int, ...] = ()
    label: int = -1


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


_JS = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
_field = st.components.v2.component(
    "lab_boundaries", html=_asset("boundaries.html"), css=_asset("boundaries.css"), js=_JS
)
# The same script: the browser makes one module of it, in which the two mounts meet (see component.js). It also makes the
# message large enough for Streamlit's cache, so that unchanged options cost 80 bytes a rerun instead of 900.
_options = st.components.v2.component("lab_boundaries_options", js=_JS)


def mount(
    payload: bytes,
    *,
    key: str,
    options: Options = Options(),
    on_edit: Callable[[Edit], None] | None = None,
    on_view: Callable[[], None] | None = None,
) -> View:
    """Show a scene and return what the person has chosen.

    Call it inside `st.fragment`: then a choice reruns the fragment only. `payload` must be the same bytes while the
    scene is the same; Streamlit then sends a reference instead of the bytes.

    Args:
        payload: a scene from `lab.figures.field_payload.encode`.
        key: unique on the page, without "__".
        options: first view, lesson steps, hidden parts.
        on_edit: called once for every change of labels, in order, before the rerun (as a callback: keep it short,
            store the change, compute in the script).
        on_view: called before the rerun after every other choice. `partial(renew, "name of a fragment")` makes that
            fragment the only one to run; there, `shown` says what was chosen. Mounting again would cost a few ms.
    """
    require("__" not in key, "key", "without '__'", key)
    seen_key = f"{key}.edits_seen"

    def deliver() -> None:
        for number, edit in _edits(st.session_state[key].get("edit")):
            if number > st.session_state.get(seen_key, 0):
                st.session_state[seen_key] = number
                if on_edit is not None:
                    on_edit(edit)
        renew()

    with st.container(gap=None):
        result = _field(
            key=key,
            data=_heading(key) + payload,
            default={"state": None},
            on_state_change=on_view or renew,
            on_edit_change=deliver,
        )
        state = result.get("state")
        start = _first_start(f"{key}.start", options, state)
        # In a list: among the values of a bare dict Streamlit looks for data frames, and imports pandas to do so (0.5 s).
        _options(key=f"{key}.options", data=[_wire(options, start, key, st.session_state.get(seen_key, 0))])
    return _view(state, options)


def shown(key: str, options: Options) -> View:
    """What `mount` returned, with all that has been chosen since."""
    return _view(st.session_state.get(key, {}).get("state"), options)


def _first_start(stored: str, options: Options, state: object) -> View:
    """`start` as it was when the component or this revision first came: an echo of the state is not sent back."""
    if state is None or st.session_state.get(stored, (None,))[0] != options.revision:
        st.session_state[stored] = options.revision, options.start
    return st.session_state[stored][1]


def _heading(key: str) -> bytes:
    """The line before the scene: what never changes while the page is open."""
    palette = {"light": COLOURS, "dark": COLOURS_DARK, "shapes": SHAPES, "error": ERROR}
    return json.dumps({"name": key, "palette": palette}).encode() + b"\n"


def _wire(options: Options, start: View, key: str, seen: int) -> dict[str, Any]:
    return {
        "name": key,
        "state": asdict(start),
        "revision": options.revision,
        "fig2_ks": options.fig2_ks,
        "highlight": None if options.highlight is None else asdict(options.highlight),
        "hide": options.hide,
        "busy": options.busy,
        "ack": seen,
    }


def _view(state: object, options: Options) -> View:
    """The browser's state, unless it has not seen this revision yet or is not a state at all."""
    if not isinstance(state, Mapping) or state.get("revision") != options.revision:
        return options.start
    try:
        return View(
            k=state["k"],
            view=state["view"],
            panels=tuple(state["panels"]),
            field=state["field"],
            layers=tuple(state["layers"]),
            curve=state["curve"],
        )
    except (KeyError, TypeError, ValueError):
        return options.start


def _edits(message: object) -> list[tuple[int, Edit]]:
    """The numbered changes in a trigger's value, oldest first; what is not a change is left out."""
    found = []
    for item in message if isinstance(message, list) else []:
        if not isinstance(item, Mapping) or not isinstance(item.get("n"), int):
            continue
        if item.get("undo") or item.get("reset"):
            found.append((item["n"], Edit(action="undo" if item.get("undo") else "reset")))
        elif isinstance(item.get("label"), int) and isinstance(item.get("ids"), list):
            ids = tuple(i for i in item["ids"] if isinstance(i, int) and i >= 0)
            found.append((item["n"], Edit(action="set", ids=ids, label=item["label"])))
    return sorted(found, key=lambda numbered: numbered[0])
