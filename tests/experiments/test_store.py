"""The history of trainings: nothing that was recorded is lost or becomes unreadable, whatever happens when."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import wait_until
from trainings import complete, experiment, finished, points

from lab.experiments import Run
from lab.experiments.history import ALIVE_FILE, RECORD_FILE, SECONDS_ALIVE
from lab.experiments.home import checkpoint_folder, run_folder
from lab.experiments.store import Store, store
from lab.specs import Experiment, LabelStudy


@pytest.fixture
def kept(home):
    return Store()


def test_a_training_is_followed_from_its_start_to_its_run(kept):
    request = experiment()
    assert kept.records() == []
    kept.begin(request)
    [record] = kept.records()
    assert (record.status, record.request, record.points, record.error) == ("running", request, [], None)
    for point in points(3):
        kept.point(request.digest, point)
    [record] = kept.records()
    assert record.points == points(3)
    assert record.summary == {"epochs": 3, "last_test_accuracy": 0.52, "best_test_accuracy": 0.52, "best_epoch": 3}
    assert kept.load(request.digest) is None
    run = finished(request)
    kept.finish(request.digest, "done", run=run)
    assert kept.load(request.digest) is not None, "while it is being written, too"
    assert kept.settle(20)
    [record] = kept.records()
    assert (record.status, record.seconds, record.summary["realised_rate"]) == ("done", 1.5, 0.25)
    assert kept.trouble is None


def test_a_run_comes_back_whole_mapped_read_only_and_once_for_everybody(kept):
    request = experiment()
    complete(kept, request)
    back = Store().load(request.digest)
    run = finished(request)
    assert (back.request, back.metrics, back.seconds) == (request, run.metrics, run.seconds)
    for name, array in run.arrays.items():
        np.testing.assert_array_equal(array, back.arrays[name])
        assert not back.arrays[name].flags.writeable
    mapped = back.arrays["loss"].base
    while not isinstance(mapped, np.memmap):
        mapped = mapped.base
    assert kept.load(request.digest) is kept.load(request.digest)


def test_only_trainings_are_kept(kept, home):
    for request in (Experiment(), LabelStudy()):
        kept.begin(request)
        kept.point(request.digest, {"epoch": 1})
        kept.beat(request.digest)
        kept.finish(request.digest, "failed", error="no")
        assert kept.record(request.digest) is None
        assert kept.load(request.digest) is None
    assert not home.exists()


def test_what_leads_out_of_the_folder_or_is_not_there_is_nothing(kept):
    for digest in ("", "..", "a/b", "é", "0123456789ab"):
        assert kept.load(digest) is None
        assert kept.record(digest) is None
    kept.rename("0123456789ab", "x")
    kept.delete("0123456789ab")
    assert kept.records(deleted=True) == []


@pytest.mark.parametrize(("status", "error"), [("stopped", None), ("failed", "rate must be in [0, 1], got 7")])
def test_one_that_ended_early_keeps_its_epochs_and_says_why(kept, status, error):
    request = experiment()
    kept.begin(request)
    kept.point(request.digest, points(1)[0])
    kept.finish(request.digest, status, error=error)
    [record] = kept.records()
    assert (record.status, record.error, record.points) == (status, error, points(1))
    assert record.summary["last_test_accuracy"] == 0.5


def test_the_newest_comes_first(kept):
    requests = [experiment(seed) for seed in range(3)]
    for request in (requests[1], requests[0], requests[2], requests[0]):
        kept.begin(request)
        time.sleep(0.002)
    assert [record.request.seeds.init for record in kept.records()] == [0, 2, 1]


def test_deleting_is_undone_and_a_deleted_run_does_not_answer(kept):
    request = experiment()
    complete(kept, request)
    kept.delete(request.digest)
    assert kept.records() == []
    assert kept.load(request.digest) is None
    assert [record.digest for record in kept.records(deleted=True)] == [request.digest]
    kept.restore(request.digest)
    assert [record.status for record in kept.records()] == ["done"]
    assert kept.load(request.digest) is not None


def test_only_what_was_deleted_is_erased_and_then_its_files_are_gone(kept):
    request = experiment()
    complete(kept, request)
    kept.erase(request.digest)
    assert kept.load(request.digest) is not None
    kept.delete(request.digest)
    kept.erase(request.digest)
    assert kept.records(deleted=True) == []
    assert not run_folder(request.digest).exists()
    complete(kept, request)
    assert kept.load(request.digest) is not None, "and it can be computed anew"


def test_a_deleted_run_that_is_computed_again_is_there_again_with_one_result(kept):
    request = experiment()
    complete(kept, request)
    kept.delete(request.digest)
    complete(kept, request, size=20)
    assert kept.load(request.digest).arrays["loss"].shape == (20,)
    assert len(list(run_folder(request.digest).glob("result-*"))) == 1


def test_a_name_stays_when_the_run_goes_on_and_another_process_sees_it(kept):
    request = experiment()
    kept.begin(request)
    assert kept.records()[0].title == "digits, Uniform 0.3, DigitsMLP, CrossEntropy"
    Store().rename(request.digest, "  my run ")
    kept.finish(request.digest, "stopped")
    complete(kept, request)
    assert [(record.name, record.title) for record in Store().records()] == [("my run", "my run")]


def test_without_a_heartbeat_it_is_interrupted_and_with_one_it_runs(kept):
    request = experiment()
    kept.begin(request)
    alive = run_folder(request.digest) / ALIVE_FILE
    long_ago = time.time() - SECONDS_ALIVE - 1
    os.utime(alive, (long_ago, long_ago))
    assert kept.record(request.digest).status == "interrupted"
    kept.beat(request.digest)
    assert kept.record(request.digest).status == "running"


def test_one_that_waits_is_in_the_history_and_interrupted_once_its_process_is_dead(kept):
    request = experiment()
    kept.queue(request)
    assert Store().record(request.digest).status == "queued"
    with subprocess.Popen(["true"]) as dead:
        pass
    alive = run_folder(request.digest) / ALIVE_FILE
    alive.write_text(json.dumps(json.loads(alive.read_text()) | {"pid": dead.pid}))
    assert kept.record(request.digest).status == "interrupted"
    kept.begin(request)
    kept.queue(request)
    assert kept.record(request.digest).status == "running", "one that runs does not wait again"


def test_one_that_is_stopped_before_it_began_keeps_what_an_earlier_attempt_recorded(kept):
    request = experiment()
    kept.begin(request)
    kept.point(request.digest, points(1)[0])
    kept.finish(request.digest, "failed", error="no luck")
    kept.queue(request)
    assert (kept.record(request.digest).status, kept.record(request.digest).error) == ("queued", None)
    kept.finish(request.digest, "stopped")
    record = kept.record(request.digest)
    assert (record.status, record.points) == ("stopped", points(1))


def test_when_the_process_is_known_to_be_dead_nobody_waits_for_the_heartbeat(kept):
    request = experiment()
    kept.begin(request)
    with subprocess.Popen(["true"]) as dead:
        pass
    alive = run_folder(request.digest) / ALIVE_FILE
    alive.write_text(json.dumps(json.loads(alive.read_text()) | {"pid": dead.pid}))
    assert kept.record(request.digest).status == "interrupted"
    alive.write_text(json.dumps(json.loads(alive.read_text()) | {"host": "another machine"}))
    assert kept.record(request.digest).status == "running"


def test_epochs_that_come_again_after_a_resumption_replace_the_old_ones(kept):
    request = experiment()
    kept.begin(request)
    for point in points(5):
        kept.point(request.digest, point)
    kept.begin(request)
    for point in points(5, accuracy=0.7)[3:]:
        kept.point(request.digest, point)
    assert kept.record(request.digest).points == points(3) + points(5, accuracy=0.7)[3:]


def test_a_loss_that_diverged_is_null_and_the_rest_of_the_epoch_stays(kept):
    request = experiment()
    kept.begin(request)
    kept.point(request.digest, {"epoch": 1, "train_loss": float("nan"), "test_accuracy": np.float32(0.5)})
    assert kept.record(request.digest).points == [{"epoch": 1, "train_loss": None, "test_accuracy": 0.5}]
    kept.finish(request.digest, "done", run=Run(request, {"last": float("nan")}, {}, 1.0))
    assert kept.settle(20)
    assert kept.record(request.digest).status == "failed"
    assert kept.record(request.digest).error.startswith("The run can not be stored: ")


def test_the_checkpoint_goes_once_the_run_is_on_the_disk(kept):
    request = experiment()
    checkpoint_folder(request.digest).mkdir(parents=True)
    kept.begin(request)
    kept.finish(request.digest, "stopped")
    assert checkpoint_folder(request.digest).exists()
    complete(kept, request)
    assert not checkpoint_folder(request.digest).exists()


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"status": "done"}', "\0" * 100])
def test_a_damaged_record_hides_no_other_is_named_and_can_be_computed_anew(kept, damage):
    good, bad = experiment(0), experiment(1)
    complete(kept, good)
    complete(kept, bad)
    (run_folder(bad.digest) / RECORD_FILE).write_text(damage)
    assert [record.digest for record in kept.records()] == [good.digest]
    assert bad.digest in kept.trouble
    assert "\n" not in kept.trouble
    assert kept.load(bad.digest) is None
    assert kept.record(bad.digest) is None
    complete(kept, bad)
    assert len(kept.records()) == 2
    assert kept.trouble is None


def test_damaged_arrays_and_epochs_leave_the_rest_readable(kept):
    request = experiment()
    complete(kept, request)
    [array] = run_folder(request.digest).glob("result-*/loss.npy")
    array.write_bytes(array.read_bytes()[:-10])
    with open(run_folder(request.digest) / "epochs.jsonl", "ab") as file:
        file.write(b'{"epoch": 4, "test_acc')
    fresh = Store()
    assert fresh.load(request.digest) is None
    assert "damaged file" in fresh.trouble
    assert fresh.record(request.digest).points == points(3)
    kept.begin(request)
    kept.point(request.digest, {"epoch": 4, "test_accuracy": 0.9})
    assert [point["epoch"] for point in kept.record(request.digest).points] == [1, 2, 3, 4]


WRITER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from trainings import experiment, finished, points
from lab.experiments.store import Store
kept, request = Store(), experiment()
kept.begin(request)
if sys.argv[1] == "points":
    for point in points(100000):
        kept.point(request.digest, point)
else:
    kept.finish(request.digest, "done", run=finished(request, size=60_000_000))
    kept.settle()
"""


