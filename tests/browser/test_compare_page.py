"""“kNN or kNet?” in a real browser: every k in the page, nothing on the wire while one drags, the same numbers everywhere."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.specs.presets import COMPARISON, TRAININGS
from tests.browser.dragging import drive, frames_of, input_to_paint, watch_drag

pytestmark = pytest.mark.browser

OF = {"mended": "mended", "broken": "broken", "bothRight": "both_right", "bothWrong": "both_wrong"}


@pytest.fixture
def opened(new_page, address: str) -> Callable[..., object]:
    """`opened(dark=...)` comes to the page by a link to the shipped training, and waits until the board is drawn."""

    def open_page(parameters: str = "", **look: object):
        page = new_page(**look)
        page.goto(address)
        page.get_by_role("link", name="kNN or kNet?").click()
        page.locator(".lab-compare[data-ready=true] polyline").first.wait_for()
        return page

    return open_page


def known() -> Run:
    run = shipped(COMPARISON.digest)
    assert run is not None
    return run


def hook(page, expression: str, argument: object = None):
    """Evaluate `expression` with the component's test hook as `hook`."""
    root = page.locator(".lab-compare")
    return root.evaluate(f"(root, argument) => {{ const hook = root.labHook; return {expression}; }}", argument)


def test_the_browser_and_python_say_the_same_for_every_k(opened) -> None:
    """Counts exactly; the votes of a row exactly; kNet, which runs in the browser, to the last digits of float32."""
    page, run = opened(), known()
    a, row = run.arrays, hook(page, "hook.row")
    ks = list(range(1, 102))
    for method in ("knn", "knet"):
        told = hook(page, "argument[1].map(k => hook.counts(argument[0], k))", [method, ks])
        for name, kind in OF.items():
            assert [one[name] for one in told] == run.metrics["changes"][method][kind]
    labels = a["y_given"][a["neighbours"][row].astype(int)]
    shares = [np.bincount(labels[:k], minlength=10) / k for k in ks]
    np.testing.assert_array_equal(hook(page, "argument.map(k => hook.shares(k))", ks), shares)
    start = a["knet_start"][row] + a["knet_kappa"][:, None] * a["knet_k"]
    logits = np.maximum(start, 0) @ a["knet_w"].T + a["knet_b"]
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(hook(page, "argument.map(k => hook.knet(k))", ks), probs, atol=2e-5)


def test_a_drag_moves_everything_and_sends_nothing_until_release(opened) -> None:
    """Prints draws a second and input to paint; they are not asserted, because a busy machine would decide."""
    page, run = opened(), known()
    root = page.locator(".lab-compare")
    page.wait_for_timeout(3000)  # until the worker's start is no longer told
    frames = frames_of(page)
    watch_drag(root)
    slider = root.get_by_role("slider")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y, left, wide = box["y"] + box["height"] / 2, box["x"] + 13, box["width"] - 26
    page.mouse.move(left + wide / 2, y)
    page.mouse.down()
    draws, start = hook(page, "hook.draws"), time.monotonic()
    for share in np.linspace(0.5, 0.06, 60):
        page.mouse.move(left + wide * share, y)
    seconds, draws = time.monotonic() - start, hook(page, "hook.draws") - draws
    during, k = len(frames), hook(page, "hook.k")
    assert k == 7
    accuracy, row = run.metrics["accuracy"], hook(page, "hook.row")
    shown = root.locator(".values td").all_inner_texts()[:3]
    assert shown == [f"{100 * value:.1f} %" for value in (accuracy["network"], accuracy["knn"][6], accuracy["knet"][6])]
    counts = [run.metrics["changes"][method][kind][6] for kind in OF.values() for method in ("knn", "knet")]
    assert [int(text) for text in root.locator(".changes tbody td").all_inner_texts()] == counts
    assert int(root.locator(".mended-count").inner_text()) == run.metrics["changes"]["knet"]["mended"][6]
    said = root.locator(".answers dd").all_inner_texts()
    classes, a = run.metrics["classes"], run.arrays
    assert [text.split()[0] for text in said] == [
        classes[label] for label in (a["y"][row], a["network"][row], a["knn"][row, 6], a["knet"][row, 6])
    ]
    assert root.locator(".cards li.votes").count() == 7
    page.mouse.up()
    page.wait_for_url(re.compile(r"k=7\b"))
    page.get_by_text("k = 7. Expected calibration error").first.wait_for()
    page.wait_for_timeout(600)
    after = frames[during:]
    painted = input_to_paint(root)
    rate = drive(root, [1 + 2 * abs(50 - i) for i in range(100)])
    print(
        f"\n{rate:.1f} draws/s at a new k per frame; mouse drag {draws} draws in {seconds:.1f} s, {painted}; "
        f"{during} websocket frames during the drag, {len(after)} frames with {sum(after)} bytes after release"
    )
    assert during == 0
    assert draws >= 25


def test_a_mended_row_is_shown_when_chosen_and_the_keyboard_moves_k(opened) -> None:
    page, run = opened(), known()
    root = page.locator(".lab-compare")
    button = root.locator(".mended button").nth(3)
    row = int(button.get_attribute("aria-label").split()[-1])
    button.click()
    page.wait_for_url(re.compile(rf"row={row}\b"))
    root.locator(f".own[aria-label^='test row {row},']").wait_for()
    assert "✗" in root.locator(".answers dd").nth(1).inner_text()
    assert "✓" in root.locator(".answers dd").nth(3).inner_text()
    assert run.arrays["network"][row] != run.arrays["y"][row] == run.arrays["knet"][row, 50]
    slider = root.get_by_role("slider")
    slider.focus()
    seen = []
    for key in ("ArrowRight", "PageDown", "Home", "End"):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
        seen.append(hook(page, "hook.k"))
    assert seen == [52, 42, 1, 101]
    page.wait_for_url(re.compile(r"k=101\b"))
    assert slider.get_attribute("aria-valuetext").startswith("k = 101: network 75.8 %, kNN ")


def test_a_link_opens_the_run_the_k_and_the_row(new_page, console_errors, address: str) -> None:
    page = new_page()
    page.goto(f"{address}/compare?run={TRAININGS[0].digest}&k=11&row=77")
    page.locator(".lab-compare[data-ready=true]").wait_for()
    assert (hook(page, "hook.k"), hook(page, "hook.row")) == (11, 77)
    console_errors[:] = [
        error for error in console_errors if "404" not in error
    ]  # Streamlit looks below the path first


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(opened, dark: bool) -> None:
    page = opened(dark=dark)
    assert page.locator(".lab-compare").get_attribute("data-dark") == str(dark).lower()
    page.wait_for_timeout(1500)
    found = Axe().run(page, context="[data-testid=stMain]").response["violations"]
    serious = [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []
    main = page.get_by_test_id("stMain")
    for width in (800, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(400)
        assert main.evaluate("m => m.scrollWidth <= m.clientWidth + 1"), width
