"""One episode of training, looked at every few epochs: how well could the true labels be inferred by now?

Forty epochs on the digits, eight looks at four layers and five k, take about 5 s on one slow core.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from lab.core.device import choose_device
from lab.core.rng import numpy_rng, torch_rng
from lab.core.threads import threads
from lab.data.rows import stratified
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_correction import ground_of
from lab.experiments.worker_training import device_name
from lab.experiments.worker_training_data import load_training_data
from lab.methods.correction_ground import Ground, prepare_training, tap_features
from lab.methods.knn_correction import choose_reference, cumulative_loss, iterknn, selknn
from lab.nets.backbone import TAPS
from lab.specs import LabelInference
from lab.specs.budget import training_threads
from lab.train.objectives import objective_of
from lab.train.training import Training


def run_label_inference(study: LabelInference, report: PlainReport) -> Run:
    """Train one episode on the given labels and look at it every few epochs; after an interruption it starts anew.

    Metrics: `looks`, one an epoch looked at: shares of training rows whose true label is inferred by the `network`, by
    the vote of all rows (`all_given`, `all_clean`: with their true labels), of the rows of smallest loss
    (`chosen_given`), and of a known clean share (`known_clean`); `reference_clean`, the share of right labels among the
    rows of smallest loss; `by_k` and `all_by_tap`, `chosen_by_tap` the same for other k and layers; `smallest_class`,
    rows of the smallest class among those of smallest loss. Rates, sizes, `classes`, `seconds`, `device`.
    Raises: ValueError in one sentence if it can not be carried out.
    """
    start, device, experiment = monotonic(), choose_device(), study.experiment
    schedule = experiment.schedule
    with threads(training_threads(experiment.backbone)):
        data = load_training_data(experiment, device, lambda fraction, message: report(0.0, message))
        ground = ground_of(study.digest, experiment, data, device)
        model = ground.network(torch_rng(ground.seeds.init, "network"))
        objective = objective_of(ground.loss, ground.train.y_given)
        training = prepare_training(ground, "episode 1", model, objective, y=data.y_given)
        watch = Watch(ground, study)
        while not training.finished:
            training.run_epoch(
                lambda fraction, **point: report(fraction, f"epoch {training.epoch} of {schedule.epochs}")
            )
            if training.epoch % study.every == 0:
                watch.look(training, training.epoch)
    metrics = {
        "looks": watch.looks,
        "nominal_rate": data.labels.nominal_rate,
        "effective_rate": data.labels.effective_rate,
        "realised_rate": data.labels.flip_rate,
        "n_train": len(data.y_clean),
        "classes": list(data.classes),
        "device": device_name(device),
    }
    return Run(study, metrics, {"epochs": np.array([look["epoch"] for look in watch.looks])}, monotonic() - start)


class Watch:
    """Looks at the network after chosen epochs of its training; learns nothing itself.

    Attributes:
        looks: of each such epoch, shares of training rows whose true label was inferred, by what inferred it.
    """

    def __init__(self, ground: Ground, study: LabelInference) -> None:
        self.ground, self.study = ground, study
        self.looks: list[dict[str, Any]] = []
        clean = ground.y_clean
        assert clean is not None
        self.clean = clean
        self.given = ground.train.y_given.cpu().numpy()
        known = stratified(
            clean, round(len(clean) * study.percent / 100), rng=numpy_rng(ground.seeds.noise, "known clean")
        )
        self.known = np.isin(np.arange(len(clean)), known)

    def look(self, training: Training, epoch: int) -> None:
        """Infer by everything that the study asks for."""
        losses = cumulative_loss(training.recorder.recorded()["sample_loss"])
        chosen = choose_reference(self.given, losses, self.study.percent)
        taps = {tap: tap_features(training.model, self.ground.train, tap) for tap in ("penultimate", *TAPS)}
        features, study = taps["penultimate"], self.study
        by_k = {
            "all": [self._all(features, k) for k in study.ks],
            "chosen": [self._chosen(features, chosen, k) for k in study.ks],
        }
        truth = self.clean[chosen]
        self.looks.append(
            {
                "epoch": epoch,
                "network": self._share(taps["logits"].argmax(axis=1)),
                "all_given": by_k["all"][study.ks.index(study.k_all)],
                "all_clean": self._all(features, study.k_all, self.clean),
                "chosen_given": by_k["chosen"][study.ks.index(study.k_chosen)],
                "known_clean": self._chosen(features, self.known, study.k_chosen, self.clean),
                "reference_clean": float((self.given[chosen] == truth).mean()),
                "smallest_class": int(np.bincount(self.given[chosen]).min()),
                "by_k": by_k,
                "all_by_tap": {tap: self._all(taps[tap], study.k_all) for tap in TAPS},
                "chosen_by_tap": {tap: self._chosen(taps[tap], chosen, study.k_chosen) for tap in TAPS},
            }
        )

    def _all(self, features: Float[ndarray, "n d"], k: int, voting: Int[ndarray, " n"] | None = None) -> float:
        return self._share(iterknn(features, self.given, k=k, y_voting=voting).labels)

    def _chosen(
        self,
        features: Float[ndarray, "n d"],
        chosen: Bool[ndarray, " n"],
        k: int,
        voting: Int[ndarray, " n"] | None = None,
    ) -> float:
        return self._share(selknn(features, self.given, chosen, k=k, y_voting=voting).labels)

    def _share(self, inferred: Int[ndarray, " n"]) -> float:
        return float((inferred == self.clean).mean())
