"""What the page about repaired labels opens with: methods and settings of KED on the digits, and what it printed."""

from __future__ import annotations

from dataclasses import replace

from lab.noise import Noise, Semantic, Symmetric
from lab.specs.correction import Correction, LabelInference, digits_experiment
from lab.specs.correction_methods import SelKNN
from lab.specs.repair_plan import RepairPlan, corrections_of, methods_of
from lab.specs.training import Seeds

SETTINGS: dict[str, Noise] = {  # the columns of KED's Table 1
    "Symmetric 20 %": Symmetric(0.2),
    "Symmetric 40 %": Symmetric(0.4),
    "Symmetric 60 %": Symmetric(0.6),
    "Symmetric 80 %": Symmetric(0.8),
    "Asymmetric 20 %": Semantic(0.2, "digits"),
    "Asymmetric 30 %": Semantic(0.3, "digits"),
    "Asymmetric 40 %": Semantic(0.4, "digits"),
}
FIRST = "Symmetric 60 %"

METHODS = methods_of(RepairPlan())
SELKNN = SelKNN(episodes=4, k=30, percent_step=20.0)

# KED Table 1, accuracy of the last epoch in percent, a number for each of SETTINGS.
PRINTED_ACCURACY: dict[str, dict[str, tuple[float, ...]]] = {
    "MNIST": {
        "CE": (89.91, 68.75, 44.35, 24.77, 94.22, 86.40, 80.33),
        "Joint Optimization": (94.89, 93.94, 91.03, 66.55, 94.79, 93.01, 91.78),
        "PENCIL": (95.34, 93.89, 93.06, 70.25, 96.22, 94.38, 90.15),
        "SL": (98.77, 97.65, 95.27, 68.04, 98.61, 97.11, 96.15),
        "IterKNN": (98.33, 96.35, 94.33, 70.81, 98.65, 97.27, 94.18),
        "SelKNN": (98.25, 97.79, 96.12, 70.88, 98.69, 97.80, 96.39),
    },
    "CIFAR-10": {
        "CE": (83.04, 66.75, 46.98, 21.33, 86.16, 80.91, 70.51),
        "Joint Optimization": (91.61, 87.75, 84.02, 58.46, 91.16, 89.41, 86.76),
        "PENCIL": (92.45, 88.32, 84.42, 59.02, 90.21, 89.36, 87.59),
        "SL": (87.89, 84.36, 79.75, 55.36, 87.44, 85.24, 80.32),
        "IterKNN": (89.43, 87.34, 80.19, 56.84, 90.29, 89.28, 87.15),
        "SelKNN": (91.99, 89.25, 85.65, 59.65, 91.38, 89.75, 88.06),
    },
    "CIFAR-100": {
        "CE": (60.13, 51.25, 36.75, 19.35, 61.16, 56.27, 47.35),
        "Joint Optimization": (68.06, 64.79, 54.29, 27.78, 69.13, 68.49, 59.23),
        "PENCIL": (71.14, 68.75, 56.02, 26.33, 73.15, 71.02, 61.48),
        "SL": (64.85, 59.42, 45.85, 22.81, 65.19, 63.37, 60.01),
        "IterKNN": (69.15, 62.48, 53.36, 28.93, 69.92, 68.13, 62.14),
        "SelKNN": (72.75, 69.88, 57.43, 32.91, 72.03, 71.09, 63.32),
    },
}
# KED Table 2, share of right labels at the end in percent, CIFAR-10.
PRINTED_RECOVERY: dict[str, dict[str, float]] = {
    "Joint Optimization": {"Symmetric 20 %": 93.35, "Symmetric 40 %": 90.31, "Symmetric 80 %": 58.72},
    "PENCIL": {"Symmetric 20 %": 94.36, "Symmetric 40 %": 91.21, "Symmetric 80 %": 59.14},
    "IterKNN": {"Symmetric 20 %": 94.47, "Symmetric 40 %": 89.16, "Symmetric 80 %": 56.95},
    "SelKNN": {"Symmetric 20 %": 93.29, "Symmetric 40 %": 91.32, "Symmetric 80 %": 59.94},
}


def correction_of(setting: str, method: str, seed: int = 0) -> Correction:
    """One cell of the table: digits, with one seed for noise, weights and batches."""
    base = replace(digits_experiment(), noise=SETTINGS[setting], seeds=Seeds(noise=seed, init=seed, batch=seed))
    return corrections_of(base, RepairPlan(), (method,))[method]


def column_of(noise: Noise) -> str | None:
    """The column of Table 1 with this noise, whatever the data; look-alikes are those of the data set."""
    for name, printed in SETTINGS.items():
        look_alikes = isinstance(noise, Semantic) and isinstance(printed, Semantic) and noise.rate == printed.rate
        if noise == printed or look_alikes:
            return name
    return None


INFERENCE = LabelInference()  # KED Figs 3, 5 and 6
RETRAINING = {  # KED Fig. 4
    words: replace(correction_of(FIRST, "SelKNN"), method=replace(SELKNN, retrain=mode))
    for words, mode in (
        ("a new network for every episode", "fresh"),
        ("the same network, learning rate reset", "reset"),
        ("the same network goes on", "continue"),
    )
}
REPAIRS = (*(correction_of(FIRST, name) for name in METHODS), INFERENCE, *list(RETRAINING.values())[1:])
