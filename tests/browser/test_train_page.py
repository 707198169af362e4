"""The page "Train" in a real browser: live curves, refresh, a second browser, stop, and silence afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
WATCH_THE_CHART = """() => {
  window.removed = 0;
  new MutationObserver(records => records.forEach(record => record.removedNodes.forEach(node => {
    if (node.querySelector && (node.matches('canvas') || node.querySelector('canvas'))) window.removed += 1;
  }))).observe(document.querySelector('[data-testid=stEChartsChart], [data-testid=stEchartsChart]') ?.parentElement
      ?? document.body, {childList: true, subtree: true});
}"""
RUNNING = "stProgress"


@pytest.fixture(scope="module")
def address(serve_app: Callable[..., str], tmp_path_factory) -> str:
    home = str(tmp_path_factory.mktemp("lab-home"))
    return serve_app(ROOT / "app.py", environment={"LAB_DATA": "", "LAB_HOME": home})


def settle(page, address: str, query: str, console_errors: list[str]) -> None:
    """Open the page with these settings. Streamlit looks for its own addresses below the page's first: 404s of its own."""
    page.goto(f"{address}/train?{query}")
    page.locator(".st-key-train button").wait_for()
    page.locator("canvas").first.wait_for()
    console_errors[:] = [error for error in console_errors if "404" not in error]


def start(page) -> str:
    """Press Train; the digest of what was started."""
    page.locator(".st-key-train button").click()
    page.wait_for_function("() => new URLSearchParams(location.search).has('runs')")
    return page.evaluate("() => new URLSearchParams(location.search).get('runs')").split(",")[-1]


def wait_to_see(page, test_id: str, words: str) -> None:
    """Until the words are drawn. Asked in every frame: a locator asks every half a second."""
    script = (
        "([id, words]) => [...document.querySelectorAll(`[data-testid=${id}]`)].some(n => n.innerText.includes(words))"
    )
    page.wait_for_function(script, arg=[test_id, words], timeout=60_000)


def wait_until_whole(page) -> None:
    """The controls and the chart come after the progress."""
    page.get_by_role("button", name="As code").wait_for()
    page.locator("canvas").first.wait_for()


def points_told(page) -> int:
    """Epochs that the chart tells in its description."""
    text = page.locator("[aria-label*='by epoch']").first.get_attribute("aria-label") or ""
    return int(text.split("after epoch ")[1].split(",")[0].split(";")[0].rstrip(".")) if "after epoch" in text else 0


def test_a_live_training_survives_a_refresh_is_seen_elsewhere_and_stops(new_page, address, console_errors) -> None:
    page = new_page()
    settle(page, address, "epochs=2000&s_init=1", console_errors)
    digest = start(page)
    page.get_by_test_id(RUNNING).filter(has_text="epoch").wait_for(timeout=90_000)
    page.wait_for_function(
        "() => /after epoch/.test(document.querySelector(\"[aria-label*='by epoch']\")?.ariaLabel ?? '')"
    )

    page.evaluate(WATCH_THE_CHART)
    before = points_told(page)
    page.wait_for_timeout(3000)
    after = points_told(page)
    removed = page.evaluate("window.removed")
    print(f"\nlive curve: {after - before} epochs in 3 s, {removed} chart nodes removed")
    assert after > before
    assert removed == 0

    began = time.perf_counter()
    page.reload(wait_until="commit")
    wait_to_see(page, RUNNING, "epoch")
    refreshed = time.perf_counter() - began
    wait_until_whole(page)
    other = new_page()
    began = time.perf_counter()
    other.goto(page.url, wait_until="commit")
    wait_to_see(other, RUNNING, "epoch")
    print(f"same job after a refresh in {refreshed:.1f} s, in a second browser in {time.perf_counter() - began:.1f} s")
    assert digest in other.url

    wait_until_whole(other)
    began = time.perf_counter()
    other.get_by_role("button", name="Stop").click()
    wait_to_see(other, "stAlert", "Stopped after")
    print(f"stopped after {time.perf_counter() - began:.2f} s")
    page.get_by_text("Stopped after").first.wait_for(timeout=30_000)
    page.get_by_role("button", name="Resume").wait_for()
    console_errors[:] = [error for error in console_errors if "404" not in error]


def test_after_the_end_nothing_is_on_the_wire(new_page, address, console_errors) -> None:
    page = new_page()
    settle(page, address, "epochs=5&s_init=2", console_errors)
    start(page)
    page.get_by_text("last ").filter(has_text="epoch 5").first.wait_for(timeout=90_000)
    page.wait_for_timeout(1500)
    frames: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.webSocketFrameReceived", lambda event: frames.append(1))
    session.on("Network.webSocketFrameSent", lambda event: frames.append(1))
    page.wait_for_timeout(3000)
    assert not frames
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("heading", name="Runs").wait_for()
    page.get_by_test_id("stDataFrame").wait_for()


def test_controls_go_into_the_address_and_come_back_in_another_browser(new_page, address, console_errors) -> None:
    page = new_page()
    settle(page, address, "", console_errors)
    page.get_by_text("Record and seeds").click()
    wanted = {
        "epochs": "900",  # it is stopped at the end, and must not be done by then
        "batch": "64",
        "lr": "0.0300",
        "wd": "0.0010",
        "mixup": "1.50",
        "s_init": "3",
        "s_batch": "9",
    }
    for key, value in wanted.items():
        field = page.locator(f".st-key-{key} input")
        field.fill(value)
        field.press("Enter")
    page.locator(".st-key-samples label").click()
    page.wait_for_function("() => /samples=false/.test(location.search) && /s_batch=9/.test(location.search)")
    page.wait_for_timeout(1000)
    other = new_page()
    settle(other, address, page.url.split("?")[1], console_errors)
    other.get_by_text("Record and seeds").click()
    for key, value in wanted.items():
        assert float(other.locator(f".st-key-{key} input").input_value()) == float(value), key
    assert not other.locator(".st-key-samples input").is_checked()
    assert start(page) == start(other)
    page.get_by_role("button", name="Stop").click()
    console_errors[:] = [error for error in console_errors if "404" not in error]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("place", ["train", "runs"])
def test_axe_finds_nothing_serious(new_page, address, console_errors, dark: bool, place: str) -> None:
    page = new_page(dark=dark)
    page.goto(f"{address}/{place}")
    page.get_by_role("heading", level=1).wait_for()
    page.locator("canvas").or_(page.get_by_test_id("stAlert")).first.wait_for()
    page.wait_for_timeout(500)
    console_errors[:] = [error for error in console_errors if "404" not in error]
    found = [
        (violation["id"], violation["nodes"][0]["html"][:200])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert not found


def test_nothing_is_wider_than_a_telephone(new_page, address, console_errors) -> None:
    page = new_page(width=400, height=900)
    page.goto(f"{address}/train")
    page.locator("canvas").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    console_errors[:] = [error for error in console_errors if "404" not in error]
