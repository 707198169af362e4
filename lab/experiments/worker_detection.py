"""Every detector on the labels of one training, with everything a person may ask about it: segments, lives, figures.

60 epochs of DigitsMLP on the digits, three networks and fourteen detectors, take about 25 s on one slow core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, UInt16
from numpy import ndarray

from lab.analysis.concentration_alarm import concentration_alarm
from lab.analysis.consistency import consistency_effect
from lab.analysis.detect import detectors, find_label_issues
from lab.analysis.detect import score as score_of
from lab.analysis.detect_metrics import Quality, auroc, quality
from lab.analysis.inn import Segments, inn_scores, inn_segments, quadrature_rule
from lab.analysis.mixtures import Mixture, fit_bmm, fit_gmm
from lab.core.checks import require
from lab.core.rng import numpy_rng
from lab.core.threads import threads
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_detection_training import Trained, evenly, inputs_for_rivals, train_three
from lab.experiments.worker_held_out import held_out
from lab.experiments.worker_runs import thumbnails
from lab.methods.knet_classifier import KNetClassifier
from lab.neighbors import NeighborTable
from lab.specs.budget import training_threads
from lab.specs.detection import Detection

N_NEIGHBORS, N_SEGMENTS = 10, 10
LS, HS = (1, 2, 5, 10, 20), (1, 2, 5, 10)  # of Fig. 3
N_GRID = 128  # points of a drawn density
MOST_PICTURES = 2000
NUMBERS = ("auroc", "auprc", "precision_at_errors", "f1", "precision", "recall", "flagged", "minority_auroc", "seconds")
STEPS = 65_000  # of a probability in two bytes; see `packed`


@dataclass(frozen=True, eq=False)
class Verdict:
    """One detector's answer to one labelling."""

    score: Float[ndarray, " n"]
    is_issue: Bool[ndarray, " n"]
    quality: Quality
    mixture: Mixture | None  # of the scores; None where all are equal


def run_detection(study: Detection, report: PlainReport) -> Run:
    """Train the three networks, ask every detector, and measure INN's figures on the way.

    Metrics: `detectors` (a dict each: name, title, source, needs, and its `Quality`), `epochs` (watched), `auroc` of each
        curve by epoch, `effect` (epochs, 4), `ablation`, `alarm`, `classes`, `n`, `n_wrong`, rates, `pictures`.
    Arrays: `y_given`, `y_clean`, `rows`; `scores` (detectors, n); `verdicts`, bits of (detectors, n); `cutoffs`, the score
        at which the own verdict and the mixture turn, nan if there is none; `density_at`, `densities`; `neighbors`
        (n, 10), `paths` (n, 10, 11) as `packed`; `life_*` (epochs, n); `pictures` of the rows `picture_rows`.
    Raises: ValueError in one sentence if it can not be carried out.
    """
    start = perf_counter()
    with threads(training_threads(study.experiment.backbone)):
        trained = train_three(study, lambda part, message: report(0.55 * part, message))
    y_given, wrong = trained.y_given, trained.y_given != trained.y_clean
    report(0.56, "finding INN's neighbours")
    table = NeighborTable.build(trained.features, k_max=min(max(LS), len(wrong) - 1))
    final = inn_segments(trained.nets["mixup"][-1], trained.x, y_given, table, n_neighbors=table.k_max)
    report(0.65, "asking every detector")
    space = inputs_for_rivals(study, trained)
    verdicts = ask_all(study, trained, table, space, report)
    report(0.85, "looking back at the epochs")
    lives, curves = look_back(study, trained, table, wrong)
    effect = [consistency_effect(net, trained.x, y_given, trained.y_clean, table) for net in trained.nets["ce"]]
    report(0.96, "collecting what was found")
    alarm = concentration_alarm(y_given, space)
    by_inputs = inn_scores(trained.nets["mixup"][-1], trained.x, y_given, space)
    metrics = describe(trained, verdicts) | {
        "epochs": list(study.watched),
        "auroc": curves,
        "effect": [[none_if_nan(value) for value in four] for four in effect],
        "ablation": ablation(final, wrong) | {"by_rivals_space": none_if_nan(auroc(by_inputs, wrong))},
        "alarm": {"sounds": alarm.sounds, "message": alarm.message, "share": alarm.share},
    }
    arrays = collect(trained, verdicts, final) | lives
    arrays["alarm_rows"] = np.sort(np.concatenate([np.zeros(0, np.int32), *(c.rows for c in alarm.clusters)])).astype(
        np.int32
    )
    return Run(study, metrics, arrays, perf_counter() - start)


