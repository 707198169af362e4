"""The big scatter in a real Chromium: what is lassoed is what Python hears, and how fast it is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from lab.figures.packed_ids import ids_to_text
from lab.figures.scatter_payload import (
    Points,
    Ring,
    choose_drawn,
    encode_map,
    encode_pictures,
    encode_points,
)

pytestmark = pytest.mark.browser

APPS = Path(__file__).parent / "apps"
NAMES = (*(f"digit {c}" for c in range(9)), "<u>nine</u>")
RINGS = ("wrong → right", "wrong → wrong", "right → wrong")
SETS = {"small": 900, "mid": 10_000, "big": 50_000, "huge": 6_000}


class Truth:
    """A made-up set: ten blobs, noisy labels, and two classifiers that are wrong here and there."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(0)
        clean = rng.integers(0, 10, n)
        given, net, knet = (np.where(rng.random(n) < s, rng.integers(0, 10, n), clean) for s in (0.4, 0.15, 0.1))
        wrong, knet_wrong = net != clean, knet != clean
        logits = rng.normal(size=(n, 10)) + 5 * np.eye(10)[net]
        self.softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        loss = -np.log(self.softmax[np.arange(n), given])
        self.labels = {"clean": clean, "given": given, "predicted": net}
        self.scores = {
            "loss": loss,
            "memorised in epoch": np.where(given == clean, np.nan, rng.integers(1, 60, n) * 1.0),
        }
        self.rings = [wrong & ~knet_wrong, wrong & knet_wrong, ~wrong & knet_wrong]
        self.maps = [
            self.blobs(np.random.default_rng(seed), y) for seed, y in ((1, clean), (2, clean), (3, clean * 3 % 10))
        ]

    @staticmethod
    def blobs(rng: np.random.Generator, y: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * y / 10
        centres = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 + 0.35 * (y % 3))[:, None]
        return centres + 0.2 * rng.normal(size=(len(y), 2))

    def points(self, turned: bool = False) -> Points:
        """`turned`: other circles and predictions, as another k would give."""
        rings = self.rings[::-1] if turned else self.rings
        labels = self.labels | ({"predicted": self.labels["clean"]} if turned else {})
        return Points(
            classes=NAMES,
            labels=labels,
            scores=self.scores,
            rings=tuple(Ring(name=name, members=members) for name, members in zip(RINGS, rings, strict=True)),
            probs=self.softmax,
        )


@pytest.fixture(scope="module")
def truth() -> dict[str, Truth]:
    return {name: Truth(n) for name, n in SETS.items()}


@pytest.fixture(scope="module")
def sizes() -> dict[str, int]:
    """Bytes of points and maps of each set, filled by `address`."""
    return {}


