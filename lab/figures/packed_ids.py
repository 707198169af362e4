"""Ids of a selection in few bytes, and as text: what the big scatter component reports.

The same rule in the browser: assets/scatter/ids.js.
"""

from __future__ import annotations

import base64

import numpy as np
from jaxtyping import Int, Integer
from numpy import ndarray

from lab.core.checks import require


def pack_ids(ids: Integer[ndarray, " m"]) -> bytes:
    """Ascending, different ids as bytes: how many are left out, how many follow each other, and so on in turn.

    Each count takes 7 bits a byte, lowest first, the eighth saying that there is more: a selection of neighbours in
    number costs next to nothing, any other 3 bytes an id (4 characters of text) where fewer than 16,384 lie between.
    """
    if not len(ids):
        return b""
    ids = np.asarray(ids, dtype=np.int64)
    first = np.flatnonzero(np.diff(ids, prepend=-2) > 1)
    last = np.append(first[1:], len(ids)) - 1
    starts, ends = ids[first], ids[last] + 1
    counts = np.stack([starts - np.append(0, ends[:-1]), ends - starts], axis=1).ravel()
    sevens = counts[:, None] >> (7 * np.arange(5)) & 127
    more = counts[:, None] >> (7 * np.arange(1, 6)) > 0
    kept = np.concatenate([np.ones((len(counts), 1), dtype=bool), more[:, :-1]], axis=1)
    return (sevens | (more << 7))[kept].astype(np.uint8).tobytes()


def unpack_ids(packed: bytes, total: int) -> Int[ndarray, " m"]:
    """What `pack_ids` was given.

    Raises: ValueError if `packed` is not that, or names an id of `total` or more.
    """
    raw = np.frombuffer(packed, np.uint8)
    ends = np.flatnonzero(raw < 128)
    starts = np.append(0, ends[:-1] + 1)
    whole = len(ends) % 2 == 0 and (len(raw) == 0 or (len(ends) > 0 and ends[-1] == len(raw) - 1))
    require(whole and bool((ends - starts < 5).all()), "packed ids", "pairs of whole counts", packed[:16])
    if not len(raw):
        return np.empty(0, dtype=np.int64)
    place = np.arange(len(raw)) - np.repeat(starts, ends - starts + 1)
    gaps, runs = np.add.reduceat((raw & 127).astype(np.int64) << (7 * place), starts).reshape(-1, 2).T
    reach = int(gaps.sum() + runs.sum())
    require(reach <= total, "packed ids", f"below {total}", reach - 1)
    return np.arange(runs.sum()) + np.repeat(gaps.cumsum(), runs)


def ids_from_text(text: str, total: int) -> Int[ndarray, " m"]:
    """The ids in a selection's text, which is base64 of `pack_ids`; errors as in `unpack_ids`."""
    try:
        packed = base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError(f"selection must be base64, got {text[:16]!r}") from None
    return unpack_ids(packed, total)


def ids_to_text(ids: Integer[ndarray, " m"]) -> str:
    """The reverse of `ids_from_text`."""
    return base64.b64encode(pack_ids(ids)).decode()