def killed(what, until):
    """A process that writes is killed as soon as `until()` holds."""
    here = os.path.dirname(__file__)
    with subprocess.Popen([sys.executable, "-c", WRITER, what, here]) as process:
        wait_until(until, 60)
        process.send_signal(signal.SIGKILL)


def test_a_kill_while_epochs_are_written_loses_none_that_was_there(kept):
    request = experiment()
    path = run_folder(request.digest) / "epochs.jsonl"
    seen = []

    def enough():
        if path.exists():
            seen.append(len(kept.record(request.digest).points))
        return seen and seen[-1] >= 20

    killed("points", enough)
    [record] = kept.records()
    assert record.status == "interrupted"
    assert len(record.points) >= seen[-1]
    assert record.points == points(len(record.points))
    assert kept.trouble is None
    complete(kept, request)
    assert kept.record(request.digest).points == points(3)


def test_a_kill_while_a_run_is_saved_leaves_it_interrupted_and_the_next_attempt_whole(kept):
    request = experiment()
    folder = run_folder(request.digest)
    complete(kept, other := experiment(1))
    killed("finish", lambda: any(folder.glob("result-*/.loss.npy*")))
    assert {record.digest: record.status for record in kept.records()} == {
        request.digest: "interrupted",
        other.digest: "done",
    }
    assert kept.load(request.digest) is None
    assert kept.load(other.digest) is not None
    complete(kept, request)
    assert kept.load(request.digest) is not None
    assert len(list(folder.glob("result-*"))) == 1


