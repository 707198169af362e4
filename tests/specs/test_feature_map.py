"""Feature maps as JSON: there and back with their digest, and what can not be drawn is refused in a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.specs import TSNE, DataSource, FeatureMap, MapSource, from_json, to_json
from lab.specs.code import as_code
from lab.specs.feature_map import EPOCHS, KS, TAPS
from lab.specs.presets import FEATURE_MAPS, TOY, TRAININGS

FIRST = FEATURE_MAPS["KNET Fig. 4"]
OTHER_SET = replace(
    TRAININGS[0], dataset=DataSource(name="wine"), schedule=replace(TRAININGS[0].schedule, batch_size=32)
)

sources = st.builds(
    MapSource,
    experiment=st.sampled_from(TRAININGS),
    tap=st.sampled_from(TAPS),
    epoch=st.sampled_from(EPOCHS) | st.integers(1, 60),
    labels_of=st.none() | st.sampled_from(TRAININGS),
)
maps = st.builds(
    FeatureMap,
    left=sources,
    right=sources,
    part=st.just("train"),
    n=st.integers(2, 10_000),
    k=st.sampled_from(KS),
    tsne=st.builds(TSNE, seed=st.integers(0, 9), perplexity=st.floats(2, 50)),
    inn=st.booleans(),
)


@given(study=maps)
@settings(max_examples=30, deadline=None)
def test_maps_survive_json_with_their_digest(study: FeatureMap) -> None:
    back = from_json(to_json(study))
    assert back == study
    assert back.digest == study.digest


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(FIRST, k=2), r"k must be one of .*, got 2"),
        (lambda: replace(FIRST, n=1), r"n must be an integer in \[2, 10000\], got 1"),
        (lambda: replace(FIRST, inn=True), "inn must be false for test rows"),
        (lambda: replace(FIRST, part="val"), "part must be one of"),
        (lambda: replace(FIRST.left, tap="neck"), "tap must be one of"),
        (lambda: replace(FIRST.left, epoch=61), r"epoch must be an integer in \[1, 60\], got 61"),
        (lambda: replace(FIRST.left, epoch="first"), "epoch must be one of"),
        (lambda: MapSource(experiment=TOY), "experiment must be the training of a DataSource"),
        (
            lambda: replace(FIRST, right=MapSource(experiment=OTHER_SET)),
            "the two maps must be the same, got 'digits, wine'",
        ),
    ],
)
def test_what_can_not_be_drawn_is_refused_in_a_sentence(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", FEATURE_MAPS)
def test_the_script_of_a_figure_asks_for_the_same_maps(name: str) -> None:
    built: dict[str, object] = {}
    exec(as_code(FEATURE_MAPS[name]).split("result =")[0], built)
    assert built["study"] == FEATURE_MAPS[name]
