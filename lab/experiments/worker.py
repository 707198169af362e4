"""Turn a request into a Run. Heavy: imported by workers and by the library's own `run`, never by a page."""

from __future__ import annotations

from typing import Any

from lab.core.threads import threads
from lab.experiments.progress import Report, unheard
from lab.experiments.results import Run
from lab.experiments.worker_aggregates import run_aggregates
from lab.experiments.worker_blind import run_blind
from lab.experiments.worker_check import run_check
from lab.experiments.worker_comparison import run_comparison
from lab.experiments.worker_correction import run_correction
from lab.experiments.worker_detection import run_detection
from lab.experiments.worker_forecast import run_forecast
from lab.experiments.worker_inn_figures import run_inn_figure
from lab.experiments.worker_knet_sizes import run_knet_sizes
from lab.experiments.worker_label_inference import run_label_inference
from lab.experiments.worker_labels import run_labels
from lab.experiments.worker_map import run_map
from lab.experiments.worker_networks import run_networks
from lab.experiments.worker_toy_run import run_toy
from lab.experiments.worker_training import run_training
from lab.experiments.worker_upload_budget import run_upload_budget
from lab.experiments.worker_upload_forecast import run_upload_forecast
from lab.experiments.worker_upload_injection import run_upload_injection
from lab.experiments.worker_upload_look import run_upload_look
from lab.experiments.worker_upload_retrain import run_upload_retrain
from lab.experiments.worker_upload_rows import run_upload_export, run_upload_rows
from lab.experiments.worker_upload_study import run_upload_study
from lab.specs import (
    Aggregates,
    BlindForecast,
    Comparison,
    Correction,
    Experiment,
    FeatureMap,
    Forecast,
    ForecastCheck,
    KNet,
    KNetSizes,
    LabelInference,
    LabelStudy,
    NetworkCurve,
    Schedule,
    Toy,
    UploadBudget,
    UploadForecast,
    UploadInjection,
    UploadRetrain,
    UploadStudy,
)
from lab.specs.detection import Detection, InnFigure
from lab.specs.upload_pages import UploadExport, UploadRows
from lab.specs.uploads import UploadLook


def compute(request: Any, report: Report) -> Run:
    """Compute what was asked for.

    Args:
        report: called at every step; see `Report`. It raises `Stopped` when the work is no longer wanted.
    Raises: ValueError if the request can not be carried out.
    """
    with threads(1):  # nets of this size are slower on two
        if isinstance(request, Experiment):
            return run_toy(request, report) if isinstance(request.dataset, Toy) else run_training(request, report)
        if isinstance(request, LabelStudy):
            return run_labels(request, report)
        if isinstance(request, Detection):
            return run_detection(request, report)
        if isinstance(request, InnFigure):
            return run_inn_figure(request, report)
        if isinstance(request, Forecast):
            return run_forecast(request, report)
        if isinstance(request, Aggregates):
            return run_aggregates(request, report)
        if isinstance(request, FeatureMap):
            return run_map(request, report)
        if isinstance(request, Correction):
            return run_correction(request, report)
        if isinstance(request, LabelInference):
            return run_label_inference(request, report)
        if isinstance(request, BlindForecast):
            return run_blind(request, report)
        if isinstance(request, NetworkCurve):
            return run_networks(request, report)
        if isinstance(request, ForecastCheck):
            return run_check(request, report)
        if isinstance(request, Comparison):
            return run_comparison(request, report)
        if isinstance(request, KNetSizes):
            return run_knet_sizes(request, report)
        if isinstance(request, UploadLook):
            return run_upload_look(request, report)
        if isinstance(request, UploadRows):
            return run_upload_rows(request, report)
        if isinstance(request, UploadExport):
            return run_upload_export(request, report)
        if isinstance(request, UploadStudy):
            return run_upload_study(request, report)
        if isinstance(request, UploadInjection):
            return run_upload_injection(request, report)
        if isinstance(request, UploadForecast):
            return run_upload_forecast(request, report)
        if isinstance(request, UploadBudget):
            return run_upload_budget(request, report)
        if isinstance(request, UploadRetrain):
            return run_upload_retrain(request, report)
    raise ValueError(f"request must be something that can be asked for, got {type(request).__name__}")


def warm_up() -> None:
    """Load every compiled kernel once, so that the first real request does not wait for it."""
    tiny = Experiment(
        dataset=Toy(n_per_class=10), schedule=Schedule(epochs=1), method=KNet(epochs=1, fixed_ks=(1,)), grid=20
    )
    compute(tiny, unheard)
