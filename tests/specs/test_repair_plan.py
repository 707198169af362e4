"""The plan by which any data are repaired: it is the digits' own there, keeps its proportions, and says what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.noise import RandomAsymmetric, Semantic, Symmetric, Uniform
from lab.specs import DataSource, RarePair, from_json, to_json
from lab.specs.code import as_code
from lab.specs.correction import EPISODE, digits_experiment
from lab.specs.repair import METHODS, SELKNN, column_of, correction_of
from lab.specs.repair_budget import compared_pairs, repair_seconds, trained_epochs
from lab.specs.repair_plan import RepairPlan, corrections_of, methods_of

FASHION = replace(
    digits_experiment(), dataset=DataSource(name="fashion_mnist", n=2000), noise=Semantic(0.4, "fashion_mnist")
)


def test_the_usual_plan_is_that_of_the_digits() -> None:
    assert RepairPlan().schedule == EPISODE
    assert METHODS["SelKNN"][0] == SELKNN
    assert corrections_of(digits_experiment(), RepairPlan(), ("SelKNN",))["SelKNN"] == correction_of(
        "Symmetric 60 %", "SelKNN"
    )


@pytest.mark.parametrize("epochs", [4, 5, 7, 40, 500])
@pytest.mark.parametrize("episodes", [1, 4, 10, 20])
def test_every_plan_makes_methods_that_can_be_carried_out(epochs: int, episodes: int) -> None:
    plan = RepairPlan(epochs=epochs, episodes=episodes, batch_size=64, k=5)
    for correction in corrections_of(FASHION, plan, METHODS).values():
        assert from_json(to_json(correction)) == correction
        assert correction.experiment.schedule.epochs == epochs
        assert "fashion_mnist" in as_code(correction)


def test_ten_episodes_are_the_papers_and_few_go_faster() -> None:
    ten, four = (methods_of(RepairPlan(episodes=n))["SelKNN"][0] for n in (10, 4))
    assert [ten.percent_at(i) for i in range(1, 11)] == [20, 30, 40, 50, 60, 70, 80, 90, 100, 100]
    assert [four.percent_at(i) for i in range(1, 5)] == [20, 40, 60, 80]


def test_pencils_step_keeps_its_effect_with_other_batches_and_classes() -> None:
    usual, wide = (methods_of(RepairPlan(batch_size=b), c)["PENCIL"][0].step for b, c in ((128, 10), (256, 100)))
    assert usual == 2000
    assert wide == 20 * usual


def test_costs_are_counted_by_epochs_and_pairs() -> None:
    digits = {name: correction_of("Symmetric 60 %", name) for name in METHODS}
    found = {name: trained_epochs(each) for name, each in digits.items()}
    assert found == {
        "CE": 20, "Joint Optimization": 60, "PENCIL": 70, "SL": 20, "IterKNN": 100, "SelKNN": 100, "kNN filter": 40, "GCE": 20,
    }  # fmt: skip
    assert compared_pairs(digits["IterKNN"], 100) == 4 * 100**2
    assert compared_pairs(digits["SelKNN"], 100) == pytest.approx((0.16 + 0.24 + 0.24 + 0.16) * 100**2)
    assert compared_pairs(digits["CE"], 100) == 0
    more = corrections_of(FASHION, RepairPlan(), METHODS)
    assert all(repair_seconds(more[name]) > repair_seconds(digits[name]) > 0 for name in METHODS)
    whole = replace(FASHION, dataset=DataSource(name="fashion_mnist"))
    assert repair_seconds(corrections_of(whole, RepairPlan(), ("IterKNN",))["IterKNN"]) > 20


def test_the_papers_columns_are_found_by_their_noise() -> None:
    assert column_of(Symmetric(0.6)) == "Symmetric 60 %"
    assert column_of(Semantic(0.4, "fashion_mnist")) == "Asymmetric 40 %"
    for other in (Symmetric(0.5), Uniform(0.4), RandomAsymmetric(0.3, 0)):
        assert column_of(other) is None


@pytest.mark.parametrize("wrong", [{"epochs": 3}, {"episodes": 0}, {"k": 0}, {"batch_size": 2}])
def test_plans_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        RepairPlan(**wrong)


def test_a_pair_of_classes_is_two_classes() -> None:
    pair = replace(digits_experiment(), imbalance=RarePair(majority=3, minority=8), noise=Symmetric(0.3))
    method = corrections_of(pair, RepairPlan(), ("PENCIL",))["PENCIL"].method
    assert method.step == 400
