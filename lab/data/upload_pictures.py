"""A ZIP of pictures of one's own: in class folders, or with a table that names pictures and their labels.

Nothing is unpacked to a disk: pictures are read out of the ZIP, so that no name in it leads anywhere.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from lab.core.checks import require
from lab.data import zips
from lab.data.images import SUFFIXES, ImageFiles, natural_size, read_image
from lab.data.table_files import TABLES, TableFile, open_table
from lab.data.upload_labels import Labels, guess_label, labels_of
from lab.data.upload_tables import Chosen, describe_columns
from lab.data.uploaded import Column, UploadedData
from lab.data.zips import check_zip, sentences
from lab.specs.uploads import Upload, UploadLimits

Report = Callable[[float, str], None]
SMALL_SIDE, LARGE_SIDE = 32, 224
FOLDER = "folder"  # what the label is called where folders are the classes
SOME = 0.5  # of a column that names pictures
MOST_TABLES, MOST_COLUMNS = 10, 50
PICTURES_A_REPORT = 50


@dataclass(frozen=True, eq=False)
class ZipMember:
    """A picture in a ZIP."""

    archive: zipfile.ZipFile
    name: str

    def __str__(self) -> str:
        return self.name

    def open(self, mode: str = "rb") -> io.BytesIO:
        """Its bytes. Raises: OSError if the ZIP is damaged there."""
        try:
            return io.BytesIO(self.archive.read(self.name))
        except zips.ERRORS as error:
            raise OSError(f"the ZIP is damaged there ({error})") from error


@dataclass(frozen=True, eq=False)
class Listing:
    """Rows of a ZIP: for each the place of its picture, and the text of its label.

    Attributes:
        label, reason: of the label column. table: the file that lists them. name: that file's. notes: what was done.
    """

    pictures: list[str | None]
    texts: list[str]
    label: str
    reason: str
    notes: tuple[str, ...] = ()
    table: TableFile | None = None
    name: str = ""


def read_pictures(path: Path, upload: Upload, limits: UploadLimits, report: Report) -> UploadedData:
    """Read a ZIP of pictures. Raises: ValueError in one sentence; see `lab.data.uploads.read_upload`."""
    listing = list_rows(path, upload, limits)
    labels = labels_of(listing.texts, f"label {listing.label[:60]!r}")
    with sentences(path):
        archive = zipfile.ZipFile(path)
    members = [ZipMember(archive, name) if (name := listing.pictures[i]) else None for i in labels.rows]
    small, good, broken = decode(members, limits.megapixels * 10**6, report)
    require(
        len(good) > 0, "pictures", "readable", f"{len(broken)} that are not, such as {broken[0]}" if broken else "none"
    )
    labels, notes = keep_readable(listing, labels, good, broken)
    kept = [member for i in good if (member := members[i]) is not None]
    side = min(LARGE_SIDE, max(natural_size(member) for member in kept[:20]))
    return UploadedData(
        kind="images",
        n_rows=len(listing.texts),
        rows=labels.rows,
        y_given=labels.y,
        classes=labels.classes,
        label=listing.label,
        label_reason=listing.reason,
        columns=_columns(listing, labels),
        images=small,
        pictures=ImageFiles(kept, side, limits.megapixels * 10**6),
        names=tuple(member.name for member in kept),
        table=listing.table.frame if listing.table else None,
        notes=(*listing.notes, *labels.notes, *notes),
    )


def list_rows(path: Path, upload: Upload, limits: UploadLimits) -> Listing:
    """Which pictures a ZIP has and what their labels are, before any of them is decoded.

    Raises: ValueError if there are no pictures, or no labels for them.
    """
    names = [entry.filename for entry in check_zip(path, limits) if not _is_hidden(entry.filename)]
    pictures = sorted({name for name in names if _suffix(name) in SUFFIXES})
    others = [name for name in names if _suffix(name) not in SUFFIXES]
    rule = "a ZIP of pictures in one folder for each class, or with a table of their labels"
    inside = ", ".join(name[:60] for name in others[:4]) or "nothing"
    require(len(pictures) > 0, path.name, rule, f"no picture but {inside}")
    tables = [name for name in others if _suffix(name) in TABLES][:MOST_TABLES]
    for name in sorted(tables, key=lambda name: name.count("/")):
        if listing := _from_table(path, name, pictures, upload, limits):
            return _with_note(listing, [other for other in others if other != name])
    return _with_note(_from_folders(pictures, upload), others)


def _with_note(listing: Listing, others: list[str]) -> Listing:
    if not others:
        return listing
    named = ", ".join(repr(name[:60]) for name in others[:3])
    files = count(len(others), "file that is no picture was", "files that are no pictures were")
    note = f"{files} left out: {named}{' ...' if len(others) > 3 else ''}."
    return replace(listing, notes=(*listing.notes, note))


def _from_folders(pictures: list[str], upload: Upload) -> Listing:
    require(upload.label in (None, FOLDER), "label", f"{FOLDER!r}, as no table lists the pictures", upload.label)
    texts = [PurePosixPath(name.replace("\\", "/")).parent.name for name in pictures]
    return Listing(list(pictures), texts, FOLDER, "pictures lie in one folder for each class")


def _from_table(path: Path, name: str, pictures: list[str], upload: Upload, limits: UploadLimits) -> Listing | None:
    """The rows of a table in the ZIP, if one of its columns names pictures."""
    places = {key: place for place in reversed(pictures) for key in _ways_to_call(place)}
    with sentences(path), zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"table{_suffix(name)}"
        copy.write_bytes(archive.read(name))
        try:
            table = open_table(copy, limits)
        except ValueError:
            return None
        texts = {str(column): table.texts(column) for column in table.frame.columns[:MOST_COLUMNS]}
        found = {column: sum(text in places for text in cells) for column, cells in texts.items()}
        column = max(found, key=lambda each: found[each])
        if found[column] < SOME * len(table.frame):
            return None
        rest = table.frame.drop(columns=[column])
        label, reason = (upload.label, "you chose it") if upload.label is not None else guess_label(rest)
        require(label in rest.columns, "label", "one of the columns " + ", ".join(map(repr, rest.columns[:12])), label)
        given = table.texts(str(label))
    rows = [places.get(text) for text in texts[column]]
    notes = [f"{name!r} lists the pictures: {column!r} names them.", *_notes_on(rows, pictures)]
    given = [text if place else "" for place, text in zip(rows, given, strict=True)]
    return Listing(rows, given, str(label), reason, (*table.notes, *notes), table, name)


def _notes_on(rows: list[str | None], pictures: list[str]) -> list[str]:
    notes = []
    if lost := rows.count(None):
        notes.append(f"{count(lost, 'row names', 'rows name')} a picture that is not there; left out.")
    if unlisted := len(set(pictures) - set(rows)):
        notes.append(f"{count(unlisted, 'picture is', 'pictures are')} not in that list; left out.")
    return notes


def count(n: int, one: str, many: str) -> str:
    """`1 row`, `1,000 rows`."""
    return f"{n:,} {one if n == 1 else many}"


def _ways_to_call(place: str) -> list[str]:
    path = PurePosixPath(place.replace("\\", "/"))
    tails = ["/".join(path.parts[i:]) for i in range(len(path.parts))]
    return [*tails, *(tail.removesuffix(path.suffix) for tail in tails)]


def decode(
    members: Sequence[ZipMember | None], max_pixels: int, report: Report
) -> tuple[UInt8[ndarray, "n h h 3"], list[int], list[str]]:
    """Small pictures, the places of those that could be read, and what is wrong with the others."""
    side, good, broken, out = 0, [], [], []
    for i, member in enumerate(members):
        if i % PICTURES_A_REPORT == 0:
            report(i / len(members), f"picture {i + 1:,} of {len(members):,}")
        if member is None:
            continue
        try:
            side = side or min(SMALL_SIDE, natural_size(member, max_pixels))
            out.append(read_image(member, side, max_pixels))
            good.append(i)
        except ValueError as error:
            broken.append(str(error).split("got ", 1)[-1])
    return np.stack(out) if out else np.empty((0, 1, 1, 3), np.uint8), good, broken


def keep_readable(listing: Listing, labels: Labels, good: list[int], broken: list[str]) -> tuple[Labels, list[str]]:
    """The labels of pictures that could be read. Raises: ValueError if those are of one class."""
    if not broken:
        return labels, []
    texts = [""] * len(listing.texts)
    for i in good:
        row = int(labels.rows[i])
        texts[row] = listing.texts[row]
    pictures = count(len(broken), "picture can not be read and is", "pictures can not be read and are")
    note = f"{pictures} left out: {broken[0][:150]}."
    kept = labels_of(texts, f"label {listing.label[:60]!r}")
    return replace(kept, notes=labels.notes), [note]


def _columns(listing: Listing, labels: Labels) -> tuple[Column, ...]:
    n, n_classes = len(labels.rows), len(labels.classes)
    picture = Column("picture", "feature", "image", 0, n, "pictures")
    label = Column(listing.label, "label", "label", len(listing.texts) - n, n_classes, listing.reason)
    if listing.table is None:
        return picture, label
    frame = listing.table.frame
    chosen = Chosen(listing.label, listing.reason, labels, frame.iloc[labels.rows])
    others = {column.name: column for column in describe_columns(frame, chosen, None)}
    others = {name: replace(c, role="left out", why="beside pictures it is not used") for name, c in others.items()}
    return picture, *(others.get(str(name), label) for name in frame.columns)


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _is_hidden(name: str) -> bool:
    parts: Any = PurePosixPath(name.replace("\\", "/")).parts
    return any(part.startswith(".") or part == "__MACOSX" for part in parts) or parts[-1] in (
        "Thumbs.db",
        "desktop.ini",
    )
