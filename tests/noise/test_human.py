import zipfile

import numpy as np
import pytest

from lab.noise import HumanLabels, Symmetric, corrupt


@pytest.fixture
def annotated(rng):
    """Clean labels and two people's, as in CIFAR-10N."""
    y = rng.integers(0, 10, 400)
    return {
        "clean_label": y,
        "worse_label": corrupt(y, Symmetric(0.4), rng=rng, n_classes=10).y_given,
        "aggre_label": corrupt(y, Symmetric(0.09), rng=rng, n_classes=10).y_given,
    }


def write(table, path):
    if path.suffix == ".npz":
        np.savez(path, **table)
    elif path.suffix == ".npy":
        np.save(path, np.rec.fromarrays(list(table.values()), names=list(table)))
    elif path.suffix == ".csv":
        rows = "\n".join(
            ",".join(map(str, [f"img{i}.png", *row])) for i, row in enumerate(zip(*table.values(), strict=True))
        )
        path.write_text(",".join(["file", *table]) + "\n" + rows + "\n")
    else:
        import torch

        torch.save(table, path)
    return path


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".csv", ".pt"])
def test_an_aligned_file_is_read_in_every_form(annotated, tmp_path, suffix, rng):
    path = write(annotated, tmp_path / f"people{suffix}")
    labels = corrupt(annotated["clean_label"], HumanLabels(path, "worse_label"), rng=rng, n_classes=10)
    np.testing.assert_array_equal(labels.y_given, annotated["worse_label"])
    assert labels.T is None
    assert labels.flip_rate == labels.changed.mean() == pytest.approx(0.4, abs=0.1)


def test_a_file_in_another_image_order_is_refused_and_told_so(annotated, tmp_path, rng):
    order = rng.permutation(400)
    path = write({name: labels[order] for name, labels in annotated.items()}, tmp_path / "people.npz")
    wrong = int((annotated["clean_label"][order] != annotated["clean_label"]).sum())
    with pytest.raises(ValueError, match=rf"for {wrong} of 400 images.*in another image order"):
        corrupt(annotated["clean_label"], HumanLabels(path, "worse_label"), rng=rng, n_classes=10)


def test_two_swapped_rows_of_different_classes_are_enough_to_be_refused(annotated, tmp_path, rng):
    y = annotated["clean_label"].copy()
    other = int(np.flatnonzero(y != y[0])[0])
    y[[0, other]] = y[[other, 0]]
    path = write(annotated, tmp_path / "people.npz")
    with pytest.raises(ValueError, match="for 2 of 400 images, the first at row 0"):
        corrupt(y, HumanLabels(path, "worse_label"), rng=rng, n_classes=10)


def test_another_data_set_and_another_length_are_told_apart(annotated, tmp_path, rng):
    path = write(annotated, tmp_path / "people.npz")
    with pytest.raises(ValueError, match="belongs to another data set or split"):
        corrupt((annotated["clean_label"] + 1) % 9, HumanLabels(path, "worse_label"), rng=rng, n_classes=10)
    with pytest.raises(ValueError, match="must be of the 399 images of the data set, got 400 rows"):
        corrupt(annotated["clean_label"][:-1], HumanLabels(path, "worse_label"), rng=rng, n_classes=10)


def test_an_unknown_column_names_those_there_are(annotated, tmp_path, rng):
    path = write(annotated, tmp_path / "people.csv")
    message = "column must be one of 'clean_label', 'worse_label', 'aggre_label', got 'noisy_label'"
    with pytest.raises(ValueError, match=message):
        corrupt(annotated["clean_label"], HumanLabels(path, "noisy_label"), rng=rng, n_classes=10)


class Bomb:
    """Unpickling this would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".pt"])
def test_a_file_that_would_run_code_is_refused_and_runs_none(annotated, tmp_path, suffix, rng):
    victim, path = tmp_path / "victim", tmp_path / f"people{suffix}"
    if suffix == ".pt":
        import torch

        torch.save({"clean_label": annotated["clean_label"], "worse_label": Bomb(victim)}, path)
    else:
        bomb = np.array([Bomb(victim)], dtype=object)
        save = np.save if suffix == ".npy" else lambda p, a: np.savez(p, clean_label=a, worse_label=a)
        save(path, bomb)
    with pytest.raises(ValueError, match=r"people\S* must be .*could run code"):
        corrupt(annotated["clean_label"], HumanLabels(path, "worse_label"), rng=rng, n_classes=10)
    assert not victim.exists()


def test_a_pt_file_of_an_older_numpy_is_read_too(annotated, tmp_path, rng):
    new, old = write(annotated, tmp_path / "new.pt"), tmp_path / "old.pt"
    with zipfile.ZipFile(new) as source, zipfile.ZipFile(old, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert b"numpy._core" not in old.read_bytes()
    labels = corrupt(annotated["clean_label"], HumanLabels(old, "aggre_label"), rng=rng, n_classes=10)
    np.testing.assert_array_equal(labels.y_given, annotated["aggre_label"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing.csv", None, "path must be a file on this machine, got .*nothing.csv"),
        ("empty.csv", "", r"empty.csv must be a header above rows of as many fields, got \[\]"),
        ("ragged.csv", "a,b\n1,2\n3\n", r"ragged.csv must be a header above rows of as many fields, got \[1, 2\]"),
        ("words.csv", "clean_label,b\ncat,dog\n", "words.csv must be a table of named label columns, got 'none'"),
        ("text.pt", "not an archive", r"text.pt must be plain arrays \(np.savez\)"),
        ("text.npz", "not an archive", r"text.npz must be plain arrays \(np.savez\)"),
    ],
)
def test_a_file_that_is_no_table_gets_one_sentence(name, content, message, tmp_path, rng):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        corrupt(np.array([0, 1]), HumanLabels(tmp_path / name, "worse_label"), rng=rng)


def test_a_label_beyond_the_classes_is_refused(annotated, tmp_path, rng):
    annotated["worse_label"][3] = 10
    path = write(annotated, tmp_path / "people.npz")
    with pytest.raises(ValueError, match="worse_label must be class indices below 10, got 10"):
        corrupt(annotated["clean_label"], HumanLabels(path, "worse_label"), rng=rng, n_classes=10)
