"""A fitted kNet in one file: safetensors, with JSON in the header. Reading it executes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy import ndarray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lab.core.checks import check_integer, require
from lab.nets.knet import KNetModule
from lab.specs.methods import K_LIMIT, hidden_width

KEY = "knet"  # of the JSON in the header
VERSION = 1
DEFAULT_NAME = "knet.safetensors"  # in a folder
LABEL_KINDS = "biufU"  # numpy's letters for booleans, integers, real numbers and strings

Estimator = TypeVar("Estimator", bound=Any)


def save(estimator: Any, path: Path) -> None:
    """Write a fitted `KNetClassifier`.

    Raises: ValueError if its labels are neither numbers nor strings.
    """
    params = {name: plain(value) for name, value in estimator.get_params().items()}
    if not isinstance(params["random_state"], int):
        params["random_state"] = None  # a generator, which only another `fit` would need
    about = {
        "version": VERSION,
        "params": params,
        "classes": _plain_labels(estimator.classes_),
        "k_max": estimator.k_max_,
        "feature_names": list(getattr(estimator, "feature_names_in_", [])),
    }
    tensors = {name: tensor.contiguous() for name, tensor in estimator.network_.state_dict().items()}
    save_file(tensors, _file(path), metadata={KEY: json.dumps(about, allow_nan=False)})


def load(cls: type[Estimator], path: Path) -> Estimator:
    """Read a fitted `KNetClassifier`.

    Raises: ValueError if the file is no saved kNet or its parts do not fit; OSError if it can not be read.
    """
    about, tensors = _read(_file(path))
    try:
        estimator = cls(**about["params"])
        classes = np.array(about["classes"]["labels"], dtype=_label_type(about["classes"]["dtype"]))
        names, k_max = about["feature_names"], about["k_max"]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path.name} must be a saved kNet, got a header in which {error} is wrong") from error
    estimator._config()
    require(classes.ndim == 1 and len(classes) > 0, "classes", "a list of labels", classes.shape)
    require(
        bool((classes[1:] > classes[:-1]).all()), "classes", "different labels in order", about["classes"]["labels"]
    )
    require(isinstance(names, list), "feature_names", "a list", names)
    network = _network(estimator, tensors, len(classes))
    estimator.classes_, estimator.network_ = classes, network
    estimator.k_max_ = check_integer("k_max", k_max, estimator.fixed_k or 1, K_LIMIT)
    estimator.n_features_in_ = len(network.mean)
    if names:
        require(len(names) == len(network.mean), "feature_names", f"{len(network.mean)} names", len(names))
        estimator.feature_names_in_ = np.array([str(name) for name in names], dtype=object)
    return estimator


def _file(path: Path) -> Path:
    return path / DEFAULT_NAME if path.is_dir() else path


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get(KEY, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(f"{path.name} must be a saved kNet, got a file that can not be read: {error}") from error
    version = about.get("version") if isinstance(about, dict) else None
    require(version == VERSION, path.name, f"a saved kNet of version {VERSION}", version)
    return about, tensors


def _network(estimator: Any, tensors: dict[str, Tensor], n_classes: int) -> KNetModule:
    """The network that the parameters describe, with the numbers of the file."""
    mean = tensors.get("mean", torch.empty(0))
    require(mean.ndim == 1 and len(mean) > 0, "mean", "one number per feature", tuple(mean.shape))
    width = hidden_width(estimator.hidden, len(mean))
    first = tuple(tensors.get("first.weight", torch.empty(0)).shape)
    require(
        first == (width, len(mean) + 1), "first.weight", f"of shape {(width, len(mean) + 1)}", first
    )  # before memory is taken
    generator = torch.Generator()  # every weight is replaced
    network = KNetModule(
        torch.zeros(len(mean)), torch.ones(len(mean)), width, n_classes, kappa=estimator.kappa, generator=generator
    )
    wanted = network.state_dict()
    require(wanted.keys() == tensors.keys(), "tensors", "named " + ", ".join(wanted), ", ".join(tensors))
    for name, tensor in tensors.items():
        want, got = (f"{t.dtype} {tuple(t.shape)}" for t in (wanted[name], tensor))
        require(want == got, name, want, got)
        require(bool(torch.isfinite(tensor).all()), name, "finite", "a NaN or an infinity")
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def plain(value: Any) -> Any:
    """A number of numpy's, as a search over parameters brings it, as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def _plain_labels(classes: ndarray) -> dict[str, Any]:
    if classes.dtype == object and all(isinstance(label, str) for label in classes):
        classes = classes.astype(str)
    rule = "numbers or strings, so that they can be written as JSON"
    require(classes.dtype.kind in LABEL_KINDS, "labels", rule, str(classes.dtype))
    return {"dtype": classes.dtype.str, "labels": classes.tolist()}


def _label_type(text: str) -> np.dtype:
    kind = np.dtype(str(text))
    require(kind.kind in LABEL_KINDS, "dtype of the classes", "numbers or strings", str(text))
    return np.dtype(str) if kind.kind == "U" else kind  # as long as the strings are, not as the file says
