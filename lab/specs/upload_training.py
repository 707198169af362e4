"""How a network is trained on somebody's own rows, and what that will take, before anything heavy is imported."""

from __future__ import annotations

from lab.core.checks import require
from lab.specs.backbones import BACKBONES, MNISTCNN5, BackboneSpec, DigitsMLP, ToyMLP
from lab.specs.budget import epoch_seconds
from lab.specs.network_sizes import network_size
from lab.specs.upload_budget import study_seconds
from lab.specs.upload_studies import AUTO, UploadRetrain

SMALLEST_BATCH, LARGEST_BATCH, BATCHES = 8, 128, 20  # about so many batches an epoch
MOST_RETRAINED = 20_000  # rows that are trained or judged
HELD_OUT = 4  # one row in so many judges
ARMS = {"given": "labels as given", "removed": "flagged labels left out", "corrected": "flagged labels corrected"}


def upload_backbone(name: str, *, pictures: bool) -> BackboneSpec:
    """The network of that name, or the one that suits the rows. Raises: ValueError where it does not fit them."""
    spec = BACKBONES[name] if name != AUTO else MNISTCNN5() if pictures else DigitsMLP()
    require(
        pictures or isinstance(spec, (DigitsMLP, ToyMLP)),
        "backbone",
        "DigitsMLP or ToyMLP for columns of numbers",
        name,
    )
    return spec


def upload_batch(n: int) -> int:
    """Rows of a batch where n are trained on."""
    return min(LARGEST_BATCH, max(SMALLEST_BATCH, n // BATCHES))


def retrain_seconds(
    request: UploadRetrain, n: int, row: tuple[int, ...], n_classes: int, *, device: str = "cpu"
) -> float:
    """Seconds that the trainings of all seeds will take, about.

    Args:
        n: labelled rows of the file. row: the shape of one, (features,) or (height, width, channels).
    """
    backbone = upload_backbone(request.study.backbone, pictures=len(row) == 3)
    n = min(n, MOST_RETRAINED)
    trained = n - n // HELD_OUT
    network = network_size(backbone, row, n_classes)
    epoch = epoch_seconds(backbone, network, trained, 0, upload_batch(trained), device=device)
    flags = 0.0 if request.only_decisions else study_seconds(trained, row[0] if len(row) == 1 else 64, n_classes)
    return len(request.seeds) * (len(ARMS) * request.epochs * epoch + flags)
