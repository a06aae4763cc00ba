import errno
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphfuse._files import work_folder
from graphfuse.bench.records import ComparisonRecord, RunSpec, slug
from graphfuse.bench.store import ResultStore
from graphfuse.errors import InputError

sys.path.insert(0, str(Path(__file__).parent))
from stored import OLD

SPEC = RunSpec(
    dataset="emoji", fingerprint="f", strategy="concat", options={"a": 1}, recipe={"epochs": 2},
    repeat=0, fold=1, split="s", seed=3, data_seed=4, code="c",
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "mfeat"}, {"fingerprint": "g"}, {"strategy": "x"}, {"options": {"a": 2}},
        {"recipe": {"epochs": 3}}, {"repeat": 1}, {"fold": 2}, {"split": "t"},
        {"seed": 4}, {"data_seed": 5}, {"code": "d"},
    ],
)  # fmt: skip
def test_everything_that_determines_a_run_changes_its_key(change):
    assert replace(SPEC, **change).key != SPEC.key


def test_key_ignores_the_order_of_options():
    a = replace(SPEC, options={"x": 1, "y": 2})
    assert a.key == replace(SPEC, options={"y": 2, "x": 1}).key


def test_round_trip(tmp_path):
    store = ResultStore(tmp_path)
    store.write(SPEC.folder, {"status": "done", "key": SPEC.key}, {"y": np.arange(3)})
    (record,) = store.records()
    assert record["key"] == SPEC.key
    assert store.predictions(record)["y"].tolist() == [0, 1, 2]


def test_a_failed_run_is_replaced_and_a_finished_one_stays(tmp_path):
    store = ResultStore(tmp_path)
    store.write("run", {"status": "failed"}, {})
    assert not store.is_done("run")
    store.write("run", {"status": "done", "by": 1}, {"y": np.arange(3)})
    assert store.is_done("run")
    store.write("run", {"status": "done", "by": 2}, {"y": np.arange(3)})
    assert [r["by"] for r in store.records()] == [1]
    (store.runs / "run" / "predictions.npz").unlink()
    assert not store.is_done("run")
    store.write("run", {"status": "done", "by": 3}, {"y": np.arange(3)})
    assert [r["by"] for r in store.records()] == [3]


