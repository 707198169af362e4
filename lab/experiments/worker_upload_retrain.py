"""Train on the labels as given, without the suspect ones, and on the corrected ones: does cleaning help?

The judge are rows that were held out, by their given labels: nobody has better ones, and where wrong labels are spread
evenly over the classes, the order of the three is the same as by the true ones. The detector sees the training rows alone.
569 rows, three trainings and five seeds take about 25 s on one slow core.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from lab.core.checks import check_choice, require
from lab.core.rng import numpy_rng
from lab.data.dataset import take
from lab.data.rows import stratified
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_held_out import held_out
from lab.experiments.worker_upload_ground import SHARE, Course, Ground, ground_of
from lab.experiments.worker_upload_network import Network, Plan
from lab.experiments.worker_upload_part import Part, about, mean_interval
from lab.experiments.worker_upload_study import allowed, ask, evidence_of, knet_probs
from lab.specs.upload_studies import UploadRetrain
from lab.specs.upload_training import ARMS, HELD_OUT, MOST_RETRAINED

FEWEST_ROWS, FEWEST_TRAINED = 40, 16
WORDS = {"removed": "Leaving the flagged labels out", "corrected": "Correcting the flagged labels"}


@dataclass(frozen=True, eq=False)
class Labels:
    """What is to be trained on: labels of all rows of a part, and which rows stay."""

    y: Int[ndarray, " m"]
    kept: Bool[ndarray, " m"]


@dataclass(frozen=True, eq=False)
class Decided:
    """What a person has decided about rows of a part: -1 nothing, else an index of `DECISIONS`; and new labels."""

    keep: Bool[ndarray, " m"]
    relabel: Bool[ndarray, " m"]
    drop: Bool[ndarray, " m"]
    label: Int[ndarray, " m"]

    @property
    def n(self) -> int:
        """Rows about which something was decided."""
        return int((self.keep | self.relabel | self.drop).sum())


def run_upload_retrain(request: UploadRetrain, report: PlainReport) -> Run:
    """Three trainings for every seed, judged by the same held-out rows.

    Metrics: `arms` (a dict each: `name`, `title`, `n_train`, and with `mean` and `interval` over the seeds `accuracy`, by
        the held-out labels as given and as people have decided, and `trusted`, among those that nobody flags), `changes`
        (for "removed" and "corrected": `name`, `difference` in accuracy to the labels as given with `mean` and `interval`,
        `verdict`: "helps", "hurts", "no difference" or "one seed", `sentence`), `sentence`, `n_flagged` (mean, of the
        training rows), `n_decided`, `n`, `n_test`, `backbone`, `classes`, `sampled`, `notes`.
    Arrays: `accuracy`, `trusted` (3, seeds).
    Raises: ValueError in one sentence if the file has no columns or pictures, or too few rows, or a decision does not fit.
    """
    start = perf_counter()
    ground = ground_of(request.study, report)
    check_choice("detector", request.detector, tuple(d.name for d in allowed(ground)))
    part = Part.of(ground, most=MOST_RETRAINED)
    plan = plan_of(part.ground, request)
    n = len(part.ground.y)
    require(n >= FEWEST_ROWS, "rows", f"at least {FEWEST_ROWS}, to hold some out", n)
    decided = decisions_on(part.ground, request)
    course = Course(report)
    course.stretch(SHARE["probabilities"], 1.0, "training")
    accuracy, trusted = np.zeros((3, len(request.seeds))), np.zeros((3, len(request.seeds)))
    sizes, flagged = np.zeros((3, len(request.seeds))), np.zeros(len(request.seeds))
    n_test = n // HELD_OUT
    whole = flags(Part.at(part.ground, np.arange(n)), request)[0] if not request.only_decisions else np.zeros(n, bool)
    for j, seed in enumerate(request.seeds):
        test = stratified(part.ground.y, n_test, rng=numpy_rng(seed, "judges"))
        train = np.setdiff1d(np.arange(n), test)
        arms, flagged[j] = arms_of(part, train, decided, request)
        judge = test[~decided.drop[test]]
        right = np.where(decided.relabel, decided.label, part.ground.y)[judge]
        believed = decided.keep[judge] | decided.relabel[judge] | ~whole[judge]
        for i, (name, labels) in enumerate(arms.items()):
            rows = train[labels.kept]
            require(
                len(rows) >= FEWEST_TRAINED, f"rows to train on ({ARMS[name]})", f"at least {FEWEST_TRAINED}", len(rows)
            )
            y = part.ground.y.copy()
            y[train] = labels.y
            hit = trained(plan, y, rows, judge, seed, course, (j, i, len(request.seeds))) == right
            accuracy[i, j], sizes[i, j] = hit.mean(), len(rows)
            trusted[i, j] = hit[believed].mean() if believed.any() else hit.mean()
    changes = [
        change(name, accuracy[i] - accuracy[0], float(flagged.mean())) for i, name in ((1, "removed"), (2, "corrected"))
    ]
    metrics: dict[str, Any] = {
        "arms": [
            {"name": name, "title": title, "n_train": float(sizes[i].mean())}
            | {"accuracy": about(accuracy[i]), "trusted": about(trusted[i])}
            for i, (name, title) in enumerate(ARMS.items())
        ],
        "changes": changes,
        "sentence": " ".join(one["sentence"] for one in changes) if flagged.mean() else changes[0]["sentence"],
        "n_flagged": float(flagged.mean()),
        "n_decided": decided.n,
        "n": n,
        "n_test": n_test,
        "backbone": type(plan.backbone).__name__,
        "classes": list(ground.data.classes),
        "sampled": part.sampled,
        "notes": notes(part, request),
    }
    return Run(request, metrics, {"accuracy": accuracy, "trusted": trusted}, perf_counter() - start)


def plan_of(ground: Ground, request: UploadRetrain) -> Plan:
    """How the networks are trained. Raises: ValueError for a file without columns or pictures."""
    x = ground.learned_from()
    if x is None:
        raise ValueError("file must be one with columns or pictures to train on, got probabilities alone")
    return Plan.of(x, ground.n_classes, request.study.backbone, request.epochs)


def decisions_on(ground: Ground, request: UploadRetrain) -> Decided:
    """The decisions about rows of a part. Raises: ValueError for a row without a label, or a label of no class."""
    rows, n = ground.data.rows, len(ground.y)
    place, classes = (
        {int(row): i for i, row in enumerate(rows)},
        {name: i for i, name in enumerate(ground.data.classes)},
    )
    masks = {kind: np.zeros(n, dtype=bool) for kind in ("keep", "relabel", "drop")}
    label = ground.y.copy()
    for row, kind, new in request.decisions:
        at = place.get(row)
        if at is None or kind == "unsure":  # a row that was not drawn, or has no label
            continue
        masks[kind][at] = True
        if kind == "relabel":
            require(new in classes, "new label", "one of the classes of the file", new)
            label[at] = classes[str(new)]
    return Decided(masks["keep"], masks["relabel"], masks["drop"], label)


def arms_of(
    part: Part, train: Int[ndarray, " t"], decided: Decided, request: UploadRetrain
) -> tuple[dict[str, Labels], float]:
    """What the three trainings learn from, and how many labels are flagged."""
    y, everything = part.ground.y[train], np.ones(len(train), dtype=bool)
    flagged, suggested = np.zeros(len(train), dtype=bool), y
    if not request.only_decisions:
        flagged, suggested = flags(Part.at(part.ground, train), request)
    free = ~(decided.keep | decided.relabel | decided.drop)[train]
    wrong = (flagged & free) | decided.relabel[train] | decided.drop[train]
    better = np.where(flagged & free, suggested, y)
    better = np.where(decided.relabel[train], decided.label[train], better)
    arms = {
        "given": Labels(y, everything),
        "removed": Labels(y, ~wrong),
        "corrected": Labels(better, ~decided.drop[train]),
    }
    return arms, float(wrong.sum())


def flags(part: Part, request: UploadRetrain) -> tuple[Bool[ndarray, " t"], Int[ndarray, " t"]]:
    """The detector's verdict on these rows, which it sees alone."""
    ground = part.ground
    given = evidence_of(ground)
    if ground.logits is None and ground.near is not None and ground.data.pred_probs is None:
        given["pred_probs"] = held_out(ground.near.features, ground.y, ground.n_classes)
    detector = next(d for d in allowed(ground) if d.name == request.detector)
    if "knet_probs" in detector.needs:
        given["knet_probs"] = knet_probs(ground)
    verdict = ask(ground.y, detector, given, request.study.n_neighbors)
    return verdict.is_issue, verdict.suggested


