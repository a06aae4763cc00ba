import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphfuse.bench.records import ComparisonRecord, RunRecord, RunSpec
from graphfuse.errors import InputError

sys.path.insert(0, str(Path(__file__).parent))
from stored import OLD

SPEC = RunSpec(
    dataset="d", fingerprint="f", strategy="concat", options={"a": 1}, recipe={"epochs": 2},
    repeat=0, fold=1, split="s", seed=3, data_seed=4, code="c",
)  # fmt: skip
RUN = {
    "schema_version": 1, "key": SPEC.key, "status": "done", "run": SPEC.to_dict(),
    "sizes": {"train": 8, "validation": 1, "test": 3}, "metrics": {"accuracy": 0.5},
    "undefined": {"roc_auc": "only one class occurs"},
    "cost": {"parameters": 3, "flops_per_sample": None, "fit_seconds": 1.5,
             "predict_ms_per_sample": 0.1, "epochs": 2},
    "history": {"train_loss": [1.0, 0.5]}, "error": None, "folder": "",
    "checksums": {},
    "environment": {"python": "3.11", "packages": {"torch": "2"}, "platform": None, "cpu": None,
                    "cores": 2, "memory_gib": 1.5, "commit": None, "dirty": None},
}  # fmt: skip


def test_a_run_comes_back_as_it_was():
    record = RunRecord.from_dict(RUN)
    assert record.run == SPEC
    assert record.done
    assert json.loads(json.dumps(record.to_dict())) == RUN


def test_a_failed_run_has_an_error_and_no_cost():
    error = {"type": "InputError", "message": "m", "traceback": "t"}
    failed = RUN | {"status": "failed", "cost": {}, "metrics": {}, "error": error}
    record = RunRecord.from_dict(failed)
    assert not record.done
    assert record.cost is None
    assert record.to_dict() == failed


def test_a_comparison_of_an_earlier_version_is_read():
    record = ComparisonRecord.from_dict(OLD)
    facts = record.datasets["d"]
    assert [(step.name, step.options) for step in facts.steps] == [("scale", {"how": "standard"})]
    assert facts.graph == "d-18ac3e73.svg"  # where the earlier version put it
    assert record.strategies["graph:hgt"].ablation_of is None
    assert record.strategies["graph:hgt/no_edges"].ablation_of == "graph:hgt"
    assert record.strategies["graph:hgt/no_edges"].ablation == "no_edges"
    again = ComparisonRecord.from_dict(json.loads(json.dumps(record.to_dict())))
    assert again == record
    assert again.key == record.key


def test_a_name_with_a_slash_is_no_ablation_unless_the_record_says_so():
    plain = ComparisonRecord.from_dict(OLD).to_dict()
    plain["strategies"]["graph:hgt/no_edges"]["ablation_of"] = None
    record = ComparisonRecord.from_dict(plain)
    assert record.strategies["graph:hgt/no_edges"].ablation_of is None


def test_another_plan_or_metric_is_another_comparison():
    key = ComparisonRecord.from_dict(OLD).key
    for change in ({"metric": {"d": "f1"}, "bounds": {"f1": [0.0, 1.0]}}, {"config": {}}):
        assert ComparisonRecord.from_dict(OLD | change).key != key
    for change in ({"command": "other"}, {"created": "later"}):
        assert ComparisonRecord.from_dict(OLD | change).key == key


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((), [1], "the content should be an object"),
        (("run", "fold"), "0", "run.fold should be an integer, got '0'"),
        (("run", "fold"), True, "run.fold should be an integer, got True"),
        (("run", "dataset"), None, "run.dataset should be text"),
        (("metrics", "accuracy"), float("nan"), "metrics.accuracy should be a finite number"),
        (("metrics", "accuracy"), 10**400, "metrics.accuracy should be a finite number"),
        (("metrics",), [], r"metrics should be an object, got \[\]"),
        (("sizes", "test"), ..., "sizes.test is missing"),
        (("metrics",), ..., "metrics is missing"),
        (("environment", "packages"), {"torch": 2}, "packages.torch should be text, got 2"),
        (("status",), "maybe", "status should be 'done' or 'failed'"),
        (("cost",), {}, "a done run should have a cost"),
        (("schema_version",), 9, "has schema_version 9"),
    ],
)
def test_a_damaged_run_says_where(path, value, message):
    with pytest.raises(InputError, match=f"record.json.*{message}"):
        RunRecord.from_dict(changed(RUN, path, value), "record.json")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("metric",), ..., "metric is missing"),
        (("metric",), {}, "metric and bounds should name those of 'd'"),
        (("bounds", "accuracy"), [0], "bounds.accuracy should be a list of 2 values"),
        (("bounds", "accuracy"), [0, "1"], r"bounds.accuracy\[1\] should be a finite number"),
        (("strategies",), {}, "names 'graph:hgt/no_edges', absent from strategies"),
        (("datasets",), {}, "names 'd', absent from datasets"),
        (("datasets", "d", "modalities"), ["a"], r"datasets.d.modalities\[0\] should be an object"),
        (("datasets", "d", "graph"), "../../secret.svg", "should name a file"),
        (("datasets", "d", "steps"), [[]], r"steps\[0\] should be an object"),
        (("planned",), [{}], r"planned\[0\].key is missing"),
    ],
)
def test_a_damaged_comparison_says_where(path, value, message):
    with pytest.raises(InputError, match=f"comparison.json.*{message}"):
        ComparisonRecord.from_dict(changed(OLD, path, value), "comparison.json")


def changed(plain, path, value):
    if not path:
        return value
    plain = copy.deepcopy(plain)
    *parents, last = path
    place = plain
    for name in parents:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return plain


def test_records_need_no_torch():
    code = "import sys, graphfuse.bench.records; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
