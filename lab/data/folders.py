"""Image folders: one folder per class, ImageNet's train/ and val/, Clothing1M's key and label files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lab.core.checks import check_choice, require
from lab.data.dataset import PARTS, NoisyDataset, Provenance, digest_of
from lab.data.images import IN_MEMORY_BYTES, SUFFIXES, ImageFiles, natural_size

Listed = Mapping[str, list[tuple[Path, int]]]  # part -> image files with their labels

MAX_FILES = 5_000_000
CLOTHING = (
    *("T-shirt", "Shirt", "Knitwear", "Chiffon", "Sweater", "Hoodie", "Windbreaker"),
    *("Jacket", "Down Coat", "Suit", "Shawl", "Dress", "Vest", "Underwear"),
)
CLOTHING_MARK = "noisy_label_kv.txt"
CLOTHING_KEYS = {  # labels -> the list of images of each part
    "noisy": {"train": "noisy_train", "val": "clean_val", "test": "clean_test"},
    "verified": {"train": "clean_train", "val": "clean_val", "test": "clean_test"},
}


def load_folder(
    path: Path, *, image_size: int | None = None, trusted: bool = False, in_memory: bool | None = None
) -> NoisyDataset:
    """Images sorted into one folder per class, or into train/ and val/ or test/ of such folders.

    A lone held-out folder is the test part whatever its name, as ImageNet's val/ is used.

    Args:
        path: the folder.
        image_size: side of the square that images are scaled and cropped to; if None the first image's short side, at
            most 224.
        trusted: the folder names are the truth. Otherwise they are given labels and the truth is unknown.
        in_memory: read all images now; if None, where they take at most 256 MB.
    Raises: ValueError for a class folder without images, a held-out class that has no training images, a bad image.
    """
    found = {part: scan(path / part) for part in PARTS if (path / part).is_dir()}
    if "train" not in found:
        found = {"train": scan(path)}
    if "val" in found and "test" not in found:
        found["test"] = found.pop("val")
    classes = tuple(found["train"])
    for part, by_class in found.items():
        unknown = sorted(set(by_class) - set(classes))
        require(not unknown, f"classes of {part}/", "among those of train/", ", ".join(unknown[:5]))
    listed = {
        part: [(file, label) for label, name in enumerate(classes) for file in by_class.get(name, [])]
        for part, by_class in found.items()
    }
    options = {"image_size": image_size, "trusted": trusted}
    dataset = _assemble(path, listed, classes, image_size, options, in_memory=in_memory, held_out_clean=trusted)
    return dataset.with_truth(dataset.y_given) if trusted else dataset


def scan(folder: Path) -> dict[str, list[Path]]:
    """Image files by class folder, both sorted.

    Raises: ValueError if there is no class folder, one has no image, or there are more than 5,000,000 images.
    """
    require(folder.is_dir(), str(folder), "a folder", "nothing there")
    by_class = {
        entry.name: sorted(file for file in entry.iterdir() if file.suffix.lower() in SUFFIXES)
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.name.startswith(".")
    }
    require(len(by_class) > 0, str(folder), "a folder with one folder of images per class", "no folder in it")
    for name, files in by_class.items():
        require(len(files) > 0, str(folder / name), f"a folder of images ({', '.join(SUFFIXES)})", "none")
    total = sum(map(len, by_class.values()))
    require(total <= MAX_FILES, str(folder), f"a folder of at most {MAX_FILES:,} images", total)
    return by_class


def load_clothing1m(path: Path, *, labels: str = "noisy", image_size: int = 224) -> NoisyDataset:
    """Clothing1M as its authors distribute it: images, and text files of keys and labels.

    Args:
        path: the folder above `images/`; the text files lie in it or in its `annotations/`.
        labels: "noisy" trains on the million web labels, whose truth is unknown; "verified" on those images that have
            both a web label and a checked one, so that their flip rate can be measured.
        image_size: side of the square that images are scaled and cropped to.
    Returns: validation and test rows carry checked labels in both cases; images stay on disk.
    Raises: ValueError naming the file, and the line, that is missing or wrong.
    Source: KED §4 ("noisy"), INN ("verified"). Departs from it: nothing is subsampled (`lab.data.subset` does that);
        the papers disagree on the flip rate (38 % and 20 %), so the lab shows the measured one.
    """
    check_choice("labels", labels, tuple(CLOTHING_KEYS))
    notes = path if (path / CLOTHING_MARK).is_file() else path / "annotations"
    noisy, clean = (_read_labels(notes / f"{kind}_label_kv.txt") for kind in ("noisy", "clean"))
    keys = {part: _read_lines(notes / f"{name}_key_list.txt") for part, name in CLOTHING_KEYS[labels].items()}
    if labels == "verified":
        keys["train"] = [key for key in keys["train"] if key in noisy]
    for part in PARTS:
        require(len(keys[part]) > 0, f"images of {part}", "at least one", 0)
        first = path / keys[part][0]
        require(first.is_file(), f"first image of {part}", f"at {first}", "no file")
    listed = {p: [(path / k, _label_of(k, noisy if p == "train" else clean)) for k in keys[p]] for p in PARTS}
    options = {"labels": labels, "image_size": image_size}
    dataset = _assemble(path, listed, CLOTHING, image_size, options, in_memory=False, held_out_clean=True)
    if labels == "noisy":
        return dataset
    truth = np.array([_label_of(key, clean) for part in PARTS for key in keys[part]], dtype=np.int64)
    return dataset.with_truth(truth)


def _label_of(key: str, labels: Mapping[str, int]) -> int:
    if key not in labels:
        raise ValueError(f"every image key must have a label, got none for {key!r}")
    return labels[key]


def _read_lines(path: Path) -> list[str]:
    require(path.is_file(), path.name, f"a text file at {path}", "no file")
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _read_labels(path: Path) -> dict[str, int]:
    """`images/0/12/345,678.jpg 3` per line."""
    labels = {}
    for line in _read_lines(path):
        key, _, label = line.rpartition(" ")
        valid = bool(key) and label.isdecimal() and int(label) < len(CLOTHING)
        require(valid, f"a line of {path.name}", "an image key and a class from 0 to 13", line)
        labels[key] = int(label)
    return labels


def _assemble(
    path: Path,
    listed: Listed,
    classes: tuple[str, ...],
    image_size: int | None,
    options: dict[str, Any],
    *,
    in_memory: bool | None,
    held_out_clean: bool,
) -> NoisyDataset:
    """Rows in the order train, val, test, their truth unknown. The digest of x is over names and size, not pixels."""
    rows = [(file, label, PARTS.index(part)) for part in PARTS for file, label in listed.get(part, [])]
    files, labels, split = zip(*rows, strict=True)
    images = ImageFiles(files, image_size or natural_size(files[0]))
    if in_memory is None:
        in_memory = int(np.prod(images.shape)) <= IN_MEMORY_BYTES
    names = "\n".join(str(file.relative_to(path)) for file in files)
    return NoisyDataset(
        images[:] if in_memory else images,
        None,
        np.array(labels, dtype=np.int64),
        classes,
        np.array(split, dtype=np.int8),
        Provenance(path.name, options, str(path), digest_of(text=f"{images.size}\n{names}")),
        held_out_clean,
    )
