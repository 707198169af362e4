"""What a study of one's own data will take, before anything heavy is imported: seconds, and so the line it waits in."""

from __future__ import annotations

# One slow core of a busy machine: 1,000 rows of 20 columns 1.9 s, 20,000 rows 11 s, 100,000 rows of 50 columns 45 s in
# 10 classes; 5,000 rows of 20 columns in 100 classes 7 s.
SECONDS_BEFORE, SECONDS_A_ROW, SECONDS_A_ROW_AND_CLASS, SECONDS_A_PAIR_AND_COLUMN = 1.5, 3.5e-4, 8e-6, 1e-11
SECONDS_A_PICTURE = 2e-3  # to unpack
QUICK = 5.0  # seconds that others may be made to wait


def study_seconds(n: int, n_columns: int, n_classes: int, *, pictures: bool = False) -> float:
    """Seconds that health, detectors and map of so many rows will take, about; no network among them."""
    a_row = SECONDS_A_ROW + SECONDS_A_ROW_AND_CLASS * n_classes + SECONDS_A_PICTURE * pictures
    return SECONDS_BEFORE + n * a_row + float(n) ** 2 * max(1, n_columns) * SECONDS_A_PAIR_AND_COLUMN


def study_lane(n: int, n_columns: int, n_classes: int, *, pictures: bool = False) -> str | None:
    """The line for a study and for the questions about it: that of trainings, where nobody waits for a quick answer.

    None leaves it to the request; a worker keeps what it has read and searched, so that all go where the first one went.
    """
    return "training" if study_seconds(n, n_columns, n_classes, pictures=pictures) > QUICK else None
