"""Tables 2-5 of KNET as they are printed (accuracy in percent, one run each), and which of them a training resembles.

"As printed" means with their oddities: Table 3 repeats 14.66 and gives the CNN .27M parameters, and the counts of kNet
do not follow from the printed layers (science.md §3.2, A1, A2, A7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.noise import Noise, RandomAsymmetric, Semantic, Uniform
from lab.specs.backbones import BACKBONES, BackboneSpec
from lab.specs.experiment import Experiment
from lab.specs.methods import CrossEntropy

Values = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """One network of one table.

    Attributes:
        table: its number in the paper. dataset, backbone: our names of what the paper used.
        noise: kind and nominal rate. network: the paper's name of it.
        ks: the columns. base: the network itself. knn, knet, fixed: at each k; fixed is empty where none is printed.
        parameters: of network, kNN's addition and kNet's addition.
    """

    table: int
    dataset: str
    backbone: str
    network: str
    noise: type[Noise]
    rate: float
    ks: tuple[int, ...]
    base: float
    knn: Values
    knet: Values
    fixed: Values
    parameters: tuple[str, str, str]


_RESNET = PrintedRow(
    2,
    "cifar10",
    "ResNet20",
    "ResNet20",
    Uniform,
    0.4,
    (1, 11, 51, 101),
    66.43,
    (38.95, 62.01, 65.72, 66.92),
    (67.05, 67.16, 66.93, 65.99),
    (),
    ("0.27M", "3.2M", "3K"),
)
_CNN = replace(
    _RESNET,
    dataset="svhn",
    backbone="CNN-4",
    network="CNN",
    ks=(1, 21, 61, 101),
    base=92.92,
    knn=(56.45, 92.13, 93.03, 93.07),
    knet=(92.97, 92.99, 93.01, 93.02),
    parameters=("0.55M", "37.5M", "4K"),
)
_IEG = replace(
    _RESNET,
    backbone="ResNet29v2",
    network="Zhang et al.",
    base=89.58,
    knn=(86.92, 89.56, 89.42, 89.27),
    knet=(89.24, 89.43, 89.63, 89.53),
    fixed=(89.88, 89.84, 89.34, 89.2),
    parameters=("0.87M", "12.8M", "5K"),
)
_IEG_SVHN = replace(
    _IEG,
    dataset="svhn",
    ks=(1, 21, 61, 101),
    base=91.88,
    knn=(90.14, 93.39, 93.2, 93.07),
    knet=(93.09, 93.07, 93.11, 93.08),
    fixed=(92.88, 92.9, 92.81, 92.73),
)


def _rows(
    table: int,
    noise: type[Noise],
    rate: float,
    cifar_ks: tuple[int, ...],
    svhn_ks: tuple[int, ...],
    numbers: tuple[tuple[float, Values, Values, Values], ...],
) -> tuple[PrintedRow, ...]:
    """The four rows of a table: ResNet20 and Zhang et al. on CIFAR-10, CNN and Zhang et al. on SVHN."""
    return tuple(
        replace(row, table=table, noise=noise, rate=rate, ks=ks, base=base, knn=knn, knet=knet, fixed=fixed)
        for row, ks, (base, knn, knet, fixed) in zip(
            (_RESNET, _IEG, _CNN, _IEG_SVHN), (cifar_ks, cifar_ks, svhn_ks, svhn_ks), numbers, strict=True
        )
    )


_TABLE_3 = _rows(
    3,
    Uniform,
    0.8,
    (1, 11, 51, 101),
    (1, 11, 41, 101),
    (
        (23.71, (12.85, 14.66, 14.66, 22.27), (27.9, 27.93, 27.93, 27.17), ()),
        (84.87, (82.41, 86.11, 86.16, 85.85), (84.81, 85.35, 85.5, 85.25), (85.99, 85.89, 85.38, 85.27)),
        (76.57, (22.21, 43.68, 66.63, 74.15), (76.92, 76.96, 77.09, 77.01), ()),
        (89.26, (88.28, 91.69, 91.7, 91.61), (91.34, 91.46, 91.57, 91.31), (91.43, 91.81, 91.42, 91.09)),
    ),
)
_PARAMETERS_3 = (("0.27M", "3.2M", "5K"), ("0.87M", "12.8M", "5K"), ("0.27M", "37.5M", "5K"), ("0.87M", "12.8M", "5K"))
_TABLE_4 = _rows(
    4,
    RandomAsymmetric,
    0.3,
    (1, 11, 61, 101),
    (1, 11, 51, 101),
    (
        (75.28, (61.49, 85.51, 87.74, 87.56), (87.49, 87.53, 87.38, 87.38), ()),
        (88.79, (85.23, 88.4, 88.51, 88.51), (88.63, 88.84, 88.89, 88.35), (88.94, 88.88, 88.91, 88.87)),
        (88.23, (61.08, 85.2, 89.4, 89.56), (89.27, 89.27, 89.28, 89.24), ()),
        (92.06, (90.56, 93.47, 93.36, 93.24), (92.36, 92.71, 93.02, 92.88), (93.4, 93.04, 93.12, 93.07)),
    ),
)
_TABLE_5 = _rows(
    5,
    Semantic,
    0.4,
    (1, 21, 51, 101),
    (1, 21, 41, 101),
    (
        (70.35, (61.29, 66.53, 70.0, 70.03), (71.45, 71.51, 71.65, 71.47), ()),
        (89.76, (85.79, 89.29, 89.16, 88.79), (88.94, 89.12, 89.45, 88.72), (89.91, 89.58, 89.77, 89.63)),
        (93.6, (73.33, 88.02, 89.67, 93.18), (93.85, 93.97, 94.0, 94.05), ()),
        (92.59, (91.69, 94.09, 94.11, 93.99), (93.3, 93.51, 93.78, 93.4), (93.83, 93.83, 93.85, 93.84)),
    ),
)
PRINTED: tuple[PrintedRow, ...] = (
    *(_RESNET, _IEG, _CNN, _IEG_SVHN),
    *(replace(row, parameters=parameters) for row, parameters in zip(_TABLE_3, _PARAMETERS_3, strict=True)),
    *_TABLE_4,
    *_TABLE_5,
)


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The printed rows nearest to a training.

    Attributes:
        rows: of one table; one where data and network are the paper's too.
        differs: what of the training is not as in the paper: "noise", "rate", "data", "network", "method". Empty where the
            setting is the paper's, as far as the paper tells it.
    """

    rows: tuple[PrintedRow, ...]
    differs: tuple[str, ...]


