"""A scene with real neighbour lists (an exact search in the plane) and a made-up kNet. No training."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from lab.figures.field_payload import Curve, MethodField, Scene, grid_points

T = np.array([[0.7, 0.2, 0.1], [0.1, 0.7, 0.2], [0.2, 0.1, 0.7]])
EXTENT = (-5.0, 5.0, -5.0, 5.0)
KNOTS = (1, 3, 6, 10, 16, 24, 34, 48, 64, 82, 101)


def votes(neighbour_labels: np.ndarray, k: int, n_classes: int) -> np.ndarray:
    """Counts (n_classes, cells) among the k nearest."""
    return np.stack([(neighbour_labels[:k] == c).sum(axis=0) for c in range(n_classes)])


def nearest_first(neighbour_labels: np.ndarray, k: int, n_classes: int) -> np.ndarray:
    """Most votes; of the tied classes the one whose first neighbour is closest. Written without the page's shortcut."""
    counts = votes(neighbour_labels, k, n_classes)
    first = np.stack(
        [
            np.where((neighbour_labels[:k] == c).any(0), (neighbour_labels[:k] == c).argmax(0), k)
            for c in range(n_classes)
        ]
    )
    return np.where(counts == counts.max(axis=0), first, k + 1).argmin(axis=0)


def scene(n: int = 3000, side: int = 200, k_max: int = 101, seed: int = 0) -> Scene:
    rng = np.random.default_rng(seed)
    angle = np.pi / 2 + 2 * np.pi * np.arange(3) / 3
    centres = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    y_clean = rng.integers(0, 3, n)
    points = (centres[y_clean] + rng.normal(size=(n, 2))).astype(np.float32)
    y_given = (rng.random(n)[:, None] > T.cumsum(axis=1)[y_clean]).sum(axis=1)
    cells = grid_points(EXTENT, side)
    near = y_given[cKDTree(points).query(cells, k=np.arange(1, k_max + 1))[1]].T.astype(np.uint8)

    bayes = np.exp(-0.5 * ((cells[None] - centres[:, None]) ** 2).sum(axis=2))
    bayes = (bayes / bayes.sum(axis=0)).astype(np.float32)
    wave = np.stack([np.sin(1.7 * cells[:, 0] + c) * np.cos(1.3 * cells[:, 1] - 2 * c) for c in range(3)])
    logits = np.log(T.T @ bayes + 0.02)

    def softmax(z: np.ndarray) -> np.ndarray:
        e = np.exp(z - z.max(axis=0))
        return (e / e.sum(axis=0)).astype(np.float32)

    def knet(k: int) -> np.ndarray:
        return softmax(1.6 * logits + (0.15 + 0.4 / np.sqrt(k)) * wave)

    stack = np.stack([knet(k).argmax(axis=0) for k in range(1, k_max + 1)])
    network = softmax(2.2 * logits + 0.5 * np.sin(3 * wave))
    knots = (*(k for k in KNOTS if k < k_max), k_max)
    weight = bayes.max(axis=0) * np.exp(-0.08 * (cells**2).sum(axis=1))
    weight /= weight.sum()
    truth = bayes.argmax(axis=0)

    def measures(labels: np.ndarray) -> tuple[float, float]:
        picked = np.take_along_axis(bayes, labels[None].astype(int), axis=0)[0]
        return float(picked @ weight), float((labels == truth) @ weight)

    knn_curve = np.array([measures(nearest_first(near, k, 3)) for k in range(1, k_max + 1)]).T
    knet_curve = np.array([measures(row) for row in stack]).T
    net = measures(network.argmax(axis=0))
    fixed = {k: MethodField(labels=knet(k * 2).argmax(axis=0), probs=knet(k * 2)) for k in (1, 19, 49) if k <= k_max}
    fixed_measures = {k: measures(f.labels) for k, f in fixed.items()}
    curves = [
        Curve(knn=knn_curve[i], knet=knet_curve[i], network=net[i], bayes=measures(truth)[0] if i == 0 else None,
              fixed={k: m[i] for k, m in fixed_measures.items()})
        for i in (0, 1)
    ]  # fmt: skip
    return Scene(
        classes=("green", "blue", "red <u>not html</u>"),
        extent=EXTENT,
        points=points,
        y_clean=y_clean,
        y_given=y_given,
        edited=np.zeros(n, bool),
        neighbour_labels=near,
        knet_labels=stack,
        knet_knots=knots,
        knet_probs=np.stack([knet(k) for k in knots]),
        network=MethodField(labels=network.argmax(axis=0), probs=network),
        bayes=MethodField(labels=truth, probs=bayes),
        noisy_bayes_labels=(T.T @ bayes).argmax(axis=0),
        fixed=fixed,
        accuracy=curves[0],
        agreement=curves[1],
        memory={"knn": f"keeps {n:,} × 64 numbers", "knet": "keeps 8,771 numbers", "network": "keeps 4,547 numbers"},
    )
