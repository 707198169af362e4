"""KED's claims on scikit-learn's digits, with the figures printed (run with -m slow -rP).

1,297 training and 500 clean test rows, DigitsMLP, four episodes of 20 epochs of Adam (1e-3, divided by 10 after epochs 10
and 15, weight decay 1e-4, batch 128), SL, k = 30, shares 20, 40, 60, 80 %; means over seeds 0, 1, 2. About 3 minutes of
CPU. A claim of the paper that does not hold here is printed as such and not asserted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from lab.core.threads import threads
from lab.experiments.progress import unheard
from lab.experiments.worker_correction import run_correction
from lab.experiments.worker_label_inference import run_label_inference
from lab.specs.repair import INFERENCE, SELKNN, correction_of
from lab.specs.training import Seeds

pytestmark = pytest.mark.slow
SEEDS = (0, 1, 2)


@pytest.fixture(scope="module", autouse=True)
def _alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Checkpoints of their own, one thread, and the finished runs forgotten at the end."""
    with pytest.MonkeyPatch.context() as patch, threads(1):
        patch.setenv("LAB_HOME", str(tmp_path_factory.mktemp("home")))
        yield
        metrics.cache_clear()


@lru_cache(maxsize=64)
def metrics(setting: str, method: str, seed: int, retrain: str = "fresh") -> dict[str, Any]:
    study = correction_of(setting, method, seed)
    if retrain != "fresh":
        study = replace(study, method=replace(SELKNN, retrain=retrain))
    return run_correction(study, unheard).metrics


def mean(setting: str, method: str, number: Callable[[dict[str, Any]], Any], retrain: str = "fresh") -> Any:
    return np.mean([number(metrics(setting, method, seed, retrain)) for seed in SEEDS], axis=0)


def recoveries(m: dict[str, Any]) -> list[float]:
    return [m["initial"]["recovery"], *(episode["recovery"] for episode in m["episodes"])]


def test_table_1_both_corrections_beat_cross_entropy() -> None:
    """E-T1. KED's margin of .08 at symmetric 20 % does not hold here: cross-entropy of 20 epochs has learned little noise."""
    found = {}
    for setting in ("Symmetric 20 %", "Symmetric 60 %", "Asymmetric 40 %"):
        row = {name: mean(setting, name, lambda m: m["final"]["test_last"]) for name in ("CE", "IterKNN", "SelKNN")}
        best = {name: mean(setting, name, lambda m: m["final"]["test_best"]) for name in row}
        found[setting] = row
        print(f"\n{setting}, test accuracy last (best):", {n: f"{row[n]:.3f} ({best[n]:.3f})" for n in row})
    s20, s60, a40 = found.values()
    assert min(s20["IterKNN"], s20["SelKNN"]) >= s20["CE"] + 0.01
    assert s20["SelKNN"] >= s20["IterKNN"] - 0.02
    assert min(s60["IterKNN"], s60["SelKNN"]) >= s60["CE"] + 0.2
    assert min(a40["IterKNN"], a40["SelKNN"]) >= a40["CE"] + 0.01
    print(
        "margins over CE:",
        {s: f"Iter {r['IterKNN'] - r['CE']:+.3f}, Sel {r['SelKNN'] - r['CE']:+.3f}" for s, r in found.items()},
    )


def test_table_1_at_80_percent_both_corrections_recover() -> None:
    """E-T1h. SelKNN's lead of .03 does not hold for every seed here: .402 against .372, and .272 against .279."""
    iterknn, selknn = (mean("Symmetric 80 %", name, recoveries) for name in ("IterKNN", "SelKNN"))
    print(f"\nSymmetric 80 %, right labels by episode: IterKNN {iterknn.round(3)}, SelKNN {selknn.round(3)}")
    assert iterknn[-1] > iterknn[0]
    assert selknn[-1] > selknn[0]
    assert selknn[-1] >= iterknn[-1] - 0.02
    print(f"SelKNN's lead: {selknn[-1] - iterknn[-1]:+.3f}")


