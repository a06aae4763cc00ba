import json

import numpy as np
import pytest
from datasets import Dataset

from graphfuse.data import Steps
from graphfuse.encoders import encode
from graphfuse.encoders.choice import create_encoders, table_layout
from graphfuse.errors import InputError
from graphfuse.raw import read_manifest


def manifest(**columns):
    n = len(next(iter(columns.values())))
    return read_manifest(Dataset.from_dict({**columns, "label": ["a", "b"] * (n // 2)}))


def test_large_numbers_that_differ_little_are_centred(tmp_path):
    values = [1_700_000_000 + 7 * k % 91 for k in range(182)]
    data = manifest(t=values, small=[k / 7 for k in range(182)])
    assert table_layout(data, "table")["centres"] == {"t": float(round(np.median(values)))}
    nodes = encode(data, cache=tmp_path, progress=False).x["table"].values
    assert len(nodes[:, 2].unique()) == len(set(values))


def test_numbers_that_single_precision_holds_stay_as_they_are():
    dense = np.random.default_rng(0).random(2000).tolist()
    years, long_tail = [1970 + k % 12 for k in range(2000)], [*range(1999), 1e12]
    layout = table_layout(manifest(dense=dense, year=years, tail=long_tail), "table")
    assert layout["centres"] == {}


def test_numbers_that_would_become_equal_all_the_same_are_refused():
    two_crowds = [*range(100), *range(10**9, 10**9 + 100)]
    with pytest.raises(InputError, match=r"'t' has 200 different numbers .* stay different"):
        table_layout(manifest(t=two_crowds), "table")


def test_parts_of_dates_that_vary():
    days = [f"2024-0{1 + k % 9}-{1 + k % 28:02}" for k in range(60)]
    years = [f"{1970 + k % 12}-01-01" for k in range(60)]
    layout = table_layout(manifest(day=days, year=years), "table")
    assert layout["dates"] == {"day": ("month", "weekday"), "year": ()}


def test_empty_dates_are_filled_per_fold(tmp_path):
    days = [f"2024-0{1 + k % 9}-{1 + k % 28:02}" if k % 7 else None for k in range(60)]
    data = encode(manifest(day=days), cache=tmp_path, progress=False)
    step = data.steps[0]
    assert step.name == "impute"
    filled = Steps([step]).fit(data).transform(data).x["table"].values
    assert not filled[0, :5].eq(0).all()


def test_time_series_of_large_values_are_centred(tmp_path):
    rows = [[1_700_000_000 + (n + step) % 50 for step in range(16)] for n in range(20)]
    lines = [json.dumps({"signal": row, "label": "ab"[n % 2]}) for n, row in enumerate(rows)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    found = read_manifest(tmp_path / "a.jsonl")
    data = encode(found, cache=None, progress=False)
    encoder = create_encoders(found)["signal"]
    assert abs(encoder.centres[0] - 1.7e9) < 50
    for row, sample in zip(rows, data, strict=True):
        nodes = sample.x["signal"][0, :16].double() + encoder.centres[0]
        assert nodes.tolist() == row


def test_time_series_of_usual_values_are_not_centred(tmp_path):
    lines = [json.dumps({"signal": [n, 2.5, 7], "label": "ab"[n % 2]}) for n in range(8)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert create_encoders(read_manifest(tmp_path / "a.jsonl"))["signal"].centres == ()