def printed_for(experiment: Experiment) -> Resemblance:
    """The row of Tables 2-5 for this setting, or the closest: kind of noise first, then rate, data and network."""
    noise, rate = experiment.noise, float(getattr(experiment.noise, "rate", 0.0))
    name = experiment.dataset.name  # type: ignore[union-attr]  # of a DataSource, as Comparison demands
    own = [row for row in PRINTED if isinstance(noise, row.noise)]
    near = min(own or PRINTED, key=lambda row: abs(row.rate - rate) if own else row.table)
    table = [row for row in PRINTED if row.table == near.table]
    of_data = [row for row in table if row.dataset == name]
    of_both = [row for row in of_data if _is(experiment.backbone, row.backbone)]
    rows = of_both or of_data or [row for row in table if not row.fixed]
    checks = {
        "noise": bool(own),
        "rate": bool(own) and abs(near.rate - rate) < 1e-9,
        "data": bool(of_data) and experiment.dataset.n is None,  # type: ignore[union-attr]
        "network": any(_is(experiment.backbone, row.backbone) for row in rows),
        "method": isinstance(experiment.method, CrossEntropy) and not (of_both and of_both[0].fixed),
    }
    if not own:
        del checks["rate"]
    return Resemblance(tuple(rows), tuple(what for what, same in checks.items() if not same))


def _is(backbone: BackboneSpec, name: str) -> bool:
    return type(backbone) is type(BACKBONES[name])
