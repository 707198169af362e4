"""How a network is trained on an upload, and what its trainings will take."""

from __future__ import annotations

import pytest

from lab.specs import Upload, UploadRetrain, UploadStudy
from lab.specs.backbones import MNISTCNN5, DigitsMLP
from lab.specs.upload_training import MOST_RETRAINED, retrain_seconds, upload_backbone, upload_batch

STUDY = UploadStudy(upload=Upload(digest="0" * 32, suffix=".csv"))
REQUEST = UploadRetrain(study=STUDY)


def seconds(request: UploadRetrain = REQUEST, n: int = 1000, row: tuple[int, ...] = (20,)) -> float:
    return retrain_seconds(request, n, row, 10)


def test_columns_get_a_fully_connected_net_and_pictures_a_convolutional_one() -> None:
    assert upload_backbone("auto", pictures=False) == DigitsMLP()
    assert upload_backbone("auto", pictures=True) == MNISTCNN5()
    with pytest.raises(ValueError, match="backbone must be DigitsMLP or ToyMLP for columns of numbers, got 'ResNet20'"):
        upload_backbone("ResNet20", pictures=False)


@pytest.mark.parametrize(("n", "batch"), [(16, 8), (160, 8), (1000, 50), (2560, 128), (100_000, 128)])
def test_an_epoch_has_about_twenty_batches(n: int, batch: int) -> None:
    assert upload_batch(n) == batch


def test_time_grows_with_seeds_epochs_rows_and_the_network_until_rows_are_drawn() -> None:
    assert seconds(UploadRetrain(study=STUDY, seeds=tuple(range(10)))) == pytest.approx(2 * seconds())
    assert seconds(UploadRetrain(study=STUDY, epochs=60)) > seconds()
    assert seconds(UploadRetrain(study=STUDY, only_decisions=True)) < seconds()
    assert seconds(n=2000) > seconds()
    assert seconds(row=(32, 32, 3)) > 5 * seconds()
    assert seconds(n=10 * MOST_RETRAINED) == seconds(n=MOST_RETRAINED)
