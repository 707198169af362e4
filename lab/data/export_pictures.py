"""A corrected ZIP of pictures: its table with two more columns, or pictures in the folder of their new class."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

from lab.core.checks import require
from lab.data.export_plan import Plan
from lab.data.export_tables import corrected_table
from lab.data.upload_pictures import Listing, list_rows
from lab.data.zips import sentences
from lab.specs.uploads import Upload, UploadLimits

LIST = ("file", "label", "folder", "decision")


def corrected_pictures(path: Path, upload: Upload, plan: Plan, limits: UploadLimits) -> bytes:
    """See `lab.data.upload_export.corrected_bytes`."""
    listing = list_rows(path, upload, limits)
    plan.check_rows(len(listing.texts))
    out = io.BytesIO()
    with sentences(path), zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        if listing.name:
            _with_table(old, new, listing, upload, plan, limits)
        else:
            _with_folders(old, new, listing, plan)
    return out.getvalue()


def _with_table(
    old: zipfile.ZipFile, new: zipfile.ZipFile, listing: Listing, upload: Upload, plan: Plan, limits: UploadLimits
) -> None:
    suffix = PurePosixPath(listing.name).suffix.lower()
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / f"table{suffix}"
        inner.write_bytes(old.read(listing.name))
        table = corrected_table(inner, replace(upload, suffix=suffix, label=listing.label), plan, limits)
    stay = {place for row, place in enumerate(listing.pictures) if place and not plan.drops(row)}
    gone = {place for place in listing.pictures if place} - stay
    for entry in old.infolist():
        if entry.filename == listing.name:
            _put(new, entry, entry.filename, table)
        elif entry.filename not in gone:
            _put(new, entry, entry.filename, old.read(entry))


def _with_folders(old: zipfile.ZipFile, new: zipfile.ZipFile, listing: Listing, plan: Plan) -> None:
    rows = {place: row for row, place in enumerate(listing.pictures) if place}
    taken = {entry.filename for entry in old.infolist()}
    lines = []
    for entry in old.infolist():
        row = rows.get(entry.filename)
        if row is None:
            _put(new, entry, entry.filename, old.read(entry))
        elif not plan.drops(row):
            given = listing.texts[row]
            label, kind = plan.cells(row, given)
            place = entry.filename if label == given else _place(entry.filename, given, label, taken)
            taken.add(place)
            _put(new, entry, place, old.read(entry))
            lines.append([plan.guard(text) for text in (place, label, given, kind)])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([LIST, *lines])
    name = next(name for i in range(len(taken) + 1) if (name := f"labels{i or ''}.csv") not in taken)
    new.writestr(zipfile.ZipInfo(name), text.getvalue().encode("utf-8"))


def _place(name: str, given: str, label: str, taken: set[str]) -> str:
    """Where a relabelled picture lies: beside its old folder, in that of its new class."""
    plain = not any(mark in label for mark in "/\\:\0") and label not in (".", "..")
    require(plain, "new label", "the name of a folder", label)
    path = PurePosixPath(name)
    folder = path.parent.parent / label
    ways = [path.name, *(f"{path.stem}_from_{given}{'' if i == 1 else i}{path.suffix}" for i in range(1, 1000))]
    return next(place for way in ways if (place := str(folder / way)) not in taken)


def _put(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, data: bytes) -> None:
    """Add a member under a name, with the time and compression that it had."""
    fresh = zipfile.ZipInfo(name, entry.date_time)
    fresh.compress_type = entry.compress_type if entry.compress_type == zipfile.ZIP_DEFLATED else zipfile.ZIP_STORED
    fresh.external_attr = entry.external_attr
    archive.writestr(fresh, data)
