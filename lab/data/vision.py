"""MNIST, Fashion-MNIST, CIFAR-10, CIFAR-100 and SVHN from a local folder in torchvision's layout.

Nothing is fetched unless `download=True`. MNIST's files are plain numbers and are read here. CIFAR's are pickles:
torchvision opens them only after it has checked their published MD5.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8
from numpy import ndarray

from lab.core.checks import check_choice, require
from lab.data.dataset import NoisyDataset
from lab.data.idx import read_idx

DIGITS = tuple("0123456789")
CLOTHES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


@dataclass(frozen=True)
class VisionSet:
    """What a set is made of.

    kind: its class in torchvision. counts: training and test images. files: path below the data folder -> MD5.
    The MD5 of CIFAR's and SVHN's files are their publishers', those of MNIST's are of the unpacked originals.
    """

    kind: str
    counts: tuple[int, int]
    files: dict[str, str]


def _below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": md5 for name, md5 in files.items()}


SETS = {
    "mnist": VisionSet(
        "MNIST",
        (60_000, 10_000),
        _below(
            "MNIST/raw",
            {
                "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
                "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
                "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
                "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
            },
        ),
    ),
    "fashion_mnist": VisionSet(
        "FashionMNIST",
        (60_000, 10_000),
        _below(
            "FashionMNIST/raw",
            {
                "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
                "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
                "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
                "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
            },
        ),
    ),
    "cifar10": VisionSet(
        "CIFAR10",
        (50_000, 10_000),
        _below(
            "cifar-10-batches-py",
            {
                "data_batch_1": "c99cafc152244af753f735de768cd75f",
                "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
                "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
                "data_batch_4": "634d18415352ddfa80567beed471001a",
                "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
                "test_batch": "40351d587109b95175f43aff81a1287e",
                "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
            },
        ),
    ),
    "cifar100": VisionSet(
        "CIFAR100",
        (50_000, 10_000),
        _below(
            "cifar-100-python",
            {
                "train": "16019d7e3df5f24257cddd939b257f8d",
                "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
                "meta": "7973b15100ade9c7d40fb424638fde48",
            },
        ),
    ),
    "svhn": VisionSet(
        "SVHN",
        (73_257, 26_032),
        {
            "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
            "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
        },
    ),
}


def data_root(root: str | Path | None = None) -> Path:
    """The folder of local copies: `root`, else the environment variable LAB_DATA.

    Raises: ValueError if neither is given or it is no folder.
    """
    where = root or os.environ.get("LAB_DATA")
    require(bool(where), "LAB_DATA", "the folder of local data sets (or pass root=)", where)
    path = Path(str(where)).expanduser()
    require(path.is_dir(), "LAB_DATA" if root is None else "root", "an existing folder", str(path))
    return path


def load_vision(name: str, *, root: str | Path | None = None, download: bool = False) -> NoisyDataset:
    """An image set with its own training and test parts; uint8 images (n, h, w, c), labels as published.

    Args:
        name: one of `SETS`.
        root: the folder of local copies; LAB_DATA if None.
        download: fetch what is missing into that folder. This is the only way in which the lab uses the network.
    Raises: ValueError naming the first file that is missing, cut short or not the published one.
    """
    wanted = SETS[check_choice("name", name, tuple(SETS))]
    folder = data_root(root)
    if download:
        _download(wanted.kind, folder)
    for file in wanted.files:
        require((folder / file).is_file(), name, f"downloaded (download=True) or copied to {folder / file}", "no file")
    if name in ("mnist", "fashion_mnist"):
        train, test = (_read_mnist([folder / f for f in files]) for files in _pairs(wanted))
        classes: tuple[str, ...] = DIGITS if name == "mnist" else CLOTHES
    else:
        train, test, classes = _read_with_torchvision(name, folder)
    return NoisyDataset.from_parts(train, test=test, classes=classes, name=name, source=str(folder))


def md5_of(path: Path) -> str:
    """MD5 of a file, as publishers give it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def problems(name: str, folder: Path) -> list[str]:
    """One sentence for every file of a set that is missing or not the published one; none means all is well."""
    found = []
    for file, md5 in SETS[name].files.items():
        path = folder / file
        if not path.is_file():
            found.append(f"{name} must have a file at {path}, got none")
        elif (got := md5_of(path)) != md5:
            found.append(
                f"{path} must be the published file (MD5 {md5}), got {path.stat().st_size:,} bytes of MD5 {got}"
            )
    return found


def _pairs(wanted: VisionSet) -> tuple[list[str], list[str]]:
    """(images, labels) of training and test."""
    files = list(wanted.files)
    return files[:2], files[2:]


def _read_mnist(paths: list[Path]) -> tuple[UInt8[ndarray, "n h w 1"], Int[ndarray, " n"]]:
    images, labels = read_idx(paths[0], ndim=3), read_idx(paths[1], ndim=1)
    require(len(images) == len(labels), str(paths[1]), f"labels of {len(images)} images", f"{len(labels)} labels")
    return images[..., None], labels.astype(np.int64)


def _read_with_torchvision(name: str, folder: Path) -> tuple[Any, Any, tuple[str, ...]]:
    from torchvision import datasets

    kind = getattr(datasets, SETS[name].kind)
    try:
        if name == "svhn":
            parts = [kind(folder, split=split) for split in ("train", "test")]
            train, test = [(p.data.transpose(0, 2, 3, 1), p.labels) for p in parts]
            return train, test, DIGITS
        parts = [kind(folder, train=train) for train in (True, False)]
        train, test = [(p.data, np.array(p.targets)) for p in parts]
        return train, test, tuple(parts[0].classes)
    except RuntimeError as error:  # torchvision says that some file is wrong, not which
        raise ValueError("; ".join(problems(name, folder)) or str(error)) from error


def _download(kind: str, folder: Path) -> None:
    from torchvision import datasets

    try:
        for part in ({"train": True}, {"train": False}) if kind != "SVHN" else ({"split": "train"}, {"split": "test"}):
            getattr(datasets, kind)(folder, download=True, **part)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{kind} must be reachable to download it, got: {error}") from error
