"""KNET Tables 2-5 and Fig. 3 on scikit-learn's digits: what must hold, with the figures printed (run with -m slow -rP).

1,297 training and 500 clean test rows, DigitsMLP, 60 epochs of SGD (.02, momentum .9, weight decay 5e-4, batch 128, the
rate divided by 5 after epochs 30 and 45); split, noise, weights and batches of each run come from its seed. About 5 s a
run on one slow core. A claim of the paper that does not hold here is printed as such and not asserted.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import torch

from lab.analysis.knet_comparison import disagreement, imitation
from lab.analysis.knet_field import knet_labels
from lab.core.rng import numpy_rng, torch_rng
from lab.core.threads import threads
from lab.data import load
from lab.methods.knet import KNetClassifier
from lab.neighbors import NeighborTable
from lab.nets.registry import build
from lab.noise import RandomAsymmetric, Semantic, Uniform, corrupt
from lab.specs import Schedule
from lab.train.classifier import train_classifier

pytestmark = pytest.mark.slow

SCHEDULE = Schedule(
    epochs=60,
    batch_size=128,
    learning_rate=0.02,
    optimiser="sgd",
    weight_decay=5e-4,
    decay="steps",
    milestones=(30, 45),
    factor=0.2,
)
NOISE = {
    "uniform .4": lambda seed: Uniform(0.4),
    "uniform .8": lambda seed: Uniform(0.8),
    "random asymmetric .3": lambda seed: RandomAsymmetric(0.3, seed),
    "semantic .4": lambda seed: Semantic(0.4, "digits"),
}
KS = (1, 11, 31, 51, 81, 101)  # printed


def one_run(noise: str, seed: int) -> dict[str, np.ndarray]:
    """Accuracy on clean test rows of the network, and of kNN and kNet for k = 1..101; Fig. 3's curves."""
    digits = load("digits", seed=seed)
    train, test = digits.train, digits.test
    labels = corrupt(train.y_clean, NOISE[noise](seed), rng=numpy_rng(seed, "noise"), n_classes=10)
    net = build("DigitsMLP", input_shape=(64,), n_classes=10, generator=torch_rng(seed, "weights"))
    x, queries = torch.from_numpy(train.x), torch.from_numpy(test.x)
    with threads(1):
        train_classifier(net, x, torch.from_numpy(labels.y_given), SCHEDULE, generator=torch_rng(seed, "batches"))
        with torch.inference_mode():
            reference, features = net.features(x).numpy(), net.features(queries).numpy()
            network = net(queries).argmax(dim=1).numpy()
    knet = KNetClassifier(random_state=seed).fit(reference, labels.y_given)
    fixed = KNetClassifier(fixed_k=1, random_state=seed).fit(reference, labels.y_given)
    table, folded = NeighborTable.build(reference, features), knet.network_.fold()
    curves = imitation(table, labels.y_given, 10, folded, features)
    answers, votes = knet_labels(folded, features), table.predict_all(labels.y_given, 10)
    changes = disagreement(network, answers[50], test.y_clean)
    return {
        "network": (network == test.y_clean).mean(),
        "knn": (votes == test.y_clean[:, None]).mean(axis=0),
        "knet": (answers == test.y_clean).mean(axis=1),
        "fixed(1)": np.array(fixed.score(features, test.y_clean)),
        "gap": curves.difference,
        "max_knn": curves.max_knn,
        "max_knet": curves.max_knet,
        "mended": np.array(len(changes.mended)),
        "broken": np.array(len(changes.broken)),
    }


@lru_cache
def figures(noise: str, n_seeds: int = 3) -> dict[str, np.ndarray]:
    """Means over the seeds, printed; what the paper says of all data sets is printed as true or false here."""
    runs = [one_run(noise, seed) for seed in range(n_seeds)]
    m = {name: np.mean([run[name] for run in runs], axis=0) for name in runs[0]}
    flip_rate = 1 - NOISE[noise](0).transition(10).diagonal().mean()
    print(f"\n{noise}, effective flip rate {flip_rate:.2f}; accuracy on clean rows, mean of {n_seeds} seeds")
    for name, values in m.items():
        shown = values if values.ndim == 0 else "  ".join(f"k={k} {values[k - 1]:.3f}" for k in KS)
        print(f"  {name:9s} {shown if isinstance(shown, str) else f'{shown:.3f}'}")
    for claim, holds in (
        ("kNet improves the network at every k", bool((m["knet"] >= m["network"]).all())),
        ("fixed kNet with k = 1 is no worse than kNet", bool(m["fixed(1)"] >= m["knet"].max())),
        ("kNN is best at about 50", 41 <= int(m["knn"].argmax()) + 1 <= 61),
    ):
        print(f"  the paper's claim that {claim}: {'holds here' if holds else 'does not hold here'}")
    return m


def test_k_t2a_uniform_40() -> None:
    """Table 2: kNet mends the network, and its k hardly matters."""
    m = figures("uniform .4")
    assert m["knet"][10] >= m["network"] + 0.02
    assert np.ptp(m["knet"][[0, 10, 50]]) <= 0.02
    assert m["mended"] > m["broken"] > 0  # KNET Fig. 4 circles the mended ones alone


def test_k_t3a_uniform_80() -> None:
    """Table 3: more neighbours are better than one; kNet does as well as 51 of them; little is gained, nothing lost."""
    m = figures("uniform .8")
    assert m["knn"][0] <= m["knn"][10]
    assert (np.abs(m["knet"][[0, 10, 50]] - m["knn"][50]) <= 0.03).all()
    assert m["knet"][50] >= m["network"] - 0.01


def test_k_t4a_random_asymmetric_30() -> None:
    """Table 4: neighbours and kNet gain much, a single neighbour nothing."""
    m = figures("random asymmetric .3")
    assert m["knn"][50] >= m["network"] + 0.06
    assert m["knet"][50] >= m["network"] + 0.05
    assert m["knn"][0] <= m["knn"][50] - 0.06


def test_k_t5a_semantic_40() -> None:
    """Table 5: a small gain; six seeds, because it is no larger than what two of three seeds differ by."""
    m = figures("semantic .4", n_seeds=6)
    assert m["knet"][50] >= m["network"] + 0.005
    assert m["knn"][100] >= m["network"] + 0.005


def test_k_f3t_knet_is_nearest_to_about_50_neighbours() -> None:
    """Fig. 3 top: a large difference at k = 1 and the smallest in the middle."""
    gap = figures("uniform .4")["gap"]
    grid = np.arange(1, 102, 10)
    assert gap[0] >= 2 * gap[50]
    assert 31 <= grid[gap[grid - 1].argmin()] <= 81


def test_k_f3b_both_are_equally_sure_but_for_small_k() -> None:
    """Fig. 3 bottom: one neighbour is always sure, kNet is not; about k = 50 the two are alike.

    The paper finds them alike up to k = 101. Here, where 101 neighbours are a twelfth of the training rows, kNet is surer
    than they are beyond k = 75 or so; that is printed and not asserted.
    """
    m = figures("uniform .4")
    difference = m["max_knn"] - m["max_knet"]
    print(f"  max kNN - max kNet at k = 41, 61, 81, 101: {difference[[40, 60, 80, 100]].round(3)}")
    assert m["max_knn"][0] == 1
    assert difference[0] >= 0.15
    assert (np.abs(difference[40:61]) <= 0.03).all()
