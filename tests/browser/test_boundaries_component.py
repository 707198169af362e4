"""The decision-boundary component in a real Chromium, fed with a synthetic scene that has real neighbour lists."""

from __future__ import annotations

import json
import re
import runpy
import time
from pathlib import Path

import numpy as np
import pytest

from lab.figures import field_payload
from tests.browser.dragging import drive, frames_of, input_to_paint, watch_drag

pytestmark = pytest.mark.browser

APPS = Path(__file__).parent / "apps"
SYNTHETIC = runpy.run_path(str(APPS / "synthetic.py"))


@pytest.fixture(scope="module")
def scene() -> field_payload.Scene:
    return SYNTHETIC["scene"](n=2400, side=200, k_max=101)


@pytest.fixture(scope="module")
def edit_log(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("edits") / "edits.jsonl"


@pytest.fixture(scope="module")
def address(serve_app, scene, edit_log, tmp_path_factory) -> str:
    payload = tmp_path_factory.mktemp("scene") / "scene.bin"
    payload.write_bytes(field_payload.encode(scene))
    return serve_app(APPS / "boundaries_app.py", str(payload), str(edit_log))


@pytest.fixture
def root(page, address):
    return open_component(page, address)


def open_component(page, address: str, query: str = ""):
    page.goto(f"{address}/{query}")
    root = page.locator(".lab-boundaries[data-ready=true]")
    root.wait_for(timeout=30_000)
    page.wait_for_timeout(300)
    return root


def hook(root, expression: str, argument: object = None):
    """Evaluate `expression` with the component's test hook as `hook`."""
    return root.evaluate(f"(root, argument) => {{ const hook = root.labHook; return {expression}; }}", argument)


def field_pixels(root, panel: int) -> str:
    return root.locator(".plane canvas").nth(panel).evaluate("canvas => canvas.toDataURL()")


def logged(edit_log: Path) -> list[dict]:
    return [json.loads(line) for line in edit_log.read_text().splitlines()] if edit_log.exists() else []


def wait_for_edits(page, edit_log: Path, count: int) -> list[dict]:
    deadline = time.monotonic() + 15
    while len(logged(edit_log)) < count and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    page.wait_for_timeout(1500)  # time for a second, wrong delivery
    return logged(edit_log)


def python_says(page) -> dict:
    return json.loads(page.get_by_test_id("stCode").inner_text())


def test_votes_and_labels_equal_pythons_for_100_random_cells_ties_included(root, scene) -> None:
    rng = np.random.default_rng(7)
    cells, ks = rng.integers(0, scene.side**2, 100), rng.integers(1, scene.k_max + 1, 100)
    ks[:40] = rng.integers(2, 9, 40)  # small k, where ties are common
    ties = 0
    for cell, k in zip(cells.tolist(), ks.tolist(), strict=True):
        said = hook(root, "hook.cell(argument[0], argument[1])", [cell, k])
        column = scene.neighbour_labels[:, [cell]]
        votes = SYNTHETIC["votes"](column, k, 3)[:, 0]
        ties += (votes == votes.max()).sum() > 1
        assert said["votes"] == votes.tolist()
        assert said["topVotes"] == votes.max()
        assert said["knnLabel"] == SYNTHETIC["nearest_first"](column, k, 3)[0]
        assert said["knetLabel"] == scene.knet_labels[k - 1, cell]
    print(f"\n{ties} of the 100 were ties")
    assert ties >= 5


def test_the_pictures_change_with_k_and_python_hears_of_a_choice_not_of_every_step(page, root) -> None:
    before, runs = [field_pixels(root, panel) for panel in range(3)], python_says(page)["runs"]
    slider = root.get_by_role("slider")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("text => document.body.innerText.includes(text)", arg='"k": 46')
    assert hook(root, "hook.k") == 46
    for panel in (0, 2):  # this kNet changes too little to be asked of it
        assert field_pixels(root, panel) != before[panel]
    page.wait_for_timeout(300)
    assert runs < python_says(page)["runs"] < runs + 5


def test_paging_moves_k_by_ten_and_the_ends_hold(page, root) -> None:
    root.get_by_role("slider").focus()
    seen = []
    for key in ("PageUp", "PageDown", "Home", "PageDown", "End", "PageUp", "ArrowRight"):
        page.keyboard.press(key)
        seen.append(hook(root, "hook.k"))
    assert seen == [61, 51, 1, 1, 101, 101, 101]


def test_a_drag_over_all_k_draws_every_step_and_sends_nothing_until_release(page, root, scene) -> None:
    """Prints draws a second and input to paint; they are not asserted, because a busy machine would decide."""
    frames = frames_of(page)
    watch_drag(root, ".k-slider")
    box = root.get_by_role("slider").bounding_box()
    y, left, right = box["y"] + box["height"] / 2, box["x"] + 13, box["x"] + box["width"] - 13
    sweep = [left + (right - left) * i / 100 for i in range(101)]
    page.mouse.move(sweep[50], y)
    page.mouse.down()
    draws, start = hook(root, "hook.draws"), time.monotonic()
    for x in sweep[51:] + sweep[-2::-1]:
        page.mouse.move(x, y)
    seconds, draws = time.monotonic() - start, hook(root, "hook.draws") - draws
    during = len(frames)
    page.mouse.up()
    page.wait_for_timeout(1500)
    after = frames[during:]
    painted = input_to_paint(root)
    rate = drive(root, [1 + abs(101 - i) % 101 for i in range(202)], ".k-slider")
    print(
        f"\n{len(scene.points)} points, three panels: {rate:.1f} draws/s at a new k per frame; mouse drag {draws} draws in "
        f"{seconds:.1f} s, {painted}; {during} websocket frames during the drag, {len(after)} frames with {sum(after)} bytes after release"
    )
    assert draws >= 145  # of 150 steps
    assert during == 0
    assert 0 < sum(after) <= 2000


def test_a_click_on_the_chart_moves_k(page, root) -> None:
    box = root.locator("canvas.chart").bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 100)
    assert hook(root, "hook.k") <= 2
    page.wait_for_function("text => document.body.innerText.includes(text)", arg=f'"k": {hook(root, "hook.k")}')


