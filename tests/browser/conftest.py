"""A real Chromium and real servers. Without Chromium these tests are skipped, but never in CI."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """A browser process for the whole session."""
    if not CHROMIUM.exists():
        message = f"no Chromium at {CHROMIUM}: install the package `chromium` to run the browser tests"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve_app() -> Iterator[Callable[..., str]]:
    """`serve_app(path, *args)` starts `streamlit run path -- args` on a free port and returns its address, once healthy."""
    servers: list[subprocess.Popen[bytes]] = []

    def serve(path: Path, *args: str, environment: dict[str, str] | None = None) -> str:
        address = f"http://127.0.0.1:{(port := free_port())}"
        options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(path), *options, "--", *args],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        servers.append(server)
        wait_until_healthy(address, server)
        return address

    yield serve
    for server in servers:
        server.terminate()
    for server in servers:
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture(scope="session")
def address(serve_app: Callable[..., str]) -> str:
    """One server with its worker for all tests that leave it as they found it: no trainings, no data folder."""
    return serve_app(ROOT / "app.py", environment={"LAB_DATA": ""})


@pytest.fixture(scope="session")
def warm_context(chromium) -> Iterator:
    """One browser context for all pages, so that Streamlit's own scripts are fetched and compiled once."""
    context = chromium.new_context()
    yield context
    context.close()


@pytest.fixture
def console_errors() -> list[str]:
    """What the pages of this test complained about; `new_page` fails the test if anything is left in it."""
    return []


@pytest.fixture
def new_page(warm_context, console_errors: list[str]) -> Iterator[Callable[..., object]]:
    """`new_page(width=..., height=..., dark=...)` opens a page whose errors are collected in `console_errors`."""
    pages = []

    def open_page(width: int = 1280, height: int = 1100, dark: bool = False):
        page = warm_context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        page.on("console", lambda message: console_errors.append(message.text) if message.type == "error" else None)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not console_errors, f"the page reported {console_errors}"


@pytest.fixture
def page(new_page):
    """A page of 1280 x 1100 in the light theme."""
    return new_page()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(address: str, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the server at {address} ended with code {server.returncode}"
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise TimeoutError(f"{address} must be healthy within {seconds} s")
