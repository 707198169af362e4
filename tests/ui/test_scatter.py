"""What crosses between the page and the scatter, without a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.core.palette import RAMP, RAMP_DARK
from lab.figures.packed_ids import ids_to_text
from lab.figures.scatter_payload import Points, encode_map, encode_pictures, encode_points
from lab.ui import scatter
from lab.ui.scatter import MapView, Options

STATE = {"revision": 2, "colour": "loss", "hidden": ["wrong"], "ids": ids_to_text(np.array([1, 3]))}


def page() -> None:
    import numpy as np
    import streamlit as st

    from lab.figures.scatter_payload import Points, encode_map, encode_points
    from lab.ui.scatter import MapView, Options, mount

    points = encode_points(Points(classes=("a", "b"), labels={"given": np.array([0, 1, 1, 0])}))
    frame = st.session_state.get("frame", 0)
    places = encode_map(np.arange(8.0).reshape(4, 2) * [1, frame + 1])
    maps = [MapView(title="left", places=places, note="KL 1"), MapView(title="right", places=places)]
    st.session_state.shown = mount(points, maps, key="map", options=Options(colour="given", ids=(0,), revision=2))


def messages(app: AppTest) -> dict[str, tuple[dict, bytes]]:
    """Heading and bytes of every mount, by part."""
    found = {}
    for element in app.get("bidi_component"):
        if element.proto.bytes:
            heading, _, body = element.proto.bytes.partition(b"\n")
            found[json.loads(heading).get("part", "points")] = json.loads(heading), body
        else:
            heading, body = json.loads(element.proto.json)
            found[heading["part"]] = heading, body
    return found


def test_points_places_and_options_travel_apart_and_under_one_name() -> None:
    app = AppTest.from_function(page).run()
    assert not app.exception
    found = messages(app)
    assert found.keys() == {"points", "map0", "map1", "options"}
    assert {heading["name"] for heading, _ in found.values()} == {"map"}
    assert found["options"][1] == {
        "maps": [{"title": "left", "note": "KL 1"}, {"title": "right", "note": ""}],
        "own": [],
        "start": {"colour": "given", "hidden": [], "ids": ids_to_text(np.array([0]))},
        "revision": 2,
    }
    palette = found["points"][0]["palette"]
    assert [len(palette[name]) for name in ("light", "dark", "shapes")] == [2, 2, 2]


def test_a_frame_of_a_forming_map_sends_its_places_again_and_nothing_else() -> None:
    app = AppTest.from_function(page).run()
    before = {part: body for part, (_, body) in messages(app).items()}
    app.session_state["frame"] = 1
    after = {part: body for part, (_, body) in messages(app.run()).items()}
    assert {part for part in before if before[part] != after[part]} == {"map0", "map1"}
    relays = [element.proto for element in app.get("bidi_component")][1:]
    assert all(len(relay.js_content) < 2000 for relay in relays)


def test_the_page_reads_what_the_browser_reported() -> None:
    app = AppTest.from_function(page).run()
    assert app.session_state.shown.ids.tolist() == [0]
    app.session_state["map"] = {"state": STATE}
    shown = app.run().session_state.shown
    assert (shown.colour, shown.hidden, shown.ids.tolist()) == ("loss", ("wrong",), [1, 3])


def test_a_state_of_this_revision_is_taken_and_an_older_one_waits() -> None:
    assert scatter._shown(STATE, Options(revision=2), 4).ids.tolist() == [1, 3]
    assert scatter._shown(STATE, Options(ids=(2, 0, 2), revision=3), 4).ids.tolist() == [0, 2]


@pytest.mark.parametrize(
    "junk",
    [
        None,
        5,
        {},
        STATE | {"ids": 7},
        STATE | {"ids": "%%"},
        STATE | {"ids": ids_to_text(np.array([4]))},
        STATE | {"colour": None},
        STATE | {"hidden": 3},
        STATE | {"hidden": [1]},
        {name: value for name, value in STATE.items() if name != "ids"},
    ],
)
def test_a_state_that_is_none_or_of_other_points_leaves_what_was_asked_for(junk: object) -> None:
    shown = scatter._shown(junk, Options(colour="given", ids=(2, 9), revision=2), 4)
    assert (shown.colour, shown.hidden, shown.ids.tolist()) == ("given", (), [2])


def test_messages_of_other_points_or_kinds_are_refused_with_one_sentence() -> None:
    points = encode_points(Points(classes=("a",), labels={"given": np.zeros(3, dtype=int)}))
    fine = MapView(title="fine", places=encode_map(np.zeros((3, 2))))
    other = MapView(title="other", places=encode_map(np.zeros((4, 2))))
    with pytest.raises(ValueError, match=r"map 'other' must be of the same points \(3, 3, 0\), got \(4, 4, 0\)"):
        scatter.mount(points, [fine, other], key="map")
    with pytest.raises(ValueError, match="maps must be 1 to 2, got 0"):
        scatter.mount(points, [], key="map")
    with pytest.raises(ValueError, match="payload must be of kind and version"):
        scatter.mount(fine.places, [fine], key="map")
    with pytest.raises(ValueError, match=r"pictures must be of the same points"):
        scatter.mount(points, [fine], key="map", pictures=encode_pictures(np.zeros((2, 4, 4), dtype=np.uint8)))
    with pytest.raises(ValueError, match="ids must be >= 0, got -1"):
        Options(ids=(3, -1))


def test_every_part_of_the_script_is_shipped_and_none_names_twice() -> None:
    assert {path.stem for path in scatter.ASSETS.glob("*.js")} == {*scatter.SCRIPTS, scatter.RELAY}
    names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", scatter._JS, flags=re.M)
    assert len(names) == len(set(names))
    assert "innerHTML" not in re.sub(r"//.*", "", scatter._JS)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node; the browser test asks the same of Chromium")
def test_the_browser_packs_ids_as_python_does() -> None:
    rng = np.random.default_rng(0)
    cases = [np.flatnonzero(rng.random(40_000) < share) for share in (0, 0.0005, 0.3, 0.97, 1)]
    script = (
        (scatter.ASSETS / "ids.js").read_text()
        + """
    const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const masks = cases.map((text) => textToMask(text, 40000));
    const answer = masks.map((mask) => [maskToText(mask), mask.reduce((a, b) => a + b, 0)]);
    console.log(JSON.stringify(answer));
    """
    )
    texts = [ids_to_text(ids) for ids in cases]
    run = subprocess.run(["node", "-e", script], input=json.dumps(texts), capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == [[text, len(ids)] for text, ids in zip(texts, cases, strict=True)]


@pytest.mark.parametrize(("ramp", "paper"), [(RAMP, 1.0), (RAMP_DARK, 0.006)], ids=["light", "dark"])
def test_a_score_only_gets_lighter_and_its_low_end_stands_out_from_the_page(
    ramp: tuple[str, ...], paper: float
) -> None:
    channels = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in ramp])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0.05).all()
    low, high = sorted([luminance[0], paper])
    assert (high + 0.05) / (low + 0.05) > 3
