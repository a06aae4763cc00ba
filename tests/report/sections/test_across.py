import json
import sys
from pathlib import Path

from graphfuse.bench.store import ResultStore
from graphfuse.report import summarise, to_html, to_json, to_markdown
from graphfuse.report.sections.across import AcrossDatasets

sys.path.insert(0, str(Path(__file__).parents[1]))
from results import write


def several(path, count):
    """Write one comparison of several datasets, on each of which concat wins."""
    parts = []
    for number in range(count):
        means = {"concat": 0.8, "mean_prob": 0.6, f"unimodal:{number}": 0.5}
        store = ResultStore(write(path / str(number), means, name=f"d{number}", seed=number))
        parts.append(store.comparison())
        for run in store.runs.iterdir():
            record = json.loads((run / "record.json").read_text())
            record["key"] = f"{number}-{record['key']}"
            del record["checksums"]  # as earlier versions wrote it
            (run / "record.json").write_text(json.dumps(record))
            (path / "runs").mkdir(exist_ok=True)
            run.rename(path / "runs" / f"{number}-{run.name}")
    whole = parts[0]
    for part in parts[1:]:
        for key in ("datasets", "strategies", "metric"):
            whole[key] |= part[key]
    whole["planned"] = [
        {**plan, "key": f"{number}-{plan['key']}"}
        for number, part in enumerate(parts)
        for plan in part["planned"]
    ]
    ResultStore(path).write_comparison(whole)
    return summarise(path)


def test_ranks_over_datasets_without_a_test_where_none_can_be_significant(tmp_path):
    summary = several(tmp_path, 2)
    made = AcrossDatasets()
    assert made.applies(summary)
    (table,) = made.tables(summary)
    assert table.rows == [["concat", "1.00", "2", "2"], ["mean_prob", "2.00", "0", "2"]]
    assert "2 datasets cannot give a p-value below 0.5" in table.note
    assert "All datasets together" in to_html(summary)
    assert "| concat | 1.00 | 2 | 2 |" in to_markdown(summary).replace("\\_", "_")


def test_six_datasets_are_tested(tmp_path):
    summary = several(tmp_path, 6)
    _, pairs = AcrossDatasets().tables(summary)
    assert pairs.rows == [["concat", "mean_prob", "0.031", "0.031"]]
    found = json.loads(to_json(summary))["across_datasets"]["pairs"]
    assert [row["p_value"] for row in found] == [0.03125]


def test_one_dataset_has_no_such_section(tmp_path):
    assert not AcrossDatasets().applies(summarise(write(tmp_path, {"a": 0.5, "b": 0.6})))
