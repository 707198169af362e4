"""What map of features is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, check_number

STARTS = ("pca", "random")
METRICS = ("l2", "cosine")
LEAST_PERPLEXITY = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class TSNE:
    """A t-SNE map in the plane.

    perplexity: how many neighbours each point should stay near, about; at most a third of the other points.
    exaggeration: by how much attraction is multiplied during the first `early_iterations`, which form the clusters.
    metric: distance between features, plain L2 or 1 - cos.
    start: the first two principal components (similar maps for every seed) or Gaussian noise. seed: of either.
    Source: KNET Fig. 4 (t-SNE of penultimate features). Departs from it: the paper prints no settings; these are
    openTSNE's.
    """

    perplexity: float = 30.0
    exaggeration: float = 12.0
    metric: str = "l2"
    start: str = "pca"
    early_iterations: int = 250
    iterations: int = 500  # after the early ones
    seed: int = 0

    def __post_init__(self) -> None:
        check_number("perplexity", self.perplexity, LEAST_PERPLEXITY, 1000)
        check_number("exaggeration", self.exaggeration, 1, 100)
        check_choice("metric", self.metric, METRICS)
        check_choice("start", self.start, STARTS)
        check_integer("early_iterations", self.early_iterations, 0, 10_000)
        check_integer("iterations", self.iterations, 1, 10_000)
        check_integer("seed", self.seed, 0, 2**32 - 1)
