import errno
import os
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from graphfuse._files import clean_leftovers, whole_folder, write_whole
from graphfuse.data import FusionDataset
from graphfuse.errors import InputError


def names(path):
    return sorted(p.name for p in path.iterdir())


def test_a_failed_block_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), write_whole(path) as work:
        work.write_text(str(1 / 0))
    assert (path.read_text(), names(tmp_path)) == ("old", ["file"])


def fill(monkeypatch, code=errno.ENOSPC):
    """Let every file that is synchronised find the disk full."""

    def full(handle):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)


def test_a_full_disk_is_one_clear_line(tmp_path, monkeypatch):
    FusionDataset.from_arrays({"a": np.eye(2)}, name="old").save(tmp_path / "d")
    fill(monkeypatch)
    line = r"^\S+ cannot be written: No space left on device; free some space and start again$"
    with pytest.raises(InputError, match=line), write_whole(tmp_path / "file") as work:
        work.write_text("x")
    with pytest.raises(InputError, match=line):
        FusionDataset.from_arrays({"a": np.eye(3)}, name="new").save(tmp_path / "d")
    assert names(tmp_path) == ["d"]
    assert FusionDataset.load(tmp_path / "d", verify=True).name == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_while_writing_is_one_clear_line(tmp_path):
    message = r"^the table cannot be written to \S+: No space left on device; sell some$"
    with (
        pytest.raises(InputError, match=message),
        write_whole(tmp_path / "f", "the table", "sell some"),
    ):
        Path("/dev/full").write_text("x" * 100_000)
    assert names(tmp_path) == []


def test_other_errors_pass(tmp_path):
    with pytest.raises(OSError, match="strange"), write_whole(tmp_path / "f"):
        raise OSError("strange")


def save_often(path, number, go):
    go.wait()
    for _ in range(15):
        data = FusionDataset.from_arrays({"a": np.full((50, 20), number)}, name=str(number))
        data.save(path)


def test_of_four_processes_saving_to_one_path_one_wins(tmp_path):
    path, context = tmp_path / "data", get_context("fork")
    go = context.Event()
    writers = [context.Process(target=save_often, args=(path, k, go)) for k in range(4)]
    for writer in writers:
        writer.start()
    go.set()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert names(tmp_path) == ["data"]
    data = FusionDataset.load(path, verify=True)
    assert (data.x["a"].values == float(data.name)).all()


KILLED = """
import sys, time
from pathlib import Path
from graphfuse._files import whole_folder
with whole_folder(Path(sys.argv[1])) as work:
    (work / "half").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_save_left_is_removed_at_the_next(tmp_path):
    path = tmp_path / "data"
    other = tmp_path / f".other-{'0' * 32}"
    other.mkdir()
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout.readline() == "writing\n"
    with whole_folder(path) as work:
        (work / "whole").write_text("whole")
    assert len(names(tmp_path)) == 3  # the other process is alive
    writer.kill()
    writer.wait()
    with whole_folder(path) as work:
        (work / "whole").write_text("whole")
    assert names(tmp_path) == [other.name, "data"]
    clean_leftovers(tmp_path)
    assert names(tmp_path) == ["data"]


def test_a_previous_folder_left_aside_is_removed(tmp_path):
    aside = tmp_path / f".data-{'0' * 32}-before"
    aside.mkdir()
    with whole_folder(tmp_path / "data"):
        pass
    assert names(tmp_path) == ["data"]


def test_what_is_to_stay_stays(tmp_path):
    for content in ("first", "second"):
        with whole_folder(tmp_path / "d", keep=lambda path: (path / "f").is_file()) as work:
            (work / "f").write_text(content)
    assert (tmp_path / "d" / "f").read_text() == "first"
    assert names(tmp_path) == ["d"]


def test_long_names_in_any_script(tmp_path):
    for name in ("名" * 80, "n" * 250):
        with write_whole(tmp_path / name) as work:
            work.write_text("x")
        assert (tmp_path / name).read_text() == "x"
