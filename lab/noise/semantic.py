"""Which classes people mistake for which: the maps of semantic noise, {source: target}."""

from __future__ import annotations

DIGITS = {7: 1, 2: 7, 5: 6, 6: 5, 3: 8}
CIFAR10 = {9: 1, 2: 0, 3: 5, 5: 3, 4: 7}  # truck -> automobile, bird -> airplane, cat <-> dog, deer -> horse
FASHION = {6: 0, 0: 6, 2: 4, 4: 2, 5: 7, 9: 7}

MAPS: dict[str, dict[int, int]] = {
    "mnist": DIGITS,
    "digits": DIGITS,
    "svhn": DIGITS,
    "cifar10": CIFAR10,
    "fashion_mnist": FASHION,
}
