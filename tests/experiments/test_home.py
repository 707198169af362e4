import pytest

from lab.experiments.home import checkpoint_folder, lab_home, run_folder


def test_everything_kept_lies_below_lab_home(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    assert run_folder("0123456789ab") == tmp_path / "runs" / "0123456789ab"
    assert checkpoint_folder("0123456789ab") == tmp_path / "checkpoints" / "0123456789ab"


def test_without_lab_home_it_is_a_folder_here_and_stays_it_if_the_process_moves(monkeypatch, tmp_path):
    monkeypatch.delenv("LAB_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert lab_home() == tmp_path / ".lab"


@pytest.mark.parametrize("digest", ["", "..", "a/b", "/etc", "a\0b", "é"])
def test_a_digest_never_leads_out_of_its_folder(digest):
    for folder in (run_folder, checkpoint_folder):
        with pytest.raises(ValueError, match="digest must be letters and digits alone"):
            folder(digest)