def test_python_moves_k_by_a_new_revision_and_an_echo_does_not(page, root) -> None:
    root.get_by_role("slider").focus()
    page.keyboard.press("PageUp")
    page.wait_for_function("text => document.body.innerText.includes(text)", arg='"k": 61')
    assert hook(root, "hook.k") == 61
    page.get_by_role("button", name="Lesson").click()
    page.wait_for_function("text => document.body.innerText.includes(text)", arg='"k": 1,')
    page.wait_for_timeout(500)
    assert hook(root, "hook.k") == 1
    assert root.locator(".k-value").inner_text() == "1"


def test_flipping_one_point_reaches_python_once_and_shows_at_once(page, root, scene, edit_log) -> None:
    known = len(logged(edit_log))
    root.get_by_role("radio", name="Flip one").check()
    lonely = int(np.argmax(np.abs(scene.points).sum(axis=1) * (np.abs(scene.points) < 4.8).all(axis=1)))
    page.mouse.click(*hook(root, "hook.pointOnPage(argument)", lonely))
    assert hook(root, "hook.given")[lonely] == (scene.y_given[lonely] + 1) % 3
    assert hook(root, "hook.edited")[lonely] == 1
    edits = wait_for_edits(page, edit_log, known + 1)[known:]
    assert edits == [{"action": "set", "ids": [lonely], "label": int((scene.y_given[lonely] + 1) % 3)}]
    assert hook(root, "hook.pending") == []
    assert hook(root, "hook.given")[lonely] == edits[0]["label"]


def test_a_burst_of_edits_arrives_whole_and_in_order(page, root, edit_log) -> None:
    known = len(logged(edit_log))
    lasso(page, root)
    selected = sorted(hook(root, "hook.selection"))
    assert len(selected) > 3
    for label in (0, 1, 2, 1):
        root.locator(".relabel button").nth(label).click(delay=0)
    root.get_by_role("button", name="Undo").click()
    edits = wait_for_edits(page, edit_log, known + 5)[known:]
    assert [edit["action"] for edit in edits] == ["set"] * 4 + ["undo"]
    assert [edit["label"] for edit in edits] == [0, 1, 2, 1, -1]
    assert all(edit["ids"] == selected for edit in edits[:4])
    given = hook(root, "hook.given")
    assert {given[i] for i in selected} == {2}
    root.get_by_role("button", name="Reset labels").click()
    assert wait_for_edits(page, edit_log, known + 6)[-1]["action"] == "reset"
    assert not any(hook(root, "hook.edited"))


def lasso(page, root) -> None:
    root.get_by_role("radio", name="Lasso").check()
    box = root.locator(".plane").first.bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    corners = [(0.6, 0.55), (0.8, 0.55), (0.8, 0.75), (0.6, 0.75)]
    page.mouse.move(x + 0.6 * side, y + 0.55 * side)
    page.mouse.down()
    for u, v in corners:
        page.mouse.move(x + u * side, y + v * side, steps=5)
    page.mouse.up()


def test_the_selection_survives_views_and_escape_clears_it(page, root) -> None:
    lasso(page, root)
    selected = hook(root, "hook.selection")
    root.get_by_role("radio", name="Probability").check()
    root.get_by_role("checkbox", name="wrong labels").check()
    root.get_by_role("radio", name="KNET Fig. 2").check()
    assert hook(root, "hook.selection") == selected
    root.locator(".plane").first.focus()
    page.keyboard.press("Escape")
    assert hook(root, "hook.selection") == []


