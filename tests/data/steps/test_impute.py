import json

import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset
from graphfuse.data.steps import create_step
from graphfuse.encoders import create_encoder
from graphfuse.errors import InputError, SchemaError, UnknownNameError

ROWS = [
    {"age": 1.0, "sex": "f"},
    {"age": 2.0, "sex": "m"},
    {"age": 9.0, "sex": "m"},
    {"age": None, "sex": None},
    {"age": 100.0, "sex": "x"},
]
NODES = ["one", "columns", {"a": ["age"], "b": ["sex"]}]


def encoded(rows, nodes="one", **options):
    """Return a dataset of rows, None for a missing one, and the step for it."""
    encoder = create_encoder(
        "table",
        "table",
        numbers=["age"],
        categories={"sex": ["f", "m", "x"]},
        nodes=nodes,
        **options,
    )
    full = iter(encoder.encode([row for row in rows if row is not None]))
    x = [None if row is None else next(full).x.numpy() for row in rows]
    (spec,) = encoder.steps("table")
    return FusionDataset.from_arrays({"table": x, "other": np.ones((len(rows), 1))}), spec


def cells(step, data, i):
    """Return [age, flag, f, m, x, flag] of a row, the nodes put together."""
    return step.transform(data)[i].x["table"].sum(0)[:6].tolist()


@pytest.mark.parametrize("nodes", NODES)
@pytest.mark.parametrize(("fill", "usual"), [("median", 2), ("mean", 4)])
def test_empty_cells_become_what_is_usual_in_training(nodes, fill, usual):
    data, spec = encoded(ROWS, nodes, fill=fill)
    step = create_step(spec.name, **spec.options).fit(data.subset([0, 1, 2]))
    assert cells(step, data, 3) == [usual, 1, 0, 1, 0, 1]
    assert cells(step, data, 0) == [1, 0, 1, 0, 0, 0]


@pytest.mark.parametrize("nodes", NODES)
def test_levels_that_training_never_has_become_unknown(nodes):
    data, spec = encoded(ROWS, nodes)
    step = create_step(spec.name, **spec.options).fit(data.subset([0, 1, 2]))
    assert cells(step, data, 4) == [100, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("nodes", NODES)
def test_only_the_training_part_counts(nodes):
    changed = [*ROWS[:3], {"age": -7.0, "sex": "f"}, {"age": None, "sex": "f"}]
    states = []
    for rows in (ROWS, changed):
        data, spec = encoded(rows, nodes)
        states.append(create_step(spec.name, **spec.options).fit(data.subset([0, 1, 2])).state)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("nodes", NODES)
def test_without_flags_empty_cells_are_not_visible(nodes):
    usual = {"age": 2.0, "sex": "m"}
    data, spec = encoded([*ROWS, usual], nodes, flags=False)
    out = create_step(spec.name, **spec.options).fit(data.subset([0, 1, 2])).transform(data)
    assert out.schema["table"].shape == (data.schema["table"].features - 2,)
    assert torch.equal(out[3].x["table"], out[5].x["table"])
    assert out[0].x["table"].sum(0)[:4].tolist() == [1, 1, 0, 0]


def test_a_missing_row_stays_missing_and_the_data_as_it_was():
    data, spec = encoded([ROWS[0], None, ROWS[3]])
    before = data.fingerprint
    out = create_step(spec.name, **spec.options).fit(data).transform(data)
    assert data.fingerprint == before
    assert "table" not in out[1].x
    assert out.x["table"].counts.tolist() == [1, 0, 1]
    assert torch.equal(out.x["other"].values, data.x["other"].values)


@pytest.mark.parametrize("train", [[3], []])
def test_columns_that_are_empty_in_training_become_zero(train):
    data, spec = encoded(ROWS)
    step = create_step(spec.name, **spec.options).fit(data.subset(train))
    assert cells(step, data, 3) == [0, 1, 0, 0, 0, 1]


def test_of_equally_frequent_levels_the_first_is_taken():
    rows = [{"age": 1, "sex": sex} for sex in ("x", "m", "x", "m", None)]
    data, spec = encoded(rows)
    step = create_step(spec.name, **spec.options).fit(data)
    assert cells(step, data, 4)[2:5] == [0, 1, 0]


def test_state_and_plain_options_make_the_same_step():
    data, spec = encoded(ROWS)
    step = create_step(spec.name, **spec.options).fit(data)
    options = json.loads(json.dumps(dict(step.spec.options)))
    other = create_step(step.spec.name, **options).load_state(step.state)
    assert torch.equal(
        other.transform(data).x["table"].values, step.transform(data).x["table"].values
    )


def test_errors_say_what_does_not_fit():
    data, spec = encoded(ROWS)
    other, _ = encoded(ROWS, "columns")
    step = create_step(spec.name, **spec.options).fit(data)
    with pytest.raises(SchemaError, match="nodes of 6 features, modality 'table' has"):
        step.transform(other)
    with pytest.raises(UnknownNameError, match="did you mean 'median'"):
        create_step("impute", modality="table", columns={}, fill="medium")
    with pytest.raises(InputError, match="a layout has kind, first, size, flag, node"):
        create_step("impute", modality="table", columns={"age": {"first": 0}})
    far = {"kind": "number", "first": 6, "size": 1, "flag": 7, "node": None}
    with pytest.raises(InputError, match="'table' has 6 features"):
        create_step("impute", modality="table", columns={"age": far}).fit(data)
