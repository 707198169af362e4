"""kNet against its width and against the form in which k enters it: where it is a likeness of kNN, and where a smoother.

Eleven trainings on the shipped digits take about 6 s on one slow core.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

from lab.analysis.knet_comparison import imitation
from lab.analysis.knet_field import knet_labels
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_comparison_ground import Ground, ground, trained_knet
from lab.methods.knet_targets import Targets
from lab.specs import KNetSizes
from lab.specs.methods import KNet, hidden_width, knet_parameters


def run_knet_sizes(study: KNetSizes, report: PlainReport) -> Run:
    """Train kNet once per width and once per form of k.

    Metrics: `widths` and `kappas`, a dict a training: `width`, `kappa`, `parameters`, and by k of the study
        `difference` (from the neighbours' shares, mean over rows and classes) and `accuracy` (on clean labels).
    Raises: ValueError in one sentence if it can not be carried out.
    """
    start = perf_counter()
    stand = ground(study.comparison, report)
    targets, knet = stand.targets(), study.comparison.knet
    plans = [("widths", replace(knet, hidden=width)) for width in study.widths]
    plans += [("kappas", replace(knet, kappa=kappa)) for kappa in study.kappas]
    told: dict[str, Any] = {"widths": [], "kappas": [], "n_test": len(stand.y), "left_out": stand.left_out}
    for i, (kind, config) in enumerate(plans):

        def part(fraction: float, message: str, i: int = i) -> None:
            report(0.45 + 0.55 * (i + fraction) / len(plans), message)

        told[kind].append(_measured(study, stand, targets, config, part))
    return Run(study, told, {}, perf_counter() - start)


def _measured(study: KNetSizes, stand: Ground, targets: Targets, config: KNet, report: PlainReport) -> dict[str, Any]:
    width = hidden_width(config.hidden, stand.reference.shape[1])
    what = f"training a kNet of width {width} with {config.kappa.replace('_', ' ')} k"
    folded = trained_knet(stand, targets, config, report, what).fold()
    found = imitation(stand.table, stand.y_given, stand.n_classes, folded, stand.queries)
    hits = (knet_labels(folded, stand.queries) == stand.y).mean(axis=1)
    ks = [k for k in study.ks if k <= stand.table.k_max]
    return {
        "width": width,
        "kappa": config.kappa,
        "parameters": knet_parameters(stand.reference.shape[1], width, stand.n_classes),
        "difference": {str(k): float(found.difference[k - 1]) for k in ks},
        "accuracy": {str(k): float(hits[k - 1]) for k in ks},
    }
