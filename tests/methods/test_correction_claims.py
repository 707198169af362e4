"""KED's claims on scikit-learn's digits, with the figures printed (run with -m slow -rP).

1,297 training and 500 clean test rows, DigitsMLP, four episodes of 20 epochs of Adam (1e-3, divided by 10 after epochs 10
and 15, weight decay 1e-4, batch 128), SL, k = 30, shares 20, 40, 60, 80 %; means over seeds 0, 1, 2, or over six where
three say too little. About 5 minutes of CPU. A claim that does not hold here is printed as such and not asserted.

Where cross-entropy stands decides the leads over it. With these drops of the rate it has learned few of the wrong labels
after 20 epochs: .938 at symmetric 20 %. At a constant rate it learns them by heart (.878), and both corrections are ahead
by .083 there; but then they themselves are ahead by .21 and not .30 at 60 %, and by .01 and not .06 at asymmetric 40 %,
as their features too know the wrong labels by heart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from lab.core.threads import threads
from lab.experiments.progress import unheard
from lab.experiments.worker_correction import run_correction
from lab.experiments.worker_label_inference import run_label_inference
from lab.specs.recipes import RECIPES
from lab.specs.repair import INFERENCE, SELKNN, correction_of
from lab.specs.training import Seeds

pytestmark = pytest.mark.slow
SEEDS = (0, 1, 2)
SIX = range(6)


@pytest.fixture(scope="module", autouse=True)
def _alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Checkpoints of their own, one thread, and the finished runs forgotten at the end."""
    with pytest.MonkeyPatch.context() as patch, threads(1):
        patch.setenv("LAB_HOME", str(tmp_path_factory.mktemp("home")))
        yield
        metrics.cache_clear()


@lru_cache(maxsize=64)
def metrics(setting: str, method: str, seed: int, retrain: str = "fresh", rate: str = "falls") -> dict[str, Any]:
    study = correction_of(setting, method, seed)
    if retrain != "fresh":
        study = replace(study, method=replace(SELKNN, retrain=retrain))
    if rate == "constant":
        study = replace(study, experiment=replace(study.experiment, schedule=RECIPES["Digits, Adam, 20 epochs"]))
    return run_correction(study, unheard).metrics


def mean(
    setting: str, method: str, number: Callable[[dict[str, Any]], Any], *more: str, seeds: Sequence[int] = SEEDS
) -> Any:
    return np.mean([number(metrics(setting, method, seed, *more)) for seed in seeds], axis=0)


def leads(setting: str, *more: str, seeds: Sequence[int] = SEEDS) -> list[float]:
    """Of IterKNN and SelKNN over cross-entropy, in test accuracy of the last epoch; printed."""
    names = ("CE", "IterKNN", "SelKNN")
    last, best = (
        {name: mean(setting, name, lambda m, which=which: m["final"][which], *more, seeds=seeds) for name in names}
        for which in ("test_last", "test_best")
    )
    print(f"\n{setting} {more}, test accuracy last (best):", {n: f"{last[n]:.3f} ({best[n]:.3f})" for n in names})
    found = [float(last[name] - last["CE"]) for name in names[1:]]
    print(f"ahead of CE: IterKNN {found[0]:+.3f}, SelKNN {found[1]:+.3f}")
    return found


def recoveries(m: dict[str, Any]) -> list[float]:
    return [m["initial"]["recovery"], *(episode["recovery"] for episode in m["episodes"])]


def test_table_1_at_60_percent_both_corrections_beat_cross_entropy() -> None:
    """E-T1, with the margin of the claim."""
    assert min(leads("Symmetric 60 %")) >= 0.25


def test_table_1_with_look_alikes_both_corrections_beat_cross_entropy() -> None:
    """E-T1, with the margin of the claim, over six seeds: single ones are ahead by .02 to .14."""
    assert min(leads("Asymmetric 40 %", seeds=SIX)) >= 0.03


