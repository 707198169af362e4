"""The page about wrong labels in a real browser: what a line means is counted there, exactly as Python counts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from lab.experiments.gallery import shipped
from lab.figures.inn_payload import counts_at
from lab.specs.presets import DETECTION, TRAININGS
from lab.ui.inn_study import Study
from lab.ui.inn_view import FIRST

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def study() -> Study:
    run = shipped(DETECTION.digest)
    assert run is not None
    return Study(run)


@pytest.fixture
def opened(new_page, address: str, console_errors: list[str]) -> Callable[..., object]:
    def open_page(query: str = "", **look: object):
        page = new_page(**look)
        page.goto(f"{address}/inn?run={TRAININGS[0].digest}{query}")
        page.locator(".lab-inn[data-ready=true] .chart circle").first.wait_for(timeout=60_000)
        page.wait_for_timeout(500)
        console_errors[:] = [error for error in console_errors if "404" not in error]  # Streamlit looks below the page
        return page

    return open_page


def hook(page, expression: str, argument: object = None):
    """Evaluate `expression` with the component's test hook as `hook`."""
    root = page.locator(".lab-inn")
    return root.evaluate(f"(root, argument) => {{ const hook = root.labHook; return {expression}; }}", argument)


def test_the_browser_and_python_count_alike_at_every_line(opened, study: Study) -> None:
    page = opened()
    rng = np.random.default_rng(1)
    names = sorted(FIRST, key=lambda name: (name != "inn", study.names.index(name)))
    for d, name in enumerate(names):
        score = study.score(name)
        cuts = [*rng.uniform(float(score.min()), float(score.max()), 30), *score[:10].astype(float)]
        said = hook(page, "argument[1].map(cut => hook.counts(argument[0], cut))", [d, [float(cut) for cut in cuts]])
        for cut, counts in zip(cuts, said, strict=True):
            expected = counts_at(score, study.wrong, float(cut))
            assert (counts["flagged"], counts["hits"]) == (expected.flagged, expected.hits)
            assert counts["f1"] == pytest.approx(expected.f1)
    missed = [int(study.wrong.sum()) - counts_at(study.score(n), study.wrong, study.cut(n)).hits for n in names]
    assert hook(page, "hook.missed()") == missed
    assert [int(text) for text in page.locator(".lab-inn .sets .total").all_inner_texts()] == missed
    sizes = [int(text) for text in page.locator(".lab-inn .sets thead button").all_inner_texts()]
    assert sum(sizes) == study.wrong.sum()


def test_a_drag_moves_numbers_pictures_and_atlas_and_sends_nothing_until_release(opened, study: Study) -> None:
    page = opened()
    page.wait_for_timeout(2000)  # until the worker's start is no longer told
    frames: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    for direction in ("Sent", "Received"):
        session.on(f"Network.webSocketFrame{direction}", lambda event: frames.append(1))
    box = page.locator(".lab-inn .chart").first.bounding_box()
    y = box["y"] + 60
    page.mouse.move(box["x"] + box["width"] * 0.6, y)
    page.mouse.down()
    draws, start = hook(page, "hook.draws"), time.monotonic()
    for share in np.linspace(0.6, 0.8, 60):
        page.mouse.move(box["x"] + box["width"] * share, y)
    seconds, draws = time.monotonic() - start, hook(page, "hook.draws") - draws
    during, cut = len(frames), hook(page, "hook.cuts()")[0]
    expected = counts_at(study.score("inn"), study.wrong, cut)
    shown = page.locator(".lab-inn .numbers").first.locator("dd").all_inner_texts()
    assert shown[1] == str(expected.flagged)
    assert shown[2] == f"{expected.hits} of {study.wrong.sum()}"
    assert shown[3] == f"{100 * expected.precision:.1f} %"
    page.mouse.up()
    page.wait_for_url(re.compile(r"lines=inn"), timeout=20_000)
    print(f"\n{draws} draws in {seconds:.1f} s of dragging, {during} websocket frames; {expected.flagged} labels below")
    assert during == 0
    assert draws >= 15
    assert cut == pytest.approx(0.8, abs=0.02)


def test_the_keyboard_moves_a_line_and_a_picture_opens_its_sample(opened) -> None:
    page = opened()
    slider = page.locator(".lab-inn").get_by_role("slider").first
    slider.focus()
    before = hook(page, "hook.cuts()[0]")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert hook(page, "hook.cuts()[0]") > before
    assert "called wrong" in slider.get_attribute("aria-valuetext")
    tile = page.locator(".lab-inn .tile").nth(2)
    row = re.search(r"Sample (\d+)", tile.get_attribute("aria-label")).group(1)
    tile.click()
    page.wait_for_url(re.compile(rf"sample={row}\b"), timeout=20_000)
    page.get_by_text(f"Sample {row}: given").wait_for()


def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(opened) -> None:
    page = opened(dark=True)
    found = Axe().run(page, context="[data-testid=stMain]").response["violations"]
    serious = [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []
    for width in (800, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert page.get_by_test_id("stMain").evaluate("m => m.scrollWidth <= m.clientWidth + 1"), width
