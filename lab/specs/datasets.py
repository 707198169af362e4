"""The data sets known by name, as far as a page must know them before any of their files is opened."""

from __future__ import annotations

from dataclasses import dataclass

from lab.noise import CIFAR100_CLASSES
from lab.specs.toy import Toy

DIGITS = tuple("0123456789")


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownSet:
    """One data set.

    Attributes:
        title: what people call it.
        classes: class names; label i means classes[i].
        n_train: training rows.
        marker: a file of it below LAB_DATA; None if it comes with the lab.
        maps: names in `lab.noise.MAPS` of the look-alike maps that fit it, the usual one first.
        image: (height, width, channels) of a row that holds an image; None for a table of features.
    """

    title: str
    classes: tuple[str, ...]
    n_train: int
    marker: str | None = None
    maps: tuple[str, ...] = ()
    image: tuple[int, int, int] | None = None


DATASETS = {
    "digits": KnownSet(title="Digits", classes=DIGITS, n_train=1297, maps=("digits",), image=(8, 8, 1)),
    "toy": KnownSet(title="Toy", classes=Toy().class_names, n_train=sum(Toy().class_counts)),
    "iris": KnownSet(title="Iris", classes=("setosa", "versicolor", "virginica"), n_train=100),
    "wine": KnownSet(title="Wine", classes=("class_0", "class_1", "class_2"), n_train=118),
    "breast_cancer": KnownSet(title="Breast cancer", classes=("malignant", "benign"), n_train=379),
    "mnist": KnownSet(
        title="MNIST",
        classes=DIGITS,
        n_train=60_000,
        marker="MNIST/raw/train-images-idx3-ubyte",
        maps=("mnist",),
        image=(28, 28, 1),
    ),
    "fashion_mnist": KnownSet(
        title="Fashion-MNIST",
        classes=(
            *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        n_train=60_000,
        marker="FashionMNIST/raw/train-images-idx3-ubyte",
        maps=("fashion_mnist",),
        image=(28, 28, 1),
    ),
    "cifar10": KnownSet(
        title="CIFAR-10",
        classes=(
            *("airplane", "automobile", "bird", "cat", "deer"),
            *("dog", "frog", "horse", "ship", "truck"),
        ),
        n_train=50_000,
        marker="cifar-10-batches-py/data_batch_1",
        maps=("cifar10",),
        image=(32, 32, 3),
    ),
    "cifar100": KnownSet(
        title="CIFAR-100",
        classes=CIFAR100_CLASSES,
        n_train=50_000,
        marker="cifar-100-python/train",
        maps=("cifar100_chain", "cifar100_superclass_chain", "cifar100_superclass_pair"),
        image=(32, 32, 3),
    ),
    "svhn": KnownSet(
        title="SVHN",
        classes=DIGITS,
        n_train=73_257,
        marker="train_32x32.mat",
        maps=("svhn",),
        image=(32, 32, 3),
    ),
}
