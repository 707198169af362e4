"""Forecasts as JSON: there and back with their digest, and what can not be forecast is refused in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.analysis import alike, plurality
from lab.noise import Concentrated, Flip, LocallyConcentrated, Matrix, Semantic, Symmetric, ToyAsymmetric, Uniform
from lab.specs import BlindForecast, DataSource, Forecast, ForecastCheck, NetworkCurve, NoData, from_json, to_json
from lab.specs.forecast import CLEAN_FROM, TIES, even_levels
from lab.specs.no_data import OTHERS
from lab.specs.presets import DRO_FIGURES, FORECAST, NETWORKS, TRAININGS

noises = st.one_of(
    st.sampled_from([Uniform(1.0), Flip(1.0), Semantic(1.0, "digits"), Matrix(1.0, [[0.1] * 10] * 10)]),
    st.floats(0, 1).map(lambda s: Concentrated(1.0, s)),
)
some_ks = st.sets(st.integers(1, 400), min_size=1, max_size=7).map(lambda ks: tuple(sorted(ks)))
forecasts = st.builds(
    Forecast,
    dataset=st.sampled_from([DataSource(), DataSource(n=400), DataSource(name="mine.csv", label="y")]),
    noise=noises,
    ks=some_ks,
    ties=st.sampled_from(TIES),
    clean_from=st.sampled_from(CLEAN_FROM[:2]),
    levels=st.floats(0.05, 1).map(even_levels),
    seeds=st.integers(0, 20).map(lambda n: tuple(range(n))),
    n_test=st.integers(2, 2000),
)


without_data = st.builds(
    Forecast,
    dataset=st.builds(
        NoData, n_classes=st.integers(2, 300), purity=st.floats(0, 1), others=st.sampled_from(["all", "next"])
    ),
    noise=st.sampled_from([Uniform(1.0), Symmetric(1.0), Flip(1.0)]),
    ks=some_ks,
    ties=st.sampled_from(TIES),
    levels=st.floats(0.05, 1).map(even_levels),
    seeds=st.just(()),
)


@given(forecast=without_data)
@settings(max_examples=30, deadline=None)
def test_a_forecast_without_data_survives_json_with_its_digest(forecast: Forecast) -> None:
    for spec in (forecast, ForecastCheck(forecast=forecast, level=forecast.highest / 2)):
        back = from_json(to_json(spec))
        assert back == spec
        assert back.digest == spec.digest
        assert not getattr(back, "forecast", back).has_data


@given(forecast=forecasts)
@settings(max_examples=40, deadline=None)
def test_a_forecast_and_its_check_survive_json_with_their_digests(forecast: Forecast) -> None:
    level = forecast.highest / 2
    for spec in (
        forecast,
        ForecastCheck(forecast=forecast, level=level),
        BlindForecast(forecast=forecast, level=level),
    ):
        back = from_json(to_json(spec))
        assert back == spec
        assert back.digest == spec.digest


def test_levels_are_even_and_end_where_they_are_told_to() -> None:
    assert even_levels(0.9) == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    assert even_levels(0.2) == (0.0, 0.05, 0.1, 0.15, 0.2)
    assert even_levels(0.95)[-2:] == (0.9, 0.95)


def test_a_level_takes_the_place_of_the_rate_and_nothing_else() -> None:
    assert Forecast(noise=Flip(1.0)).noise_at(0.3) == Flip(0.3)
    assert Forecast(noise=Concentrated(1.0, 0.4)).noise_at(0.3) == Concentrated(0.3, 0.4)


def test_the_theory_knows_every_tie_rule_of_a_forecast() -> None:
    assert TIES == plurality.TIES


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ks": ()}, "ks must be at least one number of neighbours"),
        ({"ks": (5, 1)}, "ks must be ascending"),
        ({"ks": (1, 1298)}, r"K must be an integer in \[1, 1001\], got 1298"),
        ({"ks": (1, 201), "dataset": DataSource(n=200)}, r"K must be an integer in \[1, 200\], got 201"),
        ({"ks": tuple(range(1, 9))}, "ks must be at most 7, got 8"),
        ({"ties": "nearest"}, "ties must be one of"),
        ({"clean_from": "network"}, "clean_from must be one of"),
        ({"clean_from": "softmax"}, "network must be given, for C_s from its softmax"),
        (
            {"clean_from": "softmax", "network": TRAININGS[2]},
            "network must be trained on clean labels, or under noise by",
        ),
        ({"network": TRAININGS[0], "dataset": DataSource(n=400)}, "network must be a training on digits"),
        ({"levels": (0.0,)}, "levels must be not 0 alone"),
        ({"levels": (0.0, 1.5)}, "levels must be a finite number in"),
        ({"noise": Uniform(0.4)}, "rate of the noise must be 1"),
        ({"noise": ToyAsymmetric()}, "rate of the noise must be 1"),
        ({"noise": Matrix(1.0, [[1.0, 0.0], [0.0, 1.0]])}, "corruption must be 10 x 10"),
        ({"noise": LocallyConcentrated(3)}, "noise must be noise by class, or Concentrated"),
        ({"seeds": (-1,)}, "seeds must be an integer"),
        ({"dataset": NoData()}, r"seeds must be \(\) where there are no data: nobody can vote, got \(0, 1, 2, 3, 4\)"),
        (
            {"dataset": NoData(), "seeds": (), "clean_from": "onehot"},
            "clean_from must be 'neighbours' where there are no",
        ),
        ({"dataset": NoData(), "seeds": (), "network": TRAININGS[0]}, "network must be a training on data"),
        ({"dataset": NoData(), "seeds": (), "ks": (1002,)}, r"K must be an integer in \[1, 1001\], got 1002"),
        (
            {"dataset": NoData(n_classes=3), "seeds": (), "noise": Semantic(1.0, "digits")},
            "mapping must be between class indices below 3",
        ),
    ],
)
def test_what_can_not_be_forecast_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Forecast(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_classes": 1}, r"n_classes must be an integer in \[2, 1000\], got 1"),
        ({"n_classes": 1001}, r"n_classes must be an integer in \[2, 1000\], got 1001"),
        ({"purity": 1.2}, r"purity must be a finite number in \[0, 1\], got 1.2"),
        ({"others": "some"}, "others must be one of 'all', 'next', got 'some'"),
    ],
)
def test_classes_that_there_can_not_be_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NoData(**wrong)


def test_what_takes_data_is_refused_without_them() -> None:
    alone = Forecast(dataset=NoData(), seeds=())
    with pytest.raises(ValueError, match="dataset must be a data set: only labels can be estimated from"):
        BlindForecast(forecast=alone)
    placed = Forecast(dataset=NoData(), seeds=(), noise=Concentrated(1.0, 1.0))
    with pytest.raises(ValueError, match="noise must be by class where there are no data"):
        ForecastCheck(forecast=placed)


def test_the_theory_knows_every_neighbourhood_that_can_be_asked_for() -> None:
    assert OTHERS == alike.OTHERS


def test_a_check_stays_on_the_curve() -> None:
    with pytest.raises(ValueError, match=r"level must be a finite number in \[0, 0.6\]"):
        ForecastCheck(forecast=DRO_FIGURES["3a"].forecast, level=0.7)
    assert ForecastCheck(forecast=FORECAST, level=0).level == 0.0


@pytest.mark.parametrize("curve", NETWORKS, ids=lambda curve: type(curve.noises[0]).__name__)
def test_a_curve_of_networks_survives_json_and_names_each_training_once(curve: NetworkCurve) -> None:
    assert from_json(to_json(curve)) == curve
    digests = [each.digest for row in curve.experiments for each in row]
    assert len(set(digests)) == len(curve.noises) * len(curve.seeds)
    with pytest.raises(ValueError, match="noises must be at least one"):
        NetworkCurve(base=curve.base, noises=())
