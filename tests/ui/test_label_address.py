"""An address written for data and noise is read back as the same data and noise, or there is none."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

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
    Uniform,
    two_alternatives,
)
from lab.specs import DataSource, LabelStudy, RareClass, RarePair
from lab.ui.label_address import label_address
from lab.ui.noise_matrix import UNIT, to_steps

DIGITS = DataSource()
STUDIES = {
    "the usual": LabelStudy(),
    "symmetric": LabelStudy(noise=Symmetric(0.65), seed=3),
    "uniform, exact": LabelStudy(noise=Uniform(0.2), mode="exact"),
    "flip of some rows": LabelStudy(noise=Flip(0.4), dataset=DataSource(n=300)),
    "look-alikes": LabelStudy(noise=Semantic(0.3, "digits")),
    "random": LabelStudy(noise=RandomAsymmetric(0.4, 7)),
    "one place": LabelStudy(noise=LocallyConcentrated(3, "largest")),
    "one place of a size": LabelStudy(noise=LocallyConcentrated(4, "closest_to_target", 0.25)),
    "dial": LabelStudy(noise=Concentrated(0.5, 0.35)),
    "hard": LabelStudy(noise=InstanceDependent(0.3, 0.12), mode="exact_per_class"),
    "own matrix": LabelStudy(noise=Matrix(0.5, to_steps(two_alternatives(10)) / UNIT)),
    "none": LabelStudy(noise=Clean()),
    "one rare class": LabelStudy(noise=Uniform(0.4), imbalance=RareClass(class_index=4, fraction=0.25)),
    "a rare pair": LabelStudy(noise=Flip(0.3), imbalance=RarePair(majority=3, minority=8, fraction=0.1)),
    "a table": LabelStudy(noise=Uniform(0.4), dataset=DataSource(name="wine"), seed=1),
}
UNSAID = (
    Uniform(0.33),
    Flip(0.4, permutation=(1, 2, 3, 4, 5, 6, 7, 8, 9, 0)),
    LocallyConcentrated(30),
    InstanceDependent(0.3, 0.013),
    Matrix(1.0, two_alternatives(10, 1 / 3)),
    Semantic(0.3, {1: 7}),
)


def form() -> None:
    import streamlit as st

    from lab.specs import to_json
    from lab.ui.noise_form import label_study

    study = label_study()
    st.text("nothing" if study is None else to_json(study))


@pytest.mark.parametrize("name", STUDIES)
def test_the_controls_read_what_was_written(name: str) -> None:
    from lab.specs import to_json

    address = label_address(STUDIES[name])
    assert address is not None
    page = AppTest.from_function(form, default_timeout=30)
    page.query_params.update(address)
    page.run()
    assert not page.exception
    assert page.text[0].value == to_json(STUDIES[name])


@pytest.mark.parametrize("noise", UNSAID, ids=lambda noise: type(noise).__name__)
def test_what_the_controls_can_not_say_has_no_address(noise) -> None:
    assert label_address(LabelStudy(noise=noise)) is None


def test_labels_by_people_name_file_and_column() -> None:
    noise = HumanLabels("CIFAR-10_human.pt", "worse_label")
    address = label_address(LabelStudy(dataset=DataSource(name="cifar10"), noise=noise))
    assert address is not None
    assert (address["file"], address["column"]) == ("CIFAR-10_human.pt", "worse_label")
