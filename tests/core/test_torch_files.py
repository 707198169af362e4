"""Files that torch saved: tensors alone are read, and damage anywhere is one kind of error."""

from __future__ import annotations

import random
import warnings

import pytest
import torch

from lab.core.torch_files import read_torch_file


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_damaged_anywhere_is_a_value_error_or_tensors(tmp_path, zipped) -> None:
    whole, damaged, rng, refused = tmp_path / "whole.pt", tmp_path / "damaged.pt", random.Random(0), 0
    torch.save({"weight": torch.zeros(3)}, whole, _use_new_zipfile_serialization=zipped)
    assert torch.equal(read_torch_file(whole)["weight"], torch.zeros(3))
    for _ in range(150):
        content = bytearray(whole.read_bytes())
        for _ in range(rng.randint(1, 6)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        damaged.write_bytes(content[: rng.randrange(1, len(content) + 1)])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read_torch_file(damaged)
        except ValueError:
            refused += 1
    assert refused > 75