def test_figure_2_has_its_eight_panels_in_order(root) -> None:
    root.get_by_role("radio", name="KNET Fig. 2").check()
    captions = root.locator("figcaption").all_inner_texts()
    titles = [re.sub(r"\s*\d+\.\d %.*", "", caption.replace("\n", " ")).strip() for caption in captions]
    assert titles == [
        "(a) noisy input", "(b) kNN k = 1", "(c) kNN k = 19", "(d) kNN k = 49",
        "(e) network", "(f) kNet k = 1", "(g) kNet k = 19", "(h) kNet k = 49",
    ]  # fmt: skip
    assert field_pixels(root, 1) != field_pixels(root, 3)


def test_the_tooltip_reads_votes_and_class_names_are_text(page, root, scene) -> None:
    plane = root.locator(".plane").first
    box = plane.bounding_box()
    plane.hover(position={"x": box["width"] * 0.3, "y": box["height"] * 0.7})
    tip = root.get_by_role("tooltip")
    text = tip.inner_text()
    counts = [int(number) for number in re.findall(r"(\d+) of 51", text)]
    assert sum(counts) == 51
    assert len(counts) == 3
    assert "Bayes rule" in text
    assert scene.classes[2] in text
    assert root.locator("u").count() == 0


def test_the_keyboard_alone_reads_a_cell_and_flips_a_point(page, root, scene, edit_log) -> None:
    known = len(logged(edit_log))
    root.get_by_role("radio", name="Flip one").focus()
    page.keyboard.press("Space")
    root.locator(".plane").first.focus()
    for key in ("ArrowUp", "ArrowLeft", "Shift+ArrowDown"):
        page.keyboard.press(key)
    assert "of 51" in root.get_by_role("tooltip").inner_text()
    page.wait_for_timeout(400)
    assert "of 51" in root.locator("[aria-live]").inner_text()
    page.keyboard.press("Enter")  # the middle of the plane is crowded: some point is near
    edits = wait_for_edits(page, edit_log, known + 1)
    assert len(edits) == known + 1
    root.get_by_role("button", name="Undo").click()
    assert wait_for_edits(page, edit_log, known + 2)[-1]["action"] == "undo"


def test_every_control_is_reached_by_tab(page, root) -> None:
    page.locator("body").press("Tab")
    seen = set()
    for _ in range(60):
        seen.add(
            root.evaluate(
                "root => { const at = root.getRootNode().activeElement; return at && (at.name || at.className || at.type); }"
            )
        )
        page.keyboard.press("Tab")
    assert {"view", "field", "plain save", "play", "k-slider", "panel-name", "plane", "points", "tool", "curve"} <= seen


def test_axe_finds_nothing_serious(page, root) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for view in ("KNET Fig. 2", "Side by side"):
        root.get_by_role("radio", name=view).check()
        page.wait_for_timeout(300)
        found = Axe().run(page, context=".stBidiComponent").response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_fields_follow_the_theme(new_page, address, dark) -> None:
    root = open_component(
        new_page(dark=dark), address, "?embed=true&embed_options=" + ("dark_theme" if dark else "light_theme")
    )
    assert root.get_attribute("data-dark") == str(dark).lower()
    lightness = root.locator(".plane canvas").first.evaluate(
        "c => { const d = c.getContext('2d').getImageData(0, 0, 200, 200).data; let s = 0; for (let i = 0; i < d.length; i += 4) s += d[i] + d[i + 1] + d[i + 2]; return s / (3 * 40000); }"
    )
    assert (lightness < 110) is dark


def test_on_a_telephone_the_panels_stack_and_nothing_is_cut_off(new_page, address) -> None:
    root = open_component(new_page(width=400, height=800), address)
    boxes = [panel.bounding_box() for panel in root.locator(".plane").all()]
    assert len({round(box["x"]) for box in boxes}) == 1
    assert all(box["width"] > 300 for box in boxes)
    assert root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")


def test_save_picture_downloads_a_png(page, root) -> None:
    with page.expect_download() as download:
        root.get_by_role("button", name="Save picture").click()
    saved = Path(download.value.path())
    assert saved.read_bytes().startswith(b"\x89PNG")
    assert download.value.suggested_filename == "boundaries-side-k51.png"


def test_a_rerun_with_the_same_scene_keeps_the_drawing(page, root) -> None:
    """Streamlit calls the module again after each change of its inputs; nothing is inflated or rebuilt for that."""
    root.evaluate("root => { root.mark = root.querySelector('.plane'); }")
    root.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("text => document.body.innerText.includes(text)", arg='"k": 52')
    page.wait_for_timeout(300)
    assert root.evaluate("root => root.mark === root.querySelector('.plane')")
