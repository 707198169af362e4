"""`lab data list|info|verify`: what there is, what is in it, whether its files are whole."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from lab.data.dataset import PARTS, NoisyDataset
from lab.data.images import ImageFiles, read_image
from lab.data.registry import FOLDERS, NAMES, load
from lab.data.small import SMALL
from lab.data.vision import SETS, data_root, problems

EXAMPLES = """examples:
  lab data list
  lab data info toy
  LAB_DATA=~/data lab data info fashion_mnist
  lab data info reviews.csv --label stars
  lab data verify cifar10 --root ~/data
"""
LONGEST_BALANCE = 20  # classes listed one by one


def add_parser(subparsers: Any) -> None:
    """Add `data` to the command line; the chosen command is `args.call(args) -> exit code`."""
    data = subparsers.add_parser(
        "data", help="list, describe and check data sets", epilog=EXAMPLES, formatter_class=_Plain
    )
    actions = data.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every data set, and where its files are expected")
    listing.set_defaults(call=list_command)
    for name, run, what in (
        ("info", info_command, "counts, class balance, measured flip rate and digest"),
        ("verify", verify_command, "check that every file is there, whole, and the published one"),
    ):
        action = actions.add_parser(name, help=what, epilog=EXAMPLES, formatter_class=_Plain)
        action.add_argument("name", metavar="NAME", help="a name from `lab data list`, or the path of a file or folder")
        action.add_argument("--label", metavar="COL", help="label column of a table or array of an .npz")
        action.add_argument("--clean", metavar="COL", help="column of the true labels, where there is one")
        action.set_defaults(call=run)
    for action in (listing, *(actions.choices[name] for name in ("info", "verify"))):
        action.add_argument("--root", metavar="DIR", help="folder of local data sets (default: the variable LAB_DATA)")


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Keep the examples' lines."""


def list_command(args: argparse.Namespace) -> int:
    """One line per data set: built in, ready, or which folder its files are expected in."""
    root = args.root or os.environ.get("LAB_DATA")
    print(f"LAB_DATA: {root or 'not set; it names the folder of local data sets'}\n")
    for name in NAMES:
        print(f"{name:<15}{_state(name, Path(root).expanduser() if root else None)}")
    print("\nor the path of a .csv, .tsv, .parquet or .npz file, or of a folder with one folder of images per class")
    return 0


def _state(name: str, root: Path | None) -> str:
    if name == "toy" or name in SMALL:
        return "built in"
    expected = [*SETS[name].files] if name in SETS else [name]
    below = root or Path("LAB_DATA")
    missing = [file for file in expected if root is None or not (root / file).exists()]
    if not missing:
        return f"ready in {below}"
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"expected at {below / missing[0]}{more}"


def info_command(args: argparse.Namespace) -> int:
    """Describe one data set."""
    try:
        print(describe(load(args.name, **_options(args))))
    except (ValueError, OSError) as error:
        return _problem(str(error))
    return 0


def describe(dataset: NoisyDataset) -> str:
    """A data set in lines of text."""
    about = dataset.provenance
    lines = [
        f"name       {about.name}",
        f"source     {about.source}",
        f"inputs     {' x '.join(map(str, dataset.x.shape[1:]))} {dataset.x.dtype}"
        + (", read from disk when needed" if isinstance(dataset.x, ImageFiles) else ""),
        f"truth      {'known' if dataset.y_clean is not None else 'unknown'}",
    ]
    if dataset.flip_rate is not None:
        lines.append(f"flip rate  {dataset.flip_rate:.2%} of the training labels are wrong")
    counts = {
        part: np.bincount(dataset.y_given[dataset.rows(part)], minlength=dataset.n_classes)
        for part in PARTS
        if np.any(dataset.split == PARTS.index(part))
    }
    lines += [f"{part:<11}{count.sum():,} rows" for part, count in counts.items()]
    lines += [f"digest     {dataset.digest}", "", f"{'given labels':<24}" + "".join(f"{part:>10}" for part in counts)]
    for i, name in enumerate(dataset.classes[:LONGEST_BALANCE]):
        lines.append(f"{name[:23]:<24}" + "".join(f"{count[i]:>10,}" for count in counts.values()))
    if dataset.n_classes > LONGEST_BALANCE:
        rest = counts["train"][LONGEST_BALANCE:]
        lines.append(f"and {len(rest)} more classes of {rest.min():,} to {rest.max():,} training rows")
    return "\n".join(lines)


def verify_command(args: argparse.Namespace) -> int:
    """Check one data set's files; every problem is a sentence on stderr."""
    try:
        found = problems(args.name, data_root(args.root)) if args.name in SETS else []
        for sentence in found:
            _problem(sentence)
        if found:
            return 1
        dataset = load(args.name, **_options(args))
        if isinstance(dataset.x, ImageFiles):
            _read_all(dataset.x)
    except (ValueError, OSError) as error:
        return _problem(str(error))
    print(f"{args.name} is whole: {len(dataset.x):,} rows, {dataset.n_classes} classes, digest {dataset.digest}")
    return 0


def _read_all(images: ImageFiles) -> None:
    """Decode every image; a terminal sees how far it is."""
    for i, path in enumerate(images.paths):
        read_image(path, images.size)
        if sys.stderr.isatty() and i % 100 == 0:
            print(f"\r{i:,} of {len(images):,} images", end="", file=sys.stderr)


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """Only what was asked for, so that a loader without such an option can say so."""
    local = args.root is not None and (args.name in SETS or args.name in FOLDERS)
    options = {"root": args.root if local else None, "label": args.label, "clean": args.clean}
    return {key: value for key, value in options.items() if value is not None}


def _problem(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