@pytest.fixture
def small_disk(home):
    """A file system of 2 MB."""
    home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "lab", str(home)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    yield home
    subprocess.run(["umount", "-l", str(home)], check=True)


def test_on_a_full_disk_all_stays_readable_nothing_raises_and_room_heals_it(small_disk, kept, monkeypatch):
    monkeypatch.setattr("lab.experiments.store.SECONDS_BETWEEN_TRIES", 0.05)
    first, second = experiment(0), experiment(1)
    complete(kept, first, size=1000)
    kept.begin(second)
    kept.point(second.digest, points(1)[0])
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(bytes(4_000_000))
    for point in points(400)[1:]:  # more than the page that the file already has
        kept.point(second.digest, point)
    kept.begin(experiment(2))
    kept.rename(first.digest, "named")
    run = finished(second, size=1000)
    kept.finish(second.digest, "done", run=run)
    assert not kept.settle(5)
    assert kept.trouble.startswith("The disk is full: the runs in ")
    assert kept.load(second.digest) is run
    assert Store().load(first.digest) is not None
    assert {record.digest for record in kept.records()} >= {first.digest, second.digest}
    assert kept.record(second.digest).points[0] == points(1)[0]
    filler.unlink()
    wait_until(lambda: not kept._unsaved, 10)
    assert kept.trouble is None
    assert Store().load(second.digest) is not None


def test_epochs_that_the_disk_refused_are_there_once_the_run_is_saved(kept, monkeypatch):
    request = experiment()
    kept.begin(request)
    kept.point(request.digest, points(1)[0])
    monkeypatch.setattr("lab.experiments.store.SECONDS_BETWEEN_TRIES", 0.05)
    with monkeypatch.context() as full:
        full.setattr("lab.experiments.store.append_lines", refuse)
        for point in points(3)[1:]:
            kept.point(request.digest, point)
        kept.finish(request.digest, "done", run=finished(request))
        kept.settle(0.5)
    wait_until(lambda: kept.record(request.digest).status == "done")
    assert kept.record(request.digest).points == points(3)


def refuse(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_epochs_that_the_disk_refused_are_written_with_the_next_one(kept, monkeypatch):
    request = experiment()
    kept.begin(request)
    kept.point(request.digest, points(1)[0])

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        kept.point(request.digest, points(2)[1])
        assert kept.trouble
    assert kept.record(request.digest).points == points(1)
    kept.point(request.digest, points(3)[2])
    assert kept.trouble is None
    assert kept.record(request.digest).points == points(3)


def test_many_threads_and_processes_may_write_at_once(kept):
    requests = [experiment(seed) for seed in range(4)]
    stores = [kept, Store()]

    def work(request):
        complete(kept, request)
        for i in range(10):
            stores[i % 2].rename(request.digest, f"name {i}")
            assert len(kept.records()) >= 1

    threads = [threading.Thread(target=work, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {record.name for record in kept.records()} == {"name 9"}
    assert all(record.status == "done" for record in kept.records())
    assert not [path for folder in run_folder("a").parent.iterdir() for path in folder.glob(".*")]


def test_a_process_has_one_store(home):
    assert store() is store()
