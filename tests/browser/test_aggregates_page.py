"""The page about softmax and neighbours in a real browser: samples and K follow the drag, and the numbers are Python's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from lab.analysis.chi_square import chi_square_distance
from lab.experiments.gallery import shipped
from lab.specs.presets import AGGREGATES

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(new_page, address: str) -> Callable[..., object]:
    def open_page(**look: object):
        """Comes to the page from the first one, as people do, and waits until it is drawn."""
        page = new_page(**look)
        page.goto(address)
        page.get_by_role("link", name="Softmax or neighbours?").click()
        page.locator(".lab-pairs[data-ready=true] .pair rect").first.wait_for(state="attached", timeout=60_000)
        page.wait_for_timeout(300)
        return page

    return open_page


def hook(page, expression: str, argument: object = None):
    """Evaluate `expression` with the component's test hook as `hook`."""
    root = page.locator(".lab-pairs")
    return root.evaluate(f"(root, argument) => {{ const hook = root.labHook; return {expression}; }}", argument)


def test_the_page_and_python_find_the_same_histograms_and_distances(opened) -> None:
    page, run = opened(), shipped(AGGREGATES.digest)
    arrays, rng = run.arrays, np.random.default_rng(5)
    for _ in range(20):
        i, k = int(rng.integers(300)), int(rng.integers(1, 301))
        for labels, y in (("given", arrays["y_given"]), ("clean", arrays["y_clean"])):
            said = hook(page, "hook.at(...argument)", [i, k, labels])
            shares = np.bincount(y[arrays["idx"][i, :k]], minlength=10) / k
            np.testing.assert_allclose(said["shares"], shares, atol=1e-12)
            softmax = arrays["shown_softmax"][i].astype(float)
            expected = chi_square_distance((softmax / softmax.sum())[None], shares[None])[0]
            assert said["half"] == pytest.approx(expected, abs=1e-6)


DRIVE = """async root => {
  const slider = root.querySelector('.sample');
  const [draws, start] = [root.labHook.draws, performance.now()];
  for (let i = 0; i < 100; i++) {
    slider.value = 2 * i;
    slider.dispatchEvent(new Event('input'));
    await new Promise(requestAnimationFrame);
  }
  return (root.labHook.draws - draws) / ((performance.now() - start) / 1000);
}"""


def test_a_drag_follows_sends_nothing_until_release_and_ends_in_the_address(opened, console_errors) -> None:
    """Prints draws a second; they are not asserted, because a busy machine would decide."""
    page = opened()
    root = page.locator(".lab-pairs")
    page.wait_for_timeout(2000)
    sent: list[object] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.webSocketFrameSent", lambda event: sent.append(event))
    draws = hook(page, "hook.draws")
    print(f"\n{root.evaluate(DRIVE):.0f} draws a second")
    assert hook(page, "hook.draws") >= draws + 50
    assert sent == []
    root.evaluate("root => root.querySelector('.sample').dispatchEvent(new Event('change'))")
    row = hook(page, "hook.row")
    page.wait_for_url(f"**row={row}*", timeout=30_000)
    page.reload()
    page.locator(".lab-pairs[data-ready=true] .pair rect").first.wait_for(state="attached", timeout=60_000)
    assert hook(page, "hook.row") == row
    console_errors[:] = [
        error for error in console_errors if "404" not in error
    ]  # Streamlit looks below the path first


def test_k_labels_order_and_the_next_samples_do_what_they_say(opened) -> None:
    page = opened()
    root = page.locator(".lab-pairs")
    first, k = hook(page, "hook.row"), hook(page, "hook.k")
    root.get_by_role("slider", name="Neighbours K").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert hook(page, "hook.k") == k + 1
    root.get_by_role("button", name="Preferred K").click()
    page.wait_for_timeout(300)
    assert hook(page, "hook.k") == k
    root.get_by_role("button", name="Before the noise").click()
    page.wait_for_timeout(300)
    arrays, sample = shipped(AGGREGATES.digest).arrays, hook(page, "hook.sample")
    near = arrays["idx"][sample, :k]
    shares = np.bincount(arrays["y_clean"][near], minlength=10) / k
    np.testing.assert_allclose(hook(page, "hook.values.shares"), shares, atol=1e-9)
    assert (arrays["y_clean"][near] != arrays["y_given"][near]).any()
    root.get_by_role("button", name="Look at row").first.click()
    page.wait_for_timeout(300)
    assert hook(page, "hook.row") != first
    root.get_by_label("Among").select_option("wrong")
    page.wait_for_timeout(300)
    assert 0 < hook(page, "hook.count") < 300
    assert "wrongly" in root.locator(".says").inner_text()
    assert root.locator(".near li").count() == min(12, hook(page, "hook.k"))


@pytest.mark.parametrize("look", [{"dark": False}, {"dark": True}], ids=["light", "dark"])
def test_no_serious_finding_of_axe(opened, look: dict[str, bool]) -> None:
    page = opened(**look)
    found = Axe().run(page, context=".stMain").response["violations"]
    serious = [
        (each["id"], [n["html"][:160] for n in each["nodes"]][:3])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert not serious
