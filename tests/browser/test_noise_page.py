"""The page about noise in a real browser: typed cells, the download, and what a screen reader and a firewall see."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

HEADER, ROW = 35, 35  # height of the grid's header and of its rows


@pytest.fixture
def opened(new_page, address: str) -> Callable[..., object]:
    """`opened(dark=...)` comes to the page from the first one, as people do, and waits until it is drawn."""

    def open_page(**look: object):
        page = new_page(**look)
        page.goto(address)
        page.get_by_role("link", name="What noise does to labels").click()
        page.get_by_role("heading", name="What does this noise do").wait_for()
        page.locator(".js-plotly-plot .barlayer .point").first.wait_for()
        return page

    return open_page


def metric(page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()


def grid_box(page, place=None) -> dict[str, float]:
    """Where the grid lies, once the page around it has come to rest. place: what it is in."""
    place = place or page.get_by_test_id("stExpander").filter(has_text="Edit this matrix")
    canvas = place.locator("canvas").first
    canvas.wait_for()
    box = None
    while box != (box := canvas.bounding_box()):
        page.wait_for_timeout(250)
    return box


def type_cell(page, row: int, column: float, text: str, place=None) -> None:
    """Type into a cell of the grid; `column` is its middle as a fraction of the grid's width."""
    box = grid_box(page, place)
    page.mouse.click(box["x"] + box["width"] * column, box["y"] + HEADER + ROW * (row + 0.5))
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")
    page.locator(".gdg-input").wait_for()
    page.keyboard.press("Control+a")
    page.keyboard.type(text, delay=40)
    page.wait_for_timeout(200)  # the grid takes over what is typed a moment later; nobody types faster
    page.keyboard.press("Enter")


def test_a_link_to_a_server_that_nobody_has_visited_opens_the_whole_app(new_page, serve_app, console_errors) -> None:
    page = new_page()
    page.goto(f"{serve_app(Path(__file__).parents[2] / 'app.py')}/noise?share=0.3")
    page.get_by_role("link", name="Words and sources").wait_for()
    page.get_by_role("slider", name="Nominal rate").wait_for()
    assert "share=0.3" in page.url
    # Streamlit looks for its own addresses below the page's first, and the browser notes each 404.
    assert all("404" in error for error in console_errors)
    console_errors.clear()


def test_a_typed_matrix_changes_the_labels_and_the_download_has_their_numbers(opened) -> None:
    page = opened(height=1500)
    page.get_by_text("Edit this matrix").click()
    type_cell(page, 0, 0.144, "0.25")
    page.get_by_text("“0” sums to 0.25").wait_for()
    assert "T=" in page.url
    assert metric(page, "Nominal rate") == "40%"  # the run before still stands there
    type_cell(page, 0, 0.234, "0.75")
    page.get_by_text("your matrix", exact=True).wait_for()
    assert "model=Your+own+matrix" in page.url

    page.get_by_test_id("stBaseButton-secondary").filter(has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Labels (CSV)").click()
    table = pd.read_csv(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert list(table.columns) == ["index", "clean", "given", "changed"]
    assert len(table) == 1297
    assert metric(page, "Wrong labels here") == f"{table['changed'].mean():.1%}"
    zeros = table[table["clean"] == 0]
    assert set(zeros["given"]) == {0, 1}
    assert abs((zeros["given"] == 1).mean() - 0.75) < 0.15
    strip = page.locator(".strip h4").nth(1).inner_text()
    ones = table[table["given"] == 1]
    assert f"{ones['changed'].sum()} of {len(ones)} wrong" in strip


def test_wrong_samples_are_outlined_and_named_in_words(opened) -> None:
    page = opened()
    wrong = page.locator(".strip li.wrong")
    assert wrong.count() > 10
    first = wrong.first
    assert first.inner_text().strip() == "truly 7"
    assert first.locator("img").get_attribute("alt") == "labelled 1, truly 7"
    assert first.locator("img").evaluate("i => getComputedStyle(i).outlineStyle") == "dashed"
    assert first.locator("img").evaluate("i => i.naturalWidth") == 8


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_and_nothing_is_asked_of_other_hosts(opened, dark: bool) -> None:
    hosts: set[str] = set()
    page = opened(dark=dark)
    page.on("request", lambda request: hosts.add(urlparse(request.url).hostname or ""))
    page.get_by_text("Edit this matrix").click()
    page.wait_for_timeout(500)
    found = Axe().run(page, context="[data-testid=stMain]").response["violations"]
    serious = [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert hosts <= {"127.0.0.1", ""}


def test_nothing_is_wider_than_the_page(opened) -> None:
    page = opened()
    main = page.get_by_test_id("stMain")
    for width in (1280, 800, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert main.evaluate("m => m.scrollWidth <= m.clientWidth + 1"), width
