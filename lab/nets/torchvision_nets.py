"""DenseNet-121 and ResNet50 from torchvision, with random weights or those of a local file.

torchvision is imported when one of them is asked for; it is never asked to fetch weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor, nn

from lab.core.checks import require
from lab.core.torch_files import read_torch_file
from lab.nets.backbone import Backbone


def densenet121(n_classes: int) -> Backbone:
    """Sections end with dense blocks 1, 2 and 4 (with its BN-ReLU); global mean; linear from 1,024.

    Source: DRO on ImageNet. Departs from it: the paper says 2,048 features (A25).
    """
    from torchvision.models import densenet121 as whole

    net = whole(num_classes=n_classes)
    layers = dict(net.features.named_children())
    early = _section(layers, "conv0", "norm0", "relu0", "pool0", "denseblock1")
    mid = _section(layers, "transition1", "denseblock2")
    last = _section(layers, "transition2", "denseblock3", "transition3", "denseblock4", "norm5")
    last.append(nn.ReLU())
    return Backbone(early, mid, last, net.classifier, penultimate_size=1024)


def resnet50(n_classes: int) -> Backbone:
    """Sections end with stages 1, 2 and 4; global mean; linear from 2,048. Source: KED and INN on Clothing1M."""
    from torchvision.models import resnet50 as whole

    net = whole(num_classes=n_classes)
    layers = dict(net.named_children())
    early = _section(layers, "conv1", "bn1", "relu", "maxpool", "layer1")
    sections = early, _section(layers, "layer2"), _section(layers, "layer3", "layer4")
    return Backbone(*sections, net.fc, penultimate_size=2048)


def _section(layers: dict[str, nn.Module], *names: str) -> nn.Sequential:
    """Layers in a row under torchvision's own names, which `published_names` needs."""
    section = nn.Sequential()
    for name in names:
        section.add_module(name, layers[name])
    return section


def published_names(net: Backbone, kind: str) -> Iterator[tuple[str, str]]:
    """(our key, the key in torchvision's files) of every tensor of `net`; kind is "DenseNet121" or "ResNet50"."""
    body, head = {"DenseNet121": ("features.", "classifier."), "ResNet50": ("", "fc.")}[kind]
    for key in net.state_dict():
        section, _, rest = key.partition(".")
        yield key, (head if section == "head" else body) + rest


def load_weights(net: Backbone, kind: str, path: Path) -> None:
    """Overwrite the weights of `net` by those of a file that torchvision publishes for `kind`.

    The last layer keeps its random weights where the file's has another number of classes. A file can hold code: only
    tensors are read from it.
    Raises: ValueError if there is no such file, it holds anything but tensors, or they are not this network's.
    """
    ours, theirs = net.state_dict(), _read(path)
    taken = {}
    for key, published in published_names(net, kind):
        own, found = ours[key], theirs.get(published)
        if key.startswith("head.") and found is not None and len(found) != len(own):
            continue
        if key.endswith("num_batches_tracked") and found is None:
            continue  # files older than this counter, which nothing here uses
        shape = None if found is None else tuple(found.shape)
        require(shape == tuple(own.shape), f"{published} in {path.name}", f"of shape {tuple(own.shape)}", shape)
        taken[key] = found
    net.load_state_dict(taken, strict=False)


def _read(path: Path) -> dict[str, Tensor]:
    require(path.is_file(), "weights", f"a file in {path.parent}", path.name)
    try:
        state = read_torch_file(path)
    except ValueError as error:
        raise ValueError(f"weights must be a whole file of tensors alone, got {path.name}") from error
    tensors = isinstance(state, dict) and all(isinstance(value, Tensor) for value in state.values())
    require(tensors, "weights", "a file of named tensors alone", path.name)
    # torchvision's published DenseNet still carries names of 2017: denselayer1.norm.1 instead of denselayer1.norm1
    return {re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name): value for name, value in state.items()}
