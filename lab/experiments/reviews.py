"""Decisions about labels, in the server and outside any session: a refresh and a second tab find them by a token.

A desk is what one token opens; it holds one review for each labelled data set that was looked at with it, so that
another label column, and back again, loses nothing. Of the data there are row numbers and class names in here, no more;
and digests of the questions that were asked about them.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lab.core.checks import check_choice, require

KINDS = ("keep", "relabel", "drop", "unsure")
WORDS = {"keep": "kept", "relabel": "relabelled", "drop": "dropped", "unsure": "unsure"}
MOST_DESKS, MOST_REVIEWS = 256, 8  # in the server; on one desk
MOST_STEPS, MOST_ROWS = 2000, 2_000_000  # that can be undone, and the rows in them
MOST_ENTRIES, MOST_CLIENTS = 5000, 64
SECONDS_KEPT = 30 * 60  # after a desk was last looked at
NAMED = 12  # rows named in an entry of the log


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of one label. label: the new one, of "relabel" alone."""

    kind: str
    label: str | None = None

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        wanted = "a class name" if self.kind == "relabel" else "None"
        require((self.label is not None) == (self.kind == "relabel"), "label", wanted, self.label)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log. at: seconds since 1970. what, rows: in words. n: how many rows changed."""

    at: float
    what: str
    how: str
    n: int
    rows: str


Changes = Mapping[int, Decision | None]
"""File row -> its decision; None: it has none."""


class Review:
    """The decisions about one labelled data set. Every method may be called from any thread.

    Attributes:
        revision: rises with every change of the decisions.
        answered: of each kind of question about the labels, the digest of the one that was answered last.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.answered: dict[type, str] = {}
        self._lock = threading.RLock()
        self._decisions: dict[int, Decision] = {}
        self._done: deque[tuple[str, dict[int, Decision | None], dict[int, Decision | None]]] = deque(maxlen=MOST_STEPS)
        self._undone: list[tuple[str, dict[int, Decision | None], dict[int, Decision | None]]] = []
        self._log: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._heard: OrderedDict[str, int] = OrderedDict()

    @property
    def decisions(self) -> dict[int, Decision]:
        """Of every row that has one, ascending; a copy."""
        with self._lock:
            return dict(sorted(self._decisions.items()))

    @property
    def log(self) -> list[Entry]:
        """What was done, undone and done again, in order."""
        with self._lock:
            return list(self._log)

    @property
    def undoable(self) -> int:
        """How many steps can be undone."""
        return len(self._done)

    @property
    def redoable(self) -> int:
        """How many steps can be done again."""
        return len(self._undone)

    def counts(self) -> dict[str, int]:
        """How many rows have each kind of decision."""
        with self._lock:
            found = dict.fromkeys(KINDS, 0)
            for decision in self._decisions.values():
                found[decision.kind] += 1
            return found

    def decide(self, changes: Changes, *, how: str = "click") -> int:
        """Decide about rows in one step; what is decided so already stays. Returns how many changed."""
        with self._lock:
            news = {row: new for row, new in changes.items() if self._decisions.get(row) != new}
            if news:
                before = {row: self._decisions.get(row) for row in news}
                self._done.append((how, before, news))
                self._undone.clear()
                while len(self._done) > 1 and sum(len(step[2]) for step in self._done) > MOST_ROWS:
                    self._done.popleft()
                self._put(news)
                self._note(_words(news), how, news)
            return len(news)

    def undo(self) -> None:
        """Take the last step back, if there is one."""
        with self._lock:
            if self._done:
                self._undone.append(step := self._done.pop())
                self._put(step[1])
                self._note("undone: " + _words(step[2]), step[0], step[2])

    def redo(self) -> None:
        """Do the step that was undone last again, if there is one."""
        with self._lock:
            if self._undone:
                self._done.append(step := self._undone.pop())
                self._put(step[2])
                self._note("done again: " + _words(step[2]), step[0], step[2])

    def hear(self, client: str, asked: Sequence[tuple[int, Any]]) -> list[Any]:
        """What of a browser's numbered messages is new: each is heard once, however often it is sent.

        Args:
            client: which browser tab; its numbers only rise.
        """
        with self._lock:
            last = self._heard.pop(client, 0)
            fresh = sorted(((number, body) for number, body in asked if number > last), key=lambda one: one[0])
            self._heard[client] = fresh[-1][0] if fresh else last
            while len(self._heard) > MOST_CLIENTS:
                self._heard.popitem(last=False)
            return [body for _, body in fresh]

    def heard(self, client: str) -> int:
        """The number of the last message of a tab that was heard."""
        with self._lock:
            return self._heard.get(client, 0)

    def _put(self, changes: Changes) -> None:
        for row, decision in changes.items():
            if decision is None:
                self._decisions.pop(row, None)
            else:
                self._decisions[row] = decision
        self.revision += 1

    def _note(self, what: str, how: str, rows: Iterable[int]) -> None:
        named = sorted(rows)
        more = f" and {len(named) - NAMED:,} more" if len(named) > NAMED else ""
        self._log.append(Entry(time.time(), what, how, len(named), ", ".join(map(str, named[:NAMED])) + more))


def _words(changes: Changes) -> str:
    """A step in words: "relabel as cat"; of several kinds, each with its count."""
    found: dict[str, int] = {}
    for decision in changes.values():
        name: str = "take back" if decision is None else decision.kind
        if decision is not None and decision.label is not None:
            name = f"relabel as {decision.label}"
        found[name] = found.get(name, 0) + 1
    if len(found) == 1:
        return next(iter(found))
    told = ", ".join(f"{name} ({n:,})" for name, n in islice(found.items(), 4))
    return told + (", …" if len(found) > 4 else "")


class Desks:
    """Every token's reviews. The least recently used go when there are too many, and all that nobody looks at."""

    def __init__(self, *, most: int = MOST_DESKS, seconds: float = SECONDS_KEPT) -> None:
        self._most, self._seconds = most, seconds
        self._lock = threading.Lock()
        self._desks: OrderedDict[str, tuple[float, OrderedDict[tuple[str, str], Review]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._desks)

    def open(self, token: str | None, digest: str, label: str) -> tuple[str, Review]:
        """The review of the labels in one column (or array) of an upload, and the token that finds it again.

        Args:
            token: from the address, or None; an unknown one is not adopted, so that nobody chooses a token.
            digest: of the upload's bytes.
        """
        with self._lock:
            now = time.monotonic()
            for old in [t for t, (seen, _) in self._desks.items() if now - seen > self._seconds]:
                del self._desks[old]
            if token is None or token not in self._desks:
                token = secrets.token_urlsafe(12)
            reviews = self._desks.pop(token, (now, OrderedDict()))[1]
            review = reviews.pop((digest, label), None) or Review()
            reviews[digest, label] = review
            while len(reviews) > MOST_REVIEWS:
                reviews.popitem(last=False)
            self._desks[token] = now, reviews
            while len(self._desks) > self._most:
                self._desks.popitem(last=False)
            return token, review

    def forget(self, digest: str) -> None:
        """Drop everything that was decided about an upload."""
        with self._lock:
            for token, (_, reviews) in list(self._desks.items()):
                for key in [key for key in reviews if key[0] == digest]:
                    del reviews[key]
                if not reviews:
                    del self._desks[token]


_desks = Desks()
open_review = _desks.open
forget = _desks.forget
