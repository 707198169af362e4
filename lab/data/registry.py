"""`load(name, **options)`: one way in to every data set."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lab.core.checks import require
from lab.data.arrays import load_npz
from lab.data.dataset import NoisyDataset
from lab.data.folders import CLOTHING_MARK, load_clothing1m, load_folder
from lab.data.small import SMALL, load_small
from lab.data.tables import SUFFIXES, load_table
from lab.data.toy import load_toy
from lab.data.vision import SETS, data_root, load_vision
from lab.specs.toy import Toy

FOLDERS: dict[str, Callable[..., NoisyDataset]] = {  # never fetched: too large, or not ours to give
    "clothing1m": load_clothing1m,
    "imagenet": partial(load_folder, trusted=True),
}
NAMES = ("toy", *SMALL, *SETS, *FOLDERS)


def load(name: str | Path, **options: Any) -> NoisyDataset:
    """Load a data set by its name or by the path of a file or folder.

    Args:
        name: "toy"; "digits", "wine", "breast_cancer", "iris"; "mnist", "fashion_mnist", "cifar10", "cifar100", "svhn",
            "clothing1m", "imagenet" below LAB_DATA (or `root=`); or a path: .csv, .tsv, .parquet, .npz, an image folder.
        options: what the loader takes: the fields of `lab.specs.Toy`, `load_small`, `load_vision`, `load_folder`,
            `load_clothing1m`, `load_table`, `load_npz`.
    Raises: ValueError with one sentence: an unknown name or option, a missing or damaged file, a bad value and where.
    """
    if name == "toy":
        return load_toy(_call(Toy, "toy", options))
    if name in SMALL or name in SETS:
        return _call(load_small if name in SMALL else load_vision, name, {"name": name, **options})
    if name in FOLDERS:
        folder = data_root(options.pop("root", None)) / str(name)
        require(folder.is_dir(), str(name), f"a folder at {folder}", "nothing there")
        return _call(FOLDERS[str(name)], name, {"path": folder, **options})
    path = Path(name).expanduser()
    return _call(loader_of(path), name, {"path": path, **options})


def loader_of(path: Path) -> Callable[..., NoisyDataset]:
    """Which loader reads a path.

    Raises: ValueError if nothing is there or nothing reads it.
    """
    if path.is_dir():
        clothing = (path / CLOTHING_MARK).is_file() or (path / "annotations" / CLOTHING_MARK).is_file()
        return load_clothing1m if clothing else load_folder
    require(path.is_file(), "name", "an existing path or one of " + ", ".join(NAMES), str(path))
    suffix = path.suffix.lower()
    require(suffix in (*SUFFIXES, ".npz"), "file type", "one of .npz, " + ", ".join(SUFFIXES), suffix)
    return load_npz if suffix == ".npz" else load_table


def _call(loader: Callable[..., Any], name: Any, options: dict[str, Any]) -> Any:
    """Call a loader; options that it does not know, or lacks, are an error in our words."""
    parameters = inspect.signature(loader).parameters
    unknown = sorted(set(options) - set(parameters))
    known = [p for p in parameters if p not in ("name", "path")]
    require(not unknown, f"options of {name}", "among " + ", ".join(known), ", ".join(unknown))
    missing = [p for p, about in parameters.items() if about.default is about.empty and p not in options]
    require(not missing, f"options of {name}", "complete", f"no {', '.join(missing)}")
    return loader(**options)
