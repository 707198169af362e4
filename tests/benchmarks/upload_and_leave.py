"""200 people upload a file, look at it and leave: how far does the server's memory grow?

    uv run python tests/benchmarks/upload_and_leave.py --sessions 200

Speaks Streamlit's websocket protocol, and its address for files, so that no browser is in the way. Every session brings
a file of its own, waits for the suspect labels, and closes. A first round warms up what every server holds anyway (pages,
pandas, the caches up to their bounds). The bar: at most 10 % more resident memory after the second round than after it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
import urllib.request
import uuid
from typing import Any

import numpy as np
import psutil
from class_of_30 import User
from server import server, wait_until_healthy
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect

BAR = 0.10
XSRF = "_streamlit_xsrf"
UPLOADER = "CSV, TSV, Parquet, Excel, NPZ, or a ZIP of pictures"
SECTION = "Which labels are wrong"
MOST_POLLS = 600


def table(seed: int, n: int, d: int) -> bytes:
    """A table that nobody else has."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, n)
    x = rng.normal(size=(n, d)) + 3 * np.eye(4, d)[y]
    head = ",".join([*(f"c{i}" for i in range(d)), "label"])
    lines = (",".join([*(f"{v:.5f}" for v in row), f"class {label}"]) for row, label in zip(x, y, strict=True))
    return "\n".join([head, *lines, ""]).encode()


def resident() -> float:
    """Megabytes of the server, which is this process's only child; the workers are its own."""
    (child,) = psutil.Process().children()
    return child.memory_info().rss / 2**20


class Uploader(User):
    """A browser tab that also uploads."""

    session = ""
    urls: Any = None

    def receive(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session = message.new_session.initialize.session_id
        elif kind == "file_urls_response":
            self.urls = message.file_urls_response
        super().receive(message)

    async def file_urls(self, name: str) -> Any:
        """Where the server takes a file."""
        message = BackMsg()
        request = message.file_urls_request
        request.request_id, request.session_id = uuid.uuid4().hex, self.session
        request.file_names.append(name)
        self.urls = None
        await self.socket.send(message.SerializeToString())
        while self.urls is None:
            self.receive(ForwardMsg.FromString(await asyncio.wait_for(self.socket.recv(decode=False), 60)))
        return self.urls.file_urls[0]


def xsrf_token(address: str) -> str:
    """What the server wants to hear again, in a cookie and in a header."""
    with urllib.request.urlopen(f"http://{address}/_stcore/health", timeout=60) as answer:
        cookie = answer.headers.get("Set-Cookie") or ""
    return cookie.partition(f"{XSRF}=")[2].partition(";")[0]


async def visit(address: str, data: bytes) -> bool:
    """One session; whether it came to the suspect labels."""
    async with connect(
        f"ws://{address}/_stcore/stream", subprotocols=["streamlit"], max_size=None, open_timeout=60
    ) as socket:
        user = Uploader(socket)
        await user.run(page="yours")
        if UPLOADER not in user.elements:  # a server's very first visitor is sent round by app.py
            await user.run()
        widget, fragment = user.elements[UPLOADER]
        user.widgets[widget] = await upload(address, user, widget, data)
        await user.run(fragment)
        await settle(user)
        user.widgets.pop(widget, None)
        user.query = "&".join([user.query, "section=" + SECTION.replace(" ", "+")])
        await user.run()
        await settle(user)
        return "lab_review" in user.elements and not user.errors


async def settle(user: User) -> None:
    """Follow the page's own clock until the worker has answered."""
    for _ in range(MOST_POLLS):
        if not user.polls:
            return
        fragment, interval = user.polls[-1]
        await asyncio.sleep(interval)
        await user.run(fragment, auto=True)


async def upload(address: str, user: Uploader, widget: str, data: bytes) -> WidgetState:
    """Send the bytes as the browser does, and say what was sent."""
    urls = await user.file_urls("leaves.csv")
    boundary, token = uuid.uuid4().hex, xsrf_token(address)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="leaves.csv"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    kind |= {"X-Xsrftoken": token, "Cookie": f"{XSRF}={token}"}
    request = urllib.request.Request(f"http://{address}{urls.upload_url}", body, kind, method="PUT")
    await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=60).close())
    state = WidgetState(id=widget)
    info = UploadedFileInfo(file_id=urls.file_id, name="leaves.csv", size=len(data), file_urls=urls)
    state.file_uploader_state_value.uploaded_file_info.append(info)
    return state


async def round_of(address: str, seeds: range, n: int, d: int) -> int:
    """Sessions one after another; how many came to the end."""
    done = 0
    for seed in seeds:
        done += await visit(address, table(seed, n, d))
    return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--warm", type=int, default=70, help="sessions before the first measurement")
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--columns", type=int, default=8)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home, server(home) as address:
        wait_until_healthy(address)
        start = time.monotonic()
        asyncio.run(round_of(address, range(options.warm), options.rows, options.columns))
        before = resident()
        seeds = range(options.warm, options.warm + options.sessions)
        done = asyncio.run(round_of(address, seeds, options.rows, options.columns))
        after, seconds = resident(), time.monotonic() - start
    growth = after / before - 1
    print(
        f"{done} of {options.sessions} sessions uploaded {options.rows} x {options.columns} and left; server "
        f"{before:.0f} MB after {options.warm} sessions, {after:.0f} MB at the end: {100 * growth:+.1f} %; "
        f"{seconds:.0f} s; load before {load:.1f}"
    )
    print(f"bar {100 * BAR:.0f} %: {'reached' if growth <= BAR else 'missed'}")
    return int(done < options.sessions)


if __name__ == "__main__":
    sys.exit(main())
