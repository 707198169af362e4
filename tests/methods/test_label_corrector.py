"""The estimator: scikit-learn's contract, labels of any type, and fewer wrong labels than before."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from lab.methods.label_corrector import LabelCorrector
from lab.specs import IterKNN, KNNFilter, Schedule, SelKNN
from lab.specs.backbones import ToyMLP

BRIEF = Schedule(epochs=6, batch_size=32, learning_rate=0.03)
QUICK = Schedule(epochs=12, batch_size=16, learning_rate=0.01)


def blobs(n: int = 240, wrong: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three clouds of four features, their classes, and given labels of which some are wrong."""
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 4)) + 4 * np.eye(3, 4)[clean]
    given = np.where(rng.random(n) < wrong, (clean + rng.integers(1, 3, n)) % 3, clean)
    return x, clean, given


@pytest.mark.slow
@parametrize_with_checks([LabelCorrector(IterKNN(episodes=1, k=5), backbone=ToyMLP(width=16), schedule=BRIEF)])
def test_scikit_learn_takes_it_for_one_of_its_own(estimator, check) -> None:
    check(estimator)


@pytest.mark.parametrize("method", [IterKNN(episodes=2, k=15), SelKNN(episodes=2, k=10)])
def test_it_repairs_labels_and_keeps_their_type(method) -> None:
    x, clean, given = blobs()
    names = np.array(["ant", "bee", "cat"])
    fitted = LabelCorrector(method, backbone=ToyMLP(), schedule=Schedule(epochs=8, batch_size=32, learning_rate=0.005))
    fitted.fit(x, names[given])
    assert fitted.label_history_.shape == (3, 240)
    assert (fitted.label_history_[0] == names[given]).all()
    assert (fitted.corrected_labels_ == names[clean]).mean() > (given == clean).mean() + 0.15
    assert (fitted.predict(x) == names[clean]).mean() > 0.85
    assert fitted.kept_.all()


def test_a_filter_keeps_rows_and_their_labels() -> None:
    x, clean, given = blobs()
    fitted = LabelCorrector(KNNFilter(k=15), backbone=ToyMLP(), schedule=QUICK).fit(x, given)
    assert (fitted.corrected_labels_ == given).all()
    assert (given == clean)[fitted.kept_].mean() > (given == clean).mean()


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="y must be labels of two classes or more, got '1 class'"):
        LabelCorrector().fit(np.eye(6), np.zeros(6))