def ask_all(
    study: Detection, trained: Trained, table: NeighborTable, space: ndarray, report: PlainReport
) -> dict[str, Verdict]:
    """Every detector; its seconds are those of the verdict, without the networks that it reads."""
    y_given, nets = trained.y_given, trained.nets
    seed = study.experiment.seeds.init
    probs = held_out(space, y_given, len(trained.classes))
    knet = KNetClassifier(random_state=seed).fit(space, y_given)
    knet_probs = np.zeros((len(y_given), len(trained.classes)), dtype=np.float32)
    knet_probs[:, knet.classes_] = knet.predict_proba(space)
    found = {}
    for i, (name, detector) in enumerate(detectors().items()):
        report(0.68 + 0.17 * i / len(detectors()), f"asking {detector.title}")
        given: dict[str, Any] = {"features": space, "pred_probs": probs}
        if name.startswith("small_loss"):
            given["losses"] = trained.losses[name.removeprefix("small_loss_")][-1]
        elif name == "aum":
            given["logits"] = trained.logits
        elif name == "inn":
            given |= {"features": trained.features, "predict_proba": nets["mixup"][-1], "x": trained.x}
        elif name == "knet":
            given["knet_probs"] = knet_probs
        start = process_time()
        issues = find_label_issues(y_given, detector=name, rng=numpy_rng(seed, name), **given)
        seconds = process_time() - start
        score, is_issue = issues.score.to_numpy(), issues.is_issue.to_numpy()
        score = score.astype(np.float32).astype(np.float64)  # as it is stored, so that every count agrees
        fit = fit_bmm if detector.mixture == "bmm" else fit_gmm
        mixture = fit(score, rng=numpy_rng(seed, "mixture")) if np.ptp(score) > 1e-9 else None
        judged = quality(score, is_issue, y_given=y_given, y_clean=trained.y_clean, seconds=seconds)
        found[name] = Verdict(score, is_issue, judged, mixture)
    return found


def look_back(
    study: Detection, trained: Trained, table: NeighborTable, wrong: Bool[ndarray, " n"]
) -> tuple[dict[str, ndarray], dict[str, list[float | None]]]:
    """Each sample's life over the watched epochs, and the AUROC of each detector that changes with them."""
    y, nets = trained.y_given, trained.nets
    inn = [inn_scores(net, trained.x, y, table, n_neighbors=N_NEIGHBORS) for net in nets["mixup"]]
    inn_of_ce = [inn_scores(net, trained.x, y, table, n_neighbors=N_NEIGHBORS) for net in nets["ce"]]
    agreement = [(y[idx] == y[:, None]).mean(axis=1) for idx in trained.nearest]
    posterior = [fit_bmm(s, rng=numpy_rng(0, "life")).p_clean(s) if np.ptp(s) > 1e-9 else np.ones(len(s)) for s in inn]
    curves: dict[str, Sequence[ndarray | None]] = {
        "INN": inn,
        "INN, f by cross-entropy": inn_of_ce,
        "small loss, CE": [-loss for loss in trained.losses["ce"]],
        "small loss, CE+NE": [-loss for loss in trained.losses["ce_ne"]],
        "small loss, MixUp": [-loss for loss in trained.losses["mixup"]],
        detectors()["aum"].title: margins_so_far(study, trained),
        "kNN agreement, by the network": agreement,
    }
    lives = {
        "life_loss": np.array(trained.losses["ce"], dtype=np.float16),
        "life_inn": in_a_byte(inn),
        "life_agreement": in_a_byte(agreement),
        "life_posterior": in_a_byte(posterior),
    }
    return lives, {
        name: [None if s is None else none_if_nan(auroc(np.asarray(s, dtype=np.float64), wrong)) for s in scores]
        for name, scores in curves.items()
    }


def margins_so_far(study: Detection, trained: Trained) -> list[Float[ndarray, " n"] | None]:
    """The logit margin averaged over training until each watched epoch; None before logits were first recorded."""
    recorded = np.array(sorted(evenly(study.experiment.schedule.epochs)))
    until = [trained.logits[recorded <= epoch] for epoch in study.watched]
    return [score_of("aum", y_given=trained.y_given, logits=logits) if len(logits) else None for logits in until]


