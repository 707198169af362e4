"""From `streamlit run` to a drawn toy page in a real browser; the bar is 5 s on two quiet cores.

    uv run python tests/benchmarks/cold_start.py --runs 3

The browser is already open, as it is at somebody who starts the lab; its cache is empty.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

from playwright.sync_api import sync_playwright
from server import server, wait_until_healthy

BAR = 5.0
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    totals = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for _ in range(parser.parse_args().runs):
            load, page = os.getloadavg()[0], browser.new_context().new_page()
            start = time.perf_counter()
            with server() as address:
                wait_until_healthy(address)
                healthy = time.perf_counter() - start
                page.goto(f"http://{address}")
                page.locator(".lab-boundaries[data-ready=true]").wait_for(timeout=120_000)
                totals.append(time.perf_counter() - start)
            page.context.close()
            print(f"server up after {healthy:.2f} s, toy drawn after {totals[-1]:.2f} s; load before {load:.1f}")
        browser.close()
    median = statistics.median(totals)
    print(f"median {median:.2f} s; bar {BAR:g} s: {'reached' if median <= BAR else 'missed'}")


if __name__ == "__main__":
    main()
