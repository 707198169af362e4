"""`lab detect`: which labels of a file look wrong, without the browser; the same flags and scores as on the page."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.core.checks import check_choice
from lab.experiments import uploads
from lab.experiments.progress import Stopped
from lab.experiments.results import Run, replace_file
from lab.experiments.terminal import Bar, Interrupt, columns, duration, percent, tell
from lab.experiments.upload_results import COLUMNS, FORMATS, issue_rows, issues_as
from lab.specs.upload_studies import AUTO, DEFAULT, SPACES, UploadStudy

WORKER = "lab.experiments.worker_upload_study"
SHOWN = 10  # of the most suspect labels
HELP = """examples:
  lab detect reviews.csv --label stars -o issues.csv
  lab detect photos.zip -o issues.parquet                  one folder of pictures for each class
  lab detect data.npz --label y --space network -o issues.json

The list has a line for every labelled row, in the order of the file: its number (from 0, rows without a label are
counted but left out), the given label, whether it looks wrong, its score (high = believed) and what it might be.
Files are .csv, .tsv, .parquet, .xlsx, .npz (arrays) and .zip (pictures in folders, or with a file of labels).
"""


def add_parser(commands: Any) -> None:
    """Add `detect` to the command line."""
    detect = commands.add_parser(
        "detect",
        help="which labels of a file look wrong",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    detect.add_argument("file", metavar="FILE", help="a table, arrays, or pictures")
    detect.add_argument("--label", metavar="COL", help="column or array of the labels (default: guessed)")
    detect.add_argument("-o", "--output", metavar="OUT", help="list to write: .csv, .parquet or .json (default: none)")
    detect.add_argument("--detector", default=DEFAULT, help=f"whose verdict (default: {DEFAULT}, every scale)")
    detect.add_argument("--features", metavar="COL", nargs="+", help="columns to use (default: all that are of use)")
    detect.add_argument("--sheet", help="of an .xlsx file (default: the first with rows)")
    detect.add_argument("--space", choices=SPACES, default=SPACES[0], help="where neighbours are looked for")
    detect.add_argument("--backbone", metavar="NET", default=AUTO, help="of --space network (default: by the data)")
    detect.set_defaults(call=detect_command)


def detect_command(args: argparse.Namespace) -> int:
    """Study the file, print what was found, and write the list."""
    output = None if args.output is None else Path(args.output)
    if output is not None:
        check_choice("output file", output.suffix.lower(), FORMATS)
    study, worker = study_of(args), importlib.import_module(WORKER)
    worker.check_detector(args.detector)
    bar = Bar()
    with Interrupt() as interrupt:

        def report(fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
            interrupt.check()
            bar.draw(fraction, message)

        try:
            run: Run = worker.study_file(Path(args.file), study, report)
        except (Stopped, KeyboardInterrupt):
            bar.clear()
            tell("stopped; nothing was written")
            return interrupt.exit_status
    bar.clear()
    print(_summary(run, args.detector))
    if output is not None:
        data = issues_as(output.suffix.lower(), run, args.detector)
        try:
            replace_file(output, lambda file: file.write(data))
        except OSError as error:
            raise ValueError(f"{output} must be a file that can be written, got: {error.strerror}") from error
        print(f"written to {output}")
    return 0


def study_of(args: argparse.Namespace) -> UploadStudy:
    """What the command asks for. Raises: ValueError if the file is not there or of no type that is read."""
    features = None if args.features is None else tuple(args.features)
    upload = replace(uploads.identify(args.file), label=args.label, features=features, sheet=args.sheet)
    return UploadStudy(upload=upload, space=args.space, backbone=args.backbone)


def _summary(run: Run, detector: str) -> str:
    """The main numbers, and the most suspect labels."""
    metrics, found = run.metrics, issue_rows(run, detector)
    n_issues, n = sum(found["is_issue"]), metrics["n"]
    lines = [
        f"{n:,} labels in {len(metrics['classes']):,} classes, from {metrics['label']!r}",
        f"{n_issues:,} look wrong ({percent(n_issues / n)}), by {detector}; took {duration(run.seconds)}",
    ]
    health = metrics["health"]
    lines += [f"- {one['title']}: {one['text']}" for one in health["findings"] if one["level"] != "ok"]
    order = sorted(range(n), key=lambda i: found["score"][i])
    worst = [i for i in order if found["is_issue"][i]][:SHOWN]
    table = columns([{name: str(found[name][i]) for name in COLUMNS if name != "is_issue"} for i in worst])
    return "\n".join([*lines, *([table] if table else [])])
