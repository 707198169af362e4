"""What the server does once: answers wait for nobody's word on their first part and lose none, collections are short."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Iterator

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from lab.ui import boot
from lab.ui.boot import answer_at_once, send_all_that_was_drawn


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


@pytest.fixture
def waiting(monkeypatch) -> ForwardMsgQueue:
    """What waits for the browser after a run of the whole page, which drew "old" in the fragment "figure"."""
    monkeypatch.setattr(ForwardMsgQueue, "clear", ForwardMsgQueue.clear)  # as before, after the test
    send_all_that_was_drawn()
    queue = ForwardMsgQueue()
    queue.enqueue(drawn("old"))
    return queue


def drawn(text: str) -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, 1]
    message.delta.fragment_id = "figure"
    message.delta.new_element.text.body = text
    return message


def sent(queue: ForwardMsgQueue) -> list[str]:
    return [message.delta.new_element.text.body for message in queue.flush()]


def test_what_the_page_drew_is_sent_before_what_a_fragment_draws_next(waiting) -> None:
    waiting.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["figure"])
    waiting.enqueue(drawn("new"))
    assert sent(waiting) == ["old", "new"]


@pytest.mark.parametrize("lifecycle", [False, True])
def test_what_the_page_drew_is_not_sent_when_the_page_is_drawn_again(waiting, lifecycle) -> None:
    waiting.clear(retain_lifecycle_msgs=lifecycle)
    waiting.enqueue(drawn("new"))
    assert sent(waiting) == ["new"]
