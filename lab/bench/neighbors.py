"""`lab bench neighbors`: one search and the votes of every k, beside faiss's search alone and one classifier per k.

Bars: the exact 101 nearest and the labels of all 101 k <= 1.15 times faiss's IndexFlatL2 alone, and >= 100 times faster
than one scikit-learn classifier per k (timed for one k, counted 101 times), with its answers for every k up to ties;
the approximate graph of the 10 nearest <= 0.25 times the exact one's search at a recall >= .995; the neighbours of a
200 x 200 field among 3,000 rows <= 0.25 CPU-s; the labels of its 40,000 cells for all k <= 0.05 CPU-s. Takes about
three minutes.
"""

from __future__ import annotations

import faiss
import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from sklearn.neighbors import KNeighborsClassifier

from lab.bench.measure import medians
from lab.core.rng import numpy_rng
from lab.core.threads import threads
from lab.neighbors import NeighborTable, approximate_self_graph, search_grid, warm_up
from lab.neighbors.approximate import ApproximateGraph

K, N_CLASSES = 101, 10


def main(quick: bool = False) -> None:
    """Print each figure beside its peers'; `quick` shrinks the task tenfold, which says little about the bars."""
    warm_up()
    n, m, side, repeats = (5_000, 1_000, 60, 3) if quick else (50_000, 10_000, 200, 3)
    print(f"{n:,} rows, {m:,} queries, k = 1..{K}; CPU-s on one thread, median of {repeats}")
    with threads(1):
        for d in (64, 512):
            _against_faiss_and_scikit_learn(n, m, d, repeats)
            _self_graph(n, d)
        _field(side, 3_000, repeats)


def _against_faiss_and_scikit_learn(n: int, m: int, d: int, repeats: int) -> None:
    rng = numpy_rng(0, "neighbors")
    y = rng.integers(N_CLASSES, size=n)
    centres = 2 * rng.normal(size=(N_CLASSES, d))
    reference = (centres[y] + rng.normal(size=(n, d))).astype(np.float32)
    queries = (centres[rng.integers(N_CLASSES, size=m)] + rng.normal(size=(m, d))).astype(np.float32)
    index = faiss.IndexFlatL2(d)
    index.add(reference)
    table = NeighborTable.build(reference, queries)
    classifier = KNeighborsClassifier(11, algorithm="brute").fit(reference, y)
    taken = medians(
        {
            "ours": lambda: NeighborTable.build(reference, queries).predict_all(y, N_CLASSES),
            "faiss": lambda: index.search(queries, K),
            "votes": lambda: table.votes(y, N_CLASSES),
            "labels": lambda: table.predict_all(y, N_CLASSES),
        },
        repeats,
    )
    theirs: list[ndarray] = []
    one_k = medians({"sklearn": lambda: theirs.append(classifier.predict(queries))}, 1)["sklearn"]
    agree = (theirs[0] == table.predict_all(y, N_CLASSES, ties="lowest")[:, 10]).mean()
    same = (table.idx == index.search(queries, K)[1]).mean()
    print(
        f"d = {d}: search and all labels {taken['ours']:.3f} (votes alone {taken['votes']:.3f}, labels alone "
        f"{taken['labels']:.3f}); faiss's search {taken['faiss']:.3f}, ratio {taken['ours'] / taken['faiss']:.2f} "
        f"(bar 1.15), same rows {same:.4%}; scikit-learn {one_k:.2f} for one k, ratio for all "
        f"{K * one_k / taken['ours']:.0f} (bar 100), same labels at k = 11 {agree:.4%}"
    )


def _self_graph(n: int, d: int) -> None:
    """Features as of a network: 16 directions through one ReLU layer."""
    rng = numpy_rng(0, "self-graph")
    centres = 2 * rng.normal(size=(N_CLASSES, 16))
    x = centres[rng.integers(N_CLASSES, size=n)] + rng.normal(size=(n, 16))
    features = np.maximum(x @ rng.normal(size=(16, d)), 0).astype(np.float32)
    found: list[ApproximateGraph] = []
    taken = medians(
        {
            "ours": lambda: found.append(approximate_self_graph(features, rng=rng, k_max=10)),
            "faiss": lambda: faiss.knn(features, features, 11),
        },
        1,
    )
    print(
        f"d = {d}: graph of 10 neighbours {taken['ours']:.3f}, recall {found[0].recall:.4f} (bar 0.995); faiss's exact "
        f"search {taken['faiss']:.3f}, ratio {taken['ours'] / taken['faiss']:.2f} (bar 0.25)"
    )


def _field(side: int, n: int, repeats: int) -> None:
    rng = numpy_rng(0, "field")
    across = np.linspace(-4, 4, side)
    cells = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
    layers = [(rng.normal(size=(a, 64)) * np.sqrt(2 / a), rng.normal(size=64) / 2) for a in (2, 64)]
    reference, features = _network(rng.normal(size=(n, 2)), layers), _network(cells, layers)
    y = rng.integers(3, size=n)
    index = faiss.IndexFlatL2(64)
    index.add(reference)
    table = search_grid(reference, features, (side, side))
    taken = medians(
        {
            "ours": lambda: search_grid(reference, features, (side, side)),
            "faiss": lambda: index.search(features, K),
            "labels": lambda: table.predict_all(y, 3),
        },
        repeats,
    )
    print(
        f"{side} x {side} field of a ReLU network, {n:,} rows, d = 64: {taken['ours']:.3f} (bar 0.25 at 200 x 200), "
        f"faiss's search {taken['faiss']:.3f}, ratio {taken['faiss'] / taken['ours']:.1f}; "
        f"labels for all k {taken['labels']:.3f} (bar 0.05 at 200 x 200)"
    )


def _network(x: ndarray, layers: list[tuple[ndarray, ndarray]]) -> Float32[ndarray, "n 64"]:
    for weight, bias in layers:
        x = np.maximum(x @ weight + bias, 0)
    return x.astype(np.float32)


if __name__ == "__main__":
    main()
