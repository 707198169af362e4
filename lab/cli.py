"""The `lab` command. Every part is imported when it is called, so that `lab --help` is quick."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

BENCHES = ("toy", "noise", "neighbors", "theory", "inn", "detect", "train", "correct", "upload")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 done, 1 a problem (one sentence on stderr), 2 wrong usage."""
    from lab.data.command import add_parser as add_data
    from lab.experiments.command import add_parsers as add_training
    from lab.experiments.detect_command import add_parser as add_detect
    from lab.experiments.runs_command import add_parser as add_runs

    parser = argparse.ArgumentParser(prog="lab", description="The noisy label lab without the browser.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_data(commands)
    add_training(commands)
    add_runs(commands)
    add_detect(commands)
    _add_bench(commands)
    _add_gallery(commands)
    options = parser.parse_args(arguments)
    try:
        return options.call(options) or 0
    except BrokenPipeError:  # somebody reads only the first lines, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ValueError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _add_bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    bench = commands.add_parser(
        "bench",
        help="measure speed, each figure beside its peer in the same run",
        description="Example: lab bench toy",
    )
    bench.add_argument("name", choices=BENCHES, help="what to measure")
    bench.set_defaults(call=lambda options: importlib.import_module(f"lab.bench.{options.name}").main())


def _add_gallery(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    gallery = commands.add_parser(
        "gallery", help="the finished runs that ship with the lab", description="Example: lab gallery build"
    )
    gallery.add_argument("action", choices=("build",), help="compute them anew")
    gallery.add_argument("--only", metavar="DIGEST", help="this one alone; the others stay as they are")
    gallery.set_defaults(call=lambda options: _build_gallery(options.only))


def _build_gallery(only: str | None) -> None:
    from lab.experiments import gallery
    from lab.specs.presets import GALLERY

    gallery.build(GALLERY, only)
    for digest in (only,) if only else [request.digest for request in GALLERY]:
        folder = gallery.GALLERY / digest
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{digest}  {size / 1e6:.2f} MB")
