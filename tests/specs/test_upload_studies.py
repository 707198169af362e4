"""Requests about a file of one's own."""

from __future__ import annotations

import pytest

from lab.noise import Concentrated, HumanLabels, Symmetric
from lab.specs import (
    Experiment,
    Upload,
    UploadBudget,
    UploadForecast,
    UploadInjection,
    UploadLook,
    UploadRetrain,
    UploadStudy,
    from_json,
    to_json,
)
from lab.specs.upload_studies import upload_of

UPLOAD = Upload(digest="0123456789abcdef" * 2, suffix=".csv", label="kind")
STUDY = UploadStudy(upload=UPLOAD)
WHAT_IFS = (
    UploadInjection(study=STUDY, noise=Concentrated(0.1, 1.0), detectors=("auto", "knn")),
    UploadForecast(study=STUDY, ks=(1, 7)),
    UploadBudget(study=STUDY, seeds=(4,)),
    UploadRetrain(study=STUDY, decisions=((3, "relabel", "cat"), (9, "drop", None), (12, "keep", None))),
)


@pytest.mark.parametrize("request_", [STUDY, *WHAT_IFS], ids=lambda r: type(r).__name__)
def test_requests_survive_json_and_name_their_file(request_):
    again = from_json(to_json(request_))
    assert again == request_
    assert hash(again) == hash(request_)
    assert again.digest == request_.digest
    assert upload_of(request_) == UPLOAD


def test_each_setting_is_another_request():
    others = [
        STUDY,
        UploadStudy(upload=UPLOAD, space="network"),
        UploadStudy(upload=UPLOAD, n_neighbors=5),
        UploadStudy(upload=Upload(digest="f" * 32, suffix=".csv", label="kind")),
        *WHAT_IFS,
    ]
    assert len({other.digest for other in others}) == len(others)


def test_what_trains_a_network_waits_in_the_line_of_trainings():
    network = UploadStudy(upload=UPLOAD, space="network")
    assert (STUDY.lane, network.lane) == ("quick", "training")
    assert UploadInjection(study=network, noise=Symmetric(0.1)).lane == "training"
    assert [what_if.lane for what_if in WHAT_IFS] == ["quick", "quick", "quick", "training"]


def test_other_requests_are_about_no_file():
    assert upload_of(Experiment()) is None
    assert upload_of(UploadLook(upload=UPLOAD)) == UPLOAD


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: UploadStudy(upload=UPLOAD, space="pixels"), "space must be one of"),
        (lambda: UploadStudy(upload=UPLOAD, backbone="Big"), "backbone must be one of"),
        (
            lambda: UploadInjection(study=STUDY, noise=HumanLabels("a.npz", "worse_label")),
            "noise must be a noise model",
        ),
        (lambda: UploadInjection(study=STUDY, noise=Symmetric(0.1), detectors=("a b",)), "detectors must be names"),
        (lambda: UploadBudget(study=STUDY, seeds=()), "seeds must be 1 to 20"),
        (lambda: UploadBudget(study=STUDY, seeds=(1, 1)), "seeds must be different"),
        (lambda: UploadForecast(study=STUDY, ks=(5, 1)), "ks must be ascending"),
        (lambda: UploadRetrain(study=STUDY, decisions=((3, "relabel", None),)), "decision must be a file row"),
        (lambda: UploadRetrain(study=STUDY, decisions=((3, "drop", "cat"),)), "decision must be a file row"),
        (lambda: UploadRetrain(study=STUDY, decisions=((3, "burn", None),)), "decision must be a file row"),
        (lambda: UploadRetrain(study=STUDY, decisions=((3, "drop", None), (3, "keep", None))), "one a row, ascending"),
        (lambda: UploadRetrain(study=STUDY, decisions=((-3, "drop", None),)), "row of a decision"),
    ],
)
def test_what_does_not_fit_is_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()
