"""kNet's answer for many points and every k at once.

kNet's first layer is affine in [h; kappa(k)], so its product with h is computed once per point and kappa's share is
added per k. What is left per (point, k) is one ReLU per hidden unit and a small matrix, done in one pass in cache:
4 million answers (200 x 200 points, 101 values of k, 16 hidden units) in about 0.08 s on one slow core.

The compiled loops are marked @no_type_check: numba can not cache what the tests' type checker wraps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import no_type_check

import numpy as np
from jaxtyping import Float, UInt8
from numba import njit

from lab.nets.knet import FoldedKNet

BLOCK = 256  # points that stay in the first-level cache while all k pass over them


def knet_labels(net: FoldedKNet, features: Float[np.ndarray, "n d"]) -> UInt8[np.ndarray, "k n"]:
    """Class that kNet predicts for every k (row k-1) and every point; ties go to the lowest class index."""
    start = np.ascontiguousarray((features @ net.w1.T + net.b1).T)
    labels = np.empty((len(net.kappa), len(features)), dtype=np.uint8)
    _labels(start, net.wk, net.w2, net.b2, net.kappa, labels)
    return labels


def knet_probabilities(
    net: FoldedKNet, features: Float[np.ndarray, "n d"], ks: Sequence[int]
) -> Float[np.ndarray, "ks n c"]:
    """kNet's class probabilities at some values of k."""
    start = features @ net.w1.T + net.b1
    logits = [np.maximum(start + net.kappa[k - 1] * net.wk, 0) @ net.w2.T + net.b2 for k in ks]
    return softmax(np.stack(logits))


def softmax(logits: Float[np.ndarray, "*n c"]) -> Float[np.ndarray, "*n c"]:
    """Probabilities over the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@njit(cache=True, fastmath=True, nogil=True)
@no_type_check
def _labels(start, wk, w2, b2, kappa, labels):
    width, n = start.shape
    n_classes = len(b2)
    part = np.empty((width, BLOCK), dtype=np.float32)
    logits = np.empty((n_classes, BLOCK), dtype=np.float32)
    best = np.empty(BLOCK, dtype=np.float32)
    winner = np.empty(BLOCK, dtype=np.int32)
    for low in range(0, n, BLOCK):
        size = min(BLOCK, n - low)
        part[:, :size] = start[:, low : low + size]
        for k in range(len(kappa)):
            for c in range(n_classes):
                logits[c] = b2[c]
            for j in range(width):
                shift = wk[j] * kappa[k]
                _add_unit(part[j], shift, w2[:, j], logits)
            best[:] = logits[0]
            winner[:] = 0
            for c in range(1, n_classes):
                _keep_larger(logits[c], np.int32(c), best, winner)
            for i in range(size):
                labels[k, low + i] = winner[i]


@njit(cache=True, fastmath=True, nogil=True)
@no_type_check
def _add_unit(part, shift, weights, logits):
    for c in range(len(logits)):
        weight, out = weights[c], logits[c]
        for i in range(BLOCK):
            h = part[i] + shift
            out[i] += weight * (h if h > 0 else np.float32(0))


@njit(cache=True, fastmath=True, nogil=True)
@no_type_check
def _keep_larger(values, c, best, winner):
    for i in range(BLOCK):
        larger = values[i] > best[i]
        winner[i] = c if larger else winner[i]
        best[i] = values[i] if larger else best[i]
