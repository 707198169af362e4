"""Image folders are read lazily, in a fixed order, and bad images are named."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab.core.rng import numpy_rng
from lab.data import load, subset
from lab.data.images import ImageFiles, read_image


def paint(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def folder_of(root: Path, counts: dict[str, int]) -> Path:
    """`root/class/i.png`, whose red channel is the class and whose green channel is i."""
    for label, (name, count) in enumerate(counts.items()):
        for i in range(count):
            paint(root / name / f"{i}.png", (label, i, 0))
    return root


def test_a_folder_of_classes_is_a_data_set_of_unknown_truth_in_sorted_order(tmp_path):
    data = load(folder_of(tmp_path, {"ant": 3, "bee": 2}))
    assert data.classes == ("ant", "bee")
    assert (data.x.shape, data.x.dtype) == ((5, 10, 10, 3), np.uint8)
    np.testing.assert_array_equal(data.x[:, 0, 0], [[0, 0, 0], [0, 1, 0], [0, 2, 0], [1, 0, 0], [1, 1, 0]])
    np.testing.assert_array_equal(data.y_given, [0, 0, 0, 1, 1])
    assert data.y_clean is None
    assert load(tmp_path, trusted=True).flip_rate == 0


def test_images_left_on_disk_equal_those_in_memory(tmp_path):
    folder_of(tmp_path, {"ant": 4, "bee": 4})
    lazy, eager = load(tmp_path, in_memory=False), load(tmp_path, in_memory=True)
    assert isinstance(lazy.x, ImageFiles)
    assert isinstance(lazy.train.x, ImageFiles)
    assert lazy.digest == eager.digest
    rows = np.array([6, 0, 0])
    for index in (rows, slice(1, 7, 2), 5, np.int64(5), np.arange(8) % 3 == 0):
        np.testing.assert_array_equal(lazy.x[index], eager.x[index])
    few = [subset(data, 4, rng=numpy_rng(0)) for data in (lazy, eager)]
    np.testing.assert_array_equal(few[0].train.x[:], few[1].train.x)


def test_building_a_lazy_data_set_opens_no_image_but_the_first(tmp_path):
    folder_of(tmp_path, {"ant": 2, "bee": 2})
    (tmp_path / "bee" / "1.png").write_bytes(b"not an image")
    data = load(tmp_path, in_memory=False)
    np.testing.assert_array_equal(data.x[2], np.broadcast_to([1, 0, 0], (10, 10, 3)))
    with pytest.raises(ValueError, match=r"image must be a readable picture, got .*bee.1.png: "):
        data.x[3]


def test_train_and_val_folders_are_training_and_test_parts_as_in_imagenet(tmp_path, monkeypatch):
    folder_of(tmp_path / "imagenet" / "train", {"n01": 3, "n02": 3})
    folder_of(tmp_path / "imagenet" / "val", {"n01": 1, "n02": 2})
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    data = load("imagenet", image_size=8)
    assert (len(data.train), len(data.val), len(data.test)) == (6, 0, 3)
    assert data.x.shape == (9, 8, 8, 3)
    np.testing.assert_array_equal(data.test.y_clean, [0, 1, 1])


def test_train_val_and_test_folders_are_three_parts(tmp_path):
    for part, n in (("train", 3), ("val", 2), ("test", 1)):
        folder_of(tmp_path / part, {"a": n, "b": n})
    data = load(tmp_path)
    assert (len(data.train), len(data.val), len(data.test)) == (6, 4, 2)
    assert not data.held_out_clean


def test_folders_that_do_not_fit_get_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="a folder with one folder of images per class, got 'no folder in it'"):
        load(tmp_path)
    folder_of(tmp_path / "train", {"a": 1, "b": 1})
    folder_of(tmp_path / "test", {"c": 1})
    with pytest.raises(ValueError, match="classes of test/ must be among those of train/, got 'c'"):
        load(tmp_path)
    (tmp_path / "train" / "empty").mkdir()
    with pytest.raises(ValueError, match=r"train/empty must be a folder of images \(.jpg, .*\), got 'none'"):
        load(tmp_path)


def test_an_image_is_scaled_by_its_short_side_and_cropped_to_the_middle(tmp_path):
    pixels = np.zeros((20, 60, 3), dtype=np.uint8)
    pixels[:, 20:40] = 200  # the middle third
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    np.testing.assert_array_equal(read_image(tmp_path / "wide.png", 10)[:, 1:-1], 200)  # edges blend


def test_grey_and_rotated_images_come_out_upright_in_rgb(tmp_path):
    grey = Image.fromarray(np.repeat(np.array([[10], [250]], dtype=np.uint8), 8, axis=0).repeat(16, axis=1))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    grey.save(tmp_path / "g.png", exif=exif)
    image = read_image(tmp_path / "g.png", 16)
    assert image.shape == (16, 16, 3)
    np.testing.assert_array_equal(image[[0, -1], 0], [[250] * 3, [10] * 3])


def test_truncated_and_oversized_images_are_named(tmp_path, monkeypatch):
    noise = numpy_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-150])
    with pytest.raises(ValueError, match=r"got .*cut.jpg: image file is truncated"):
        read_image(tmp_path / "cut.jpg", 16)
    monkeypatch.setattr("lab.data.images.MAX_PIXELS", 1000)
    with pytest.raises(ValueError, match=r"got .*a.jpg: it unpacks to 64 x 64 pixels"):
        read_image(tmp_path / "a.jpg", 16)


def clothing(root: Path) -> Path:
    """Ten images: four noisy only, two with both labels, two for validation, two for the test."""
    for i in range(10):
        paint(root / "images" / f"{i}.jpg", (20 * i, 0, 0))
    notes = root / "annotations"
    notes.mkdir()
    key = [f"images/{i}.jpg" for i in range(10)]
    lines = {
        "noisy_label_kv": [f"{key[i]} {i % 3}" for i in range(6)],
        "clean_label_kv": [f"{key[i]} {13 if i == 5 else i % 3}" for i in range(4, 10)],
        "noisy_train_key_list": key[:4],
        "clean_train_key_list": [*key[4:6], key[9]],
        "clean_val_key_list": key[6:8],
        "clean_test_key_list": key[8:10],
    }
    for name, text in lines.items():
        (notes / f"{name}.txt").write_text("\n".join(text) + "\n")
    return root


def test_clothing1m_trains_on_web_labels_of_unknown_truth_and_tests_on_checked_ones(tmp_path):
    data = load(clothing(tmp_path), image_size=8)
    assert (len(data.train), len(data.val), len(data.test), data.n_classes) == (4, 2, 2, 14)
    np.testing.assert_array_equal(data.train.y_given, [0, 1, 2, 0])
    np.testing.assert_array_equal(data.test.y_given, [2, 0])
    assert data.y_clean is None
    assert data.held_out_clean
    assert abs(int(data.test.x[1][0, 0, 0]) - 180) < 5


def test_the_flip_rate_of_clothing1m_is_measured_on_images_with_both_labels(tmp_path):
    data = load(clothing(tmp_path), labels="verified", image_size=8)
    np.testing.assert_array_equal(data.train.y_given, [1, 2])
    np.testing.assert_array_equal(data.train.y_clean, [1, 13])
    assert data.flip_rate == 0.5


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("clean_label_kv", "images/1.jpg 14\n", "a line of clean_label_kv.txt must be an image key and a class from 0"),
        ("clean_label_kv", "images/1.jpg 1\n", "every image key must have a label, got none for 'images/6.jpg'"),
        ("clean_val_key_list", None, "clean_val_key_list.txt must be a text file at .*, got 'no file'"),
        ("clean_val_key_list", "", "images of val must be at least one, got 0"),
        ("clean_val_key_list", "images/x.jpg\n", "first image of val must be at .*images/x.jpg, got 'no file'"),
    ],
)
def test_damaged_clothing1m_files_are_named(tmp_path, file, text, message):
    path = clothing(tmp_path) / "annotations" / f"{file}.txt"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load(tmp_path, image_size=8)
