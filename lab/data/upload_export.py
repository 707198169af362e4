"""A file of one's own with the decisions about its labels written into it, in its own format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lab.data.export_arrays import corrected_arrays
from lab.data.export_pictures import corrected_pictures
from lab.data.export_plan import Plan, check_decisions
from lab.data.export_tables import corrected_table
from lab.specs.uploads import Decision, Upload, UploadLimits


def corrected_bytes(
    path: Path, upload: Upload, decisions: Sequence[Decision], limits: UploadLimits, *, protect: bool = True
) -> bytes:
    """The file with the decisions in it. Without any decision these are its own bytes.

    Rows keep their order, columns theirs; dropped rows are left out. The given labels stay, and two columns (arrays)
    come after the last: `<label>_corrected` and `<label>_decision`. Every cell of a text table keeps its own text; an
    Excel file keeps its sheets and looks, and of its formulas the last values; in a ZIP with class folders a relabelled
    picture moves to the folder of its new class, and `labels.csv` says where it was.

    Args:
        decisions: (file row, kind, new label or None), each row once.
        protect: put an apostrophe before cells that a spreadsheet would run as a formula.
    Raises: ValueError in one sentence for a decision that does not fit the file, or as `read_upload` does.
    """
    if not decisions:
        return path.read_bytes()
    try:
        return _corrected(path, upload, Plan(check_decisions(decisions), protect), limits)
    except ValueError as error:
        raise ValueError(str(error).replace(path.name, "file")) from error  # it is called by its digest there


def _corrected(path: Path, upload: Upload, plan: Plan, limits: UploadLimits) -> bytes:
    if upload.suffix == ".npz":
        return corrected_arrays(path, upload, plan, limits)
    if upload.suffix == ".zip":
        return corrected_pictures(path, upload, plan, limits)
    return corrected_table(path, upload, plan, limits)