@pytest.fixture(scope="module")
def address(serve_app, truth, sizes, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("scatter")
    for name, one in truth.items():
        (folder / name).mkdir()
        points = one.points()
        drawn = choose_drawn(points.circled, budget=1000 if name == "huge" else 50_000)
        files = {
            "points0": encode_points(points, drawn=drawn),
            "left0": encode_map(one.maps[0], drawn=drawn),
            "right": encode_map(one.maps[2], drawn=drawn),
        }
        sizes[name] = sum(map(len, files.values()))
        if name == "small":
            images = np.random.default_rng(0).integers(0, 256, (900, 8, 8)).astype(np.uint8)
            files |= {"points1": encode_points(one.points(turned=True)), "left1": encode_map(one.maps[1])}
            files["pictures"] = encode_pictures(images)
        for file, message in files.items():
            (folder / name / f"{file}.bin").write_bytes(message)
    return serve_app(APPS / "scatter_app.py", str(folder))


@pytest.fixture
def root(page, address):
    return open_scatter(page, address)


def open_scatter(page, address: str, which: str = "small", query: str = ""):
    page.goto(f"{address}/?set={which}{query}")
    root = page.locator(".lab-scatter[data-ready=true]")
    root.wait_for(timeout=60_000)
    page.wait_for_function(
        "root => root.labHook.times.painted !== undefined", arg=root.element_handle(), timeout=30_000
    )
    return root


def hook(root, expression: str, argument: object = None):
    """Evaluate `expression` with the component's test hook as `hook`."""
    return root.evaluate(f"(root, argument) => {{ const hook = root.labHook; return {expression}; }}", argument)


def python_says(page) -> dict:
    return json.loads(page.get_by_test_id("stCode").inner_text())


def wait_for_python(page, ids: list[int]) -> dict:
    """Python's answer once it has heard of these ids."""
    page.wait_for_function("text => document.body.innerText.includes(text)", arg=f'"ids": {json.dumps(ids)}')
    return python_says(page)


def wait_until(page, root, expression: str) -> None:
    page.wait_for_function(f"root => {{ const hook = root.labHook; return {expression}; }}", arg=root.element_handle())


def draw(page, root, corners, *, map: int = 0, release: bool = True) -> None:
    """The mouse along corners given in shares of the plane, from the upper left."""
    box = root.locator(".plane").nth(map).bounding_box()
    for step, (u, v) in enumerate(corners):
        page.mouse.move(box["x"] + u * box["width"], box["y"] + v * box["height"], steps=4 if step else 1)
        if step == 0:
            page.mouse.down()
    if release:
        page.mouse.up()


def inside(path: list, places: list) -> np.ndarray:
    """Rows within a closed path: an odd number of its edges cross the ray to the right."""
    x, y = np.array(places, dtype=np.float64).reshape(-1, 2).T
    ends = np.array(path)
    starts = np.roll(ends, 1, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossed = [
            ((a[1] > y) != (b[1] > y)) & (x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0])
            for a, b in zip(starts, ends, strict=True)
        ]
    return np.flatnonzero(np.sum(crossed, axis=0) % 2)


SPIRAL = [(0.5, 0.5), (0.9, 0.45), (0.8, 0.1), (0.2, 0.1), (0.15, 0.7), (0.6, 0.75), (0.6, 0.3), (0.35, 0.35)]
SQUARE = [(0.1, 0.1), (0.6, 0.1), (0.6, 0.6), (0.1, 0.6)]


def test_python_has_exactly_the_lassoed_ids_and_the_bars_count_them(page, root, truth) -> None:
    """A lasso that crosses itself; a second one with Shift adds, a third with Alt takes away."""
    draw(page, root, SPIRAL, release=False)
    path = hook(root, "hook.path")
    page.wait_for_timeout(200)
    assert python_says(page)["n"] == 0  # nothing is said before the release
    live = hook(root, "hook.tally")
    page.mouse.up()
    expected = inside(path, hook(root, "hook.places(0)"))
    assert 100 < len(expected) < 800
    assert wait_for_python(page, expected.tolist())["n"] == len(expected)
    one = truth["small"]
    assert hook(root, "hook.tally") == live
    for counts, y in zip(live["classes"], one.labels.values(), strict=True):
        assert counts == np.bincount(y[expected], minlength=10).tolist()
    assert live["circled"] == [int(members[expected].sum()) for members in one.rings]
    np.testing.assert_allclose(live["softmax"], one.softmax[expected].mean(axis=0), atol=1 / 255)
    for key, combine in (("Shift", np.union1d), ("Alt", np.setdiff1d)):
        page.keyboard.down(key)
        draw(page, root, SQUARE, map=1, release=False)
        path = hook(root, "hook.path")
        page.mouse.up()
        page.keyboard.up(key)
        expected = combine(expected, inside(path, hook(root, "hook.places(1)")))
        wait_for_python(page, expected.tolist())


def test_the_selection_survives_colour_circles_labels_places_and_theme_escape_clears_it_undo_brings_it_back(
    page, root
) -> None:
    root.get_by_role("radio", name="Box").check()
    draw(page, root, [(0.1, 0.1), (0.55, 0.5)])
    ids = hook(root, "hook.selection")
    assert len(ids) > 30
    root.locator("select.colour").select_option("loss")
    root.get_by_role("checkbox", name=RINGS[0]).uncheck()
    before = hook(root, "hook.places(0)")
    for button in ("other", "frame"):
        page.get_by_role("button", name=button).click()
    wait_until(page, root, f"hook.places(0)[0] !== {before[0]!r}")
    wait_until(page, root, "hook.tally.classes[0].join() === hook.tally.classes[2].join()")  # `other` has arrived
    page.emulate_media(color_scheme="dark")
    page.locator(".lab-scatter[data-dark=true]").wait_for()
    assert hook(root, "hook.selection") == ids
    assert hook(root, "hook.colour") == "loss"
    said = wait_for_python(page, ids)
    assert (said["colour"], said["hidden"]) == ("loss", [RINGS[0]])
    root.locator(".plane").first.focus()
    page.keyboard.press("Escape")
    assert hook(root, "hook.selection") == []
    wait_for_python(page, [])
    root.get_by_role("button", name="Undo").click()
    assert hook(root, "hook.selection") == ids
    wait_for_python(page, ids)


def test_places_that_come_during_a_lasso_wait_for_its_end(page, root) -> None:
    before = hook(root, "hook.places(0)")
    draw(page, root, SQUARE, release=False)
    path = hook(root, "hook.path")
    page.evaluate("[...document.querySelectorAll('button')].find(b => b.innerText === 'frame').click()")
    page.wait_for_function("text => document.body.innerText.includes(text)", arg='"runs": 2')
    page.wait_for_timeout(500)
    assert hook(root, "hook.places(0)") == before
    page.mouse.up()
    wait_for_python(page, inside(path, before).tolist())
    assert hook(root, "hook.places(0)") != before


def test_zooming_one_map_shows_the_same_points_on_the_other(page, root) -> None:
    root.get_by_role("radio", name="Zoom").check()
    draw(page, root, [(0.75, 0.35), (0.95, 0.6)], map=1)
    zoom, (left, right) = hook(root, "hook.zoom"), hook(root, "hook.views")
    assert zoom["leader"] == 1
    rows = np.array(zoom["rows"])

    def seen(map: int, view: dict) -> np.ndarray:
        u, v = np.array(hook(root, "hook.places(argument)", map)).reshape(-1, 2).T
        across = (u >= view["u"]) & (u <= view["u"] + view["size"])
        return np.flatnonzero(across & (v >= view["v"]) & (v <= view["v"] + view["size"]))

    np.testing.assert_array_equal(seen(1, right), rows)
    followed = np.isin(rows, seen(0, left)).mean()
    print(f"\n{len(rows)} points in the zoom, {followed:.1%} of them in the other map's view")
    assert len(rows) > 20
    assert followed >= 0.88
    assert f"of these {len(rows)} in view" in root.locator(".map-zoomed").first.inner_text()
    root.locator(".plane").first.focus()
    page.keyboard.press("0")
    assert hook(root, "hook.zoom") is None


def test_above_the_budget_every_circled_point_stays_and_the_page_says_so(new_page, address, truth) -> None:
    root = open_scatter(new_page(), address, "huge")
    ids, one = set(hook(root, "hook.ids")), truth["huge"]
    circled = np.flatnonzero(np.any(one.rings, axis=0))
    assert ids >= set(circled.tolist())
    assert len(ids) < 6000
    notice = root.get_by_role("note").inner_text()
    assert f"{len(ids):,} of 6,000 points are drawn: all {len(circled):,} circled ones" in notice
    root.get_by_role("button", name=f"Select the points circled as {RINGS[1]}").click()
    assert hook(root, "hook.selection") == np.flatnonzero(one.rings[1]).tolist()


def test_the_keyboard_alone_reads_selects_zooms_and_takes_back(page, root) -> None:
    root.locator(".plane").first.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    first = hook(root, "hook.reading()")["row"]
    assert f"Point {first}" in root.get_by_role("tooltip").inner_text()
    page.keyboard.press("Enter")
    assert hook(root, "hook.selection") == [first]
    page.keyboard.press("Shift+ArrowLeft")
    second = hook(root, "hook.reading()")["row"]
    assert second != first
    page.keyboard.press("Shift+Enter")
    assert hook(root, "hook.selection") == sorted([first, second])
    page.wait_for_timeout(400)
    assert "2 of 900 points selected" in root.locator("[aria-live]").inner_text()
    for _ in range(2):
        page.keyboard.press("Control+z")
    assert hook(root, "hook.selection") == []
    page.keyboard.press("+")
    assert hook(root, "hook.views[0].size") < 0.6
    page.keyboard.press("0")
    seen = set()
    page.locator("body").press("Tab")
    for _ in range(45):
        seen.add(
            root.evaluate(
                "root => { const at = root.getRootNode().activeElement; return at && (at.name || at.className); }"
            )
        )
        page.keyboard.press("Tab")
    assert {"colour", "tool", "class-button", "ring", "plane"} <= seen


def test_a_point_is_read_on_every_map_with_its_picture_and_names_are_text(page, root, truth) -> None:
    label = truth["small"].labels["clean"]
    row = int(np.flatnonzero(label == 9)[0])
    page.mouse.move(*hook(root, "hook.onPage(1, argument)", row))
    tip = root.get_by_role("tooltip")
    read = hook(root, "hook.reading()")["row"]
    text = tip.inner_text()
    assert f"Point {read}" in text
    assert "<u>nine</u>" in text  # its own label, or a neighbour's in the same blob
    assert tip.locator("canvas.tip-picture").count() == 1
    assert root.locator("u").count() == 0
    page.mouse.click(*hook(root, "hook.onPage(0, argument)", row))
    assert len(hook(root, "hook.selection")) == 1


def test_legend_and_circles_select_and_python_can_choose_too(page, root, truth) -> None:
    one = truth["small"]
    root.locator("select.colour").select_option("given")
    root.get_by_role("button", name="digit 3").click()
    assert hook(root, "hook.selection") == np.flatnonzero(one.labels["given"] == 3).tolist()
    root.get_by_role("button", name=f"Select the points circled as {RINGS[0]}").click()
    circled = np.flatnonzero(one.rings[0]).tolist()
    assert hook(root, "hook.selection") == circled
    assert root.locator(".ring-count").first.inner_text() == str(len(circled))
    page.get_by_role("button", name="python").click()
    wait_for_python(page, [1, 2, 3])
    wait_until(page, root, "hook.selection.join() === '1,2,3'")
    root.get_by_role("button", name="Undo").click()
    wait_for_python(page, circled)


def test_one_map_alone_keeps_the_selection_and_stands_beside_its_bars(page, root) -> None:
    root.get_by_role("button", name="digit 3").click()
    ids = hook(root, "hook.selection")
    page.get_by_role("button", name="single").click()
    page.locator(".lab-scatter[data-maps='1']").wait_for()
    assert hook(root, "hook.selection") == ids
    assert root.locator(".bars").bounding_box()["x"] > root.locator(".plane").bounding_box()["x"] + 300


def test_axe_finds_nothing_serious(page, root) -> None:
    from axe_playwright_python.sync_playwright import Axe

    root.get_by_role("button", name="digit 3").click()
    for colour in ("loss", "clean"):
        root.locator("select.colour").select_option(colour)
        page.wait_for_timeout(300)
        found = Axe().run(page, context=".stBidiComponent").response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_maps_follow_the_theme(new_page, address, dark) -> None:
    theme = "dark_theme" if dark else "light_theme"
    root = open_scatter(new_page(dark=dark), address, query=f"&embed=true&embed_options={theme}")
    assert root.get_attribute("data-dark") == str(dark).lower()
    red = root.locator("canvas.base").first.evaluate("c => c.getContext('2d').getImageData(2, 2, 1, 1).data[0]")
    assert (red < 110) is dark


def test_on_a_telephone_the_maps_stack_and_nothing_is_cut_off(new_page, address) -> None:
    root = open_scatter(new_page(width=400, height=800), address)
    boxes = [plane.bounding_box() for plane in root.locator(".plane").all()]
    assert len({round(box["x"]) for box in boxes}) == 1
    assert all(box["width"] > 300 for box in boxes)
    assert root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")


def test_save_picture_downloads_a_png(page, root) -> None:
    with page.expect_download() as download:
        root.get_by_role("button", name="Save picture").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    assert download.value.suggested_filename == "map-clean.png"


# A lasso that goes around the whole map, one new corner in every frame: as fast as the page can draw.
DRIVE = """async (root, frames) => {
  const plane = root.querySelector('.plane');
  const box = plane.getBoundingClientRect();
  const fire = (type, i) => {
    const angle = (2 * Math.PI * i) / frames;
    plane.dispatchEvent(new PointerEvent(type, {
      bubbles: true, pointerId: 1, pointerType: 'mouse', isPrimary: true, button: 0, buttons: 1,
      clientX: box.left + box.width * (0.5 + 0.4 * Math.cos(angle)), clientY: box.top + box.height * (0.5 + 0.4 * Math.sin(angle)),
    }));
  };
  fire('pointerdown', 0);
  fire('pointermove', 1);
  await new Promise(requestAnimationFrame); // the first frame of a lasso makes the picture that the others only copy
  await new Promise(requestAnimationFrame);
  const [paints, start] = [root.labHook.paints, performance.now()];
  for (let i = 2; i < frames; i++) {
    fire('pointermove', i);
    await new Promise(requestAnimationFrame);
  }
  const rate = (root.labHook.paints - paints) / ((performance.now() - start) / 1000);
  fire('pointerup', frames - 1);
  return { rate, released: Date.now() / 1000, count: root.labHook.count };
}"""


@pytest.mark.parametrize("which", ["mid", "big"])
def test_first_paint_lasso_and_report_are_measured(new_page, address, sizes, which) -> None:
    """Prints what it measures; asserts only what no slow machine could break."""
    page = new_page()
    frames: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.webSocketFrameSent", lambda event: frames.append(len(event["response"]["payloadData"]) * 3 // 4)
    )
    root = open_scatter(page, address, which)
    times = hook(root, "hook.times")
    page.wait_for_timeout(1000)
    rates, waits = [], []
    for _ in range(3):
        frames.clear()
        driven = root.evaluate(DRIVE, 120)
        page.wait_for_function("text => document.body.innerText.includes(text)", arg=f'"n": {driven["count"]},')
        waits.append(python_says(page)["at"] - driven["released"])
        rates.append(driven["rate"])
        ids = hook(root, "hook.selection")
        sent = sum(frames)
        page.locator(".lab-scatter .clear").click()
        page.wait_for_function("text => document.body.innerText.includes(text)", arg='"n": 0,')
    share = len(ids_to_text(np.array(ids))) / len(ids)
    print(
        f"\n{SETS[which]} points, two maps ({sizes[which]} bytes): first paint {times['painted'] - times['born']:.0f} ms "
        f"after the component began, {times['painted']:.0f} ms after the page was asked for; lasso with bars "
        f"{', '.join(f'{rate:.0f}' for rate in rates)} frames/s; {len(ids)} ids in Python "
        f"{', '.join(f'{1000 * wait:.0f}' for wait in waits)} ms after release, {sent} bytes sent "
        f"({share:.2f} a point)"
    )
    assert sizes[which] <= 1_000_000
    assert len(ids) > SETS[which] / 4
    assert share <= 8
    assert sent <= 8 * len(ids) + 2000
    assert times["painted"] - times["born"] < 20_000
    assert min(rates) > 1


def test_a_rerun_with_the_same_points_keeps_the_drawing(page, root) -> None:
    """Streamlit calls the module again after each change of its inputs; nothing is read or built again for that."""
    root.evaluate("root => { root.mark = root.querySelector('.plane'); }")
    start = time.monotonic()
    root.get_by_role("button", name="digit 3").click()
    page.wait_for_function("text => document.body.innerText.includes(text)", arg='"runs": 2')
    page.wait_for_timeout(300)
    assert root.evaluate("root => root.mark === root.querySelector('.plane')")
    assert time.monotonic() - start < 30
