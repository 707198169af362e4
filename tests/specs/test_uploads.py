"""What names an uploaded file, and the limits that whoever runs the server sets."""

from __future__ import annotations

import pytest

from lab.specs import Upload, UploadLook, from_json, to_json
from lab.specs.uploads import UploadLimits

DIGEST = "0123456789abcdef" * 2


def test_an_upload_survives_json_with_its_digest():
    look = UploadLook(upload=Upload(digest=DIGEST, suffix=".xlsx", label="y", features=("a", "b"), sheet="Data"))
    assert from_json(to_json(look)) == look
    assert from_json(to_json(look)).digest == look.digest
    assert look.digest != UploadLook(upload=Upload(digest=DIGEST, suffix=".xlsx", label="a", features=("b",))).digest


@pytest.mark.parametrize(
    "wrong",
    [
        {"digest": "../../etc/passwd"},
        {"digest": DIGEST.upper()},
        {"suffix": ".pkl"},
        {"suffix": ".csv", "sheet": "Data"},
        {"label": "x" * 501},
        {"label": "a", "features": ("a",)},
        {"features": ("x" * 501,)},
    ],
)
def test_an_upload_of_another_form_is_one_sentence(wrong):
    with pytest.raises(ValueError, match="must be"):
        Upload(**({"digest": DIGEST, "suffix": ".csv"} | wrong))


def test_limits_are_those_of_the_environment_and_a_wrong_one_is_named():
    limits = UploadLimits.of({"LAB_UPLOAD_MB": "7", "LAB_UPLOAD_FILES": " 12 "})
    assert (limits.file_mb, limits.files, limits.cells) == (7, 12, UploadLimits().cells)
    for text in ("-1", "0", "1e3", "many", "٣"):
        with pytest.raises(ValueError, match="LAB_UPLOAD_MB must be"):
            UploadLimits.of({"LAB_UPLOAD_MB": text})
