"""All methods of repair on the same footing: how long each trains, in proportion to one episode.

The numbers are the digits' own, found with clean labels in sight; other data are repaired with the same proportions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lab.core.checks import check_integer, require
from lab.specs.backbones import BackboneSpec
from lab.specs.correction import EPISODE, Correction
from lab.specs.correction_methods import (
    PENCIL,
    CorrectionMethod,
    IterKNN,
    JointOptimization,
    KNNFilter,
    OwnPrediction,
    SelKNN,
)
from lab.specs.experiment import Experiment, experiment_on
from lab.specs.labels import LabelStudy
from lab.specs.methods import CrossEntropy, GeneralisedCrossEntropy, Loss, SymmetricCrossEntropy
from lab.specs.training import Schedule, Seeds

FEW_EPISODES = 5  # up to here SelKNN's share grows by 20 % and not by the paper's 10 %, so that it gets somewhere


@dataclass(frozen=True, kw_only=True, slots=True)
class RepairPlan:
    """How long and how often is trained; defaults are the digits'. The paper's on MNIST: 40, 256, 10 and 100.

    Attributes:
        epochs: of one training; Joint Optimization and PENCIL train three to four times as long in one go.
        episodes: of IterKNN and SelKNN, after each of which labels change.
        k: neighbours that vote.
    """

    epochs: int = 20
    batch_size: int = 128
    episodes: int = 4
    k: int = 30

    def __post_init__(self) -> None:
        check_integer("epochs", self.epochs, 4, 500)
        check_integer("batch_size", self.batch_size, 4, 65_536)
        check_integer("episodes", self.episodes, 1, 20)
        check_integer("k", self.k, 1, 2000)

    @property
    def schedule(self) -> Schedule:
        """Of one training: KED's, with drops at a half and at three quarters."""
        half, late = self.epochs // 2, 3 * self.epochs // 4
        return replace(EPISODE, epochs=self.epochs, batch_size=self.batch_size, milestones=(half, late))

    def training(self, study: LabelStudy, backbone: BackboneSpec, seed: int) -> Experiment:
        """One training on the labels as given; seed: of weights and batches.

        Raises: ValueError where the parts do not fit together.
        """
        return experiment_on(
            study,
            backbone=backbone,
            schedule=self.schedule,
            method=CrossEntropy(),
            seeds=Seeds(noise=study.seed, init=seed, batch=seed),
        )


def methods_of(plan: RepairPlan, n_classes: int = 10) -> dict[str, tuple[CorrectionMethod, Loss]]:
    """In the order of KED's Table 1, then those that it lacks.

    PENCIL's step is in proportion to batch and classes, and to 1 / the epochs in which labels change, as its effect is.
    """
    e, k = plan.epochs, plan.k
    joint_begin, pencil_begin = max(1, e // 4), max(1, round(0.15 * e))
    step = round(2000 * plan.batch_size * n_classes / 1280 * 37 / (2 * e - pencil_begin))
    percent_step = 20.0 if plan.episodes <= FEW_EPISODES else 10.0
    return {
        "CE": (OwnPrediction(), CrossEntropy()),
        "Joint Optimization": (
            JointOptimization(
                epochs=2 * e, learning_rate=0.05, begin=joint_begin, window=min(5, joint_begin),
                final_epochs=e, final_rate=0.05, snapshots=4,
            ),
            CrossEntropy(),
        ),
        "PENCIL": (
            PENCIL(
                epochs=2 * e, learning_rate=0.05, begin=pencil_begin, step=step, alpha=0.0, beta=0.4,
                final_epochs=round(1.5 * e), final_rate=0.05, snapshots=4,
            ),
            CrossEntropy(),
        ),
        "SL": (OwnPrediction(), SymmetricCrossEntropy()),
        "IterKNN": (IterKNN(episodes=plan.episodes, k=k), SymmetricCrossEntropy()),
        "SelKNN": (SelKNN(episodes=plan.episodes, k=k, percent_step=percent_step), SymmetricCrossEntropy()),
        "kNN filter": (KNNFilter(k=k), CrossEntropy()),
        "GCE": (OwnPrediction(), GeneralisedCrossEntropy()),
    }  # fmt: skip


def corrections_of(base: Experiment, plan: RepairPlan, names: Iterable[str]) -> dict[str, Correction]:
    """A correction by each of the named methods of the same labels.

    Args:
        base: data, noise, network and seeds; its loss and its schedule are the method's and the plan's.
    Raises: ValueError where the parts do not fit together.
    """
    classes = base.label_study.classes
    methods = methods_of(plan, 10 if classes is None else len(classes))
    found = {}
    for name in names:
        require(name in methods, "name", "one of " + ", ".join(methods), name)
        method, loss = methods[name]
        found[name] = Correction(experiment=replace(base, schedule=plan.schedule, method=loss), method=method)
    return found
