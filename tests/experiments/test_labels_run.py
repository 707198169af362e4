"""A study of labels: its numbers follow from its labels, and data that does not fit is refused in a sentence."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.experiments import Run
from lab.experiments.gallery import build, shipped
from lab.experiments.worker_labels import run_labels
from lab.noise import (
    Clean,
    Concentrated,
    Flip,
    HumanLabels,
    InstanceDependent,
    LocallyConcentrated,
    Matrix,
    RandomAsymmetric,
    Semantic,
    Symmetric,
    ToyAsymmetric,
    Uniform,
)
from lab.specs import DataSource, LabelStudy, RareClass, RarePair, from_json, to_json
from lab.specs.code import as_code
from lab.specs.datasets import DATASETS
from lab.specs.presets import LABELS

EVERY_NOISE = (
    Clean(),
    Uniform(0.4),
    Symmetric(0.4),
    Flip(0.3),
    RandomAsymmetric(0.3),
    ToyAsymmetric(),
    Matrix(1.0, [[0.5, 0.5, 0], [0, 1, 0], [0.1, 0, 0.9]]),
    LocallyConcentrated(3),
    Concentrated(0.3, 0.5),
    InstanceDependent(0.2),
)


def quiet(fraction: float, message: str) -> None:
    """Nobody listens."""


def study(name: str = "iris", **fields: object) -> LabelStudy:
    return LabelStudy(dataset=DataSource(name=name), **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def semantic() -> Run:
    return run_labels(LABELS, quiet)


def test_the_shipped_run_is_the_computed_one(semantic: Run) -> None:
    run = shipped(LABELS.digest)
    assert run is not None
    assert run.metrics == semantic.metrics
    for name, array in semantic.arrays.items():
        np.testing.assert_array_equal(array, run.arrays[name])


@pytest.mark.parametrize("noise", EVERY_NOISE, ids=lambda noise: type(noise).__name__)
def test_every_number_is_that_of_the_labels(noise: object) -> None:
    run = run_labels(study(noise=noise), quiet)
    m, a = run.metrics, run.arrays
    changed = a["y_clean"] != a["y_given"]
    np.testing.assert_array_equal(a["changed"], changed)
    assert m["n"] == 100
    assert m["n_changed"] == changed.sum()
    assert m["realised_rate"] == changed.mean()
    assert m["counts_clean"] == np.bincount(a["y_clean"], minlength=3).tolist()
    assert m["counts_given"] == np.bincount(a["y_given"], minlength=3).tolist()
    for i in range(3):
        of_class = a["y_given"][a["y_clean"] == i]
        np.testing.assert_allclose(a["T_empirical"][i], np.bincount(of_class, minlength=3) / len(of_class))
    assert from_json(to_json(run.request)) == run.request


@pytest.mark.parametrize("noise", [Semantic(0.4, "digits"), LocallyConcentrated(3)], ids=["matrix", "place"])
def test_the_same_study_gives_the_same_bytes(noise: object) -> None:
    runs = [run_labels(study("digits", noise=noise), quiet) for _ in range(2)]
    assert runs[0].metrics == runs[1].metrics
    for name, array in runs[0].arrays.items():
        np.testing.assert_array_equal(array, runs[1].arrays[name])


def test_a_dozen_samples_of_each_label_show_the_share_of_wrong_ones_first(semantic: Run) -> None:
    a = semantic.arrays
    given, wrong = a["y_given"][a["shown"]], a["changed"][a["shown"]]
    for c in range(10):
        mine = wrong[given == c]
        assert len(mine) == 12
        assert mine.tolist() == sorted(mine.tolist(), reverse=True)
        assert abs(mine.mean() - a["changed"][a["y_given"] == c].mean()) <= 0.5 / 12 + 1e-9 or mine.sum() == 1
    assert a["samples"].shape == (120, 8, 8, 1)
    assert a["samples"].dtype == np.uint8


def test_samples_shown_are_the_rows_that_they_claim_to_be(semantic: Run) -> None:
    from sklearn.datasets import load_digits

    pixels = load_digits().data[semantic.arrays["index"][semantic.arrays["shown"]]].reshape(-1, 8, 8, 1)
    np.testing.assert_allclose(semantic.arrays["samples"], pixels / 16 * 255, atol=0.51)


def test_one_wrong_place_reads_far_above_spread_noise_on_the_concentration_index() -> None:
    place = run_labels(study("digits", noise=LocallyConcentrated(3)), quiet)
    spread = run_labels(study("digits", noise=Concentrated(place.metrics["realised_rate"], 0.0)), quiet)
    assert place.metrics["concentration"]["index"] > 1.7
    assert spread.metrics["concentration"]["index"] == pytest.approx(1, abs=0.15)
    assert place.metrics["concentration"]["wrong_inside"] == 1
    assert place.metrics["concentration"]["wrong_outside"] == 0


def test_the_map_lays_out_the_rows_it_names() -> None:
    a = run_labels(study("digits", noise=Concentrated(0.3, 1.0)), quiet).arrays
    assert a["map_all"].shape == a["map_own"].shape == (len(a["mapped"]), 2)
    np.testing.assert_allclose(a["map_all"].mean(axis=0), 0, atol=1e-4)
    for c in range(10):
        np.testing.assert_allclose(a["map_own"][a["y_clean"][a["mapped"]] == c].mean(axis=0), 0, atol=1e-4)


def test_plurality_is_lost_just_where_the_table_says() -> None:
    for rate, kept in ((0.45, True), (0.5, False)):
        m = run_labels(study(noise=Flip(rate)), quiet).metrics
        assert m["survives"] == [kept] * 3
        assert m["breaking_rate"] == pytest.approx([0.5] * 3)


def test_papers_rates_follow_the_source_classes_of_the_data(semantic: Run) -> None:
    m = semantic.metrics
    sources = [2, 3, 5, 6, 7]
    weight = sum(m["counts_clean"][c] for c in sources) / m["n"]
    assert m["source_weight"] == pytest.approx(weight)
    rates = {(row["paper"], row["name"]): row["rate"] for row in m["papers"]}
    assert rates["KED", "asymmetric"] == pytest.approx(0.4)
    assert rates["KED", "symmetric"] == pytest.approx(0.4 * weight)
    assert rates["DRO", "uniform"] == pytest.approx(0.4 * weight * 10 / 9)


def test_a_subset_keeps_the_shares_of_the_classes() -> None:
    m = run_labels(replace(LABELS, dataset=DataSource(n=200)), quiet).metrics
    assert m["n"] == 200
    assert max(m["counts_clean"]) - min(m["counts_clean"]) <= 2


def test_a_rare_pair_leaves_two_classes_and_a_rare_class_leaves_all() -> None:
    pair = run_labels(study("digits", noise=Flip(0.3), imbalance=RarePair(majority=2, minority=7)), quiet)
    assert pair.metrics["classes"] == ["2", "7"]
    assert pair.metrics["counts_clean"] == [128, 12]
    rare = run_labels(study("digits", noise=Flip(0.3), imbalance=RareClass(class_index=7, fraction=0.5)), quiet)
    assert rare.metrics["counts_clean"][7] == 64
    assert rare.metrics["n"] == 1297 - 65


def test_rows_are_named_by_their_place_in_the_data_set() -> None:
    from sklearn.datasets import load_iris

    a = run_labels(study(noise=Clean(), imbalance=RareClass(class_index=1, fraction=0.5)), quiet).arrays
    np.testing.assert_array_equal(load_iris().target[a["index"]], a["y_clean"])


def test_a_missing_data_set_is_one_sentence_that_names_the_file(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    with pytest.raises(
        ValueError, match=r"^mnist must be .* copied to .*MNIST/raw/train-images-idx3-ubyte, got 'no file'"
    ):
        run_labels(study("mnist", noise=Uniform(0.4)), quiet)


def test_data_of_ones_own_is_read_from_lab_data_by_its_plain_name(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "mine.npz", x=rng.integers(0, 255, (60, 200, 200, 3), dtype=np.uint8), y=np.arange(60) % 3)
    run = run_labels(study("mine.npz", noise=Symmetric(0.5)), quiet)
    assert run.metrics["classes"] == ["0", "1", "2"]
    assert run.arrays["samples"].shape == (36, 50, 50, 3)


@pytest.mark.parametrize("name", ["../secret.npz", "/etc/passwd", "a/b.npz", ".hidden", "", "x" * 90])
def test_a_name_that_leads_out_of_lab_data_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^name must be one of digits, .*got "):
        DataSource(name=name)


@pytest.mark.parametrize("path", ["/data/labels.npz", "../labels.npz", "a/../../labels.npz"])
def test_label_files_outside_lab_data_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path must be a path below LAB_DATA"):
        LabelStudy(noise=HumanLabels(path, "worse_label"))


def test_labels_by_people_are_read_from_lab_data_and_refused_in_another_order(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    y = run_labels(study(noise=Clean()), quiet).arrays["y_clean"].astype(int)
    given = np.where(np.arange(100) % 5 == 0, (y + 1) % 3, y)
    np.savez(tmp_path / "right.npz", clean_label=y, by_people=given)
    np.savez(tmp_path / "turned.npz", clean_label=y[::-1], by_people=given[::-1])
    run = run_labels(study(noise=HumanLabels("right.npz", "by_people")), quiet)
    np.testing.assert_array_equal(run.arrays["y_given"], given)
    with pytest.raises(ValueError, match="image order"):
        run_labels(study(noise=HumanLabels("turned.npz", "by_people")), quiet)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mode": "often"}, "mode must be one of"),
        ({"seed": -1}, "seed must be an integer"),
        ({"imbalance": RareClass(class_index=10)}, "class of the imbalance must be an integer in"),
        ({"noise": Matrix(1.0, [[1, 0], [0, 1]])}, "corruption must be 10 x 10"),
        ({"dataset": DataSource(n=100), "noise": HumanLabels("a.npz", "b")}, "dataset must be whole"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_asked_for(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LabelStudy(**fields)


def test_what_is_known_of_a_data_set_is_what_its_loader_says() -> None:
    from lab.data import load
    from lab.data.vision import CLOTHES, SETS

    for name, known in DATASETS.items():
        if known.marker is None:
            dataset = load(name)
            assert known.classes == dataset.classes
            assert known.n_train == int((dataset.split == 0).sum())
        else:
            assert known.marker in SETS[name].files
            assert known.n_train == SETS[name].counts[0]
    assert DATASETS["fashion_mnist"].classes == CLOTHES


def test_one_run_of_the_gallery_is_rebuilt_without_touching_the_others(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("lab.experiments.gallery.GALLERY", tmp_path)
    monkeypatch.setattr("lab.experiments.engine.run", lambda request: run_labels(request, quiet))
    (tmp_path / "other").mkdir()
    first, second = study(noise=Clean()), study(noise=Flip(0.2))
    build([first, second], only=second.digest)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["other", second.digest])
    with pytest.raises(ValueError, match="only must be one of"):
        build([first], only="nothing")


@pytest.mark.slow
def test_the_code_runs_in_a_fresh_process_and_prints_the_same_numbers(tmp_path: Path) -> None:
    asked = LabelStudy(
        dataset=DataSource(name="iris"), noise=Matrix(0.5, [[0.5, 0.5, 0], [0, 1, 0], [0.1, 0, 0.9]]), seed=3
    )
    script = tmp_path / "study.py"
    script.write_text(as_code(asked))
    answer = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    lines = answer.stdout.splitlines()
    assert lines[0] == asked.digest
    assert lines[1] == f"wrong labels {run_labels(asked, quiet).metrics['n_changed']} of 100"
