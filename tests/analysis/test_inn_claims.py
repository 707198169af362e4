"""INN's claims on digits (science: I-F2, I-F3, I-F4, I-T1, and what holds of I-F6), means over three seeds, or six.

DigitsMLP on 1,297 digits; h is trained with cross-entropy, f with MixUp, both by the paper's schedule; asymmetric noise
swaps digits that look alike, symmetric noise may draw the true label again (INN). About two and a half minutes of CPU.
"""

from __future__ import annotations

from functools import cache

import jaxtyping
import numpy as np
import pytest

from lab.analysis.consistency import consistency_effect
from lab.analysis.detect_metrics import auroc
from lab.analysis.digits_training import features_of, grouped_digits, losses_of, train_digits_mlp
from lab.analysis.inn import inn_scores, inn_segments
from lab.core.rng import numpy_rng
from lab.core.threads import threads
from lab.data import load
from lab.neighbors import NeighborTable
from lab.noise import Flip, Semantic, Uniform, corrupt

pytestmark = pytest.mark.slow
SEEDS = (0, 1, 2)


@pytest.fixture(autouse=True, scope="module")
def quick():
    """One thread, and no checks of shapes at every step: half the time."""
    jaxtyping.config.update("jaxtyping_disable", True)
    with threads(1):
        yield
    jaxtyping.config.update("jaxtyping_disable", False)


@cache
def digits(noise, seed):
    """Rows, given labels and true labels."""
    data = load("digits", seed=seed).part("train")
    y_given = corrupt(data.y_clean, noise, rng=numpy_rng(seed, "noise"), n_classes=10).y_given
    return data.x, y_given, data.y_clean


def trained(task, seed, epochs, watched, losses=("ce", "mixup")):
    """Networks by loss and epoch, copied on the way."""
    x, y_given, _ = task
    nets = {loss: {} for loss in losses}
    for loss, kept in nets.items():
        train_digits_mlp(x, y_given, loss, epochs=epochs, seed=seed, watched=watched, keep=kept.__setitem__)
    return nets


@cache
def curves(noise, seed, epochs, watched):
    """AUROC after each watched epoch, and the consistency effect of the network trained with cross-entropy."""
    task = x, y_given, y_clean = digits(noise, seed)
    nets = trained(task, seed, epochs, watched)
    table = NeighborTable.build(features_of(nets["ce"][epochs], x), k_max=10)
    wrong = y_given != y_clean
    return {
        "inn": [auroc(inn_scores(net, x, y_given, table), wrong) for net in nets["mixup"].values()],
        "inn, f by CE, at the end": [auroc(inn_scores(nets["ce"][epochs], x, y_given, table), wrong)],
        "ce": [auroc(-losses_of(net, x, y_given), wrong) for net in nets["ce"].values()],
        "mixup": [auroc(-losses_of(net, x, y_given), wrong) for net in nets["mixup"].values()],
        "effect": [consistency_effect(nets["ce"][epoch], x, y_given, y_clean, table) for epoch in (10, epochs)],
    }


def mean_curves(noise, epochs=150, watched=(10, 25, 50, 100, 150)):
    """Each curve's mean over the seeds, printed."""
    runs = [curves(noise, seed, epochs, watched) for seed in SEEDS]
    means = {name: np.mean([run[name] for run in runs], axis=0) for name in runs[0]}
    print(f"\n{noise}, epochs {watched}: " + "; ".join(f"{k} {np.round(v, 3).tolist()}" for k, v in means.items()))
    return means


def drop(curve):
    return curve[0] - curve[-1]


def test_between_samples_right_and_wrong_labels_stay_apart_when_at_the_samples_they_do_not():
    """I-F2."""
    e_cor, e_inc, em_cor, em_inc = mean_curves(Uniform(0.3))["effect"][-1]
    assert e_cor - e_inc <= 0.03
    assert em_cor - em_inc >= 0.1


