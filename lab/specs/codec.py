"""Frozen dataclasses to JSON and back; the hash of the JSON is the identity of what was asked for.

JSON is the only form in which a request travels in an address bar, a file or a history. Nothing in it is executed:
a dataclass is named by its `kind`, which must be registered, and every value passes the class's own checks.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from lab.core.checks import require

_KINDS: dict[str, type] = {}


def register(*classes: type) -> None:
    """Make frozen dataclasses known by their class name."""
    for cls in classes:
        _KINDS[cls.__name__] = cls


def to_plain(value: Any) -> Any:
    """Dataclasses become {"kind": class name, **fields}, tuples become lists; the rest must be JSON already."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
        return {"kind": type(value).__name__, **fields}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    return value


def from_plain(value: Any) -> Any:
    """The reverse of `to_plain`; fields left out take their defaults.

    Raises: ValueError naming an unknown kind or field; whatever the class's own checks raise.
    """
    if isinstance(value, list):
        return tuple(from_plain(item) for item in value)
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    require(kind in _KINDS, "kind", "one of " + ", ".join(sorted(_KINDS)), kind)
    cls = _KINDS[str(kind)]
    known = {f.name for f in dataclasses.fields(cls) if f.init}
    given = {name: from_plain(item) for name, item in value.items() if name != "kind"}
    unknown = sorted(set(given) - known)
    require(not unknown, f"fields of {kind}", "among " + ", ".join(sorted(known)), ", ".join(unknown))
    try:
        return cls(**given)
    except TypeError as error:
        raise ValueError(f"{kind} must be given values of its fields' types, got {given!r}") from error


def flatten(plain: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values of what `to_plain` gave, a list as its JSON: a row of a table."""
    if isinstance(plain, dict):
        for key, item in plain.items():
            yield from flatten(item, f"{name}.{key}" if name else key)
    else:
        yield name, json.dumps(plain) if isinstance(plain, list) else plain


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Canonical JSON: sorted keys, no white space unless `indent` asks for it, no NaN."""
    separators = (",", ":") if indent is None else None
    return json.dumps(to_plain(value), sort_keys=True, separators=separators, indent=indent, allow_nan=False)


def from_json(text: str) -> Any:
    """The reverse of `to_json`. Raises: ValueError if the text is not JSON of a known kind."""
    try:
        plain = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"text must be JSON, got {text[:60]!r}") from error
    return from_plain(plain)


def digest(value: Any) -> str:
    """The first 12 hex digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(to_json(value).encode()).hexdigest()[:12]


class Asked:
    """Something that can be asked for: a frozen dataclass whose digest is its identity."""

    __slots__ = ()

    @property
    def lane(self) -> str:
        """The line it waits in: "quick" for what answers in seconds, unless it says else; see `lab.experiments.engine`."""
        return "quick"

    @property
    def digest(self) -> str:
        """12 hex digits; the same request has the same digest on every machine."""
        return digest(self)
