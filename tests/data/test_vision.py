"""Image sets in torchvision's layout and scikit-learn's sets: right counts, right order, no unchecked pickle."""

import hashlib
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from lab.core.rng import numpy_rng
from lab.data import load
from lab.data.idx import read_idx
from lab.data.vision import SETS, problems


def write_idx(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def write_mnist(root: Path, name: str = "MNIST", n: tuple[int, int] = (30, 20)) -> Path:
    rng = numpy_rng(0)
    for part, count in zip(("train", "t10k"), n, strict=True):
        write_idx(root / name / "raw" / f"{part}-images-idx3-ubyte", rng.integers(0, 256, (count, 28, 28)))
        write_idx(root / name / "raw" / f"{part}-labels-idx1-ubyte", np.arange(count) % 10)
    return root


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
def test_mnist_files_load_as_torchvision_loads_them(tmp_path, monkeypatch, name, folder):
    from torchvision import datasets

    monkeypatch.setenv("LAB_DATA", str(write_mnist(tmp_path, folder)))
    data = load(name)
    assert (data.x.shape, data.x.dtype, len(data.train), len(data.test)) == ((50, 28, 28, 1), np.uint8, 30, 20)
    theirs = getattr(datasets, folder)(tmp_path, train=False)
    np.testing.assert_array_equal(data.test.x[..., 0], theirs.data.numpy())
    np.testing.assert_array_equal(data.test.y_clean, theirs.targets.numpy())


def test_a_missing_file_is_named_with_the_place_where_it_is_expected(tmp_path):
    file = write_mnist(tmp_path) / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    file.unlink()
    with pytest.raises(ValueError, match=rf"mnist must be downloaded \(download=True\) or copied to {file}, got 'no f"):
        load("mnist", root=tmp_path)


def test_without_a_data_folder_the_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("LAB_DATA", raising=False)
    with pytest.raises(ValueError, match=r"LAB_DATA must be the folder of local data sets \(or pass root=\), got None"):
        load("mnist")
    with pytest.raises(ValueError, match=r"root must be an existing folder, got '.*nowhere'"):
        load("mnist", root=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b[:-1], "must be 23,536 bytes for its 30 items, got '23,535 bytes'"),
        (lambda b: b + b"x", "must be 23,536 bytes for its 30 items, got '23,537 bytes'"),
        (lambda b: b"", r"must be an idx file of uint8 with 3 axes, got b''"),
        (lambda b: b[:10], "must be at least 16 bytes, got 10"),
        (lambda b: b"\x1f\x8b" + b[2:], "must be an idx file of uint8 with 3 axes"),
        (lambda b: b[:4] + b"\xff" * 12 + b[16:], "for its 4,294,967,295 items, got '23,536 bytes'"),
    ],
)
def test_a_damaged_idx_file_is_refused_before_anything_is_read(tmp_path, damage, message):
    file = write_mnist(tmp_path) / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match=message):
        read_idx(file, ndim=3)


def test_images_and_labels_of_different_length_are_refused(tmp_path):
    write_idx(write_mnist(tmp_path) / "MNIST" / "raw" / "train-labels-idx1-ubyte", np.zeros(29))
    with pytest.raises(ValueError, match="train-labels-idx1-ubyte must be labels of 30 images, got '29 labels'"):
        load("mnist", root=tmp_path)


def test_our_table_of_files_is_torchvisions():
    from torchvision import datasets

    for name in ("cifar10", "cifar100"):
        kind = getattr(datasets, SETS[name].kind)
        listed = [*kind.train_list, *kind.test_list, (kind.meta["filename"], kind.meta["md5"])]
        assert SETS[name].files == {f"{kind.base_folder}/{file}": md5 for file, md5 in listed}
    svhn = datasets.SVHN.split_list
    assert SETS["svhn"].files == {svhn[part][1]: svhn[part][2] for part in ("train", "test")}
    for name in ("mnist", "fashion_mnist"):
        kind = getattr(datasets, SETS[name].kind)
        listed = {f"{SETS[name].kind}/raw/{file.removesuffix('.gz')}" for file, _ in kind.resources}
        assert set(SETS[name].files) == listed


