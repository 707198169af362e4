"""What the server does once."""

from __future__ import annotations

import gc
import os
import socket
import stat
import sys
import threading
from contextlib import suppress

import streamlit as st
from streamlit import config
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.pages_manager import PagesManager

from lab.experiments import engine, uploads

SECONDS_A_TURN = 0.001
SECONDS_TO_DRAW = 2.0  # whoever asks for something earlier starts the worker by that


@st.cache_resource
def tune_server() -> bool:
    """What a class of 30 feels.

    Threads take turns after 1 ms instead of 5: an answer crosses from a script's thread to the server's several times.
    """
    uploads.sweep()  # of what an earlier server left
    config.set_option("server.maxUploadSize", uploads.limits().file_mb)
    hide_from_collector()
    sys.setswitchinterval(SECONDS_A_TURN)
    answer_at_once()
    send_all_that_was_drawn()
    return True


def answer_at_once() -> None:
    """Have every connection of this process, also those to come, send what it has without waiting for more.

    Streamlit's listening socket leaves TCP's waiting on (Nagle's algorithm): an answer of several small messages then
    stands still for 40 ms, until the browser confirms the first. What is accepted inherits this from what listens.
    """
    with suppress(OSError):  # no such folder outside Linux and macOS
        for number in map(int, os.listdir("/dev/fd")):
            with suppress(OSError):  # closed meanwhile
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    _send_at_once(number)


def _send_at_once(number: int) -> None:
    with socket.socket(fileno=os.dup(number)) as same:
        if same.family in (socket.AF_INET, socket.AF_INET6) and same.type == socket.SOCK_STREAM:
            same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def send_all_that_was_drawn() -> None:
    """Have a fragment's run throw nothing away that waits to be sent.

    Streamlit 1.67 throws away what the fragment drew before, which it is about to draw again. Where a figure's callback
    has another fragment drawn instead (`lab.ui.choices.renew`), what the page had just drawn would never arrive: the
    figure does not follow, or the browser finds no place for the other fragment and reports a "bad delta path".
    """
    ForwardMsgQueue.clear = _clear  # type: ignore[assignment, method-assign]


_clear_for_all = ForwardMsgQueue.clear


def _clear(
    queue: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
) -> None:
    if retain_lifecycle_msgs and fragment_ids_this_run is not None:
        queue._delta_index_map = {}  # else what comes now would take the place of what is older than this run
    else:
        _clear_for_all(queue, retain_lifecycle_msgs, fragment_ids_this_run)


@st.cache_resource
def start_worker() -> bool:
    """Bring up the worker, once the browser has had time to draw the first page: both need the same cores."""
    later = threading.Timer(SECONDS_TO_DRAW, _bring_up_worker)
    later.daemon = True
    later.start()
    return True


def hide_from_collector() -> None:
    """Take all there is out of the garbage collector's sight: what was imported stays, and a full look costs 60 ms."""
    gc.collect()
    gc.freeze()


def _bring_up_worker() -> None:
    engine.start()
    engine.load()
    hide_from_collector()


def enter_through_app() -> None:
    """Send a server's very first visitor, who came by a link to a page of pages/, round by app.py.

    Until app.py has called `st.navigation` once, Streamlit runs such a page by itself, without title and menu.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.html("<script>window.location.reload()</script>", unsafe_allow_javascript=True)
        st.stop()
