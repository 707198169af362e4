"""Numbers, bytes and microseconds: KNET's footprint columns by formula, and a clock that measures the right thing."""

from __future__ import annotations

from time import sleep

import numpy as np
import pytest
import torch

from lab.analysis.cost import knn_memory, microseconds_per_query, network_memory
from lab.core.rng import torch_rng
from lab.nets.knet import KNetModule
from lab.specs.methods import hidden_width


@pytest.mark.parametrize(
    ("n", "d", "printed"),
    [(50_000, 64, 3_200_000), (73_257, 512, 37_507_584), (50_000, 256, 12_800_000), (73_257, 256, 18_753_792)],
)
def test_k_mem_neighbours_keep_n_times_d_numbers(n, d, printed):
    """KNET Tables 2-5: 3.2M, 37.5M and 12.8M; the last, SVHN with d = 256, is printed as 12.8M and is 18.75M."""
    features = np.broadcast_to(np.float32(0), (n, d))
    assert knn_memory(features) == (printed, 4 * printed + n)


@pytest.mark.parametrize(("d", "parameters"), [(64, 322), (128, 1146), (256, 4330), (512, 16842)])
def test_k_mem_knet_keeps_table_1s_parameters(d, parameters):
    """The paper says 3K to 5K whatever d is; only d = 256 agrees with its Table 1."""
    width = hidden_width("paper", d)
    net = KNetModule(torch.zeros(d), torch.ones(d), width, 10, kappa="scaled", generator=torch_rng(0))
    assert network_memory(net) == (parameters, 4 * (parameters + 2 * d + 2 * width) + 8)  # and BatchNorm's counter


def test_the_time_is_per_query_and_without_the_first_call():
    calls = []

    def answer(queries):
        calls.append(len(queries))
        sleep(0.05 if len(calls) == 1 else 0.004)

    taken = microseconds_per_query(answer, np.zeros((10, 2)), repeats=3)
    assert calls == [10] * 4
    assert 400 <= taken < 4000
    with pytest.raises(ValueError, match="queries must be at least one, got 0"):
        microseconds_per_query(answer, np.zeros((0, 2)))
