import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from graphfuse.bench.store import ResultStore, RunSpec, slug
from graphfuse.errors import InputError

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