def ablation(final: Segments, wrong: Bool[ndarray, " n"]) -> dict[str, Any]:
    """AUROC of INN with fewer neighbours, by the integral and by the midpoint alone, and with fewer segments (Fig. 3)."""
    values = final.values.astype(np.float64)
    ls = [n for n in LS if n <= values.shape[1]]
    coarse = {}
    for h in HS:
        nodes = values[:, : min(N_NEIGHBORS, ls[-1]), :: N_SEGMENTS // h]
        coarse[h] = auroc((nodes @ quadrature_rule("trapezoid", h)[1]).mean(axis=1), wrong)
    return {
        "L": ls,
        "integral": [none_if_nan(auroc(final.of_nearest(n), wrong)) for n in ls],
        "midpoint": [none_if_nan(auroc(values[:, :n, N_SEGMENTS // 2].mean(axis=1), wrong)) for n in ls],
        "H": list(HS),
        "segments": [none_if_nan(coarse[h]) for h in HS],
        "passes": final.passes,
        "pairs": final.n_pairs,
    }


def describe(trained: Trained, verdicts: dict[str, Verdict]) -> dict[str, Any]:
    """The table of detectors and what the page says of the labels."""
    rows = []
    for name, verdict in verdicts.items():
        q, detector = verdict.quality, detectors()[name]
        rows.append(
            {"name": name, "title": detector.title, "source": detector.source, "needs": list(detector.needs)}
            | {number: none_if_nan(getattr(q, number)) for number in NUMBERS}
            | {"n_flagged": int(verdict.is_issue.sum()), "class_auroc": [none_if_nan(c) for c in q.class_auroc]}
            | {"note": verdict.mixture.note if verdict.mixture else "All scores are equal."}
        )
    first = next(iter(verdicts.values())).quality
    return {
        "detectors": rows,
        "classes": list(trained.classes),
        "minority": trained.classes[first.minority],
        "n": len(trained.y_given),
        "n_wrong": first.n_errors,
        "nominal_rate": trained.labels.nominal_rate,
        "effective_rate": trained.labels.effective_rate,
        "realised_rate": first.n_errors / len(trained.y_given),
        "pictures": len(trained.images.shape) == 4,
    }


def collect(trained: Trained, verdicts: dict[str, Verdict], final: Segments) -> dict[str, ndarray]:
    """The arrays of the run."""
    n_neighbors = min(N_NEIGHBORS, final.idx.shape[1])
    grid = [np.linspace(*ends(verdict.score), N_GRID) for verdict in verdicts.values()]
    densities = [
        np.zeros((2, N_GRID)) if v.mixture is None else v.mixture.densities(at)
        for v, at in zip(verdicts.values(), grid, strict=True)
    ]
    small = np.min_scalar_type(len(trained.classes))
    arrays = {
        "y_given": trained.y_given.astype(small),
        "y_clean": trained.y_clean.astype(small),
        "rows": trained.index.astype(np.int32),
        "scores": np.stack([v.score for v in verdicts.values()]).astype(np.float32),
        "verdicts": np.packbits(np.stack([v.is_issue for v in verdicts.values()]), axis=1),
        "cutoffs": np.array(
            [[turning_point(v), v.mixture.threshold() if v.mixture else np.nan] for v in verdicts.values()]
        ),
        "density_at": np.stack(grid).astype(np.float32),
        "densities": np.stack(densities).astype(np.float32),
        "neighbors": final.idx[:, :n_neighbors].astype(np.uint16 if len(trained.y_given) < 2**16 else np.int32),
        "paths": packed(final.values[:, :n_neighbors]),
    }
    lowest = np.argsort(np.stack([v.score.argsort().argsort() for v in verdicts.values()]).min(axis=0), kind="stable")
    picture_rows = np.sort(lowest[:MOST_PICTURES]).astype(np.int32)
    if (pictures := thumbnails(trained.images, picture_rows)) is not None:
        arrays |= {"pictures": pictures, "picture_rows": picture_rows}
    return arrays


def turning_point(verdict: Verdict) -> float:
    """The score below which as many labels lie as the detector calls wrong: its own cut-off, if it has one score for it."""
    flagged, kept = verdict.score[verdict.is_issue], verdict.score[~verdict.is_issue]
    if not len(flagged) or not len(kept):
        return float(ends(verdict.score)[1 if len(flagged) else 0])
    if flagged.max() < kept.min():
        return float((flagged.max() + kept.min()) / 2)
    ordered = np.sort(verdict.score)
    return float((ordered[len(flagged) - 1] + ordered[len(flagged)]) / 2)


def ends(score: Float[ndarray, " n"]) -> tuple[float, float]:
    """Of a drawn axis: 0 and 1 for scores within, else the smallest and the largest."""
    low, high = float(score.min()), float(score.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high if high > low else low + 1


def packed(values: Float[ndarray, "n l m"]) -> UInt16[ndarray, "n l m"]:
    """Probabilities in two bytes; the rounding of one is made good by the next, so that areas stay as they are to 1e-6.

    An end counts half in a trapezoid, so it is carried at half its size.
    """
    require(float(values.min()) >= -1e-6 and float(values.max()) <= 1 + 1e-6, "values", "probabilities", values.max())
    weight = np.ones(values.shape[2])
    weight[[0, -1]] = 0.5
    out, owed = np.empty(values.shape, dtype=np.uint16), np.zeros(len(values))
    for line in range(values.shape[1]):
        for node in range(values.shape[2]):
            exact = values[:, line, node].astype(np.float64).clip(0, 1) * STEPS
            out[:, line, node] = rounded = np.rint(exact + owed / weight[node]).clip(0, STEPS + 100)
            owed += weight[node] * (exact - rounded)
    return out


def in_a_byte(values: list[Float[ndarray, " n"]]) -> ndarray:
    """Numbers from 0 to 1 in steps of 1/255."""
    return np.rint(255 * np.array(values).clip(0, 1)).astype(np.uint8)


def none_if_nan(value: float) -> float | None:
    """JSON has no nan."""
    return None if np.isnan(value) else float(value)
