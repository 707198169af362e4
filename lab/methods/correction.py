"""Label correction from start to end: train, relabel, train again, and at last a network on the labels found.

Every method here only says what its labels and losses are; all steps are taken by `lab.train.training.Training`.
Four episodes on the digits take about 3 s on one slow core (`lab bench correct`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from lab.core.rng import torch_rng
from lab.methods.correction_ground import Corrected, Ground, Say, numbers_of, tap_features, train_one
from lab.methods.joint import JointTargets
from lab.methods.knn_episodes import Episodes
from lab.methods.knn_filter import knn_filter
from lab.methods.pencil import PencilTargets, reverse_kl
from lab.specs.correction_methods import (
    PENCIL,
    CorrectionMethod,
    IterKNN,
    JointOptimization,
    KNNFilter,
    OwnPrediction,
    snapshot_epochs,
)
from lab.specs.training import Schedule
from lab.train.objectives import objective_of, soft_objective
from lab.train.training import Training


def correct(ground: Ground, method: CorrectionMethod, say: Say) -> Corrected:
    """Correct the labels of `ground.train` and train a network on the result.

    Interrupted, and called again with the same folder, it ends with the same labels.
    Raises: ValueError if the loss does not stay finite, or k or classes do not fit the rows; whatever `say` raises.
    """
    given = ground.train.y_given.cpu().numpy()
    state = Corrected([given], np.ones(len(given), dtype=bool))
    match method:
        case IterKNN():  # SelKNN too
            Episodes(ground, method, state).run(say)
        case KNNFilter():
            _filter(ground, method, state, say)
        case OwnPrediction():
            _predict(ground, state, say)
        case JointOptimization():
            _joint(ground, method, state, say)
        case PENCIL():
            _pencil(ground, method, state, say)
    return state


def _first_training(ground: Ground, state: Corrected, say: Say, width: float) -> Training:
    """A network trained on the labels as given."""
    objective = objective_of(ground.loss, ground.train.y_given)
    model = ground.network(torch_rng(ground.seeds.init, "network"))
    return train_one(
        ground,
        "episode 1",
        model,
        objective,
        lambda f: say(width * f, "training on the given labels"),
        y=state.labels[0],
    )


def _predict(ground: Ground, state: Corrected, say: Say) -> None:
    state.final = _first_training(ground, state, say, 1.0)
    state.labels.append(tap_features(state.final.model, ground.train, "logits").argmax(axis=1))
    state.episodes.append({"episode": 1} | numbers_of(state.final))


def _filter(ground: Ground, method: KNNFilter, state: Corrected, say: Say) -> None:
    """Left-out rows stay in the batches with weight 0, so that BatchNorm sees them; nothing else learns from them."""
    training = _first_training(ground, state, say, 0.5)
    y, device = state.labels[0], ground.train.rows.device
    features = tap_features(training.model, ground.train, method.tap)
    state.kept = knn_filter(features, y, k=method.k, device=device)
    state.labels.append(y)
    state.episodes.append({"episode": 1, "k": min(method.k, len(y) - 1)} | numbers_of(training))
    weight = torch.from_numpy(state.kept / max(state.kept.mean(), 1e-9)).float().to(device)
    loss, y_given = ground.loss, ground.train.y_given
    model = ground.network(torch_rng(ground.seeds.init, "network final"))
    state.final = train_one(
        ground,
        "final",
        model,
        lambda logits, rows: weight[rows] * loss(logits, y_given[rows]),
        lambda f: say((1 + f) / 2, "training on the rows that are left"),
        y=y,
    )


def _two_stages(ground: Ground, method: JointOptimization | PENCIL) -> tuple[Schedule, Schedule]:
    """Schedules of the stage in which labels change, and of the last one."""
    drop = 1e-4 if isinstance(method, PENCIL) and method.final_decay == "zero" else 0.1
    first = replace(
        ground.schedule,
        epochs=method.epochs,
        optimiser="sgd",
        momentum=0.9,
        nesterov=False,
        weight_decay=1e-4,
        learning_rate=method.learning_rate,
        decay="constant",
        milestones=(),
    )
    third = method.final_epochs // 3
    last = replace(
        first,
        epochs=method.final_epochs,
        learning_rate=method.final_rate,
        decay="steps",
        milestones=(third, 2 * third),
        factor=drop,
    )
    return first, last


def _while_labels_change(
    ground: Ground,
    method: JointOptimization | PENCIL,
    targets: JointTargets | PencilTargets,
    state: Corrected,
    say: Say,
) -> tuple[Training, Schedule, Callable[[float], None]]:
    """The stage in which labels change; returns it, the schedule of the last stage, and how that one reports."""
    first, last = _two_stages(ground, method)
    width = first.epochs / (first.epochs + last.epochs)
    training = train_one(
        ground,
        "episode 1",
        ground.network(torch_rng(ground.seeds.init, "network")),
        targets,
        lambda f: say(width * f, "training while labels change"),
        y=state.labels[0],
        schedule=first,
        targets=targets,
    )
    points = training.recorder.points
    for i, (epoch, labels) in enumerate(zip(snapshot_epochs(method), targets.snapshots, strict=True)):
        state.labels.append(labels.cpu().numpy())
        accuracy = {"test_last": points[epoch - 1]["test_accuracy"]} if "test_accuracy" in points[0] else {}
        state.episodes.append({"episode": i + 1, "epoch": epoch} | accuracy)
    return training, last, lambda f: say(width + (1 - width) * f, "training on the corrected labels")


def _joint(ground: Ground, method: JointOptimization, state: Corrected, say: Say) -> None:
    targets = JointTargets(ground.train.y_given, ground.n_classes, method)
    _, schedule, say_last = _while_labels_change(ground, method, targets, state, say)
    model = ground.network(torch_rng(ground.seeds.init, "network final"))
    objective = soft_objective(targets.labels)
    state.final = train_one(ground, "final", model, objective, say_last, y=state.labels[-1], schedule=schedule)


def _pencil(ground: Ground, method: PENCIL, state: Corrected, say: Say) -> None:
    targets = PencilTargets(ground.train.y_given, ground.n_classes, method)
    training, schedule, say_last = _while_labels_change(ground, method, targets, state, say)
    scores = targets.scores
    state.final = train_one(
        ground,
        "final",
        training.model,
        lambda logits, rows: reverse_kl(logits, scores[rows]),
        say_last,
        y=state.labels[-1],
        schedule=schedule,
        memory=training.step.optimiser.state(),
    )
