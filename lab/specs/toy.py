"""The toy: three classes in the plane whose true densities are known."""

from __future__ import annotations

from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, check_number, require

SHAPES = ("gaussians", "moons", "rings")
MIN_PER_CLASS, MIN_TOTAL, MAX_TOTAL = 5, 30, 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Toy:
    """Three classes, each a curve (a point for a Gaussian) blurred by isotropic Gaussian noise.

    shape: "gaussians" (means on a circle), "moons" (two moons and a blob) or "rings" (a blob and two rings around it).
    separation: R, the radius of the circle of means; in every shape neighbouring classes come as close as sqrt(3) R,
        the distance between two of the Gaussian means.
    spread: sigma of the blur, same unit.
    imbalance: class 0 over class 2, a geometric ladder; with an integer `n_per_class` only.
    Source: KNET Fig. 2 (three Gaussians). Departs from it: R, sigma and sizes, not printed there; moons and rings.
    """

    shape: str = "gaussians"
    n_per_class: int | tuple[int, ...] = 500  # three numbers set each class by hand
    separation: float = 2.0
    spread: float = 1.0
    imbalance: float = 1.0  # 1 = balanced; class 0 keeps n_per_class, class 2 gets n_per_class / imbalance
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("shape", self.shape, SHAPES)
        check_number("separation", self.separation, 0, 10)
        check_number("spread", self.spread, 0.1, 5)
        check_number("imbalance", self.imbalance, 1, 100)
        check_integer("seed", self.seed, 0, 2**32 - 1)
        if isinstance(self.n_per_class, tuple):
            require(len(self.n_per_class) == 3, "n_per_class", "one number or three", self.n_per_class)
            require(self.imbalance == 1, "imbalance", "1 where n_per_class gives three numbers", self.imbalance)
            for count in self.n_per_class:
                check_integer("n_per_class", count, MIN_PER_CLASS)
        else:
            check_integer("n_per_class", self.n_per_class, MIN_PER_CLASS)
            smallest = min(self.class_counts)
            require(smallest >= MIN_PER_CLASS, "smallest class", f"at least {MIN_PER_CLASS} points", smallest)
        total = sum(self.class_counts)
        require(MIN_TOTAL <= total <= MAX_TOTAL, "total of points", f"in [{MIN_TOTAL}, {MAX_TOTAL}]", total)

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Training points of each class."""
        if isinstance(self.n_per_class, tuple):
            return self.n_per_class
        n = self.n_per_class
        return n, round(n / self.imbalance**0.5), round(n / self.imbalance)

    @property
    def n_classes(self) -> int:
        """Always three."""
        return 3

    @property
    def class_names(self) -> tuple[str, str, str]:
        """Names for legends and tables."""
        if self.shape == "gaussians":
            return "top", "left", "right"
        if self.shape == "moons":
            return "upper moon", "lower moon", "blob"
        return "centre", "inner ring", "outer ring"
