import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMPARE = """
datasets: [{planted/unique: {n: 60}}]
strategies: [majority, "graph:hgt"]
folds: 2
recipe: {epochs: 1000000, patience: 1000000}
"""
ENCODE = """
import sys, time
from pathlib import Path
import graphfuse
from graphfuse.encoders import cells

def slow(*arguments):
    (Path(sys.argv[1]) / f"started-{time.monotonic_ns()}").touch()
    time.sleep(3600)

if __name__ == "__main__":
    cells._encode_elsewhere = slow
    cells.BLOCK = 10
    sys.argv[2:] and graphfuse.load_dataset(sys.argv[2], n_jobs=2, cache=sys.argv[1] + "/cache")
"""
CRASH = -signal.SIGKILL
LIMIT = 120


def wait_for(folder, pattern, count, process):
    deadline = time.monotonic() + LIMIT
    while len(list(Path(folder).glob(pattern))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{pattern} did not appear"
        time.sleep(0.1)


def start(*command):
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


def comparing(tmp_path, jobs):
    """Start a comparison whose graphs train for hours, and wait until they do."""
    (tmp_path / "study.yaml").write_text(COMPARE)
    process = start("-m", "graphfuse", "compare", "--config", tmp_path / "study.yaml", "--jobs",
                    jobs, "--out", tmp_path / "out")  # fmt: skip
    wait_for(tmp_path, "out/runs/*/record.json", 2 if jobs > 1 else 1, process)
    time.sleep(1)
    return process


def ended(process):
    """Return the output once every process that holds it has ended."""
    try:
        return process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        left = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in members(process.pid)}
        raise AssertionError(f"these processes hold the output: {left}") from None
    finally:
        for pid in members(process.pid):
            os.kill(pid, signal.SIGKILL)


def members(session):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def no_members(session):
    deadline = time.monotonic() + 20
    while members(session) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not members(session)


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@linux
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGKILL, CRASH), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_workers_of_a_comparison_end_with_it(tmp_path, number, status):
    process = comparing(tmp_path, 2)
    assert len(members(process.pid)) > 2
    process.send_signal(number)
    output, errors = ended(process)
    assert process.returncode == status
    assert no_members(process.pid)
    assert "Traceback" not in errors
    if number != signal.SIGKILL:
        assert "Interrupted; finished runs are kept" in output


@linux
def test_sigterm_ends_a_serial_comparison_with_a_report(tmp_path):
    process = comparing(tmp_path, 1)
    process.send_signal(signal.SIGTERM)
    output, errors = ended(process)
    assert process.returncode == 143, errors
    assert "Interrupted; finished runs are kept" in output
    assert "Traceback" not in errors
    assert (tmp_path / "out" / "report.html").is_file()


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_that_encode_end_with_their_parent(tmp_path, number):
    (tmp_path / "slow.py").write_text(ENCODE)
    rows = [f"words of row number {i},{'ab'[i % 2]}" for i in range(4000)]
    (tmp_path / "data.csv").write_text("\n".join(["text,label", *rows]))
    process = start(tmp_path / "slow.py", tmp_path, tmp_path / "data.csv")
    wait_for(tmp_path, "started-*", 2, process)
    process.send_signal(number)
    ended(process)
    assert no_members(process.pid)


IMPORT = """
import sys, time
from pathlib import Path
import joblib
from graphfuse._workers import end_with_parent

class Slow:
    def __reduce__(self):
        return load, (sys.argv[1],)

def load(folder):
    (Path(folder) / f"started-{time.monotonic_ns()}").touch()
    time.sleep(3600)

def ignore(task):
    pass

if __name__ == "__main__":
    joblib.Parallel(2, **end_with_parent())(joblib.delayed(ignore)(Slow()) for _ in range(2))
"""


@linux
def test_workers_that_still_import_their_task_end_with_their_parent(tmp_path):
    (tmp_path / "slow.py").write_text(IMPORT)
    process = start(tmp_path / "slow.py", tmp_path)
    wait_for(tmp_path, "started-*", 2, process)
    process.send_signal(signal.SIGKILL)
    ended(process)
    assert no_members(process.pid)
