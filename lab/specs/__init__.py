"""What can be asked for: frozen configs of data, backbone, method and schedule. Light: numpy at most."""

from lab.noise import MODELS
from lab.specs.aggregates import Aggregates
from lab.specs.backbones import BACKBONES, ToyMLP
from lab.specs.codec import digest, from_json, register, to_json
from lab.specs.comparison import Comparison, KNetSizes
from lab.specs.correction import Correction, LabelInference
from lab.specs.correction_methods import (
    PENCIL,
    IterKNN,
    JointOptimization,
    KNNFilter,
    OwnPrediction,
    SelKNN,
)
from lab.specs.detection import Detection, InnFigure
from lab.specs.experiment import Experiment
from lab.specs.feature_map import FeatureMap, MapSource
from lab.specs.forecast import BlindForecast, Forecast, ForecastCheck
from lab.specs.labels import DataSource, LabelStudy, RareClass, RarePair
from lab.specs.methods import (
    LOSSES,
    Bootstrapping,
    CrossEntropy,
    GeneralisedCrossEntropy,
    KNet,
    LabelSmoothing,
    LossCorrection,
    NegativeEntropy,
    SymmetricCrossEntropy,
)
from lab.specs.networks import NetworkCurve
from lab.specs.no_data import NoData
from lab.specs.sweep import Axis, Sweep
from lab.specs.toy import Toy
from lab.specs.training import Record, Schedule, Seeds
from lab.specs.tsne import TSNE
from lab.specs.upload_pages import UploadExport, UploadRows
from lab.specs.upload_studies import UploadBudget, UploadForecast, UploadInjection, UploadRetrain, UploadStudy
from lab.specs.uploads import Upload, UploadLook

NOISE_MODELS = tuple(MODELS.values())
register(Toy, *{type(spec) for spec in BACKBONES.values()}, KNet, Schedule, Seeds, Experiment, *NOISE_MODELS)
register(Axis, Sweep, DataSource, RareClass, RarePair, LabelStudy, Record, *{type(loss) for loss in LOSSES.values()})
register(NoData, Forecast, ForecastCheck, BlindForecast, NetworkCurve, Aggregates)
register(Comparison, KNetSizes)
register(Detection, InnFigure)
register(Correction, LabelInference, IterKNN, SelKNN, KNNFilter, JointOptimization, PENCIL, OwnPrediction)
register(FeatureMap, MapSource, TSNE)
register(UploadRows, UploadExport)
register(Upload, UploadLook, UploadStudy, UploadInjection, UploadForecast, UploadBudget, UploadRetrain)

__all__ = [
    "LOSSES",
    "PENCIL",
    "TSNE",
    "Aggregates",
    "Axis",
    "BlindForecast",
    "Bootstrapping",
    "Comparison",
    "Correction",
    "CrossEntropy",
    "DataSource",
    "Detection",
    "Experiment",
    "FeatureMap",
    "Forecast",
    "ForecastCheck",
    "GeneralisedCrossEntropy",
    "InnFigure",
    "IterKNN",
    "JointOptimization",
    "KNNFilter",
    "KNet",
    "KNetSizes",
    "LabelInference",
    "LabelSmoothing",
    "LabelStudy",
    "LossCorrection",
    "MapSource",
    "NegativeEntropy",
    "NetworkCurve",
    "NoData",
    "OwnPrediction",
    "RareClass",
    "RarePair",
    "Record",
    "Schedule",
    "Seeds",
    "SelKNN",
    "Sweep",
    "SymmetricCrossEntropy",
    "Toy",
    "ToyMLP",
    "Upload",
    "UploadBudget",
    "UploadExport",
    "UploadForecast",
    "UploadInjection",
    "UploadLook",
    "UploadRetrain",
    "UploadRows",
    "UploadStudy",
    "digest",
    "from_json",
    "register",
    "to_json",
]
