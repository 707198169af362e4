"""What the papers say of feature maps, on digits with three seeds: KNET Fig. 4 (K-F4) and KED Fig. 2 (E-F2).

About 60 s of one core.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.analysis.map_quality import layer_study
from lab.core.device import choose_device
from lab.core.threads import threads
from lab.experiments import Run
from lab.experiments.progress import unheard
from lab.experiments.worker import compute
from lab.experiments.worker_map_sides import all_layers, network_after
from lab.experiments.worker_training_data import load_training_data
from lab.specs import FeatureMap, MapSource, Seeds
from lab.specs.presets import FEATURE_MAPS
from lab.ui.map_points import at_k

pytestmark = pytest.mark.slow

SEEDS = (0, 1, 2)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def seeded(source: MapSource, seed: int) -> MapSource:
    return replace(source, experiment=replace(source.experiment, seeds=Seeds(noise=seed, init=seed, batch=seed)))


@pytest.fixture(scope="module")
def knet_maps() -> list[Run]:
    first = FEATURE_MAPS["KNET Fig. 4"]
    studies = [FeatureMap(left=seeded(first.left, seed), right=seeded(first.right, seed)) for seed in SEEDS]
    return [compute(study, unheard) for study in studies]


def test_k_f4_knet_separates_the_classes_better_and_mends_more_than_it_breaks(knet_maps: list[Run]) -> None:
    """KNET Fig. 4, science.md K-F4: silhouettes .12/.08, .14/.10, .07/.05 and 30/12, 29/7, 32/15 of 500 were seen."""
    silhouettes, mended, broken = [], [], []
    for run in knet_maps:
        of = {row["tap"]: row["silhouette"] for row in run.metrics["layers"]}
        silhouettes.append((of["knet"], of["penultimate"]))
        view = at_k(run, 51)
        mended.append(int(view.outcome(left=False, right=True).sum()))
        broken.append(int(view.outcome(left=True, right=False).sum()))
    trust = [(run.metrics["left"]["trustworthiness"], run.metrics["right"]["trustworthiness"]) for run in knet_maps]
    print(f"\nK-F4, silhouette of the true classes, kNet's hidden layer / backbone: {words(silhouettes)}")
    print(f"K-F4, wrong -> right / right -> wrong of 500 at k = 51: {list(zip(mended, broken, strict=True))}")
    print(f"trustworthiness of the maps, backbone / kNet: {words(trust)}")
    knet, backbone = np.mean(silhouettes, axis=0)
    assert knet >= backbone
    assert min(mended) > 0
    assert np.mean(mended) > np.mean(broken)
    assert np.mean([right for _, right in trust]) >= 0.95


def test_a_map_of_the_digits_themselves_is_to_be_trusted() -> None:
    source = replace(FEATURE_MAPS["KNET Fig. 4"].left, tap="input")
    run = compute(FeatureMap(left=source, right=source, part="train"), unheard)
    trust = run.metrics["left"]["trustworthiness"]
    print(f"\ntrustworthiness of the map of {run.metrics['n_all']} digits: {trust:.4f}")
    assert trust >= 0.95


def test_e_f2_deeper_layers_separate_better_early_in_training_and_worse_once_labels_are_learnt_by_heart() -> None:
    """KED Fig. 2, science.md E-F2: .14/.16/.22/.28 at epoch 2 and .11/.09/.02/.00 at epoch 20 were seen."""
    taps = ("early", "mid", "last_conv", "logits")
    source = FEATURE_MAPS["KED Fig. 2"].left
    found = {}
    for epoch in (2, 20):
        scores = []
        for seed in SEEDS:
            experiment = seeded(source, seed).experiment
            data = load_training_data(experiment, choose_device(), unheard)
            with threads(1):
                rows = data.parts["test"].rows
                layers = all_layers(network_after(experiment, epoch, data, unheard), rows, np.arange(len(rows)))
            study = layer_study({tap: layers[tap] for tap in taps}, data.test_y)
            scores.append([score.silhouette for score in study])
        found[epoch] = np.mean(scores, axis=0)
        print(
            f"\nE-F2, epoch {epoch}: mean silhouette of {', '.join(taps)}: {', '.join(f'{s:.3f}' for s in found[epoch])}"
        )
    early, mid, deep, logits = found[2]
    assert max(early, mid) < deep < logits
    assert found[20][0] > found[20][2] > found[20][3]


def words(pairs: list[tuple[float, float]]) -> str:
    return ", ".join(f"{a:.3f}/{b:.3f}" for a, b in pairs)