def test_with_symmetric_noise_inn_outlasts_small_losses():
    """I-F4. That f trained with CE lasts longer here than the paper's MixUp is printed: the opposite of App. E.2."""
    means = mean_curves(Uniform(0.3))
    assert means["inn"][-1] >= means["ce"][-1] + 0.1
    assert drop(means["inn"]) <= 0.15
    assert drop(means["mixup"]) >= 0.4
    assert drop(means["ce"]) >= 0.15


def test_with_asymmetric_noise_inn_is_ahead_at_its_best_and_falls_half_as_far_as_mixups_losses():
    """I-F4. INN does fall here."""
    means = mean_curves(Semantic(0.3, "digits"))
    assert max(means["inn"]) >= max(means["ce"]) + 0.03
    assert drop(means["inn"]) <= drop(means["mixup"]) / 2


def test_heavy_noise_is_where_inn_gains_most():
    """I-T1: the best of some epochs, chosen with clean labels as in the paper, from the tenth on.

    Five epochs in, small losses are still good: with these in the choice the lead at 80 % is .05 (printed).
    """
    for rate in (0.8, 0.9):
        means = mean_curves(Uniform(rate), 25, (5, 10, 25))
        assert max(means["inn"]) > max(means["ce"])
        assert max(means["inn"][1:]) >= max(means["ce"][1:]) + 0.08


def test_ten_neighbours_are_better_than_one_and_the_integral_than_the_midpoint():
    """I-F3, over six seeds: of three the difference at L >= 5 is .013, single ones have either sign (-.006 to .017)."""
    ls, found, by_pixels = (1, 5, 10, 20), [], []
    for seed in range(6):
        task = x, y_given, y_clean = digits(Semantic(0.4, "digits"), seed)
        nets = trained(task, seed, 50, (50,))
        f, wrong = nets["mixup"][50], y_given != y_clean
        by_features = inn_segments(f, x, y_given, features_of(nets["ce"][50], x), n_neighbors=max(ls))
        middle = by_features.values[:, :, 5].astype(np.float64)
        integral = [auroc(by_features.of_nearest(n), wrong) for n in ls]
        found.append([integral, [auroc(middle[:, :n].mean(axis=1), wrong) for n in ls]])
        by_pixels.append(auroc(inn_scores(f, x, y_given, x), wrong))
    integral, midpoint = np.mean(found, axis=0)
    print(f"\nL = {ls}: integral {integral.round(3)}, midpoint {midpoint.round(3)}; by pixels {np.mean(by_pixels):.3f}")
    assert integral[2] >= integral[0] + 0.03
    assert integral[0] >= midpoint[0]
    assert np.abs(integral - midpoint)[1:].max() <= 0.01


def test_a_small_class_is_first_taken_for_noise_and_the_whole_figure_hides_it():
    """I-F6, the part that holds: INN's own minority figure is printed, not asserted; it is below a half here."""
    watched, found = (1, 2, 5, 10, 20, 50), []
    for seed in SEEDS:
        x, y_clean = grouped_digits(load("digits", seed=seed).part("train"), numpy_rng(seed, "rows"))
        y_given = corrupt(y_clean, Flip(0.3), rng=numpy_rng(seed, "noise"), n_classes=2).y_given
        nets = trained((x, y_given, y_clean), seed, 50, watched)
        wrong, few = y_given != y_clean, y_clean == 1
        inn = inn_scores(nets["mixup"][50], x, y_given, features_of(nets["ce"][50], x))
        small = [-losses_of(net, x, y_given) for net in nets["ce"].values()]
        found.append([[auroc(s, wrong) for s in (*small, inn)], [auroc(s[few], wrong[few]) for s in (*small, inn)]])
    whole, minority = np.mean(found, axis=0)
    print(f"\nsmall loss at epochs {watched}, then INN at 50: whole {whole.round(3)}, minority {minority.round(3)}")
    assert min(minority[:2]) <= 0.2
    assert max(whole[:2]) >= 0.9
    assert np.ptp(minority[:-1]) >= 0.4
    assert whole[-1] >= whole[4]