def test_table_2_recovery_rises_every_episode() -> None:
    """E-T2."""
    for setting in ("Symmetric 20 %", "Symmetric 60 %", "Asymmetric 40 %"):
        for name in ("IterKNN", "SelKNN"):
            curve = mean(setting, name, recoveries)
            print(f"\n{setting}, {name}, right labels by episode: {curve.round(3)}")
            assert (np.diff(curve) >= -0.005).all()


def test_figure_4_a_new_network_for_every_episode_recovers_more_than_one_that_goes_on() -> None:
    """E-F4."""
    fresh = mean("Symmetric 60 %", "SelKNN", recoveries)
    going_on = mean("Symmetric 60 %", "SelKNN", recoveries, "continue")
    share = (fresh[3] - fresh[0]) / (fresh[-1] - fresh[0])
    print(f"\nSymmetric 60 %, SelKNN: new networks {fresh.round(3)}, the same {going_on.round(3)}")
    print(f"share of the gain in the first three episodes: {share:.2f}")
    assert fresh[-1] >= going_on[-1] + 0.05
    assert share >= 0.6


@pytest.fixture(scope="module")
def looks() -> dict[int, dict[str, Any]]:
    """Means over seeds of every number, by epoch."""
    study = replace(INFERENCE, every=5)
    schedule = replace(study.experiment.schedule, epochs=20)
    found = [
        run_label_inference(
            replace(
                study, experiment=replace(study.experiment, schedule=schedule, seeds=Seeds(noise=s, init=s, batch=s))
            ),
            unheard,
        ).metrics["looks"]
        for s in SEEDS
    ]
    return {same[0]["epoch"]: _mean(same) for same in zip(*found, strict=True)}


def _mean(values: Any) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {name: _mean([value[name] for value in values]) for name in first}
    return np.mean(values, axis=0)


def test_figure_3_neighbours_forget_less_than_the_network(looks) -> None:
    """E-F3."""
    names = ("network", "all_given", "all_clean", "chosen_given", "known_clean", "reference_clean")
    print()
    for epoch, look in looks.items():
        print(f"epoch {epoch}:", {name: round(float(look[name]), 3) for name in names})
    networks = [look["network"] for look in looks.values()]
    assert networks[-1] < networks[0] - 0.2
    assert looks[10]["all_given"] >= looks[10]["network"] + 0.03
    assert looks[10]["chosen_given"] >= looks[10]["network"] + 0.03
    assert looks[10]["reference_clean"] >= 0.88
    for look in looks.values():
        assert look["all_clean"] >= look["all_given"]
        assert look["known_clean"] >= look["chosen_given"]


def test_figure_5_too_few_neighbours_of_all_and_too_many_of_the_chosen_infer_less(looks) -> None:
    """E-F5. The paper's k = 1000 is about its number of chosen rows in a class; here that number is about 23."""
    look = looks[10]
    by_k = {kind: np.round(values, 3) for kind, values in look["by_k"].items()}
    print(f"\nepoch 10, k = {INFERENCE.ks}: {by_k}, smallest class among the chosen: {look['smallest_class']:.0f} rows")
    assert look["by_k"]["all"].argmin() == 0
    few, many = look["by_k"]["chosen"][:2], look["by_k"]["chosen"][-1]
    assert few.min() > many + 0.05


def test_figure_6_the_penultimate_layer_infers_more_than_the_logits(looks) -> None:
    """E-F6. Deeper is not better here: digits are almost separable as pixels, and early layers win."""
    for epoch, look in looks.items():
        print(f"\nepoch {epoch}:", {tap: round(float(value), 3) for tap, value in look["all_by_tap"].items()})
        assert look["all_by_tap"]["last_conv"] >= look["all_by_tap"]["logits"] - 0.005
