"""The device is what the machine has, or a sentence that says what it has."""

from __future__ import annotations

import pytest
import torch

from lab.core.device import _count_gpus, choose_device, visible_gpus


@pytest.fixture
def machine(monkeypatch):
    """`machine(cuda=True)` pretends that there is one."""

    def pretend(*, cuda: bool = False, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_the_fastest_there_is(machine, cuda, mps, chosen) -> None:
    machine(cuda=cuda, mps=mps)
    assert choose_device() == torch.device(chosen)


def test_a_wish_is_granted_even_where_something_faster_is_there(machine) -> None:
    machine(cuda=True)
    assert choose_device("cpu") == torch.device("cpu")


def test_a_device_that_is_not_there_is_refused_with_those_that_are(machine) -> None:
    machine(mps=True)
    with pytest.raises(ValueError, match=r"^device must be one that this machine has \(mps, cpu\), got 'cuda'$"):
        choose_device("cuda")


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^device must be one of 'auto', 'cpu', 'cuda', 'mps', got 'tpu'$"):
        choose_device("tpu")


@pytest.mark.parametrize(
    ("variables", "gpus"),
    [
        ({"CUDA_VISIBLE_DEVICES": "2, GPU-9"}, ["2", "GPU-9"]),
        ({"CUDA_VISIBLE_DEVICES": "1,-1,0"}, ["1"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, []),
        ({"CUDA_VISIBLE_DEVICES": "0", "LAB_DEVICE": "cpu"}, []),
        ({"CUDA_VISIBLE_DEVICES": "0", "LAB_DEVICE": "cuda"}, ["0"]),
        ({"PATH": "/nowhere"}, []),
    ],
)
def test_gpus_are_those_that_the_environment_allows(monkeypatch, variables, gpus) -> None:
    _count_gpus.cache_clear()
    for name in ("CUDA_VISIBLE_DEVICES", "LAB_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert visible_gpus() == gpus


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_tensor_lands_on_the_chosen_device() -> None:
    assert torch.zeros(1, device=choose_device()).is_cuda
