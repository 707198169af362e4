"""`lab bench detect`: every detector on digits with a fifth of the labels wrong, beside scikit-learn's peers.

Four kinds of noise, 5 labellings each: symmetric, pair, instance-dependent (a clean model's runner-up), and locally
concentrated (one of five clusters of each class). Bars: the lab's default within .01 AUROC of the best peer on the three
spread kinds; >= .88 on the concentrated kind, where the peers stay under .80. Takes about 6 minutes. Seen, AUROC of the
default and of the best peer: symmetric .999 and .997, pair .997 and .989, instance-dependent .996 and .985,
concentrated .903 and .746.

Detectors by neighbours see pixels. Those by probabilities see a logistic regression's, held out in 5 folds, as the
default does beside pixels. Losses, logits and INN come from DigitsMLP after 30 epochs on the given labels. The peers are
held-out predictions of three scikit-learn models, each ranked by P(given) and by its margin over the best other label,
and cleanlab's three rankings of each. cleanlab is no part of the lab: `uv run --with cleanlab lab bench detect` puts it
into an environment of the benchmark's own.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections import defaultdict
from collections.abc import Iterator
from time import process_time
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Int
from numpy import ndarray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lab.analysis.detect import detectors, find_label_issues
from lab.analysis.detect_evidence import margin
from lab.analysis.detect_metrics import Quality, auroc, quality
from lab.analysis.digits_training import features_of, logits_of, losses_of, train_digits_mlp
from lab.core.rng import numpy_rng
from lab.core.threads import threads
from lab.data import load
from lab.methods.knet_classifier import KNetClassifier
from lab.noise import Flip, InstanceDependent, LocallyConcentrated, Noise, Symmetric, corrupt

NOISES: dict[str, Noise] = {
    "symmetric": Symmetric(0.2),
    "pair": Flip(0.2),
    "instance": InstanceDependent(0.2),
    "concentrated": LocallyConcentrated(5),
}
PEERS: dict[str, Any] = {
    "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=100)),
    "10 neighbours": KNeighborsClassifier(10),
    "random forest": RandomForestClassifier(100, random_state=0),
}
Pixels = Float32[ndarray, "n 64"]
Labels = Int[ndarray, " n"]
Probabilities = Float[ndarray, "n c"]


def main(quick: bool = False, seeds: int = 5) -> None:
    """Print a table of AUROC, then the default's other figures and the bars; `quick` is too small to judge by."""
    n, epochs, seeds = (200, 4, 1) if quick else (1797, 30, seeds)
    noises = dict(list(NOISES.items())[-1:]) if quick else NOISES
    digits = load("digits")
    x, y = digits.x[:n], digits.y_given[:n]
    ours: dict[tuple[str, str], list[Quality]] = defaultdict(list)
    peers: dict[tuple[str, str], list[float]] = defaultdict(list)
    with threads(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # models that have not converged, and in-sample probabilities, are meant here
        runner_up = held_out(PEERS["logistic regression"], x, y)
        for kind, noise in noises.items():
            for seed in range(seeds):
                rng = numpy_rng(seed, kind)
                labels = corrupt(y, noise, rng=rng, n_classes=10, features=x, pred_probs=runner_up).y_given
                held = {name: held_out(model, x, labels) for name, model in PEERS.items()}
                for name, figures in judge_all(x, y, labels, held["logistic regression"], epochs, seed):
                    ours[name, kind].append(figures)
                for name, scores in peer_scores(held, labels):
                    peers[name, kind].append(auroc(scores, labels != y))
    print(f"{n:,} digits, a fifth of the labels wrong, {seeds} labellings of each kind: AUROC, mean (spread)")
    _print(list(noises), ours, peers)


def held_out(model: Any, x: Pixels, y: Labels) -> Probabilities:
    """Probabilities of every class, each row's by a model that did not see it."""
    return cross_val_predict(model, x, y, cv=5, method="predict_proba")


def judge_all(
    x: Pixels, y: Labels, y_given: Labels, probs: Probabilities, epochs: int, seed: int
) -> Iterator[tuple[str, Quality]]:
    """Every detector's quality; its seconds are those of the verdict, without the models that it reads."""
    history: list[ndarray] = []
    net = train_digits_mlp(
        x,
        y_given,
        "ce",
        epochs=epochs,
        seed=seed,
        watched=range(1, epochs + 1),
        keep=lambda _, net: history.append(logits_of(net, x)),
    )
    doubting, mixing = (train_digits_mlp(x, y_given, loss, epochs=epochs, seed=seed) for loss in ("ce_ne", "mixup"))
    losses = {"small_loss_ce": net, "small_loss_ce_ne": doubting, "small_loss_mixup": mixing}
    for name in detectors():
        given: dict[str, Any] = {"features": x, "pred_probs": probs}
        if name in losses:
            given["losses"] = losses_of(losses[name], x, y_given)
        elif name == "aum":
            given["logits"] = np.stack(history)
        elif name == "inn":
            given |= {"features": features_of(net, x), "predict_proba": mixing, "x": x}
        elif name == "knet":
            given["knet_probs"] = KNetClassifier(random_state=seed).fit(x, y_given).predict_proba(x)
        start = process_time()
        issues = find_label_issues(y_given, detector=name, **given)
        seconds = process_time() - start
        verdict = issues.is_issue.to_numpy()
        yield name, quality(issues.score, verdict, y_given=y_given, y_clean=y, seconds=seconds)


def peer_scores(held: dict[str, Probabilities], y_given: Labels) -> Iterator[tuple[str, ndarray]]:
    """Names and scores of everything that is not ours."""
    rows = np.arange(len(y_given))
    for name, probs in held.items():
        yield f"{name}, P(given)", probs[rows, y_given]
        yield f"{name}, margin", margin(probs, y_given)
        if importlib.util.find_spec("cleanlab"):
            rank = importlib.import_module("cleanlab.rank").get_label_quality_scores
            for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
                yield f"cleanlab {method}, {name}", rank(y_given, probs, method=method)


def _print(
    kinds: list[str], ours: dict[tuple[str, str], list[Quality]], peers: dict[tuple[str, str], list[float]]
) -> None:
    if not importlib.util.find_spec("cleanlab"):
        print("cleanlab is not installed here; uv run --with cleanlab lab bench detect shows it too")
    print(f"  {'':62s}" + "".join(f"{kind:>15s}" for kind in kinds))
    for name, detector in detectors().items():
        _row(f"{name} ({detector.title})", [[q.auroc for q in ours[name, kind]] for kind in kinds])
    for name in dict.fromkeys(name for name, _ in peers):
        _row(name, [peers[name, kind] for kind in kinds])
    for title in ("auprc", "precision_at_errors", "f1", "flagged", "minority_auroc", "seconds"):
        _row(f"auto: {title}", [[getattr(q, title) for q in ours["auto", kind]] for kind in kinds])
    for kind in kinds:
        auto = float(np.mean([q.auroc for q in ours["auto", kind]]))
        means = {name: float(np.mean(scores)) for (name, of), scores in peers.items() if of == kind}
        best = max(means, key=lambda name: means[name])
        bar = "bar .88, peers under .80" if kind == "concentrated" else "bar: no more than .01 below"
        print(f"  {kind}: auto {auto:.3f}, best peer {means[best]:.3f} ({best}); {bar}")


def _row(name: str, columns: list[list[float]]) -> None:
    print(f"  {name:62s}" + "".join(f"{np.mean(c):8.3f} ({np.std(c):.3f})" for c in columns))


if __name__ == "__main__":
    main()
