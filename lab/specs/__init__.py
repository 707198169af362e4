"""What can be asked for: frozen configs of data, backbone, method and schedule. Light: numpy at most."""

import dataclasses

import lab.noise
from lab.specs.backbones import ToyMLP
from lab.specs.codec import digest, from_json, register, to_json
from lab.specs.experiment import Experiment
from lab.specs.methods import KNet
from lab.specs.toy import Toy
from lab.specs.training import Schedule, Seeds

NOISE_MODELS = tuple(
    model
    for model in vars(lab.noise).values()
    if dataclasses.is_dataclass(model) and isinstance(model, type) and issubclass(model, lab.noise.Noise)
)
register(Toy, ToyMLP, KNet, Schedule, Seeds, Experiment, *NOISE_MODELS)

__all__ = ["Experiment", "KNet", "Schedule", "Seeds", "Toy", "ToyMLP", "digest", "from_json", "register", "to_json"]
