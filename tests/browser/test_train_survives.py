"""What a training survives: the server killed in the middle of it, and a disk that is full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab.experiments.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PATIENCE = 120_000  # ms
QUERY = "epochs=400&s_init=5"


def kill_server(address: str) -> None:
    """SIGKILL to the server's process, the child of this one that listens there; returns once it is gone."""
    port = int(address.rsplit(":", 1)[1])
    server = next(
        child
        for child in psutil.Process().children()
        if any(found.laddr.port == port for found in child.net_connections("tcp") if found.status == "LISTEN")
    )
    server.send_signal(signal.SIGKILL)
    server.wait()


def train(page, address: str) -> str:
    """Start a training and wait for its first epochs; its digest."""
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/train?{QUERY}")
    page.locator("canvas").first.wait_for()
    page.locator(".st-key-train button").click()
    page.wait_for_function("() => new URLSearchParams(location.search).has('runs')")
    page.get_by_test_id("stProgress").filter(has_text="epoch").wait_for()
    page.wait_for_function(
        "() => /after epoch/.test(document.querySelector(\"[aria-label*='by epoch']\")?.ariaLabel ?? '')"
    )
    return page.evaluate("() => new URLSearchParams(location.search).get('runs')").split(",")[-1]


def forgive(page, console_errors: list[str]) -> None:
    """What a browser says of a server that is gone, and of Streamlit's own addresses."""
    page.goto("about:blank")
    page.wait_for_timeout(500)
    console_errors[:] = []


def test_a_killed_server_leaves_an_interrupted_training_that_resumes(
    new_page, serve_app, tmp_path, console_errors, monkeypatch
) -> None:
    home = {"LAB_HOME": str(tmp_path)}
    address = serve_app(ROOT / "app.py", environment=home)
    page = new_page()
    digest = train(page, address)
    kill_server(address)
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    before = Store().record(digest)
    print(f"\nkilled after {len(before.points)} of 400 epochs; the record says: {before.status}")
    assert before.status == "interrupted"
    assert before.points
    again = serve_app(ROOT / "app.py", environment=home)
    page.goto(f"{again}/train?{QUERY}&runs={digest}")
    page.get_by_text("The server or its worker ended after").wait_for()
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("Finished", exact=True).first.wait_for()
    after = Store().record(digest)
    assert after.status == "done"
    assert [point["epoch"] for point in after.points] == list(range(1, 401))
    assert after.points[: len(before.points)] == before.points
    forgive(page, console_errors)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 24 MB."""
    home = tmp_path / "home"
    home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "lab", str(home)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    yield home
    subprocess.run(["umount", "-l", str(home)], check=True)


def test_on_a_full_disk_the_page_says_so_the_training_ends_well_and_room_heals_it(
    new_page, serve_app, small_disk, console_errors, monkeypatch
) -> None:
    address = serve_app(ROOT / "app.py", environment={"LAB_HOME": str(small_disk), "LAB_MLFLOW": "off"})
    page = new_page()
    digest = train(page, address)
    filler = small_disk / "filler"
    subprocess.run(
        [sys.executable, "-c", f"open({str(filler)!r}, 'wb').write(bytes(10**8))"], stderr=subprocess.DEVNULL
    )
    assert os.statvfs(small_disk).f_bavail == 0
    page.get_by_text("The disk is full").first.wait_for()
    print("\nthe page says:", page.get_by_text("The disk is full").first.inner_text())
    page.get_by_text("Finished", exact=True).first.wait_for()
    filler.unlink()
    monkeypatch.setenv("LAB_HOME", str(small_disk))
    history = Store()
    for _ in range(60):
        if history.record(digest).status == "done":
            break
        page.wait_for_timeout(500)
    record = history.record(digest)
    assert record.status == "done"
    assert [point["epoch"] for point in record.points] == list(range(1, 401))
    assert history.load(digest) is not None
    forgive(page, console_errors)
