"""`lab data` prints what there is and answers 0, 1 or 2."""

import argparse

import pytest

from lab.data import NAMES
from lab.data.command import add_parser


def run(*words: str) -> int:
    parser = argparse.ArgumentParser(prog="lab")
    add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["data", *words])
    return args.call(args)


def test_list_names_every_data_set_and_where_its_files_are_expected(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("LAB_DATA", raising=False)
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:-2]] == list(NAMES)
    assert "expected at LAB_DATA/MNIST/raw/train-images-idx3-ubyte and 3 more" in lines[7]
    for part in ("train", "test"):
        (tmp_path / f"{part}_32x32.mat").touch()
    assert run("list", "--root", str(tmp_path)) == 0
    assert f"svhn           ready in {tmp_path}" in capsys.readouterr().out


def test_info_prints_counts_balance_flip_rate_and_digest(capsys):
    assert run("info", "toy") == 0
    out = capsys.readouterr().out
    assert "train      1,500 rows" in out
    assert "top                            500     3,000" in out
    assert "0.00% of the training labels are wrong" in out


def test_info_of_a_table_with_true_labels_prints_its_flip_rate(capsys, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y,z\n1,p,p\n2,q,p\n3,q,q\n4,p,p\n")
    assert run("info", str(path), "--label", "y", "--clean", "z") == 0
    assert "25.00% of the training labels are wrong" in capsys.readouterr().out


@pytest.mark.parametrize("action", ["info", "verify"])
def test_a_problem_is_one_sentence_on_stderr_and_exit_code_one(capsys, action):
    assert run(action, "nowhere") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("name must be an existing path or one of toy, ")
    assert captured.err.count("\n") == 1


def test_wrong_usage_is_exit_code_two(capsys):
    with pytest.raises(SystemExit) as stop:
        run("info")
    assert stop.value.code == 2
    assert "NAME" in capsys.readouterr().err


def test_verify_reads_every_image_and_names_the_bad_one(capsys, tmp_path):
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / name / "1.png")
    assert run("verify", str(tmp_path)) == 0
    assert "is whole: 2 rows, 2 classes, digest" in capsys.readouterr().out
    (tmp_path / "b" / "1.png").write_bytes(b"x")
    assert run("verify", str(tmp_path)) == 1
    assert "b/1.png" in capsys.readouterr().err


def test_verify_names_every_missing_file_of_a_known_set(capsys, tmp_path):
    assert run("verify", "svhn", "--root", str(tmp_path)) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"svhn must have a file at {tmp_path}/{part}_32x32.mat, got none" for part in ("train", "test")
    ]
