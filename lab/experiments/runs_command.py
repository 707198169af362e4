"""`lab runs`: the history of all trainings on a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from lab.experiments.export import export
from lab.experiments.history import RunRecord
from lab.experiments.results import replace_file
from lab.experiments.store import store
from lab.experiments.terminal import columns, duration, percent, tell
from lab.specs import Experiment, to_json

HELP = """examples:
  lab runs list
  lab runs show 2d91f5a3682c
  lab runs rm 2d91 5487 --yes
  lab runs restore 2d91 5487
  lab runs erase 2d91 --yes
  lab runs rename 2d91 "first try"
  lab runs export runs.zip

A run is named by its id, by the first characters of it, or by the name that it was given.
"""


def add_parser(commands: Any) -> None:
    """Add `runs` to the command line."""
    plain = argparse.RawDescriptionHelpFormatter
    runs = commands.add_parser("runs", help="the history of all trainings", epilog=HELP, formatter_class=plain)
    actions = runs.add_subparsers(metavar="ACTION", required=True)
    for name, call, what in (
        ("list", list_command, "all runs, newest first"),
        ("show", show_command, "one run, and its experiment as JSON"),
        ("rm", remove_command, "delete runs; `restore` brings them back"),
        ("restore", restore_command, "bring deleted runs back"),
        ("erase", erase_command, "remove deleted runs from the disk, for good"),
        ("rename", rename_command, "give a run a name"),
        ("export", export_command, "a zip of runs as JSON and CSV"),
    ):
        action = actions.add_parser(name, help=what, epilog=HELP, formatter_class=plain)
        action.set_defaults(call=call)
        if name == "export":
            action.add_argument("file", metavar="OUT.zip")
        if name in ("show", "rename"):
            action.add_argument("run", metavar="RUN")
        elif name != "list":
            action.add_argument("runs", metavar="RUN", nargs="*" if name == "export" else "+")
    actions.choices["list"].add_argument("--deleted", action="store_true", help="the deleted ones instead")
    for name in ("rm", "erase"):
        actions.choices[name].add_argument("--yes", action="store_true", help="do not ask")
    actions.choices["rename"].add_argument("name", metavar="NAME", help='"" takes the name away')


def find(name: str, records: Sequence[RunRecord]) -> RunRecord:
    """The one run of that name. Raises: ValueError if there is none, or more than one."""
    exact = [record for record in records if name in (record.digest, record.name)]
    found = exact or [record for record in records if name and record.digest.startswith(name)]
    if len(found) != 1:
        rule = f"the id or name of one run; {len(found)} fit" if found else "the id or name of a run in `lab runs list`"
        raise ValueError(f"RUN must be {rule}, got {name!r}")
    return found[0]


def list_command(args: argparse.Namespace) -> int:
    """A line a run."""
    records = store().records(deleted=args.deleted)
    print(columns([_line(record) for record in records]) or "No runs yet. `lab train --help` shows how to start one.")
    return tell(store().trouble)


def _line(record: RunRecord) -> dict[str, str]:
    return {
        "id": record.digest,
        "status": record.status,
        "last": percent(record.summary.get("last_test_accuracy")),
        "best": percent(record.summary.get("best_test_accuracy")),
        "epochs": f"{record.summary.get('epochs', 0)} of {record.request.schedule.epochs}"
        if isinstance(record.request, Experiment)
        else "",
        "time": duration(record.seconds),
        "started": datetime.fromtimestamp(record.started).strftime("%Y-%m-%d %H:%M"),
        "run": record.title,
    }


def show_command(args: argparse.Namespace) -> int:
    """All that is known of a run, its arrays excepted."""
    record = find(args.run, store().records())
    lines = _line(record) | {"error": record.error or "", "folder": str(record.folder)}
    lines |= {name.replace("_", " "): str(value) for name, value in record.summary.items()}
    print("\n".join(f"{name:<20}{value}" for name, value in lines.items() if value))
    print(f"\n{to_json(record.request, indent=1)}")
    return tell(store().trouble)


def remove_command(args: argparse.Namespace) -> int:
    """Delete, after a question."""
    records = store().records()
    chosen = [find(name, records) for name in args.runs]
    for record in chosen:
        if record.status in ("queued", "running"):
            raise ValueError(
                f"{record.digest} must be finished or stopped before it is deleted, got one that is {record.status}"
            )
    if not (args.yes or _agreed("Delete", chosen)):
        return tell("nothing was deleted")
    for record in chosen:
        store().delete(record.digest)
        print(f"deleted {record.digest} ({record.title}); lab runs restore {record.digest} brings it back")
    return tell(store().trouble)


def erase_command(args: argparse.Namespace) -> int:
    """Free the disk of what was deleted, after a question."""
    records = store().records(deleted=True)
    chosen = [find(name, records) for name in args.runs]
    if not (args.yes or _agreed("Erase for good", chosen)):
        return tell("nothing was erased")
    for record in chosen:
        store().erase(record.digest)
        print(f"erased {record.digest} ({record.title})")
    return tell(store().trouble)


def _agreed(what: str, records: Sequence[RunRecord]) -> bool:
    print("\n".join(f"{record.digest}  {record.title}" for record in records))
    try:
        return input(f"{what} {len(records)} run(s)? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def restore_command(args: argparse.Namespace) -> int:
    """Undo `rm`."""
    records = store().records(deleted=True)
    for record in [find(name, records) for name in args.runs]:
        store().restore(record.digest)
        print(f"restored {record.digest} ({record.title})")
    return tell(store().trouble)


def rename_command(args: argparse.Namespace) -> int:
    """Give a run a name."""
    store().rename(find(args.run, store().records()).digest, args.name)
    return tell(store().trouble)


def export_command(args: argparse.Namespace) -> int:
    """Write some runs, or all."""
    records = store().records()
    chosen = [find(name, records) for name in args.runs] if args.runs else records
    try:
        replace_file(Path(args.file), lambda file: file.write(export(chosen)))
    except OSError as error:
        raise ValueError(f"{args.file} must be a file that can be written, got: {error.strerror}") from error
    print(f"{len(chosen)} runs written to {args.file}")
    return tell(store().trouble)
