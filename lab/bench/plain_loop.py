"""The rival of `lab bench train`: PIL transforms, a DataLoader, torch.optim, and a loop in eager float32."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Int, UInt8
from numpy import ndarray
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from lab.core.rng import torch_rng
from lab.nets.registry import build
from lab.specs.training import Schedule


class Set(NamedTuple):
    """Images and their labels."""

    x: UInt8[ndarray, "n h w c"]
    y: Int[ndarray, " n"]


class _Images(Dataset):
    def __init__(self, images: Set, transform: Any) -> None:
        self.x, self.y = images
        self.transform = transform

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        image = self.x[i]
        return self.transform(Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)), int(self.y[i])


class PlainEpoch:
    """One network, trained and asked as most public code for noisy labels does it.

    Images are shifted and mirrored one by one; every batch waits for the number of its loss. The same weights, batch
    size, optimiser and classes as ours.
    """

    def __init__(self, net: str, train: Set, test: Set, device: torch.device, schedule: Schedule) -> None:
        height, width, channels = train.x.shape[1:]
        self.device = device
        shape = (channels, height, width)
        self.model = build(net, input_shape=shape, n_classes=10, generator=torch_rng(0, "network")).to(device)
        scale = tuple(train.x.mean(axis=(0, 1, 2)) / 255), tuple(train.x.std(axis=(0, 1, 2)) / 255)
        plain = [transforms.ToTensor(), transforms.Normalize(*scale)]
        augmented = [transforms.RandomCrop((height, width), padding=4), transforms.RandomHorizontalFlip(), *plain]
        images = _Images(train, transforms.Compose(augmented))
        self.loader = DataLoader(images, schedule.batch_size, shuffle=True, drop_last=True)
        self.in_order = [DataLoader(_Images(each, transforms.Compose(plain)), 256) for each in (train, test)]
        self.optimiser = torch.optim.SGD(
            self.model.parameters(),
            lr=schedule.learning_rate,
            momentum=schedule.momentum,
            weight_decay=schedule.weight_decay,
        )

    def train(self) -> float:
        """An epoch; returns the mean loss."""
        self.model.train()
        total = 0.0
        for x, y in self.loader:
            x, y = x.to(self.device), y.to(self.device)
            self.optimiser.zero_grad()
            loss = F.cross_entropy(self.model(x), y)
            loss.backward()
            self.optimiser.step()
            total += loss.item()
        return total / len(self.loader)

    @torch.no_grad()
    def ask(self) -> torch.Tensor:
        """Loss, probability of the label and prediction of every row, in eval mode."""
        self.model.eval()
        found = []
        for x, y in (batch for loader in self.in_order for batch in loader):
            x, y = x.to(self.device), y.to(self.device)
            logits = self.model(x)
            p = logits.softmax(dim=1).gather(1, y[:, None])[:, 0]
            loss = F.cross_entropy(logits, y, reduction="none")
            found.append(torch.stack([loss, p, logits.argmax(dim=1).float()]).cpu())
        return torch.cat(found, dim=1)
