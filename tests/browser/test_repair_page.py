"""The page about repaired labels in a real browser: the replay follows the scrubber without a word to the server."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from lab.experiments.gallery import shipped
from lab.specs.repair import FIRST, correction_of
from tests.browser.conftest import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(new_page, address: str) -> Callable[..., object]:
    """The page as people come to it, drawn."""

    def open_page(**look: object):
        page = new_page(**look)
        page.sent = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: page.sent.append(frame)))
        page.goto(address)
        link = page.get_by_role("link", name="Can the labels be repaired?")
        link.wait_for(state="attached")
        link.evaluate("link => link.click()")  # on a telephone the menu is folded away
        page.locator(".lab-repair[data-ready=true] .flow g > rect").first.wait_for(timeout=60_000)
        page.get_by_text("All methods, and what the paper printed").wait_for(timeout=60_000)
        return page

    return open_page


def hook(page, expression: str):
    """Evaluate `expression` with the component's test hook as `hook`."""
    return page.locator(".lab-repair").evaluate(f"(root) => {{ const hook = root.labHook; return {expression}; }}")


def test_the_scrubber_replays_episodes_in_the_page_and_tells_the_server_at_its_end(opened) -> None:
    page = opened()
    assert (hook(page, "hook.method"), hook(page, "hook.episode")) == ("SelKNN", 4)
    m = shipped(correction_of(FIRST, "SelKNN").digest).metrics
    page.wait_for_timeout(1000)
    assert page.sent
    page.sent.clear()
    slider = page.get_by_label("Episode", exact=True)
    for episode in (3, 2, 1):
        slider.evaluate(
            "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", episode
        )
        page.wait_for_timeout(100)
        rows = dict(hook(page, "hook.rows()"))
        now = m["episodes"][episode - 1]
        assert rows["Right labels"] == f"{100 * now['recovery']:.1f} %"
        assert rows["New mistakes"] == str(now["flow"]["right_wrong"])
        assert rows["Right among those who vote"] == f"{100 * now['reference_clean']:.1f} %"
    assert not page.sent
    page.get_by_text("Rightly changed in episode 4").wait_for()
    slider.press("ArrowLeft")
    slider.press("ArrowRight")
    page.get_by_text("Rightly changed in episode 1").wait_for(timeout=20_000)


def test_a_method_is_chosen_and_a_filter_leaves_rows_out(opened) -> None:
    page = opened()
    page.get_by_role("radio", name="kNN filter").click()
    m = shipped(correction_of(FIRST, "kNN filter").digest).metrics
    assert dict(hook(page, "hook.rows()"))["Rows left out"] == str(m["n_train"] - m["kept"])
    page.get_by_text("there is nobody to show").wait_for(timeout=20_000)
    page.get_by_text("A filter changes no label").wait_for()


@pytest.mark.parametrize("dark", [False, True])
def test_no_serious_accessibility_finding(opened, dark: bool) -> None:
    page = opened(dark=dark)
    page.wait_for_timeout(500)
    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert not serious, [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in serious]


def test_on_a_telephone_nothing_is_wider_than_the_page(opened) -> None:
    page = opened(width=400, height=900)
    wide = page.locator(".lab-repair").evaluate("root => root.scrollWidth - root.clientWidth")
    assert wide <= 1
    assert re.search(r"after episode 4", page.locator(".episode").inner_text())


def test_any_data_are_repaired_from_the_page_and_methods_arrive_one_by_one(new_page, serve_app, tmp_path) -> None:
    address = serve_app(ROOT / "app.py", environment={"LAB_DATA": "", "LAB_HOME": str(tmp_path)})
    page = new_page()
    page.goto(address)
    link = page.get_by_role("link", name="Can the labels be repaired?")
    link.wait_for(state="attached")
    link.click()
    page.get_by_text("Data and noise of your choice").click()
    for name, number in (("Rows (0: all)", "300"), ("Epochs of a training", "5"), ("Episodes", "3")):
        field = page.get_by_label(name, exact=True)
        field.fill(number)
        field.press("Enter")
        page.wait_for_timeout(500)
    page.get_by_text("Time, all").wait_for(timeout=30_000)
    page.get_by_role("button", name="Repair with 8 methods").click()
    page.get_by_role("button", name="Stop all").wait_for(timeout=30_000)
    page.get_by_role("button", name="Stop", exact=True).last.click()  # of GCE, which stands in line
    page.get_by_role("button", name="Repair with GCE").wait_for(timeout=120_000)
    page.get_by_text("Stopped: GCE").wait_for()
    page.get_by_role("button", name="Stop", exact=True).first.wait_for(state="detached", timeout=240_000)
    page.get_by_text("changed in episode 3").first.wait_for(timeout=20_000)
    assert (hook(page, "hook.method"), hook(page, "hook.episode")) == ("SelKNN", 4)  # Joint and PENCIL have four
    assert page.locator(".lab-repair").get_by_role("radio").count() == 7
    assert "Digits (300)" in page.locator(".lab-repair .what").inner_text()
