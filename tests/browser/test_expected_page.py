"""The page about expected accuracy in a real browser: every level in the page, nothing on the wire while one drags."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from lab.analysis.plurality_noise import uniform_noise_accuracy
from lab.experiments.gallery import shipped
from lab.figures.forecast_payload import Curves
from lab.specs import Forecast
from lab.specs.presets import DRO_FIGURES, FORECAST, NO_DATA
from lab.ui.forecast_figures import ALONE
from lab.ui.forecast_view import curves_of
from tests.browser.dragging import drive, frames_of, input_to_paint, watch_drag

pytestmark = pytest.mark.browser

EVERY_LEVEL = [0.9 * abs(100 - i) / 100 for i in range(200)]


@pytest.fixture
def opened(new_page, address: str) -> Callable[..., object]:
    """`opened(dark=...)` comes to the page from the first one, as people do, and waits until it is drawn."""

    def open_page(**look: object):
        page = new_page(**look)
        page.goto(address)
        page.get_by_role("link", name="Expected accuracy").click()
        page.locator(".lab-forecast[data-ready=true] polyline").first.wait_for()
        page.wait_for_timeout(300)
        return page

    return open_page


def hook(page, expression: str, argument: object = None):
    """Evaluate `expression` with the component's test hook as `hook`."""
    root = page.locator(".lab-forecast")
    return root.evaluate(f"(root, argument) => {{ const hook = root.labHook; return {expression}; }}", argument)


def known(forecast: Forecast) -> Curves:
    run = shipped(forecast.digest)
    assert run is not None
    return curves_of(run)


def show_figure(page, name: str) -> None:
    page.get_by_role("button", name=f"Fig. {name}", exact=True).click()
    page.get_by_text(f"Fig. {name}.", exact=True).wait_for()
    page.wait_for_timeout(500)


def test_the_page_and_python_read_the_same_accuracy_at_every_level(opened) -> None:
    page = opened()
    rng = np.random.default_rng(3)
    for name, forecast in (
        ("", FORECAST),
        ("4a", DRO_FIGURES["4a"].forecast),
        ("1b, 4h", DRO_FIGURES["1b, 4h"].forecast),
    ):
        if name:
            show_figure(page, name)
        curves = known(forecast)
        levels = [0.0, curves.highest, *(curves.highest * rng.random(60))]
        said = hook(page, "argument.map(level => hook.at(level))", levels)
        np.testing.assert_allclose(said, [curves(level) for level in levels], atol=1e-9)
    show_figure(page, "4d")  # science.md 3.7: Theorem 1 with q of Eq. 15
    ks = DRO_FIGURES["4d"].forecast.ks
    assert hook(page, "hook.at(0.9)")[ks.index(50)] == pytest.approx(0.62186, abs=6e-6)


def test_a_thousand_classes_without_data_are_read_at_every_level_too(opened) -> None:
    """DRO Eqs. 14 and 15. Prints draws a second at a new level per frame."""
    page = opened()
    page.get_by_role("button", name=ALONE, exact=True).click()
    page.locator(".lab-forecast .what", has_text="Theory alone, no data, 1,000 classes").wait_for()
    levels = [0.0, 0.95, *(0.95 * np.random.default_rng(5).random(20))]
    said = hook(page, "argument.map(level => hook.at(level))", levels)
    exact = [[uniform_noise_accuracy(level, k, 1000) for k in NO_DATA.forecast.ks] for level in levels]
    np.testing.assert_allclose(said, exact, atol=1e-9)
    assert hook(page, "hook.level") == NO_DATA.level
    print(f"\nseven curves of 1,000 classes: {drive(page.locator('.lab-forecast'), EVERY_LEVEL):.1f} draws/s")
    assert "classes=1000" in page.url


