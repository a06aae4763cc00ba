import json

import numpy as np
import pytest
import torch

from graphfuse.encoders import create_encoder
from graphfuse.errors import InputError, UnknownNameError

OPTIONS = {"numbers": ["age", "bmi"], "categories": {"sex": ["f", "m"], "ward": ["a", "b", "c"]}}
ROW = {"age": 31.0, "bmi": None, "sex": "m", "ward": None}


def encode(*rows, **options):
    return create_encoder("table", "table", **{**OPTIONS, **options}).encode(rows)


def test_one_node_holds_values_levels_and_flags():
    (nodes,) = encode(ROW)
    #                          age, flag, bmi, flag, f, m, flag, a, b, c, flag
    assert nodes.x.tolist() == [[31, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1]]
    assert nodes.x.dtype == torch.float32
    assert nodes.pos.shape == (1, 0)


def test_a_node_a_column_has_its_own_places_and_its_own_mark():
    (one,), (nodes,) = encode(ROW), encode(ROW, nodes="columns")
    assert nodes.x.shape == (4, 11 + 4)
    assert torch.equal(nodes.x[:, :11].sum(0), one.x[0])
    assert torch.equal(nodes.x[:, 11:], torch.eye(4))
    assert nodes.x[0, :11].tolist() == [31, 0, *[0] * 9]  # age
    assert nodes.x[2, :11].tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]  # sex
    assert nodes.pos.shape == (4, 0)


def test_blocks_are_nodes_of_their_columns():
    blocks = {"place": ["ward"], "body": ["sex", "bmi", "age"]}
    (one,), (nodes,) = encode(ROW), encode(ROW, nodes=blocks)
    assert torch.equal(nodes.x[:, 11:], torch.eye(2))
    assert torch.equal(nodes.x[0, :7], one.x[0, :7])  # body comes first by name
    assert torch.equal(nodes.x[1, 7:11], one.x[0, 7:])
    assert nodes.x[0, 7:11].eq(0).all()


@pytest.mark.parametrize("nodes", ["one", "columns", {"a": ["age", "sex"], "b": ["bmi", "ward"]}])
def test_layout_says_where_columns_lie(nodes):
    encoder = create_encoder("table", "table", **OPTIONS, nodes=nodes)
    full = {"age": 7.0, "bmi": 9.0, "sex": "f", "ward": "c"}
    filled, empty = encoder.encode([full, dict.fromkeys(full)])
    assert filled.x.shape[1] == encoder.features
    for column, place in encoder.layout.items():
        own = slice(place["first"], place["first"] + place["size"])
        node = 0 if place["node"] is None else int(filled.x[:, place["node"]].argmax())
        expected = {"age": [7], "bmi": [9], "sex": [1, 0], "ward": [0, 0, 1]}[column]
        assert filled.x[node, own].tolist() == expected
        assert filled.x[node, place["flag"]] == 0
        assert empty.x[node, own].eq(0).all()
        assert empty.x[node, place["flag"]] == 1


def test_order_of_columns_and_levels_carries_no_meaning():
    turned = {
        "numbers": OPTIONS["numbers"][::-1],
        "categories": {n: v[::-1] for n, v in reversed(OPTIONS["categories"].items())},
    }
    (first,), (second,) = encode(ROW), encode(dict(reversed(ROW.items())), **turned)
    assert torch.equal(first.x, second.x)
    identities = [create_encoder("table", "table", **o).identity() for o in (OPTIONS, turned)]
    assert json.dumps(identities[0]) == json.dumps(identities[1])


def test_unknown_levels_are_all_zero_and_not_flagged():
    (nodes,) = encode({**ROW, "sex": "x"})
    assert nodes.x[0, 4:7].tolist() == [0, 0, 0]


def test_levels_and_numbers_of_other_kinds():
    (nodes,) = encode(
        {"n": True, "m": float("nan"), "k": 3, "j": np.float64(2)},
        numbers=["n", "m", "j"],
        categories={"k": [3, 4]},
    )
    assert nodes.x.tolist() == [[2, 0, 0, 1, 1, 0, 1, 0, 0]]  # j, m, n, k


def test_not_a_number_is_an_empty_cell():
    (nodes,), (other,) = encode(ROW), encode({**ROW, "bmi": np.nan, "ward": np.nan})
    assert torch.equal(nodes.x, other.x)


def test_the_step_is_named_with_the_layout():
    encoder = create_encoder("table", "table", **OPTIONS, flags=False, fill="mean")
    (spec,) = encoder.steps("patient")
    assert spec.name == "impute"
    assert (spec.options["flags"], spec.options["fill"]) == (False, "mean")
    assert json.loads(json.dumps(spec.options["columns"])) == encoder.layout


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**ROW, "age": "old"}, "column 'age' holds finite numbers.*got 'old'"),
        ({**ROW, "bmi": float("inf")}, "column 'bmi' holds finite numbers.*got inf"),
        ({**ROW, "bmi": 1e39}, r"column 'bmi' holds 1e\+39, which overflows single"),
        ({"age": 1}, r"\['bmi', 'sex', 'ward'\] are not in a row of \['age'\]"),
        ("a text", "must be a row .* got str"),
    ],
)
def test_bad_rows_are_named(row, message):
    with pytest.raises(InputError, match=message):
        encode(row)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nodes": "column"}, "did you mean 'columns'"),
        ({"nodes": {"a": ["age", "agee"]}}, "unknown column of block 'a' 'agee'"),
        ({"nodes": {"a": ["age", "bmi", "sex"]}}, r"\['ward'\] are in none"),
        ({"nodes": {"a": ["age", "bmi", "sex"], "b": ["age", "ward"]}}, r"\['age'\] occur twice"),
        ({"numbers": ["age", "sex"]}, r"columns must be unique, but \['sex'\] occur twice"),
        ({"numbers": "age"}, "numbers must be a list of names, got 'age'"),
        ({"categories": {"sex": []}}, "none of them empty"),
        ({"numbers": [], "categories": {}}, "a table encoder needs columns"),
        ({"fill": "means"}, "did you mean 'mean'"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        encode(ROW, **options)


def test_dates_are_days_and_cyclic_parts():
    encoder = create_encoder(
        "table", "table", dates={"taken": ["month", "hour"]}, centres={"taken": 8766.0}
    )
    one, none = encoder.encode([{"taken": "2024-04-01T12:00:00"}, {"taken": None}])
    expected = [91.5, 0, -1, 1, 0, 0]  # days since 2024, hour and month as sine and cosine, flag
    assert torch.allclose(one.x[0], torch.tensor(expected), atol=1e-6)
    assert none.x.tolist() == [[0, 0, 0, 0, 0, 1]]
    with pytest.raises(InputError, match="column 'taken' holds dates as 2026-01-31"):
        encoder.encode([{"taken": "soon"}])
    with pytest.raises(UnknownNameError, match="part of a date 'moth'; did you mean 'month'"):
        create_encoder("table", "table", dates={"taken": ["moth"]})
    with pytest.raises(UnknownNameError, match="column of centres 'age'"):
        create_encoder("table", "table", dates={"taken": []}, centres={"age": 1})


def test_a_centre_keeps_large_numbers_apart():
    rows = [{"t": 1_700_000_000.0 + k} for k in range(91)]
    for centres, different in (({}, 2), ({"t": 1_700_000_045.0}, 91)):
        encoder = create_encoder("table", "table", numbers=["t"], centres=centres)
        assert len({float(nodes.x[0, 0]) for nodes in encoder.encode(rows)}) == different
