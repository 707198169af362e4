"""Requests that the lab computes once and ships finished."""

from __future__ import annotations

from dataclasses import replace

from lab.noise import Clean
from lab.specs.experiment import Experiment
from lab.specs.labels import LabelStudy
from lab.specs.methods import KNet

TOY = Experiment(method=KNet(epochs=40, batch_size=256, fixed_ks=(1, 51)))  # what the toy page opens with
TOY_CLEAN = replace(TOY, noise=Clean())  # the first step of its lesson
LABELS = LabelStudy()  # what the page about noise opens with
GALLERY = (TOY, TOY_CLEAN, LABELS)
