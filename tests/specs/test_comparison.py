"""Comparisons as JSON, what can not be compared, and the paper's tables number by number."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.experiments.knet_tables import PRINTED, printed_for
from lab.noise import Flip, RandomAsymmetric, Semantic, Uniform
from lab.specs import Comparison, DataSource, Experiment, KNet, KNetSizes, from_json, to_json
from lab.specs.backbones import BACKBONES
from lab.specs.comparison import FEATURES, METRICS, WEIGHTS, knet_for
from lab.specs.presets import TRAININGS

comparisons = st.builds(
    Comparison,
    experiment=st.sampled_from(TRAININGS),
    knet=st.sampled_from([KNet(), KNet(hidden="paper", kappa="log", fixed_ks=(3,))]),
    features=st.sampled_from(FEATURES),
    weights=st.sampled_from(WEIGHTS),
    metric=st.sampled_from(METRICS),
    z_score=st.booleans(),
    seed=st.integers(0, 99),
)


@given(comparison=comparisons)
@settings(max_examples=30, deadline=None)
def test_a_comparison_and_its_study_of_sizes_survive_json_with_their_digests(comparison: Comparison) -> None:
    for spec in (comparison, KNetSizes(comparison=comparison, widths=(3, 1))):
        back = from_json(to_json(spec))
        assert back == spec
        assert back.digest == spec.digest


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"experiment": Experiment()}, "experiment must be the training of a DataSource"),
        ({"features": "first"}, "features must be one of"),
        ({"weights": "middle"}, "weights must be one of"),
        ({"metric": "l1"}, "metric must be one of"),
        ({"seed": -1}, "seed must be an integer in"),
    ],
)
def test_what_can_not_be_compared_is_refused_in_a_sentence(wrong, sentence) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Comparison(**{"experiment": TRAININGS[0]} | wrong)


@pytest.mark.parametrize(
    "wrong", [{"widths": ()}, {"widths": (4, 4)}, {"widths": (0,)}, {"kappas": ("k",)}, {"ks": (102,)}]
)
def test_sizes_that_can_not_be_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        KNetSizes(comparison=Comparison(experiment=TRAININGS[0]), **wrong)


def test_many_rows_get_the_schedule_of_cifar() -> None:
    assert knet_for(9_999).epochs == 60
    assert (knet_for(10_000).epochs, knet_for(10_000).batch_size, knet_for(10_000).learning_rate) == (30, 512, 1e-3)


def test_the_tables_have_four_rows_each_and_as_many_numbers_as_columns() -> None:
    assert [row.table for row in PRINTED] == [t for t in (2, 3, 4, 5) for _ in range(4)]
    for row in PRINTED:
        assert len(row.knn) == len(row.knet) == len(row.ks) == 4
        assert len(row.fixed) in (0, 4)
        assert bool(row.fixed) == (row.network == "Zhang et al.")
        assert 10 < min(row.base, *row.knn, *row.knet) <= max(row.base, *row.knn, *row.knet) < 95


CIFAR = replace(TRAININGS[0], dataset=DataSource(name="cifar10"), backbone=BACKBONES["ResNet20"])


@pytest.mark.parametrize(
    ("experiment", "table", "networks", "differs"),
    [
        (CIFAR, 2, ["ResNet20"], ()),
        (replace(CIFAR, noise=Uniform(0.8)), 3, ["ResNet20"], ()),
        (replace(CIFAR, noise=Uniform(0.7)), 3, ["ResNet20"], ("rate",)),
        (replace(CIFAR, noise=RandomAsymmetric(0.3)), 4, ["ResNet20"], ()),
        (replace(CIFAR, noise=Semantic(0.4, "cifar10")), 5, ["ResNet20"], ()),
        (replace(CIFAR, dataset=DataSource(name="svhn")), 2, ["CNN", "Zhang et al."], ("network",)),
        (replace(CIFAR, backbone=BACKBONES["ResNet29v2"]), 2, ["Zhang et al."], ("method",)),
        (TRAININGS[0], 2, ["ResNet20", "CNN"], ("data", "network")),
        (replace(CIFAR, noise=Flip(0.3)), 2, ["ResNet20"], ("noise",)),
    ],
)
def test_a_training_finds_the_row_of_its_setting_or_is_told_what_differs(experiment, table, networks, differs) -> None:
    found = printed_for(experiment)
    assert {row.table for row in found.rows} == {table}
    assert [row.network for row in found.rows] == networks
    assert found.differs == differs
