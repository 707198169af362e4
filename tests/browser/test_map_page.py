"""The page about feature maps in a real browser: one selection for everything, and maps that form before the eyes."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from lab.experiments.gallery import shipped
from lab.specs.presets import FEATURE_MAPS
from lab.ui.map_points import at_k
from tests.browser.test_scatter_component import DRIVE, SPIRAL, draw, hook, inside

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
KNET = FEATURE_MAPS["KNET Fig. 4"]


@pytest.fixture(scope="module")
def address(serve_app: Callable[..., str], tmp_path_factory) -> str:
    home = {"LAB_DATA": "", "LAB_HOME": str(tmp_path_factory.mktemp("home"))}
    return f"{serve_app(ROOT / 'app.py', environment=home)}/map"


@pytest.fixture
def open_maps(new_page, console_errors: list[str]) -> Callable[..., object]:
    """`open_maps(address)` opens a page with finished maps; gives it and the scatter's root."""

    def open_maps(address: str):
        page = new_page()
        page.goto(address)
        page.get_by_role("heading", name="Layer by layer").wait_for(timeout=60_000)
        root = page.locator(".lab-scatter[data-ready=true]")
        root.wait_for(timeout=60_000)
        page.wait_for_timeout(300)
        console_errors[:] = [error for error in console_errors if "404" not in error]  # Streamlit asks below /map first
        return page, root

    return open_maps


def listed(page) -> list[int]:
    """The points in the table's file."""
    with page.expect_download() as download:
        page.get_by_role("button", name="These points (CSV)").click()
    text = Path(download.value.path()).read_text()
    return [int(line["point"]) for line in csv.DictReader(io.StringIO(text))]


def test_the_table_holds_the_lassoed_points_and_a_click_shows_the_neighbours_of_one(open_maps, address) -> None:
    page, maps = open_maps(address)
    draw(page, maps, SPIRAL, release=False)
    path = hook(maps, "hook.path")
    page.mouse.up()
    expected = inside(path, hook(maps, "hook.places(0)")).tolist()
    assert 20 < len(expected) < 480
    page.get_by_role("heading", name=f"{len(expected)} points selected").wait_for()
    assert hook(maps, "hook.selection") == expected
    assert listed(page) == expected
    grid = page.get_by_test_id("stDataFrame").first.locator("table[role=grid]")
    assert int(grid.get_attribute("aria-rowcount")) == len(expected) + 1
    run = shipped(KNET.digest)
    members = at_k(run, 51).outcome(left=False, right=True)
    cells = page.locator("[data-testid=stMarkdown] table").first.locator("tbody tr").first.locator("td")
    assert cells.all_inner_texts()[2:] == [str(members.sum()), str(members[expected].sum())]
    rates = [maps.evaluate(DRIVE, 90)["rate"] for _ in range(2)]
    print(f"\ntwo maps of 500 points on the page: lasso with live bars {', '.join(f'{r:.0f}' for r in rates)} frames/s")
    assert min(rates) > 1

    maps.locator(".plane").first.scroll_into_view_if_needed()
    page.mouse.click(*hook(maps, "hook.onPage(0, 7)"))
    page.get_by_role("heading", name="1 point selected").wait_for()
    (point,) = hook(maps, "hook.selection")
    page.get_by_text(f"Point {point}, row {run.arrays['rows'][point]} of the data").wait_for()
    said = page.locator("ul.pictures").nth(1).locator("li").all_inner_texts()
    distances = [float(text.split(", ")[1]) for text in said]
    np.testing.assert_allclose(distances, run.arrays["left_dist"][point], rtol=6e-3)
    assert distances == sorted(distances)
    assert page.get_by_text("A map is not to scale").count() == 1