def write_cifar10(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six batches of four images and their MD5 in place of the published ones."""
    from torchvision.datasets import CIFAR10

    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    contents = {"batches.meta": {"label_names": names}}
    rng = numpy_rng(0)
    for i, batch in enumerate([f"data_batch_{b}" for b in range(1, 6)] + ["test_batch"]):
        pixels = rng.integers(0, 256, (4, 3072)).astype(np.uint8)
        contents[batch] = {"data": pixels, "labels": [(i + j) % 10 for j in range(4)]}
    md5 = {}
    for file, content in contents.items():
        (folder / file).write_bytes(pickle.dumps(content))
        md5[file] = hashlib.md5((folder / file).read_bytes()).hexdigest()
    monkeypatch.setattr(CIFAR10, "train_list", [[f, md5[f]] for f in contents if f.startswith("data")])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", md5["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5["batches.meta"]})
    return folder


def test_cifar10_has_channels_last_and_its_published_order(tmp_path, monkeypatch):
    folder = write_cifar10(tmp_path, monkeypatch)
    data = load("cifar10", root=tmp_path)
    assert (data.x.shape, len(data.train), len(data.test)) == ((24, 32, 32, 3), 20, 4)
    assert data.x.flags.c_contiguous
    assert (data.classes[0], data.classes[9]) == ("airplane", "truck")
    third = pickle.loads((folder / "data_batch_3").read_bytes())  # noqa: S301 - written above
    np.testing.assert_array_equal(data.train.x[9], third["data"][1].reshape(3, 32, 32).transpose(1, 2, 0))
    assert data.train.y_clean[9] == third["labels"][1]


class Trap:
    """Unpickling this creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_cifar_file_that_is_not_the_published_one_is_named_and_never_unpickled(tmp_path, monkeypatch):
    folder = write_cifar10(tmp_path, monkeypatch)
    (folder / "data_batch_2").write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    with pytest.raises(ValueError, match=r"data_batch_2 must be the published file \(MD5 d4bba439e"):
        load("cifar10", root=tmp_path)
    assert not (tmp_path / "ran").exists()


def test_svhn_calls_label_ten_the_digit_zero(tmp_path, monkeypatch):
    from torchvision.datasets import SVHN

    lists = {}
    for part, n in (("train", 5), ("test", 3)):
        pixels = np.arange(32 * 32 * 3 * n).reshape(32, 32, 3, n).astype(np.uint8)
        scipy.io.savemat(tmp_path / f"{part}_32x32.mat", {"X": pixels, "y": np.array([[10], [1], [9], [2], [3]])[:n]})
        file = tmp_path / f"{part}_32x32.mat"
        lists[part] = ["", file.name, hashlib.md5(file.read_bytes()).hexdigest()]
    monkeypatch.setattr(SVHN, "split_list", lists)
    data = load("svhn", root=tmp_path)
    np.testing.assert_array_equal(data.train.y_clean, [0, 1, 9, 2, 3])
    assert data.x.shape == (8, 32, 32, 3)
    np.testing.assert_array_equal(data.x[1], np.arange(32 * 32 * 3 * 5).reshape(32, 32, 3, 5)[..., 1].astype(np.uint8))


def test_verification_tells_missing_from_altered_files(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte").unlink()
    found = problems("mnist", tmp_path)
    assert len(found) == 4
    assert found[1] == f"mnist must have a file at {tmp_path}/MNIST/raw/train-labels-idx1-ubyte, got none"
    assert "must be the published file (MD5 6bbc9ace898e44ae57da46a324031adb), got 23,536 bytes of MD5" in found[0]


def test_nothing_is_downloaded_unless_asked_for(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("lab.data.vision._download", lambda kind, folder: asked.append(kind))
    with pytest.raises(ValueError, match="got 'no file'"):
        load("svhn", root=tmp_path)
    assert asked == []
    with pytest.raises(ValueError, match="got 'no file'"):
        load("svhn", root=tmp_path, download=True)
    assert asked == ["SVHN"]


def test_a_failed_download_is_one_sentence(tmp_path, monkeypatch):
    from torchvision import datasets

    def offline(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr(datasets, "MNIST", offline)
    with pytest.raises(ValueError, match="MNIST must be reachable to download it, got: no route to host"):
        load("mnist", root=tmp_path, download=True)


@pytest.mark.parametrize(
    ("name", "n_train", "n_test", "d", "n_classes"),
    [
        ("digits", 1297, 500, 64, 10),
        ("wine", 118, 60, 13, 3),
        ("breast_cancer", 379, 190, 30, 2),
        ("iris", 100, 50, 4, 3),
    ],
)
def test_small_sets_have_stratified_training_and_test_parts(name, n_train, n_test, d, n_classes):
    data = load(name)
    assert (len(data.train), len(data.test), data.x.shape[1], data.n_classes) == (n_train, n_test, d, n_classes)
    counts = np.bincount(data.y_clean)
    np.testing.assert_allclose(np.bincount(data.test.y_clean), counts * n_test / len(data.x), atol=1)
    assert load(name, seed=1).digest != data.digest == load(name).digest


def test_digits_are_pixels_over_sixteen_and_the_other_tables_are_standardised():
    from sklearn.datasets import load_digits

    np.testing.assert_array_equal(load("digits").x, (load_digits().data / 16).astype(np.float32))
    np.testing.assert_allclose(load("wine").train.x.std(axis=0), 1, atol=1e-4)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
@pytest.mark.skipif("LAB_DATA" not in os.environ, reason="needs LAB_DATA, the folder of local data sets")
def test_the_real_mnist_files_are_whole(name):
    assert problems(name, Path(os.environ["LAB_DATA"])) == []
    data = load(name)
    assert (len(data.train), len(data.test)) == SETS[name].counts
