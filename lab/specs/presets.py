"""Requests that the lab computes once and ships finished."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lab.noise import Clean, Concentrated, Flip, LocallyConcentrated, Matrix, Symmetric, Uniform, two_alternatives
from lab.specs.aggregates import Aggregates
from lab.specs.backbones import DigitsMLP
from lab.specs.comparison import Comparison, KNetSizes
from lab.specs.detection import Detection
from lab.specs.experiment import Experiment
from lab.specs.feature_map import FeatureMap, MapSource
from lab.specs.forecast import BlindForecast, Forecast, ForecastCheck, even_levels
from lab.specs.labels import DataSource, LabelStudy
from lab.specs.methods import CrossEntropy, KNet
from lab.specs.networks import NetworkCurve
from lab.specs.no_data import NoData
from lab.specs.recipes import RECIPES
from lab.specs.repair import REPAIRS
from lab.specs.training import Record, Schedule

TOY = Experiment(method=KNet(epochs=40, batch_size=256, fixed_ks=(1, 51)))  # what the toy page opens with
TOY_CLEAN = replace(TOY, noise=Clean())  # the first step of its lesson
LABELS = LabelStudy()  # what the page about noise opens with
FORECAST = Forecast()  # what the page about expected accuracy opens with
_FEW, _PAPERS, _TO_60 = (1, 5, 11, 21), (1, 3, 5, 10, 20, 50, 100), even_levels(0.6)
NETWORK_BASE = Experiment(  # the networks over the curves; 2 s each on one slow core
    dataset=DataSource(),
    noise=Clean(),
    backbone=DigitsMLP(),
    schedule=Schedule(epochs=40, learning_rate=0.003, early_stopping="clean", patience=40),
    method=CrossEntropy(),
    record=Record(samples=False),
)
_BY_FEATURES: dict[str, Any] = {"network": NETWORK_BASE}
_BY_SOFTMAX: dict[str, Any] = {"network": NETWORK_BASE, "clean_from": "softmax"}
DRO_FIGURES = {  # on digits in place of MNIST, CIFAR-10 and ImageNet, and the level to look at first
    "1a": ForecastCheck(forecast=Forecast(noise=Concentrated(1.0, 0.0), ks=_FEW, levels=_TO_60), level=0.2),
    "1b, 4h": ForecastCheck(forecast=Forecast(noise=Concentrated(1.0, 1.0), ks=_FEW, levels=_TO_60), level=0.2),
    "3a": ForecastCheck(forecast=Forecast(noise=Flip(1.0), ks=(*_FEW, 51), levels=_TO_60), level=0.4),
    "3b": ForecastCheck(
        forecast=Forecast(noise=Flip(1.0), ks=(*_FEW, 51), levels=_TO_60, **_BY_FEATURES),
        level=0.4,
    ),
    "3c, d": ForecastCheck(forecast=Forecast(ks=(*_FEW, 51, 100), **_BY_FEATURES), level=0.8),
    "4a": ForecastCheck(
        forecast=Forecast(noise=Flip(1.0), ks=_PAPERS, clean_from="onehot", levels=_TO_60),
        level=0.4,
    ),
    "4b, c": ForecastCheck(forecast=Forecast(noise=Flip(1.0), ks=_PAPERS, levels=_TO_60, **_BY_SOFTMAX), level=0.4),
    "4d": ForecastCheck(
        forecast=Forecast(noise=Uniform(1.0), ks=_PAPERS, clean_from="onehot", levels=even_levels(0.95)),
        level=0.8,
    ),
    "4e, f": ForecastCheck(forecast=Forecast(ks=_PAPERS, levels=even_levels(0.95), **_BY_SOFTMAX), level=0.8),
    "4g": ForecastCheck(
        forecast=Forecast(noise=Matrix(1.0, two_alternatives(10)), ks=(*_FEW, 51), levels=even_levels(0.8)),
        level=0.5,
    ),
    "4i": ForecastCheck(
        forecast=Forecast(noise=Concentrated(1.0, 1.0), ks=_FEW, levels=_TO_60, **_BY_FEATURES),
        level=0.2,
    ),
}
NO_DATA = ForecastCheck(  # DRO Eqs. 14 and 15 with as many classes as ImageNet has
    forecast=Forecast(dataset=NoData(n_classes=1000), ks=_PAPERS, seeds=(), levels=even_levels(0.95)),
    level=0.8,
)
NETWORKS = tuple(
    NetworkCurve(base=NETWORK_BASE, noises=noises)
    for noises in (
        tuple(Uniform(level) for level in (0.2, 0.4, 0.6, 0.8, 0.9)),
        tuple(Flip(level) for level in (0.2, 0.4, 0.45, 0.55)),
        tuple(Matrix(level, two_alternatives(10)) for level in (0.2, 0.4, 0.6)),
        tuple(LocallyConcentrated(n_clusters) for n_clusters in (10, 5, 3, 2)),
    )
)
BLIND = BlindForecast()  # at the level that it names, of the forecast that the page opens with
FORECASTS = (
    *(part for check in (ForecastCheck(), *DRO_FIGURES.values(), NO_DATA) for part in (check.forecast, check)),
    BLIND,
    *NETWORKS,
)
_DIGITS = Experiment(
    dataset=DataSource(),
    noise=Uniform(0.4),
    backbone=DigitsMLP(),
    schedule=RECIPES["Digits, 60 epochs"],
    method=CrossEntropy(),
)
TRAININGS = (  # what the page about training opens with, and every page that looks at a finished one
    _DIGITS,
    replace(_DIGITS, noise=Flip(0.4)),
    replace(_DIGITS, noise=LocallyConcentrated(3)),
)
_CLEAN = MapSource(experiment=replace(_DIGITS, noise=Clean()), epoch="best")
_KED = replace(_DIGITS, noise=Symmetric(0.6))
FEATURE_MAPS = {  # the papers' figures on digits; the first is what the page about feature maps opens with
    "KNET Fig. 4": FeatureMap(left=MapSource(experiment=_DIGITS), right=MapSource(experiment=_DIGITS, tap="knet")),
    "DRO Fig. 1": FeatureMap(
        left=replace(_CLEAN, labels_of=replace(_DIGITS, noise=Uniform(0.2))),
        right=replace(_CLEAN, labels_of=replace(_DIGITS, noise=LocallyConcentrated(5))),
        part="train",
    ),
    "KED Fig. 2": FeatureMap(  # not shipped: it takes two epochs, and can be watched
        left=MapSource(experiment=_KED, tap="early", epoch=2),
        right=MapSource(experiment=_KED, tap="last_conv", epoch=2),
    ),
}
COMPARISON = Comparison(experiment=_DIGITS)  # what “kNN or kNet?” opens with
KNET_SIZES = KNetSizes(comparison=COMPARISON)
DETECTION = Detection(experiment=_DIGITS)  # what the page about wrong labels opens with
AGGREGATES = Aggregates(experiment=_DIGITS)  # what “Softmax or neighbours?” opens with
GALLERY: tuple[Any, ...] = (
    AGGREGATES,
    TOY,
    TOY_CLEAN,
    LABELS,
    *FORECASTS,
    *TRAININGS,
    *REPAIRS,
    DETECTION,
    COMPARISON,
    KNET_SIZES,
    FEATURE_MAPS["KNET Fig. 4"],
    FEATURE_MAPS["DRO Fig. 1"],
)