def test_a_drag_follows_every_level_and_sends_nothing_until_release(opened) -> None:
    """Prints draws a second and input to paint; they are not asserted, because a busy machine would decide."""
    page = opened()
    root, curves = page.locator(".lab-forecast"), known(FORECAST)
    page.wait_for_timeout(3000)  # until the worker's start is no longer told
    frames = frames_of(page)
    watch_drag(root)
    box = root.get_by_role("slider").bounding_box()
    y, left, right = box["y"] + box["height"] / 2, box["x"] + 13, box["x"] + box["width"] - 13
    page.mouse.move(left + (right - left) * 0.6 / 0.9, y)
    page.mouse.down()
    draws, start = hook(page, "hook.draws"), time.monotonic()
    for share in np.linspace(0.6 / 0.9, 0.1, 100):
        page.mouse.move(left + (right - left) * share, y)
    seconds, draws = time.monotonic() - start, hook(page, "hook.draws") - draws
    during = len(frames)
    level = hook(page, "hook.level")
    assert level == pytest.approx(0.09, abs=0.002)
    np.testing.assert_allclose(hook(page, "hook.values"), curves(level), atol=1e-6)
    shown = root.locator(".values td").all_inner_texts()
    assert shown == [f"{100 * value:.1f} %" for value in curves(level)]
    assert root.locator(".rate-value").inner_text() == f"{90 * level:.1f} %"  # uniform noise, ten classes
    page.mouse.up()
    page.wait_for_url(re.compile(rf"at={round(level, 3):g}\b"))
    page.wait_for_timeout(1000)
    after = frames[during:]
    painted = input_to_paint(root)
    rate = drive(root, EVERY_LEVEL)
    print(
        f"\nsix curves: {rate:.1f} draws/s at a new level per frame; mouse drag {draws} draws in {seconds:.1f} s, "
        f"{painted}; {during} websocket frames during the drag, {len(after)} frames with {sum(after)} bytes in the second after release"
    )
    assert during == 0
    assert draws >= 60


def test_the_keyboard_moves_the_level_and_a_screen_reader_hears_of_it(opened) -> None:
    page = opened()
    slider = page.locator(".lab-forecast").get_by_role("slider")
    slider.focus()
    seen = []
    for key in ("ArrowRight", "Shift+ArrowLeft", "PageDown", "Home", "End", "ArrowUp"):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
        seen.append(round(hook(page, "hook.level"), 3))
    assert seen == [0.61, 0.609, 0.509, 0.0, 0.9, 0.9]
    assert slider.get_attribute("aria-valuetext") == "γ = 0.900, 81.0 % of the labels wrong"
    page.wait_for_url(re.compile(r"at=0\.9\b"))
    spoken = page.locator(".lab-forecast [aria-live]").inner_text()
    assert spoken.startswith("γ = 0.900, 81.0 % of the labels wrong. K = 1: ")
    assert "K = 101" in page.locator(".lab-forecast .chart").get_attribute("aria-label")


def test_a_click_on_the_chart_moves_the_level_and_a_dot_tells_its_numbers(opened) -> None:
    page = opened()
    curves, chart = known(FORECAST), page.locator(".lab-forecast .chart")
    box = chart.bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 200)
    assert hook(page, "hook.level") < 0.03
    n = 6 * 5 + 1  # at the sixth level, K = 5: no other dot is near
    page.mouse.move(*hook(page, "hook.markOnPage(argument)", n))
    tip = page.get_by_role("tooltip").filter(has_text="Real neighbours").inner_text()
    measured, spread, expected = (100 * float(x) for x in (curves.mean[5, 1], curves.spread[5, 1], curves(0.5)[1]))
    assert f"K = 5: {measured:.1f} % ± {spread:.1f}, expected {expected:.1f} %" in tip
    assert "γ = 0.50" in tip


def test_a_figure_moves_the_level_and_other_curves_leave_it(opened) -> None:
    page = opened()
    show_figure(page, "3a")
    assert hook(page, "hook.level") == 0.4
    page.locator(".lab-forecast").get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"at=0\.41\b"))
    page.locator(".lab-forecast").evaluate("root => { root.mark = true; }")
    show_figure(page, "4a")
    assert hook(page, "hook.level") == 0.4
    page.keyboard.press("Tab")
    assert page.locator(".lab-forecast").evaluate("root => root.mark")  # redrawn in place, not rebuilt
    assert page.locator(".lab-forecast .values th").all_inner_texts()[-1] == "K = 100"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_in_either_theme(opened, dark: bool) -> None:
    page = opened(dark=dark)
    assert page.locator(".lab-forecast").get_attribute("data-dark") == str(dark).lower()
    show_figure(page, "1b, 4h")
    found = Axe().run(page, context="[data-testid=stMain]").response["violations"]
    serious = [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_nothing_is_wider_than_the_page(opened) -> None:
    page = opened()
    main = page.get_by_test_id("stMain")
    for width in (1280, 800, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert main.evaluate("m => m.scrollWidth <= m.clientWidth + 1"), width
        thumb = page.locator(".lab-forecast").evaluate(
            """root => {
              const [slider, bar] = [root.querySelector('.slider'), root.querySelector('.chart g:last-child line')];
              const box = slider.getBoundingClientRect();
              const share = slider.valueAsNumber / Number(slider.max);
              return box.left + 13 + share * (box.width - 26) - bar.getBoundingClientRect().left;
            }"""
        )
        assert abs(thumb) < 3, width  # it stands right under the cursor


def test_save_picture_downloads_a_png(opened) -> None:
    page = opened()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save picture").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    assert download.value.suggested_filename == "expected-accuracy-0.600.png"
