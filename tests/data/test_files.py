"""Tables and .npz files: good ones load as they are, bad ones get one sentence."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lab.data import from_arrays, load
from lab.data.labels import encode_labels

CSV = "a,b,y\n1,2,cat\n3,4.5,dog\n5,6,cat\n7,8,dog\n"


def write(tmp_path: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_csv_becomes_features_labels_and_class_names_in_row_order(tmp_path):
    data = load(write(tmp_path, CSV), label="y")
    np.testing.assert_array_equal(data.x, np.array([[1, 2], [3, 4.5], [5, 6], [7, 8]], dtype=np.float32))
    assert data.x.dtype == np.float32
    np.testing.assert_array_equal(data.y_given, [0, 1, 0, 1])
    assert data.classes == ("cat", "dog")
    assert data.y_clean is None
    assert data.flip_rate is None
    assert data.provenance.name == "t.csv"


def test_all_table_formats_give_the_same_data_set(tmp_path):
    table = pd.read_csv(write(tmp_path, CSV))
    table.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    (tmp_path / "T.CSV").write_text(CSV)
    digests = {load(str(tmp_path / name), label="y").digest for name in ("t.csv", "t.tsv", "t.parquet", "T.CSV")}
    assert len(digests) == 1


def test_a_column_of_truth_gives_the_flip_rate_and_the_label_column_may_be_its_own(tmp_path):
    path = write(tmp_path, "a,y,z\n1,p,p\n2,q,p\n3,q,q\n4,q,r\n")
    data = load(path, label="y", clean="z", features=["a"])
    assert data.classes == ("p", "q", "r")
    assert data.flip_rate == 0.5
    assert load(path, label="z", clean="z", features=["a"]).flip_rate == 0


def test_a_split_column_makes_the_parts(tmp_path):
    text = "a,y,part\n1,0,train\n2,1,test\n3,1,train\n4,0,val\n"
    data = load(write(tmp_path, text), label="y", split="part", standardise=True)
    assert (len(data.train), len(data.val), len(data.test)) == (2, 1, 1)
    np.testing.assert_allclose(data.train.x.ravel(), [-1, 1])
    with pytest.raises(ValueError, match="column 'part' must be train or val or test, got hold in row 3"):
        load(write(tmp_path, text.replace("val", "hold")), label="y", split="part")


def test_text_columns_can_be_left_out(tmp_path):
    path = write(tmp_path, "id,a,y\nx1,1,0\nx2,2,1\nx3,3,0\nx4,4,1\n")
    assert load(path, label="y", ignore=["id"]).x.shape == (4, 1)
    with pytest.raises(ValueError, match=r"column 'id' must be numbers .*`ignore`.*, got 'x1 in row 0'"):
        load(path, label="y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv must be a file with rows, got '0 bytes'"),
        ("\n\n", "t.csv must be a table .*No columns"),
        ("a,b,y\n", "t.csv must be a file with rows, got 'column names only'"),
        ("a,b,z\n1,2,3\n", "column must be one of 'a', 'b', 'z', got 'y'"),
        ("a,a,y\n1,2,0\n3,4,1\n", "column names must be different, got \"'a' twice\""),
        ("y\n0\n1\n0\n1\n", "feature columns must be at least one, got 'none beside the labels'"),
        (CSV.replace("4.5", "nan"), "column 'b' must be finite numbers, got nan in row 1"),
        (CSV.replace("4.5", "inf"), "column 'b' must be finite numbers, got inf in row 1"),
        (CSV.replace("4.5", "1e300"), "column 'b' must be finite numbers, got 1e\\+300 in row 1"),
        (CSV.replace("4.5", "four"), "column 'b' must be numbers .*, got 'four in row 1'"),
        (CSV.replace("dog\n5", "\n5"), "column 'y' must name a class in every row, got none in row 1"),
        (CSV.replace("dog", "cat"), "y must be of at least two classes, got 'only cat'"),
        (CSV.replace("7,8,dog", "7,8,hen"), "y must be of at most 2 classes .*, got '3 classes'"),
        ("a,y\n1,0.5\n2,1.5\n3,0.5\n4,1.5\n", "y must be class names or whole numbers, got 0.5"),
        (CSV + "1,2,cat,4\n", "as many fields in every line, got: Expected 3 fields in line 6, saw 4"),
        ("a,y\n1,2,0\n3,4,1\n", "as many fields in every line, got: Expected 2 fields in line 2, saw 3"),
        (b"a,y\n\xff\xfe,1\n", "t.csv must be UTF-8 text"),
    ],
)
def test_a_bad_csv_gets_one_sentence(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path, text), label="y")


def test_a_file_that_is_no_parquet_gets_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"t.parquet must be a readable Parquet file, got: "):
        load(write(tmp_path, CSV, "t.parquet"), label="y")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nowhere.csv", {"label": "y"}, "name must be an existing path or one of toy, digits, .*nowhere.csv'"),
        ("t.csv", {}, "options of .*t.csv must be complete, got 'no label'"),
        ("t.csv", {"label": "y", "colour": 1}, "options of .*t.csv must be among label, clean, .*, got 'colour'"),
        ("t.docx", {}, "file type must be one of .npz, .csv, .tsv, .tab, .parquet, got '.docx'"),
    ],
)
def test_what_can_not_be_loaded_is_named(tmp_path, name, options, message):
    write(tmp_path, CSV)
    write(tmp_path, "", "t.docx")
    with pytest.raises(ValueError, match=message):
        load(tmp_path / name, **options)


def test_an_npz_of_images_stays_uint8_with_channels_last(tmp_path):
    images, y = np.arange(96, dtype=np.uint8).reshape(6, 4, 4), np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)
    np.savez(tmp_path / "t.npz", x=images, y=y, x_test=images[:3], y_test=y[:3], classes=["p", "q", "r"])
    data = load(tmp_path / "t.npz", clean="y")
    assert (data.x.shape, data.x.dtype) == ((9, 4, 4, 1), np.uint8)
    assert (len(data.train), len(data.test), data.flip_rate) == (6, 3, 0)
    assert data.classes == ("p", "q", "r")


def test_test_labels_of_an_npz_are_not_called_clean_unless_declared(tmp_path):
    x, y = np.zeros((6, 2)), np.array([0, 1, 0, 1, 0, 1])
    np.savez(tmp_path / "t.npz", x=x, y=y, x_test=x, y_test=y)
    assert not load(tmp_path / "t.npz").held_out_clean


class Bomb:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_nothing_in_an_npz_is_unpickled(tmp_path):
    objects = np.array([Bomb(tmp_path / "ran")], dtype=object)
    np.savez(tmp_path / "t.npz", x=objects, y=np.array([0]))
    with pytest.raises(ValueError, match=r"t.npz must hold plain arrays \(objects could run code\)"):
        load(tmp_path / "t.npz")
    (tmp_path / "p.npz").write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    with pytest.raises(ValueError, match=r"p.npz must be a readable .npz file"):
        load(tmp_path / "p.npz")
    assert not (tmp_path / "ran").exists()


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path, monkeypatch):
    monkeypatch.setattr("lab.data.arrays.MAX_VALUES", 1000)
    with zipfile.ZipFile(tmp_path / "t.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(100_000))
    with pytest.raises(ValueError, match=r"t.npz must be at most 8,000 bytes unpacked, got 100000"):
        load(tmp_path / "t.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((4, 2))}, "array name must be one of 'x', got 'y'"),
        ({"x": np.zeros(4), "y": np.arange(4) % 2}, r"x must be features \(n, d\) or images"),
        ({"x": np.zeros((4, 2)), "y": np.arange(6) % 2}, "y must be one label for each of 4 rows of x, got '6 labels'"),
        ({"x": np.zeros((4, 3, 8, 8), np.uint8), "y": np.arange(4) % 2}, "images x must be channels last with 1 or 3"),
        ({"x": np.full((4, 2), np.inf), "y": np.arange(4) % 2}, "x must be finite"),
        ({"x": np.array([["a"]] * 4), "y": np.arange(4) % 2}, "x must be numbers, got dtype"),
        ({"x": np.zeros((0, 2)), "y": np.zeros(0, int)}, "size of x must be 1 to 500,000,000 values, got 0"),
    ],
)
def test_a_bad_npz_gets_one_sentence(tmp_path, arrays, message):
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "t.npz")


@pytest.mark.parametrize(
    ("labels", "classes", "codes"),
    [
        (["b", "a", "b", "a"], ("a", "b"), [1, 0, 1, 0]),
        ([10, 9, 10, 9], ("9", "10"), [1, 0, 1, 0]),
        ([1.0, 0.0, 1.0, 0.0], ("0", "1"), [1, 0, 1, 0]),
        ([True, False, False, True], ("False", "True"), [1, 0, 0, 1]),
        (np.array(["x", "y", "x", "y"], dtype=object), ("x", "y"), [0, 1, 0, 1]),
        (np.array([10, 9, 10, 9], dtype=object), ("9", "10"), [1, 0, 1, 0]),
    ],
)
def test_labels_of_every_kind_become_indices_into_sorted_names(labels, classes, codes):
    (encoded,), names = encode_labels(labels)
    assert names == classes
    np.testing.assert_array_equal(encoded, codes)


def test_named_classes_take_indices_only():
    with pytest.raises(ValueError, match=r"y must be in \[0, 1\], got 2"):
        from_arrays(np.zeros((4, 1)), [0, 1, 2, 0], classes=["a", "b"])


def test_missing_labels_are_found_by_row():
    with pytest.raises(ValueError, match="label must be present in every row, got none in row 2"):
        encode_labels(np.array(["a", "b", None, "a"], dtype=object))
