"""The address of the page about one's own data: which upload, which columns, which review. Never what is in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lab.experiments import Run, reviews, uploads
from lab.experiments.reviews import Review
from lab.specs import Upload
from lab.ui import address

DATA, LABEL, WITHOUT, REVIEW, OWN_MATRIX = "data", "label", "without", "review", "more-T"
OF_LABELS = (OWN_MATRIX, "row", "page", "given", "suggested")  # what other labels take out of the address
OWN = (DATA, LABEL, WITHOUT, REVIEW, *OF_LABELS)  # what another file takes out of it
SECTION = "section"
IN, HEALTH, WRONG, WHAT_IF, OUT = "In", "Health", "Which labels are wrong", "What if", "Out"
SECTIONS = (IN, HEALTH, WRONG, WHAT_IF, OUT)


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """A file that was looked at. first: the look with nothing chosen; look: the one as it is read now."""

    upload: Upload
    first: Run
    look: Run

    @property
    def name(self) -> str:
        """What the user calls the file."""
        return uploads.name_of(self.upload.digest)


def arrive(upload: Upload) -> None:
    """Put an upload into the address, in place of the one before. For a callback."""
    leave()
    address.write(DATA, upload.digest)


def leave() -> None:
    """Take the upload out of the address; the file is swept once nobody shows it."""
    for name in OWN:
        address.write(name, "")


def upload_of_address() -> Upload | None:
    """The upload that the address names, if the server still has it."""
    digest = address.read(DATA)
    upload = uploads.kept(digest) if digest else None
    if upload is not None:
        uploads.touch(upload.digest)
    return upload


def chosen_columns(columns: Sequence[str], guess: str) -> tuple[str, tuple[str, ...]]:
    """The label column and those left out, which the address names by their places; nonsense is no choice."""
    at = address.number(LABEL, len(columns))
    label = columns[at] if at < len(columns) else guess
    places = [part for part in address.read(WITHOUT).split(".") if part.isdecimal() and len(part) < 10]
    out = tuple(columns[int(part)] for part in places if int(part) < len(columns) and columns[int(part)] != label)
    return label, out


def choose_columns(columns: Sequence[str], guess: str, label: str, out: Sequence[str]) -> None:
    """Put a choice of columns into the address. For a callback."""
    if chosen_columns(columns, guess)[0] != label:
        for name in OF_LABELS:
            address.write(name, "")
    address.write(LABEL, "" if label == guess else str(columns.index(label)))
    address.write(WITHOUT, ".".join(str(columns.index(name)) for name in out if name != label))


def with_columns(upload: Upload, label: str | None, features: tuple[str, ...] | None) -> Upload:
    """The same bytes, read otherwise."""
    return replace(upload, label=label, features=features)


def review_of(opened: Opened) -> Review:
    """The decisions about the labels that are read; the address names them by a token that cannot be guessed."""
    label = str(opened.look.metrics["label"])
    token, review = reviews.open_review(address.read(REVIEW) or None, opened.upload.digest, label)
    address.write(REVIEW, token)
    return review