def test_table_1_at_20_percent_the_lead_needs_a_cross_entropy_that_knows_the_wrong_labels() -> None:
    """E-T1. The claim's .08 does not hold with drops of the rate (.04); at a constant rate it does, by a hair (.083)."""
    with_drops, constant = leads("Symmetric 20 %"), leads("Symmetric 20 %", "fresh", "constant")
    print(f"the claim asks for .08: with drops {min(with_drops):+.3f}, at a constant rate {min(constant):+.3f}")
    assert min(with_drops) >= 0.02
    assert min(constant) >= 0.06
    assert with_drops[1] >= with_drops[0] - 0.02


def test_table_1_at_80_percent_both_corrections_recover() -> None:
    """E-T1h. SelKNN's lead of .03 is not asserted: it has either sign from seed to seed, and is printed."""
    found = {
        name: [recoveries(metrics("Symmetric 80 %", name, seed)) for seed in SIX] for name in ("IterKNN", "SelKNN")
    }
    iterknn, selknn = (np.mean(curves, axis=0) for curves in found.values())
    print(f"\nSymmetric 80 %, right labels by episode: IterKNN {iterknn.round(3)}, SelKNN {selknn.round(3)}")
    each = np.subtract(*(np.array(found[name])[:, -1] for name in ("SelKNN", "IterKNN")))
    print(f"SelKNN's lead: {each.mean():+.3f}, by seed {each.round(3)}; the claim asks for .03")
    assert iterknn[-1] > iterknn[0]
    assert selknn[-1] > selknn[0]
    assert selknn[-1] >= iterknn[-1] - 0.02


def test_table_2_recovery_rises_every_episode() -> None:
    """E-T2."""
    for setting in ("Symmetric 20 %", "Symmetric 60 %", "Asymmetric 40 %"):
        for name in ("IterKNN", "SelKNN"):
            curve = mean(setting, name, recoveries)
            print(f"\n{setting}, {name}, right labels by episode: {curve.round(3)}")
            assert (np.diff(curve) >= -0.005).all()


def test_figure_4_a_new_network_for_every_episode_recovers_more_than_one_that_goes_on() -> None:
    """E-F4: the margin of the claim, at 60 % as it says; the paper has 80 %."""
    fresh = mean("Symmetric 60 %", "SelKNN", recoveries)
    going_on = mean("Symmetric 60 %", "SelKNN", recoveries, "continue")
    share = (fresh[3] - fresh[0]) / (fresh[-1] - fresh[0])
    print(f"\nSymmetric 60 %, SelKNN: new networks {fresh.round(3)}, the same {going_on.round(3)}")
    print(f"share of the gain in the first three episodes: {share:.2f}")
    assert fresh[-1] >= going_on[-1] + 0.1
    assert share >= 0.6


@pytest.fixture(scope="module")
def looks() -> dict[int, dict[str, Any]]:
    """Means over six seeds of every number, by epoch."""
    study = replace(INFERENCE, every=5)
    schedule = replace(study.experiment.schedule, epochs=20)
    found = [
        run_label_inference(
            replace(
                study, experiment=replace(study.experiment, schedule=schedule, seeds=Seeds(noise=s, init=s, batch=s))
            ),
            unheard,
        ).metrics["looks"]
        for s in SIX
    ]
    return {same[0]["epoch"]: _mean(same) for same in zip(*found, strict=True)}


def _mean(values: Any) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {name: _mean([value[name] for value in values]) for name in first}
    return np.mean(values, axis=0)


def test_figure_3_neighbours_forget_less_than_the_network(looks) -> None:
    """E-F3, with the margins of the claim. After 40 epochs the clean share of the reference has come down to .900."""
    names = ("network", "all_given", "all_clean", "chosen_given", "known_clean", "reference_clean")
    print()
    for epoch, look in looks.items():
        print(f"epoch {epoch}:", {name: round(float(look[name]), 3) for name in names})
    networks = [look["network"] for look in looks.values()]
    assert networks[-1] < networks[0] - 0.2
    assert looks[10]["all_given"] >= looks[10]["network"] + 0.05
    assert looks[10]["chosen_given"] >= looks[10]["network"] + 0.05
    for look in looks.values():
        assert look["reference_clean"] >= 0.9
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
