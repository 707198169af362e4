"""Named schedules: what the papers print, and nothing heavy to read them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lab.specs import Schedule, from_json, to_json
from lab.specs.recipes import NOTES, RECIPES


def test_every_recipe_has_a_note_and_survives_json() -> None:
    assert list(NOTES) == list(RECIPES)
    for schedule in RECIPES.values():
        assert from_json(to_json(schedule)) == schedule
        assert all(epoch < schedule.epochs for epoch in schedule.milestones)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("KED, MNIST", ("adam", 1e-3, 1e-4, 40, (20, 30), 0.1, 256)),
        ("KED, CIFAR-10", ("adam", 1e-3, 1e-4, 120, (60, 90), 0.1, 512)),
        ("KED, CIFAR-100", ("adam", 1e-3, 1e-4, 120, (80, 100), 0.1, 512)),
        ("KED, Clothing1M", ("adam", 2e-3, 5e-3, 15, (5, 10), 0.1, 64)),
        ("DRO, ImageNet", ("adam", 1e-3, 0.0, 30, (15,), 0.1, 256)),
        ("INN", ("sgd", 0.02, 5e-4, 300, (150, 225), 0.2, 128)),
        ("DivideMix", ("sgd", 0.02, 5e-4, 300, (150,), 0.1, 64)),
        ("KNET, ResNet20", ("sgd", 0.1, 1e-4, 200, (100, 150), 0.1, 128)),
        ("Digits, 60 epochs", ("sgd", 0.02, 5e-4, 60, (30, 45), 0.2, 128)),
    ],
)
def test_the_printed_values(name: str, printed: tuple[object, ...]) -> None:
    s = RECIPES[name]
    found = (s.optimiser, s.learning_rate, s.weight_decay, s.epochs, s.milestones, s.factor, s.batch_size)
    assert found == printed
    assert s.decay == "steps"


def test_only_dro_needs_clean_labels() -> None:
    needs = {name for name, schedule in RECIPES.items() if schedule.early_stopping == "clean"}
    assert needs == {"DRO, MNIST and CIFAR-10", "DRO, ImageNet"}


def test_tricks_that_change_what_is_learned_by_heart_are_off_unless_asked_for() -> None:
    plain = Schedule()
    assert (plain.mixup, plain.cutout, plain.augmentation) == (0.0, 0, "none")
    assert {name for name, schedule in RECIPES.items() if schedule.mixup or schedule.cutout} == {"INN, MixUp"}


def test_recipes_and_budget_are_light() -> None:
    code = "import sys, lab.specs.recipes, lab.specs.budget; print([m for m in ('torch', 'sklearn', 'streamlit') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