def trained(
    plan: Plan,
    y: Int[ndarray, " n"],
    rows: Int[ndarray, " t"],
    judge: Int[ndarray, " m"],
    seed: int,
    course: Course,
    at: tuple[int, int, int],
) -> Int[ndarray, " m"]:
    """What a network that learnt from these rows answers to the judges."""
    of_seed, arm, n_seeds = at

    def after(epoch: int, network: Network | None) -> None:
        share = (of_seed + (arm + epoch / plan.epochs) / 3) / n_seeds
        course.at(share, f"seed {of_seed + 1} of {n_seeds}, training {arm + 1} of 3, epoch {epoch} of {plan.epochs}")

    network = plan.train(y, rows, seed, "retrained", after)
    return network.logits(take(plan.x, judge)).argmax(axis=1)


def change(name: str, difference: Float[ndarray, " seeds"], n_flagged: float) -> dict[str, Any]:
    """What cleaning changed, in a plain sentence."""
    interval, mean = mean_interval(difference), float(difference.mean())
    points, seeds = f"{abs(100 * mean):.1f} points", len(difference)
    if not n_flagged:
        verdict, words = "no difference", "Nothing is flagged, so there is nothing to clean."
    elif interval is None:
        verdict = "one seed"
        words = f"{WORDS[name]} gave {100 * mean:+.1f} points with one seed, which says little; take more."
    else:
        spread = f"95 % interval {100 * interval[0]:+.1f} to {100 * interval[1]:+.1f} points over {seeds} seeds"
        if interval[0] > 0:
            verdict, words = "helps", f"{WORDS[name]} helps: {points} more on held-out rows ({spread})."
        elif interval[1] < 0:
            verdict = "hurts"
            words = (
                f"{WORDS[name]} hurts: {points} fewer on held-out rows ({spread}); right labels go with the wrong ones."
            )
        else:
            verdict = "no difference"
            words = (
                f"{WORDS[name]} makes no difference that {seeds} seeds can show: {100 * mean:+.1f} points ({spread})."
            )
    return {
        "name": name,
        "difference": {"mean": mean, "interval": interval},
        "verdict": verdict,
        "sentence": words,
    }


def notes(part: Part, request: UploadRetrain) -> list[str]:
    """What to bear in mind."""
    found = ["The judges' labels are the given ones, wrong ones among them, but where somebody has decided."]
    if part.ground.logits is not None:
        found.append("The networks behind the flags have seen the labels of the judges.")
    if part.sampled:
        found.append(f"Trained and judged on {len(part.rows):,} rows, drawn with the shares of their classes.")
    if request.only_decisions:
        found.append("Only what was decided by hand is left out or corrected.")
    return found
