"""torchvision's networks in sections are torchvision's networks, and their files are read as data, never as code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torchvision.models import densenet121, resnet50

from lab.core.rng import torch_rng
from lab.nets.backbone import draw_weights
from lab.nets.registry import build
from lab.nets.torchvision_nets import published_names
from lab.specs.backbones import DenseNet121, ResNet50

PEERS = {"DenseNet121": (densenet121, "DenseNet-121"), "ResNet50": (resnet50, "ResNet50")}


@pytest.fixture
def weights_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


@pytest.mark.parametrize("kind", PEERS)
def test_our_sections_compute_what_torchvision_computes(kind: str) -> None:
    make, name = PEERS[kind]
    ours = build(name, input_shape=(3, 32, 32), n_classes=4, generator=torch_rng(0)).eval()
    with torch.device("meta"):
        theirs = make(num_classes=4).eval()
    keys = dict(published_names(ours, kind))
    assert set(keys.values()) == set(theirs.state_dict())
    theirs.load_state_dict({keys[key]: value for key, value in ours.state_dict().items()}, assign=True)
    x = torch.randn(2, 3, 32, 32, generator=torch_rng(1))
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(ours.taps(x)["logits"], ours(x))


def old_name(key: str) -> str:
    """As torchvision's published DenseNet file spells it."""
    for part in ("norm1", "norm2", "conv1", "conv2"):
        key = key.replace(f".{part}.", f".{part[:-1]}.{part[-1]}.") if "denselayer" in key else key
    return key


def test_a_published_file_gives_the_body_and_a_new_head_where_the_classes_differ(weights_folder: Path) -> None:
    with torch.device("meta"):
        source = densenet121(num_classes=6)
    draw_weights(source, torch_rng(9))
    state = {old_name(key): value for key, value in source.state_dict().items() if "batches_tracked" not in key}
    assert "features.denseblock1.denselayer1.norm.1.weight" in state
    torch.save(state, weights_folder / "densenet121.pth")
    spec = DenseNet121(weights="densenet121.pth")
    same, fewer = (build(spec, input_shape=(3, 32, 32), n_classes=n, generator=torch_rng(0)) for n in (6, 4))
    x = torch.randn(2, 3, 32, 32, generator=torch_rng(1))
    with torch.no_grad():
        torch.testing.assert_close(same.eval()(x), source.eval()(x), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(fewer.eval().features(x), same.features(x))
    assert fewer.head.weight.shape == (4, 1024)
    assert 0 < fewer.head.weight.abs().max() <= 1024**-0.5  # drawn, as every linear layer is


class Payload:
    """What a pickle may hold: a call."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.victim),)


def test_a_file_that_holds_code_is_refused_and_nothing_of_it_runs(weights_folder: Path) -> None:
    victim = weights_folder / "made_by_the_file"
    torch.save({"conv1.weight": Payload(victim)}, weights_folder / "evil.pth")
    with pytest.raises(ValueError, match=r"weights must be a whole file of tensors alone, got evil\.pth"):
        build(ResNet50(weights="evil.pth"), input_shape=(3, 32, 32), n_classes=2, generator=torch_rng(0))
    assert not victim.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "weights must be a file in .*, got 'given.pth'"),
        (b"", "weights must be a whole file of tensors alone, got given.pth"),
        (b"PK\x03\x04 half a file", "weights must be a whole file of tensors alone, got given.pth"),
        ([1, 2], "weights must be a file of named tensors alone, got 'given.pth'"),
        ({"a": torch.zeros(1)}, r"conv1.weight in given.pth must be of shape \(64, 3, 7, 7\), got None"),
        ({"conv1.weight": torch.zeros(1)}, r"conv1.weight in given.pth must be of shape .*, got \(1,\)"),
    ],
)
def test_a_wrong_file_is_one_sentence(weights_folder: Path, content: object, message: str) -> None:
    if isinstance(content, bytes):
        (weights_folder / "given.pth").write_bytes(content)
    elif content is not None:
        torch.save(content, weights_folder / "given.pth")
    with pytest.raises(ValueError, match=message):
        build(ResNet50(weights="given.pth"), input_shape=(3, 32, 32), n_classes=2, generator=torch_rng(0))
