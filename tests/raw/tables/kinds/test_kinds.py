import pytest
from datasets import Dataset

from graphfuse.errors import InputError
from graphfuse.raw import read_manifest


def manifest(columns, **overrides):
    return read_manifest(Dataset.from_dict({"t": ["some words here"] * 2, **columns}), overrides)


def test_what_is_no_number_is_named_by_row():
    with pytest.raises(InputError, match=r"'x' .* 'soon' in row 0, 'inf' in row 1; empty"):
        manifest({"x": ["soon", "inf"]}, x="number")


def test_values_get_the_type_of_their_kind():
    table = manifest(
        {
            "n": ["1", "n/a"],
            "c": [" red ", ""],
            "photo": ["a.png;b.png", ""],
            "s": ["[1, 2]", None],
            "split": ["Training", "dev"],
            "id": ["007", "007"],
            "doc": ["a.txt", None],
        },
        c="category",
        id="id",
    ).table
    assert table[0]["n"] == 1
    assert table[1]["n"] != table[1]["n"]
    assert table["c"][:] == ["red", None]
    assert table["photo"][:] == [["a.png", "b.png"], None]
    assert table["s"][:] == [[1, 2], None]
    assert table["split"][:] == ["train", "validation"]
    assert table["id"][:] == ["007", "007 (2)"]
    assert table["doc"][:] == [[{"path": "a.txt"}], None]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["0", "1"], [0, 1]),
        (["0.5", ""], [0.5, None]),
        (["007", "8"], ["007", "8"]),
        (["a", " b "], ["a", "b"]),
        (["None", "b"], ["None", "b"]),
        (['["a", "b"]', ""], [["a", "b"], None]),
        ([["a"], ["a", "b"]], [["a"], ["a", "b"]]),
    ],
)
def test_labels(given, expected):
    assert manifest({"label": given}).table["label"][:] == expected


@pytest.mark.parametrize("kind", ["label", "split", "time", "group", "id", "category"])
def test_nested_values_are_refused_where_a_row_has_one(kind):
    with pytest.raises(
        InputError, match=f"'x' of kind '{kind}' must have one value per row.* row 0 holds"
    ):
        manifest({"t": ["some words here"] * 2, "x": [{"a": 1}, {"a": 2}]}, x=kind)