def test_the_selection_survives_k_colour_circles_and_theme_escape_clears_it_undo_brings_it_back(
    open_maps, address
) -> None:
    page, maps = open_maps(address)
    maps.get_by_role("button", name="Select the points circled as network wrong → kNet right").click()
    ids = hook(maps, "hook.selection")
    page.get_by_role("heading", name=f"{len(ids)} points selected").wait_for()
    page.get_by_role("slider", name="Neighbours k that vote").focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.get_by_text("at k = 5:").wait_for()
    maps.locator("select.colour").select_option("loss")
    maps.get_by_role("checkbox", name="network wrong → kNet wrong").uncheck()
    page.emulate_media(color_scheme="dark")
    page.locator(".lab-scatter[data-dark=true]").wait_for()
    assert hook(maps, "hook.selection") == ids
    assert listed(page) == ids
    changed = at_k(shipped(KNET.digest), 5).outcome(left=False, right=True)
    count = maps.locator(".ring-count").first
    page.wait_for_function(
        "([node, text]) => node.textContent === text", arg=[count.element_handle(), str(changed.sum())]
    )
    maps.locator(".plane").first.focus()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="circled (nothing is selected)").wait_for()
    maps.get_by_role("button", name="Undo").click()
    page.get_by_role("heading", name=f"{len(ids)} points selected").wait_for()
    assert hook(maps, "hook.selection") == ids


WATCH = """() => {
  window.seen = [];
  const look = () => {
    const note = document.querySelectorAll('[data-testid=stBidiComponentIsolated]');
    for (const host of note) {
      const root = (host.shadowRoot ?? host.firstElementChild?.shadowRoot)?.querySelector('.lab-scatter');
      const text = [...(root?.querySelectorAll('.map-note') ?? [])].map(n => n.textContent).join(' | ');
      if (/Iteration/.test(text) && window.seen.at(-1)?.[1] !== text) window.seen.push([performance.now(), text]);
    }
  };
  window.began = performance.now();
  setInterval(look, 20);
}"""


def test_a_map_forms_before_the_eyes_and_the_same_address_gives_the_same_map_at_once(open_maps, address) -> None:
    page, root = open_maps(address)
    page.evaluate(WATCH)
    page.get_by_role("button", name="Another").click()  # the worker is starting
    page.wait_for_function("() => window.seen.length > 0", timeout=90_000)
    start = time.monotonic()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped.").wait_for()
    stopped = time.monotonic() - start
    page.evaluate("() => { window.seen = []; window.began = performance.now(); }")
    page.get_by_role("button", name="Another").click()
    page.wait_for_function("() => window.seen.length > 0", timeout=90_000)
    page.get_by_text("seed 2, KL").first.wait_for(timeout=120_000)
    began, seen = page.evaluate("() => window.began"), page.evaluate("() => window.seen")
    print(
        f"\nstopped {stopped:.1f} s after the click; first frame {(seen[0][0] - began) / 1000:.1f} s after the click, {len(seen)} different pictures of the forming "
        f"maps on the page, the last: {seen[-1][1]}"
    )
    assert len(seen) >= 2
    page.wait_for_timeout(500)
    places = hook(root, "hook.places(1)")
    start = time.monotonic()
    again, same = open_maps(f"{address}?seed=2")
    print(f"the same address in another session: there after {time.monotonic() - start:.1f} s")
    assert hook(same, "hook.places(1)") == places
    assert again.get_by_role("button", name="Stop").count() == 0


def test_axe_finds_nothing_serious_in_either_theme_and_nothing_is_wider_than_the_page(open_maps, address) -> None:
    page, root = open_maps(f"{address}?figure=DRO+Fig.+1")
    root.get_by_role("button", name="Select the points circled as left network wrong → right network right").click()
    page.get_by_role("heading", name="points selected").wait_for()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.locator(f".lab-scatter[data-dark={str(theme == 'dark').lower()}]").wait_for()
        found = Axe().run(page, context="[data-testid=stMain]").response["violations"]
        serious = [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]])
            for violation in found
            if violation["impact"] in ("serious", "critical")
        ]
        assert serious == [], theme
    main = page.get_by_test_id("stMain")
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(400)
        assert main.evaluate("m => m.scrollWidth <= m.clientWidth + 1"), width
