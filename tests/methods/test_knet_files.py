"""A saved kNet answers as before, and a file that is not one is refused without being run."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from lab.core.rng import numpy_rng
from lab.methods.knet import KNetClassifier

X = numpy_rng(0).normal(size=(60, 3))
KINDS = {
    "strings": np.array(["ja", "no", "é"]),
    "objects": np.array(["a", "b", "c"], dtype=object),
    "integers": np.array([-5, 7, 2**40]),
    "numbers": np.array([0.0, 1.0, 3.0]),
    "booleans": np.array([False, True, True]),
}


def knet(**options):
    return KNetClassifier(epochs=2, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_answers_exactly_as_what_was_written(kind, tmp_path):
    y = KINDS[kind][np.arange(60) % 3]
    written = knet(hidden=np.int64(5), kappa="log", fixed_k=4, random_state=3).fit(X, y)
    written.save(tmp_path / "k.safetensors")
    read = KNetClassifier.load(str(tmp_path / "k.safetensors"))
    assert read.get_params() == written.get_params()
    np.testing.assert_array_equal(read.classes_, written.classes_)
    np.testing.assert_array_equal(read.predict_proba(X), written.predict_proba(X))
    np.testing.assert_array_equal(read.predict(X), written.predict(X))
    np.testing.assert_array_equal(read.fit(X, y).predict_proba(X), written.predict_proba(X))


def test_names_of_features_and_a_generator_as_seed(tmp_path):
    table = pd.DataFrame(X, columns=["length", "width", "weight"])
    written = knet(random_state=np.random.RandomState(0)).fit(table, np.arange(60) % 3)
    written.save(tmp_path)
    read = KNetClassifier.load(tmp_path)
    np.testing.assert_array_equal(read.predict_proba(table), written.predict_proba(table))
    assert read.random_state is None
    with pytest.raises(ValueError, match="feature names"):
        read.predict(table.rename(columns={"length": "height"}))


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "k.safetensors"
    knet().fit(X, np.arange(60) % 3).save(path)
    return path


def rewrite(path, tensors=(), **header):
    """The same file with other tensors or another header."""
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["knet"])
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    about |= header
    save_file(kept | dict(tensors), path, metadata={"knet": json.dumps(about)})


def test_the_file_is_json_and_numbers(saved):
    rewrite(saved)
    assert KNetClassifier.load(saved).predict(X).shape == (60,)
    size = int.from_bytes(saved.read_bytes()[:8], "little")
    json.loads(saved.read_bytes()[8 : 8 + size])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "k.safetensors must be a saved kNet of version 1, got 2"),
        ({"params": {"depth": 3}}, "k.safetensors must be a saved kNet, got a header in which .*depth"),
        ({"params": {"kappa": "k"}}, "kappa must be one of"),
        ({"params": {"hidden": 4096}}, "first.weight must be of shape \\(4096, 4\\), got \\(16, 4\\)"),
        ({"params": {"fixed_k": 60}}, "k_max must be an integer in \\[60, 101\\], got 59"),
        ({"params": None}, "k.safetensors must be a saved kNet, got a header"),
        ({"k_max": "all"}, "k_max must be an integer in \\[1, 101\\], got 'all'"),
        ({"classes": {"dtype": "O", "labels": [1, 2, 3]}}, "dtype of the classes must be numbers or strings, got 'O'"),
        ({"classes": {"dtype": "<i8", "labels": [1, 2]}}, "last.(bias|weight) must be torch.float32 \\(2,"),
        ({"classes": {"dtype": "<i8", "labels": [1, 1, 2]}}, "classes must be different labels in order"),
        ({"feature_names": ["a"]}, "feature_names must be 3 names, got 1"),
        ({"feature_names": 3}, "feature_names must be a list, got 3"),
        ({"tensors": {"mean": torch.zeros(2)}}, "first.weight must be of shape \\(16, 3\\), got \\(16, 4\\)"),
        ({"tensors": {"std": torch.zeros(3, dtype=torch.float64)}}, "std must be torch.float32 \\(3,\\), got"),
        ({"tensors": {"std": torch.full((3,), torch.nan)}}, "std must be finite"),
        ({"tensors": {"more": torch.zeros(3)}}, "tensors must be named mean, std"),
    ],
)
def test_a_file_whose_parts_do_not_fit_is_refused_with_one_sentence(change, message, saved):
    rewrite(saved, **change)
    with pytest.raises(ValueError, match=message):
        KNetClassifier.load(saved)


def test_other_files_are_refused_and_a_pickle_is_not_run(tmp_path, saved):
    class Bomb:
        def __reduce__(self):
            return pytest.fail, ("the pickle was run",)

    path = tmp_path / "bomb"
    for content in (pickle.dumps(Bomb()), b"", saved.read_bytes()[:-8]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="bomb must be a saved kNet, got a file that can not be read"):
            KNetClassifier.load(path)
    save_file({"mean": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match="bomb must be a saved kNet of version 1, got None"):
        KNetClassifier.load(path)
    with pytest.raises(FileNotFoundError):
        KNetClassifier.load(tmp_path / "nowhere")


def test_labels_that_json_does_not_have_can_not_be_saved(tmp_path):
    y = np.array([1, "a", 3], dtype=object)
    model = knet().fit(X, np.arange(60) % 3)
    model.classes_ = y
    with pytest.raises(ValueError, match="labels must be numbers or strings"):
        model.save(tmp_path / "k")
