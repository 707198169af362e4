"""Which classes are mistaken for which: the maps of semantic noise, {source: target}."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped

from lab.core.checks import check_choice, require
from lab.core.rng import numpy_rng

CIFAR100_SUPERCLASSES = {
    "aquatic mammals": ("beaver", "dolphin", "otter", "seal", "whale"),
    "fish": ("aquarium_fish", "flatfish", "ray", "shark", "trout"),
    "flowers": ("orchid", "poppy", "rose", "sunflower", "tulip"),
    "food containers": ("bottle", "bowl", "can", "cup", "plate"),
    "fruit and vegetables": ("apple", "mushroom", "orange", "pear", "sweet_pepper"),
    "household electrical devices": ("clock", "keyboard", "lamp", "telephone", "television"),
    "household furniture": ("bed", "chair", "couch", "table", "wardrobe"),
    "insects": ("bee", "beetle", "butterfly", "caterpillar", "cockroach"),
    "large carnivores": ("bear", "leopard", "lion", "tiger", "wolf"),
    "large man-made outdoor things": ("bridge", "castle", "house", "road", "skyscraper"),
    "large natural outdoor scenes": ("cloud", "forest", "mountain", "plain", "sea"),
    "large omnivores and herbivores": ("camel", "cattle", "chimpanzee", "elephant", "kangaroo"),
    "medium-sized mammals": ("fox", "porcupine", "possum", "raccoon", "skunk"),
    "non-insect invertebrates": ("crab", "lobster", "snail", "spider", "worm"),
    "people": ("baby", "boy", "girl", "man", "woman"),
    "reptiles": ("crocodile", "dinosaur", "lizard", "snake", "turtle"),
    "small mammals": ("hamster", "mouse", "rabbit", "shrew", "squirrel"),
    "trees": ("maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"),
    "vehicles 1": ("bicycle", "bus", "motorcycle", "pickup_truck", "train"),
    "vehicles 2": ("lawn_mower", "rocket", "streetcar", "tank", "tractor"),
}
CIFAR100_CLASSES = tuple(sorted(name for names in CIFAR100_SUPERCLASSES.values() for name in names))
_SUPERCLASS_BLOCKS = tuple(
    tuple(CIFAR100_CLASSES.index(name) for name in names) for names in CIFAR100_SUPERCLASSES.values()
)
_CONSECUTIVE_BLOCKS = tuple(tuple(range(start, start + 5)) for start in range(0, 100, 5))


def chain(classes: tuple[int, ...]) -> dict[int, int]:
    """Each class is mistaken for the next, the last for the first."""
    return dict(zip(classes, classes[1:] + classes[:1], strict=True))


def cifar100_pairs(seed: int, blocks: str = "superclass") -> dict[int, int]:
    """One random pair of each block of five classes is swapped: 40 of the 100 classes are sources.

    Args:
        blocks: "superclass", the five classes of each of the 20; or "consecutive", fine indices 0-4, 5-9, ..., which
            are alphabetical and have nothing in common but are what SL's code does.
    Source: KED §4.1 ("we pair classes in a similar fashion"). Departs from it: the paper says no more than that.
    """
    chosen = {"superclass": _SUPERCLASS_BLOCKS, "consecutive": _CONSECUTIVE_BLOCKS}
    check_choice("blocks", blocks, chosen)
    rng = numpy_rng(seed, "cifar100 pairs")
    pairs = [rng.choice(block, size=2, replace=False).tolist() for block in chosen[blocks]]
    return {a: b for pair in pairs for a, b in (pair, pair[::-1])}


def most_confused(confusion: Shaped[np.ndarray, "c c"]) -> dict[int, int]:
    """Each class -> the class it is most often taken for; classes never mistaken are no sources.

    Args:
        confusion: counts or rates of a clean model on validation data, row = true class, column = predicted.
    Raises: ValueError if it is not a square matrix of finite numbers >= 0, or nothing is ever confused.
    """
    errors = np.array(confusion, dtype=np.float64)
    require(errors.ndim == 2 and errors.shape[0] == errors.shape[1], "confusion", "square", errors.shape)
    wrong = errors[~(np.isfinite(errors) & (errors >= 0))]
    require(not wrong.size, "confusion", "finite and >= 0", wrong[:1].tolist())
    np.fill_diagonal(errors, 0)
    require(bool(errors.any()), "confusion", "of a model that makes mistakes", errors.tolist())
    return {int(i): int(errors[i].argmax()) for i in np.flatnonzero(errors.any(axis=1))}


_DIGITS = {7: 1, 2: 7, 5: 6, 6: 5, 3: 8}

MAPS: dict[str, dict[int, int]] = {
    "mnist": _DIGITS,
    "digits": _DIGITS,
    "svhn": _DIGITS,  # no paper prints a map for SVHN; its classes are the same ten digits
    "cifar10": {9: 1, 2: 0, 3: 5, 5: 3, 4: 7},  # truck -> automobile, bird -> airplane, cat <-> dog, deer -> horse
    "fashion_mnist": {6: 0, 0: 6, 2: 4, 4: 2, 5: 7, 9: 7},  # shirt <-> T-shirt, pullover <-> coat, both -> sneaker
    "cifar100_chain": chain(tuple(range(100))),
    "cifar100_superclass_chain": {i: j for block in _SUPERCLASS_BLOCKS for i, j in chain(block).items()},
    "cifar100_superclass_pair": cifar100_pairs(0),
}
