"""A file of one's own: which bytes, how they are read, and how large they may be. The bytes themselves lie elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, require
from lab.specs.codec import Asked

SUFFIXES = (".csv", ".tsv", ".tab", ".parquet", ".xlsx", ".npz", ".zip")
KINDS = ("table", "arrays", "images", "probabilities")
DECISIONS = ("keep", "relabel", "drop", "unsure")
DIGEST = re.compile(r"[0-9a-f]{32}")
LONGEST_NAME, MOST_FEATURES = 500, 10_000

Decision = tuple[int, str, str | None]  # file row, one of DECISIONS, and for "relabel" the new label


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """Bytes and how they are read.

    Attributes:
        digest: the first 32 hex digits of the SHA-256 of the bytes.
        suffix: what the file's name ended with; one of `SUFFIXES`.
        label: column (or array) of the given labels; None to guess it.
        features: columns (or arrays) that are used; None for all that are of use.
        sheet: which sheet of an Excel file; None for the first that has rows.
    """

    digest: str
    suffix: str
    label: str | None = None
    features: tuple[str, ...] | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.digest, str) and bool(DIGEST.fullmatch(self.digest))
        require(whole, "digest", "32 hex digits", self.digest)
        check_choice("suffix", self.suffix, SUFFIXES)
        for name, value in (("label", self.label), ("sheet", self.sheet)):
            if value is not None:
                _check_name(name, value)
        require(self.sheet is None or self.suffix == ".xlsx", "sheet", f"None for a {self.suffix} file", self.sheet)
        if self.features is not None:
            check_integer("number of features", len(self.features), 0, MOST_FEATURES)
            for name in self.features:
                _check_name("feature", name)
            require(self.label not in self.features, "features", "without the label", self.label)


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadLook(Asked):
    """A first look: what kind of file, which columns, which labels, and the first rows."""

    upload: Upload


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadLimits:
    """How large a file may be. Whoever runs the server sets them by environment variables (`VARIABLES`).

    Attributes:
        file_mb: megabytes of one file.
        unpacked_mb: megabytes that its members unpack to, or its columns take in memory.
        files: entries of a ZIP.
        megapixels: of one picture.
        cells: rows times columns of a table; values of an array.
        spool_mb: megabytes of all files that the server holds at once.
    """

    file_mb: int = 100
    unpacked_mb: int = 400
    files: int = 50_000
    megapixels: int = 40
    cells: int = 50_000_000
    spool_mb: int = 4000

    def __post_init__(self) -> None:
        for name in VARIABLES:
            check_integer(VARIABLES[name], getattr(self, name), 1, 10**9)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> UploadLimits:
        """The limits that an environment sets. Raises: ValueError naming a variable that is no whole number."""
        found = {}
        for name, variable in VARIABLES.items():
            text = environment.get(variable, "").strip()
            if text:
                require(text.isascii() and text.isdecimal(), variable, "a whole number", text)
                found[name] = int(text)
        return cls(**found)


VARIABLES = {
    "file_mb": "LAB_UPLOAD_MB",
    "unpacked_mb": "LAB_UPLOAD_UNPACKED_MB",
    "files": "LAB_UPLOAD_FILES",
    "megapixels": "LAB_UPLOAD_MEGAPIXELS",
    "cells": "LAB_UPLOAD_CELLS",
    "spool_mb": "LAB_UPLOAD_SPOOL_MB",
}


def _check_name(name: str, value: object) -> None:
    named = isinstance(value, str) and len(value) <= LONGEST_NAME
    require(named, name, f"a name of at most {LONGEST_NAME} characters", value)
