"""What the server does once: answers do not wait for the browser's word on their first part, collections are short."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Iterator

import pytest

from lab.ui import boot
from lab.ui.boot import answer_at_once


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """As Streamlit makes it, so that asyncio does not turn the waiting off by itself."""
    with socket.socket(socket.AF_INET) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def sends_at_once(connection: socket.socket) -> bool:
    return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def test_connections_from_before_and_after_send_at_once(listening) -> None:
    with socket.create_connection(listening.getsockname()), listening.accept()[0] as first:
        assert not sends_at_once(first)
        answer_at_once()
        assert sends_at_once(first)
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as second:
            assert sends_at_once(second)


def test_other_files_and_sockets_are_left_alone_and_none_stays_open(tmp_path) -> None:
    one, two = socket.socketpair()
    with one, two, open(tmp_path / "a", "wb") as file, socket.socket(type=socket.SOCK_DGRAM):
        before = sorted(os.listdir("/dev/fd"))
        answer_at_once()
        assert sorted(os.listdir("/dev/fd")) == before
        one.sendall(b"still open")
        assert two.recv(16) == b"still open"
        file.write(b"still open")


def test_what_talks_to_the_workers_is_loaded_first_and_then_out_of_the_collectors_sight(monkeypatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("lab.ui.boot.engine.start", lambda: told.append("start"))
    monkeypatch.setattr("lab.ui.boot.engine.load", lambda: told.append(f"load, {gc.get_freeze_count()} hidden"))
    gc.unfreeze()
    try:
        boot._bring_up_worker()
        assert told == ["start", "load, 0 hidden"]
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 1000
    finally:
        gc.unfreeze()
