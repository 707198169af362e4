"""Requests as JSON: there and back, the same digest everywhere, and nothing but known kinds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.noise import Clean, Flip, Matrix, RandomAsymmetric, Symmetric, ToyAsymmetric, Uniform
from lab.specs import (
    LOSSES,
    DataSource,
    Experiment,
    GeneralisedCrossEntropy,
    KNet,
    RareClass,
    Record,
    Schedule,
    Seeds,
    Toy,
    ToyMLP,
    from_json,
    to_json,
)
from lab.specs.backbones import DigitsMLP
from lab.specs.code import as_code
from lab.specs.presets import TOY, TRAININGS
from lab.specs.recipes import RECIPES

seeds = st.integers(0, 2**32 - 1)
rates = st.floats(0, 0.6)
rows = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda ab: (min(ab), max(ab) - min(ab), 1 - max(ab)))
noises = st.one_of(
    st.just(Clean()),
    st.just(ToyAsymmetric()),
    rates.map(Symmetric),
    rates.map(Uniform),
    rates.map(Flip),
    st.builds(RandomAsymmetric, rates, seeds),
    st.lists(rows, min_size=3, max_size=3).map(lambda T: Matrix(1.0, T)),
)
experiments = st.builds(
    Experiment,
    dataset=st.builds(Toy, n_per_class=st.integers(40, 900), separation=st.floats(0.5, 4), seed=seeds),
    noise=noises,
    edits=st.dictionaries(st.integers(0, 119), st.integers(0, 2), max_size=5).map(lambda d: tuple(sorted(d.items()))),
    backbone=st.builds(ToyMLP, width=st.integers(2, 128)),
    schedule=st.builds(Schedule, epochs=st.integers(1, 300), early_stopping=st.sampled_from(["off", "noisy", "clean"])),
    method=st.builds(KNet, hidden=st.sampled_from(["auto", "paper", 7]), fixed_ks=st.sampled_from([(), (1, 51)])),
    seeds=st.builds(Seeds, noise=seeds, init=seeds, batch=seeds),
)
trainings = st.builds(
    Experiment,
    dataset=st.builds(DataSource, name=st.sampled_from(["digits", "wine"]), n=st.none() | st.just(100)),
    imbalance=st.none() | st.builds(RareClass, class_index=st.integers(0, 2), fraction=st.floats(0.1, 1)),
    noise=st.one_of(rates.map(Symmetric), rates.map(Uniform), st.just(Clean())),
    backbone=st.sampled_from([DigitsMLP(), ToyMLP(width=32)]),
    schedule=st.sampled_from(
        [*(r for r in RECIPES.values() if r.batch_size < 100), Schedule(batch_size=32, mixup=1.0)]
    ),
    method=st.sampled_from(list(LOSSES.values())) | st.builds(GeneralisedCrossEntropy, q=st.floats(0.01, 1)),
    record=st.builds(Record, samples=st.booleans(), epochs=st.sampled_from([(), (1, 5)]), consistency=st.booleans()),
    seeds=st.builds(Seeds, noise=seeds, init=seeds, batch=seeds),
)


@given(experiment=experiments | trainings)
@settings(max_examples=100, deadline=None)
def test_an_experiment_survives_json_with_its_digest(experiment: Experiment) -> None:
    back = from_json(to_json(experiment))
    assert back == experiment
    assert back.digest == experiment.digest
    assert from_json(to_json(experiment, indent=2)) == experiment


def test_a_digest_is_the_same_in_another_process() -> None:
    code = "from lab.specs.presets import TOY; print(TOY.digest)"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == TOY.digest


TRAINING = TRAININGS[0]
CHANGES = {
    "backbone": {"kind": "ToyMLP", "width": 63},
    "dataset": {"kind": "DataSource", "n": 500},
    "imbalance": {"kind": "RareClass"},
    "method": {"kind": "LabelSmoothing"},
    "mode": "exact",
    "noise": {"kind": "Clean"},
    "record": {"kind": "Record", "samples": False},
    "schedule": {"kind": "Schedule", "epochs": 61},
    "seeds": {"kind": "Seeds", "init": 1},
}
TOY_CHANGES = {"edits": [[0, 1]], "grid": 100, "dataset": {"kind": "Toy", "seed": 1}}


def test_every_field_changes_the_digest() -> None:
    assert set(CHANGES) | set(TOY_CHANGES) == set(json.loads(to_json(TOY))) - {"kind"}
    for request, changes in ((TRAINING, CHANGES), (TOY, TOY_CHANGES)):
        plain = json.loads(to_json(request))
        digests = {from_json(json.dumps(plain | {name: value})).digest for name, value in changes.items()}
        assert len(digests | {request.digest}) == len(changes) + 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "text must be JSON"),
        ('{"kind": "os.system"}', "kind must be one of"),
        ('{"kind": "Toy", "colour": 1}', "fields of Toy must be among"),
        ('{"kind": "Schedule", "epochs": 0}', "epochs must be an integer in"),
        ('{"kind": "Schedule", "learning_rate": NaN}', "learning_rate must be a finite number"),
        ('{"kind": "Toy", "n_per_class": 100000}', "total of points must be in"),
        ('{"kind": "KNet", "fixed_ks": [102]}', "fixed_ks must be an integer in"),
        ('{"kind": "Experiment", "edits": [[1, 0], [0, 0]]}', "edits must be sorted"),
        ('{"kind": "Experiment", "edits": [[0, 3]]}', "label of an edit must be an integer in"),
        (
            '{"kind": "Experiment", "noise": {"kind": "LocallyConcentrated", "n_clusters": 3}}',
            "noise must be noise that depends on the class alone",
        ),
        ('{"kind": "Experiment", "dataset": {"kind": "DataSource"}}', "method must be a loss"),
        (to_json(TRAINING).replace('"batch_size":128', '"batch_size":1298'), "batch_size must be at most the 1,297"),
        (to_json(TRAINING).replace('"edits":[]', '"edits":[[0,10]]'), "label of an edit must be an integer in"),
        ('{"kind": "Matrix", "rate": 1}', "Matrix must be given values"),
    ],
)
def test_what_is_no_request_is_refused_in_a_sentence(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(text)


@given(experiment=experiments | trainings)
@settings(max_examples=60, deadline=None)
def test_the_code_of_an_experiment_builds_that_experiment(experiment: Experiment) -> None:
    built: dict[str, object] = {}
    exec(as_code(experiment).split("result =")[0], built)
    assert built["experiment"] == experiment
