import json
import pickle

import numpy as np
import pytest
from stub_worker import Task

from lab.experiments.results import Run


@pytest.fixture
def run():
    arrays = {"votes": np.arange(6, dtype=np.uint8).reshape(2, 3), "loss": np.array([0.5, 0.25])}
    return Run(Task(name="a"), {"accuracy": {"best": 0.75, "last": 0.5}, "epochs": [1, 2]}, arrays, 1.5)


def same(run, other):
    assert (run.request, run.metrics, run.seconds) == (other.request, other.metrics, other.seconds)
    assert run.arrays.keys() == other.arrays.keys()
    for name, array in run.arrays.items():
        np.testing.assert_array_equal(array, other.arrays[name])
        assert array.dtype == other.arrays[name].dtype
        assert not other.arrays[name].flags.writeable
    return True


def test_a_run_survives_the_disk_and_the_wire(run, tmp_path):
    run.save(tmp_path / "new" / "folder")
    assert same(run, Run.load(tmp_path / "new" / "folder"))
    assert same(run, pickle.loads(pickle.dumps(run, protocol=5)))  # noqa: S301


def test_arrays_in_files_of_their_own_are_mapped_not_read(run, tmp_path):
    empty = {"none": np.zeros((0, 3)), "scalar": np.array(2, dtype=np.float32)}
    run = Run(run.request, run.metrics, run.arrays | empty, run.seconds)
    run.save(tmp_path, mapped=True)
    back = Run.load(tmp_path)
    assert same(run, back)
    assert same(run, pickle.loads(pickle.dumps(back, protocol=5)))  # noqa: S301
    with open(tmp_path / "loss.npy", "r+b") as file:
        file.seek(-16, 2)
        file.write(np.float64(7).tobytes())
    assert back.arrays["loss"].tolist() == [7, 0.25]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "loss.npy").unlink(), "folder must be one that holds loss.npy"),
        (lambda folder: (folder / "loss.npy").write_bytes(b""), "must be an .npy of plain numbers"),
        (lambda folder: np.save(folder / "loss.npy", np.array([{}], dtype=object)), "must be an .npy of plain numbers"),
        (lambda folder: _edit(folder, mapped=["../loss"]), "array name must be letters, digits and _"),
        (lambda folder: _edit(folder, mapped=7), "an object with request, metrics and seconds"),
    ],
)
def test_damaged_arrays_of_their_own_are_refused_in_one_sentence(run, tmp_path, damage, sentence):
    run.save(tmp_path, mapped=True)
    damage(tmp_path)
    with pytest.raises(ValueError, match=sentence) as caught:
        Run.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_saving_again_leaves_two_files_and_the_latest_content(run, tmp_path):
    run.save(tmp_path)
    Run(run.request, {}, {"x": np.zeros(3)}, 2.0).save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"run.json", "arrays.npz"}
    assert Run.load(tmp_path).seconds == 2.0


def test_a_write_that_fails_leaves_the_old_files(run, tmp_path):
    run.save(tmp_path)
    with pytest.raises(ValueError, match="JSON"):
        Run(run.request, {"loss": float("nan")}, {}, 2.0).save(tmp_path)
    assert same(run, Run.load(tmp_path))


def test_the_callers_arrays_stay_writable():
    array = np.zeros(3)
    Run(Task(name="a"), {}, {"x": array}, 0.0)
    array[0] = 1


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "run.json").unlink(), "folder must be one that holds run.json"),
        (lambda folder: (folder / "arrays.npz").unlink(), "folder must be one that holds arrays.npz"),
        (lambda folder: (folder / "run.json").write_text("{"), "must be JSON, got a damaged file"),
        (lambda folder: (folder / "run.json").write_text("[]"), "must be an object with request, metrics and seconds"),
        (lambda folder: _edit(folder, seconds=-1), "seconds must be finite and >= 0, got -1"),
        (lambda folder: _edit(folder, request={"kind": "os.system"}), "kind must be one of"),
        (lambda folder: (folder / "arrays.npz").write_bytes(b"PK\3\4"), "must be an .npz of plain arrays"),
        (lambda folder: _save_objects(folder), "must be an .npz of plain arrays"),
    ],
)
def test_damaged_files_are_refused_in_one_sentence(run, tmp_path, damage, sentence):
    run.save(tmp_path)
    damage(tmp_path)
    with pytest.raises(ValueError, match=sentence) as caught:
        Run.load(tmp_path)
    assert "\n" not in str(caught.value)


def _edit(folder, **changes):
    body = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(body | changes))


def _save_objects(folder):
    np.savez(folder / "arrays.npz", x=np.array([{}], dtype=object))


def test_arrays_of_objects_are_refused():
    with pytest.raises(ValueError, match="array 'x' must be a numeric array"):
        Run(Task(name="a"), {}, {"x": np.array([None])}, 0.0)
