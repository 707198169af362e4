"""What a repair will take, before anything heavy is imported: seconds."""

from __future__ import annotations

from lab.specs.budget import SECONDS_BEFORE, DataSize, data_size, pace, predicted_seconds
from lab.specs.correction import Correction
from lab.specs.correction_methods import PENCIL, IterKNN, JointOptimization, KNNFilter, SelKNN
from lab.specs.network_sizes import network_size

# One thread of the machine on which it was measured: exact search of 10,000 among 50,000 rows of 64 and 512 features.
SECONDS_A_PAIR, SECONDS_A_PAIR_AND_FEATURE = 9.3e-10, 1.8e-11
CUDA_SPEEDUP = 50  # an estimate, not measured


def trained_epochs(study: Correction) -> int:
    """Epochs of all its trainings together."""
    method, epochs = study.method, study.experiment.schedule.epochs
    if isinstance(method, JointOptimization | PENCIL):
        return method.epochs + method.final_epochs
    if isinstance(method, IterKNN):  # SelKNN too
        return epochs * (method.episodes + 1)
    return epochs * (2 if isinstance(method, KNNFilter) else 1)


def compared_pairs(study: Correction, n: int) -> float:
    """Pairs of rows whose distance its votes look at."""
    method = study.method
    if isinstance(method, SelKNN):
        shares = [method.percent_at(i + 1) / 100 for i in range(method.episodes)]
        return sum(n * n * (1.0 if method.relabels_all(i + 1) else s * (1 - s)) for i, s in enumerate(shares))
    if isinstance(method, IterKNN):
        return float(method.episodes * n * n)
    return float(n * n) if isinstance(method, KNNFilter) else 0.0


def repair_seconds(study: Correction, size: DataSize | None = None, *, device: str = "cpu") -> float:
    """Seconds that a correction and its last training will take, about; see `lab.specs.budget.predicted_seconds`.

    Raises: ValueError where the size of one's own data is not given.
    """
    size = size or data_size(study.experiment)
    one = predicted_seconds(study.experiment, size, device=device) - SECONDS_BEFORE
    training = one * trained_epochs(study) / study.experiment.schedule.epochs
    assert size is not None
    width = network_size(study.experiment.backbone, size.row, size.n_classes).penultimate
    pairs = compared_pairs(study, size.n_train) * (SECONDS_A_PAIR + width * SECONDS_A_PAIR_AND_FEATURE)
    return SECONDS_BEFORE + training + pairs * (pace()[0] if device == "cpu" else 1 / CUDA_SPEEDUP)
