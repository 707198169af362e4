"""IterKNN and SelKNN from start to end (KED Algorithm 1): trainings and corrections by turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from torch import Tensor, nn

from lab.core.rng import numpy_rng, torch_rng
from lab.data.rows import stratified
from lab.methods.correction_ground import Corrected, Ground, Say, numbers_of, tap_features, train_one
from lab.methods.knn_correction import Outvoted, choose_reference, cumulative_loss, iterknn, selknn, who_outvoted
from lab.specs.correction_methods import IterKNN, SelKNN
from lab.train.checkpoint import Checkpoint
from lab.train.loop import count_batches
from lab.train.objectives import Objective, RowLoss, objective_of
from lab.train.rates import learning_rate
from lab.train.training import Training

KEPT_CHANGES = 8  # of each episode and kind, rows whose voters are kept to be looked at


class Episodes:
    """Algorithm 1: trainings and corrections by turns."""

    def __init__(self, ground: Ground, method: IterKNN, state: Corrected) -> None:
        self.ground, self.method, self.state = ground, method, state
        self.checkpoint = Checkpoint(ground.folder)
        self.losses = np.zeros(len(state.labels[0]))
        self.weights: dict[str, Tensor] = {}  # and what the optimiser remembers: where the next episode goes on
        self.memory: list[Tensor] = []

    def run(self, say: Say) -> None:
        """All episodes, and the last network on the labels that came out (line 13)."""
        self._load()
        episodes = self.method.episodes
        while len(self.state.episodes) < episodes:
            episode = len(self.state.episodes) + 1
            self._episode(episode, self._part(episode, f"episode {episode} of {episodes}", say))
            self._save()
        y = self.state.labels[-1]
        objective = objective_of(self.ground.loss, self.ground.on_device(y))
        model = self._new_network("final")
        say_last = self._part(episodes + 1, "training on the corrected labels", say)
        self.state.final = train_one(self.ground, "final", model, objective, say_last, y=y)

    def _part(self, number: int, message: str, say: Say) -> Callable[[float], None]:
        """How one training among all tells how far it is."""
        return lambda fraction: say((number - 1 + fraction) / (self.method.episodes + 1), message)

    def _episode(self, episode: int, say: Callable[[float], None]) -> None:
        method, state, ground = self.method, self.state, self.ground
        y, gamma = state.labels[-1], method.gamma_at(episode)
        objective = mixed_objective(ground.loss, ground.on_device(y), ground.train.y_given, gamma)
        training = self._train(episode, objective, y, say)
        features = tap_features(training.model, ground.train, method.tap)
        self.losses = self.losses + cumulative_loss(training.recorder.recorded()["sample_loss"], self._normalise)
        step = self._correct(episode, features, y)
        state.labels.append(step.labels)
        state.reference.append(step.reference)
        state.outvoted.append(self._look(features, y, step))
        numbers = {"episode": episode, "gamma": gamma, "k": step.k} | numbers_of(training)
        if isinstance(method, SelKNN):
            numbers["percent"] = method.percent_at(episode)
        state.episodes.append(numbers)
        if not (isinstance(method, SelKNN) and method.accumulate == "all"):
            self.losses = np.zeros_like(self.losses)

    @property
    def _normalise(self) -> str:
        return self.method.normalise if isinstance(self.method, SelKNN) else "mean"

    def _train(self, episode: int, objective: Objective, y: ndarray, say: Callable[[float], None]) -> Training:
        model = self._new_network(str(episode))
        memory: list[Tensor] = []
        schedule = self.ground.schedule
        if self.weights:
            model.load_state_dict(self.weights)
            if self.method.retrain == "continue":
                memory = self.memory
                schedule = replace(schedule, learning_rate=self._last_rate(), decay="constant", milestones=())
        name = f"episode {episode}"
        training = train_one(self.ground, name, model, objective, say, y=y, schedule=schedule, memory=memory)
        if self.method.retrain in ("continue", "reset"):
            self.weights, self.memory = training.model.state_dict(), training.step.optimiser.state()
        return training

    def _new_network(self, name: str) -> nn.Module:
        stream = "network" if self.method.retrain == "same" or name == "1" else f"network {name}"
        return self.ground.network(torch_rng(self.ground.seeds.init, stream))

    def _last_rate(self) -> float:
        schedule = self.ground.schedule
        steps = count_batches(len(self.ground.train.rows), schedule.batch_size, same_shape=True)
        return max(1e-6, learning_rate(schedule, schedule.epochs * steps - 1, steps))

    def _correct(self, episode: int, features: Float[ndarray, "n d"], y: Int[ndarray, " n"]) -> Correction:
        return correct_labels(
            features,
            y,
            self.method,
            episode,
            losses=self.losses,
            y_clean=self.ground.y_clean,
            seed=self.ground.seeds.noise,
            device=self.ground.train.rows.device,
        )

    def _look(self, features: Float[ndarray, "n d"], before: Int[ndarray, " n"], step: Correction) -> Outvoted:
        rows = rows_to_show(before, step.labels, self.ground.y_clean)
        return who_outvoted(
            features, before, step.labels, rows, reference=step.reference, k=step.k, y_voting=step.y_voting
        )

    def _save(self) -> None:
        state = self.state
        tensors = {"labels": torch.from_numpy(np.stack(state.labels)), "losses": torch.from_numpy(self.losses)}
        tensors["reference"] = torch.from_numpy(np.stack(state.reference))
        for i, some in enumerate(state.outvoted):
            tensors |= {f"outvoted.{i}.{name}": torch.from_numpy(array) for name, array in some._asdict().items()}
        tensors |= {f"model.{name}": tensor for name, tensor in self.weights.items()}
        tensors |= {f"optimiser.{i}": tensor for i, tensor in enumerate(self.memory)}
        self.checkpoint.save(tensors, {"episodes": state.episodes})

    def _load(self) -> None:
        saved = self.checkpoint.load()
        if saved is None:
            return
        state, tensors = self.state, saved.tensors
        state.labels, state.reference = list(tensors["labels"].numpy()), list(tensors["reference"].numpy())
        state.episodes, self.losses = saved.plain["episodes"], tensors["losses"].numpy()
        state.outvoted = [
            Outvoted(*(tensors[f"outvoted.{i}.{name}"].numpy() for name in Outvoted._fields))
            for i in range(len(state.episodes))
        ]
        self.weights = {name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")}
        self.memory = [tensors[f"optimiser.{i}"] for i in range(len(tensors)) if f"optimiser.{i}" in tensors]


@dataclass(frozen=True, eq=False)
class Correction:
    """New labels, who voted on them with which labels, and how many at a time."""

    labels: Int[ndarray, " n"]
    reference: Bool[ndarray, " n"]
    y_voting: Int[ndarray, " n"]
    k: int


def correct_labels(
    features: Float[ndarray, "n d"],
    y: Int[ndarray, " n"],
    method: IterKNN,
    episode: int,
    *,
    losses: Float[ndarray, " n"],
    y_clean: Int[ndarray, " n"] | None = None,
    seed: int = 0,
    device: Any = "cpu",
) -> Correction:
    """One correction: Algorithm 2, or Algorithm 3 until its share reaches 100 % (A9).

    Args:
        episode: counted from 1; decides the share of SelKNN.
        losses: cumulative, of every row; looked at by SelKNN alone.
        y_clean: votes where the method's reference is "clean"; SelKNN's share of them is then drawn with `seed`.
    """
    voting = y if method.reference == "given" or y_clean is None else y_clean
    if not isinstance(method, SelKNN) or method.relabels_all(episode):
        vote = iterknn(features, y, k=method.k, self_neighbour=method.self_neighbour, y_voting=voting, device=device)
        return Correction(vote.labels, np.ones(len(y), dtype=bool), voting, vote.k)
    percent = method.percent_at(episode)
    if method.reference == "clean":
        chosen = np.zeros(len(y), dtype=bool)
        chosen[stratified(voting, round(len(y) * percent / 100), rng=numpy_rng(seed, "known clean"))] = True
    else:
        chosen = choose_reference(y, losses, percent, cap=method.cap)
    vote = selknn(features, y, chosen, k=method.k, limit_k=method.limit_k, y_voting=voting, device=device)
    return Correction(vote.labels, chosen, voting, vote.k)


def mixed_objective(loss: RowLoss, y: Tensor, y_given: Tensor, gamma: float) -> Objective:
    """(1 - γ) J(corrected) + γ J(given), both on one pass of the network (KED Eq. 7).

    Two losses and not one with a mixed target: the reverse cross-entropy of SL is not affine in its target.
    """
    if gamma == 1:
        return objective_of(loss, y_given)
    if gamma == 0:
        return objective_of(loss, y)
    return lambda logits, rows: (1 - gamma) * loss(logits, y[rows]) + gamma * loss(logits, y_given[rows])


def rows_to_show(
    before: Int[ndarray, " n"], after: Int[ndarray, " n"], y_clean: Int[ndarray, " n"] | None
) -> Int[ndarray, " m"]:
    """Some of the rows that a correction changed: evenly spread, as many right as wrong where that can be told."""
    changed = before != after
    right = changed if y_clean is None else changed & (after == y_clean)
    found = [np.flatnonzero(kind) for kind in (right, changed & ~right)]
    return np.concatenate(
        [rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), KEPT_CHANGES)).astype(int))] for rows in found]
    )
