"""The three files of `assets/samples` that anybody can try at once: known labels, some of them exchanged on purpose.

Run `python -m lab.data.samples` to make them anew; they are the same on every machine.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from lab.core.rng import numpy_rng

SAMPLES = Path(__file__).parents[2] / "assets" / "samples"
ABOUT = "samples.json"
GRAPES = ("Barolo", "Grignolino", "Barbera")
WINES, PICTURES, GUESSES = 10, 16, 20  # wrong labels in each file
N_PICTURES, N_GUESSES, NEIGHBOURS = 400, 1000, 15
SIDE = 16


def plant(y: Int[ndarray, " n"], n_wrong: int, n_classes: int, name: str) -> tuple[Int[ndarray, " n"], list[int]]:
    """Labels of which `n_wrong` are another class, and the rows of those."""
    rng = numpy_rng(0, name)
    rows = np.sort(rng.choice(len(y), n_wrong, replace=False))
    y_given = y.copy()
    y_given[rows] = (y[rows] + rng.integers(1, n_classes, n_wrong)) % n_classes
    return y_given, rows.tolist()


def wine_csv() -> tuple[bytes, list[int]]:
    """178 wines as a table of mixed columns, with gaps and one row twice under two labels."""
    from sklearn.datasets import load_wine

    raw = load_wine()
    y_given, rows = plant(raw.target.astype(np.int64), WINES, 3, "sample wine")
    names = [name.replace("od280/od315_of_diluted_wines", "dilution") for name in raw.feature_names]
    lines = [",".join(["bottle", *names, "colour", "grape"])]
    for i, (x, label) in enumerate(zip(raw.data, y_given, strict=True)):
        cells = [f"{value:g}" for value in x]
        if i % 60 == 7:
            cells[4] = ""  # magnesium was not measured
        shade = "dark" if x[9] > 6 else "pale" if x[9] < 3.5 else "red"
        lines.append(",".join([f"W{i + 1:03}", *cells, shade, GRAPES[label]]))
    twin = lines[1].split(",")
    lines.append(",".join([f"W{len(raw.data) + 1:03}", *twin[1:-1], GRAPES[(y_given[0] + 1) % 3]]))
    lines.append(",".join([f"W{len(raw.data) + 2:03}", *lines[2].split(",")[1:-1], ""]))
    return ("\n".join(lines) + "\n").encode(), [*rows, len(raw.data)]


def digits_zip() -> tuple[bytes, list[str]]:
    """400 handwritten digits as pictures in one folder for each, 16 of them in a wrong one."""
    from PIL import Image
    from sklearn.datasets import load_digits

    raw = load_digits()
    y_given, rows = plant(raw.target[:N_PICTURES].astype(np.int64), PICTURES, 10, "sample pictures")
    files = {}
    for i, (pixels, label) in enumerate(zip(raw.images, y_given, strict=False)):
        picture = Image.fromarray(np.uint8(255 - pixels * 255 / 16)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        data = io.BytesIO()
        picture.save(data, "PNG", optimize=True)
        files[f"digits/{label}/{i:03}.png"] = data.getvalue()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return packed.getvalue(), [f"digits/{y_given[i]}/{i:03}.png" for i in rows]


def guesses_csv() -> tuple[bytes, list[int]]:
    """Labels of 1,000 digits and what their neighbours say, as somebody has them who can not give the pictures away."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    x, y = raw.data[:N_GUESSES].astype(np.int64), raw.target[:N_GUESSES].astype(np.int64)
    y_given, rows = plant(y, GUESSES, 10, "sample guesses")
    squares = (x**2).sum(axis=1)
    dist = squares[:, None] + squares - 2 * x @ x.T  # whole numbers: the same everywhere
    np.fill_diagonal(dist, np.iinfo(np.int64).max)
    idx = np.argsort(dist, axis=1, kind="stable")[:, :NEIGHBOURS]
    votes = (y_given[idx][..., None] == np.arange(10)).sum(axis=1)
    thousandths = (1000 * votes + 10) // (NEIGHBOURS + 1)
    thousandths[np.arange(len(x)), votes.argmax(axis=1)] += 1000 - thousandths.sum(axis=1)
    lines = [",".join(["label", *(f"p_{c}" for c in range(10))])]
    lines += [
        ",".join([str(label), *(f"{p / 1000:g}" for p in row)]) for label, row in zip(y_given, thousandths, strict=True)
    ]
    return ("\n".join(lines) + "\n").encode(), rows


def build_samples(folder: Path = SAMPLES) -> None:
    """Write the three files, and what there is to find in them."""
    folder.mkdir(parents=True, exist_ok=True)
    about = []
    for name, title, text, (data, planted) in (
        (
            "wine.csv",
            "A table: which grape?",
            f"180 bottles, 13 measurements and a colour. {WINES} labels were exchanged on purpose, one bottle comes twice "
            "under two labels, one has no label, three were not measured in full.",
            wine_csv(),
        ),
        (
            "digits.zip",
            "Pictures in folders: which digit?",
            f"{N_PICTURES} handwritten digits, one folder for each. {PICTURES} lie in a wrong folder: look at the "
            "pictures beside their neighbours.",
            digits_zip(),
        ),
        (
            "guesses.csv",
            "Labels and predicted probabilities",
            f"{N_GUESSES:,} labels with a model's probabilities, and nothing else. {GUESSES} labels are wrong, and the model "
            "is confident of another class.",
            guesses_csv(),
        ),
    ):
        (folder / name).write_bytes(data)
        about.append({"file": name, "title": title, "text": text, "planted": planted})
    (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    build_samples()