def test_writers_of_the_same_run_do_not_collide(tmp_path):
    store = ResultStore(tmp_path)

    def write(number):
        for _ in range(20):
            store.write("run", {"status": "failed", "by": number}, {})
            store.write(f"done-{number % 2}", {"status": "done"}, {"y": np.arange(3)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert [r["folder"] for r in store.records()] == ["done-0", "done-1", "run"]
    assert not [p for p in store.runs.iterdir() if p.name.startswith(".")]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write results into"):
        ResultStore(tmp_path / "file").make()


def test_a_write_cut_short_leaves_nothing(tmp_path):
    store = ResultStore(tmp_path)
    store.write("run", {"status": "done"}, {})

    class Broken:
        def __array__(self, *args, **kwargs):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write("other", {"status": "done"}, {"y": Broken()})
    assert [p.name for p in store.runs.iterdir()] == ["run"]


def test_unfinished_and_unreadable_folders_are_passed_over(tmp_path):
    store = ResultStore(tmp_path)
    store.write("good", {"status": "done"}, {})
    (store.runs / ".half").mkdir()
    (store.runs / "broken").mkdir()
    (store.runs / "broken" / "record.json").write_text('{"status": "do')
    assert [r["folder"] for r in store.records()] == ["good"]


def test_scores_that_are_not_numbers_are_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        ResultStore(tmp_path).write("run", {"metrics": {"accuracy": float("nan")}}, {})
    assert ResultStore(tmp_path).records() == []


def test_predictions_hold_no_pickle(tmp_path):
    store = ResultStore(tmp_path)
    store.write("run", {"status": "done"}, {"ids": np.array(["a", "b"])})
    with np.load(tmp_path / "runs" / "run" / "predictions.npz", allow_pickle=False) as file:
        assert file["ids"].tolist() == ["a", "b"]


def test_a_folder_without_results_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match="run graphfuse compare --out"):
        ResultStore(tmp_path).comparison()
    (tmp_path / "comparison.json").write_text(json.dumps([1]))
    with pytest.raises(InputError, match="is not a comparison"):
        ResultStore(tmp_path).comparison()


def test_names_make_harmless_paths(tmp_path):
    assert slug("../../etc/passwd") == "-etc-passwd"
    hostile = replace(SPEC, dataset="../../x", strategy="<b>/..")
    assert "/" not in hostile.folder
    assert ".." not in hostile.folder
    store = ResultStore(tmp_path)
    assert store.graph_path("../up").parent == tmp_path / "graphs"
    assert store.graph_path("a.b") != store.graph_path("a-b")


RECORD = {
    "schema_version": 1, "key": SPEC.key, "status": "done", "run": SPEC.to_dict(),
    "sizes": {"train": 8, "validation": 1, "test": 3}, "metrics": {"accuracy": 0.5},
    "undefined": {}, "history": {}, "environment": {}, "error": None,
    "cost": {"parameters": 3, "flops_per_sample": 1.0, "fit_seconds": 1.5,
             "predict_ms_per_sample": 0.1, "epochs": 2},
}  # fmt: skip


def stored(tmp_path):
    store = ResultStore(tmp_path)
    store.write(SPEC.folder, RECORD, {"y": np.arange(300), "scores": np.ones((300, 2))})
    assert store.is_done(SPEC.folder)
    assert [run.run for run in store.read_runs()] == [SPEC]
    return store, tmp_path / "runs" / SPEC.folder


def without_checksums(folder):
    """Make a stored run one of an earlier version."""
    record = json.loads((folder / "record.json").read_text())
    del record["checksums"]
    (folder / "record.json").write_text(json.dumps(record))


@pytest.mark.parametrize("old", [False, True])
def test_any_changed_byte_of_predictions_makes_a_run_not_done(tmp_path, old, caplog):
    store, folder = stored(tmp_path)
    if old:
        without_checksums(folder)
        assert store.is_done(SPEC.folder)
    path = folder / "predictions.npz"
    content = path.read_bytes()
    for damaged in (content[:-30], content[:60] + b"\xff" + content[61:], b"", b"no archive"):
        path.write_bytes(damaged)
        assert not store.is_done(SPEC.folder)
        assert "predictions.npz" in store.damage(SPEC.folder)
    assert store.read_runs() == []
    assert f"the stored run {SPEC.folder} is damaged and left out" in caplog.text
    with pytest.raises(InputError, match=r"predictions.npz is damaged .* compare again"):
        store.predictions({"folder": SPEC.folder})
    store.write(SPEC.folder, RECORD, {"y": np.arange(3)})
    assert store.is_done(SPEC.folder)


@pytest.mark.parametrize(
    "change",
    [
        ('"accuracy": 0.5', '"accuracy": 0.6'),
        ('"status": "done"', '"status": "good"'),
        ('"accuracy": 0.5', '"accuracy": ' + "[" * 100_000 + "]" * 100_000),
        ('"accuracy": 0.5', '"accuracy": ' + "[" * 200 + "]" * 200),
        ('"accuracy": 0.5', '"accuracy": NaN'),
        ('"accuracy": 0.5', '"accuracy": 1e999'),
        ('"concat"', '"\\ud800"'),
        ('"record.json": "', '"record.json": "0'),
    ],
)
def test_a_changed_record_is_not_done(tmp_path, change):
    store, folder = stored(tmp_path)
    path = folder / "record.json"
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    assert not store.is_done(SPEC.folder)
    assert store.damage(SPEC.folder)
    assert store.read_runs() == []
    store.write(SPEC.folder, RECORD, {"y": np.arange(3)})
    assert store.is_done(SPEC.folder)


def test_runs_of_earlier_versions_stay_done(tmp_path):
    store, folder = stored(tmp_path)
    without_checksums(folder)
    assert store.is_done(SPEC.folder)
    (run,) = store.read_runs()
    assert run.metrics == {"accuracy": 0.5}


def test_what_killed_writers_left_is_cleaned_and_what_is_being_written_stays(tmp_path):
    store, folder = stored(tmp_path)
    left = [folder.parent / f".{'0' * 32}", tmp_path / f".{'1' * 32}.json",
            folder.parent / f".{folder.name}-{'2' * 32}"]  # fmt: skip
    for path in left:
        path.mkdir()
    own = folder.parent / ".notes"
    own.touch()
    with work_folder(folder) as living:
        store.make()
        assert living.is_dir()
    assert not any(path.exists() for path in left)
    assert own.exists()


def test_what_a_killed_process_left_is_cleaned(tmp_path):
    store, folder = stored(tmp_path)
    code = (
        "import os, sys; from pathlib import Path; from graphfuse._files import work_folder\n"
        "with work_folder(Path(sys.argv[1])) as work:\n"
        "    print(work, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True)
    assert Path(done.stdout.strip()).is_dir()
    store.make()
    assert not Path(done.stdout.strip()).exists()


def test_a_full_disk_is_one_clear_error(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    store = ResultStore(tmp_path)
    monkeypatch.setattr("graphfuse.bench.store.np.savez_compressed", full)
    with pytest.raises(InputError, match="No space left on device; free some space"):
        store.write("run", {"status": "done"}, {"y": np.arange(3)})
    assert list(store.runs.iterdir()) == []


def comparison(**changes):
    return OLD | {"created": "then"} | changes


def test_each_comparison_keeps_its_files(tmp_path):
    store = ResultStore(tmp_path)
    first = store.write_comparison(comparison())
    (first / "report.html").write_text("first")
    assert store.publish([first / "report.html"]) == [first / "report.html"]  # named by its folder
    assert ResultStore(first).publish([first / "report.html"]) == [tmp_path / "report.html"]
    second = store.write_comparison(comparison(config={"folds": 3}))
    assert first != second
    assert (first / "report.html").read_text() == "first"
    assert ResultStore(first).comparison()["config"] == {"folds": 2}
    assert ResultStore(second).comparison()["config"] == {"folds": 3}
    assert store.comparison()["config"] == {"folds": 3}
    assert ResultStore(first).publish([first / "report.html"]) == [first / "report.html"]
    assert ResultStore(first).runs == tmp_path.resolve() / "runs"
    assert store.write_comparison(comparison(created="again")) == first


def test_a_comparison_of_an_earlier_version_is_kept_with_its_report(tmp_path):
    (tmp_path / "comparison.json").write_text(json.dumps(OLD))
    (tmp_path / "report.html").write_text("old")
    store = ResultStore(tmp_path)
    assert store.own_folder() == tmp_path
    store.write_comparison(comparison(config={"folds": 3}))
    kept = tmp_path / "comparisons" / ComparisonRecord.from_dict(OLD).key
    assert (kept / "report.html").read_text() == "old"
    assert ResultStore(kept).comparison()["config"] == {"folds": 2}


def test_a_comparison_without_keys_is_a_clear_error(tmp_path):
    for content in ("{}", '{"metric": 3}', "[" * 100_000, "", "null", '{"a": NaN}'):
        (tmp_path / "comparison.json").write_text(content)
        with pytest.raises(InputError, match=r"comparison\.json"):
            ResultStore(tmp_path).read_comparison()


def test_drawings_are_read_from_their_folder_alone(tmp_path):
    store = ResultStore(tmp_path)
    (tmp_path / "secret.svg").write_text("<svg/>")
    path = store.graph_path("d", "these relations")
    path.parent.mkdir()
    path.write_text("<svg/>")
    assert store.graph_svg(path.name) == "<svg/>"
    assert path != store.graph_path("d", "others")
    for name in (None, "../secret.svg", "gone.svg"):
        assert store.graph_svg(name) is None
