"""Uploaded bytes are kept while a page shows them, and nothing of them afterwards."""

from __future__ import annotations

import os
import time

import pytest

from lab.experiments import uploads
from lab.specs import Upload


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(uploads, "_names", {})
    monkeypatch.setattr(uploads, "_forgetters", [])
    return tmp_path / "home"


def test_the_same_bytes_are_one_upload_and_one_flipped_byte_is_another():
    data = b"x,y\n" + b"1,a\n2,b\n" * 30_000
    first, again = uploads.keep(data, "one.csv"), uploads.keep(data, "two.CSV")
    other = uploads.keep(data[:-2] + b"a\n", "one.csv")
    assert first == again
    assert first != other
    assert uploads.path_of(first).read_bytes() == data
    assert uploads.kept(first.digest) == first


def test_no_name_leads_out_of_the_folder(home):
    upload = uploads.keep(b"a,b\n1,2\n", "../../../outside.csv")
    assert uploads.path_of(upload).parent == home / "uploads"
    assert [path.name for path in home.rglob("*.csv")] == [f"{upload.digest}.csv"]
    assert uploads.kept("../../etc/passwd") is None
    with pytest.raises(ValueError, match=r"below its folder, got '\.\./a\.png'"):
        uploads.keep_files([("../a.png", b"x")])


@pytest.mark.parametrize(
    ("data", "name", "rule"),
    [
        (b"", "a.csv", "something in it"),
        (b"x", "a.pkl", "file type must be one of"),
        (b"x", "csv", "file type"),
        (b"x" * 1_000_001, "a.csv", "at most 1 MB, got '1.0 MB'"),
    ],
)
def test_what_can_not_be_kept_is_one_sentence(data, name, rule, monkeypatch, home):
    monkeypatch.setenv("LAB_UPLOAD_MB", "1")
    with pytest.raises(ValueError, match=rule):
        uploads.keep(data, name)
    assert not list(home.rglob("*.*"))


def test_the_disk_has_an_end(monkeypatch):
    monkeypatch.setenv("LAB_UPLOAD_SPOOL_MB", "1")
    uploads.keep(b"x" * 600_000, "a.csv")
    with pytest.raises(ValueError, match="uploaded files must be at most 1 MB together"):
        uploads.keep(b"y" * 600_000, "b.csv")


def test_a_file_is_put_away_half_an_hour_after_it_was_last_shown():
    shown, left = uploads.keep(b"shown", "a.csv"), uploads.keep(b"left", "b.csv")
    gone = []
    uploads.when_forgotten(gone.append)
    os.utime(uploads.path_of(left), (0, time.time() - uploads.GRACE - 1))
    os.utime(uploads.path_of(shown), (0, time.time() - uploads.GRACE - 1))
    assert uploads.touch(shown.digest)
    assert uploads.sweep() == [left.digest] == gone
    assert uploads.kept(left.digest) is None
    assert not uploads.touch(left.digest)
    assert uploads.kept(shown.digest) == shown
    assert uploads.name_of(shown.digest) == "a.csv"


def test_a_server_that_ends_leaves_nothing(home):
    digests = [uploads.keep(data, "a.csv").digest for data in (b"1", b"2")]
    gone = []
    uploads.when_forgotten(gone.append)
    uploads.end()
    assert gone == digests
    assert not list((home / "uploads").iterdir())


def test_one_that_can_not_forget_does_not_keep_the_others_from_it():
    upload, gone = uploads.keep(b"1", "a.csv"), []

    def fail(digest):
        raise RuntimeError(digest)

    uploads.when_forgotten(fail)
    uploads.when_forgotten(gone.append)
    uploads.forget(upload.digest)
    assert gone == [upload.digest]


def test_a_folder_is_one_zip_whatever_the_order():
    files = [("cats/1.png", b"1"), ("dogs/2.png", b"2")]
    upload = uploads.keep_files(files)
    assert upload == uploads.keep_files(files[::-1])
    assert upload.suffix == ".zip"


def test_identify_names_the_same_upload_as_keep(tmp_path):
    path = tmp_path / "table.TSV"
    path.write_bytes(b"a\tb\n1\t2\n")
    assert (
        uploads.identify(path)
        == uploads.keep(path.read_bytes(), "other.tsv")
        == Upload(digest=uploads.digest_of(path.read_bytes()), suffix=".tsv")
    )
