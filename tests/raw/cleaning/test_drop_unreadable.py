import logging

import pytest

from graphfuse.errors import InputError
from graphfuse.raw.cleaning import clean


def test_a_broken_cell_is_missing_and_a_sample_with_nothing_left_goes(
    make, picture, tmp_path, caplog
):
    picture("a.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "a.png").read_bytes()[:200])
    given = make(
        id=["one", "two", "three", "four", "five"],
        picture=[["a.png"], ["broken.png"], ["a.png", "none.png"], ["broken.png"], None],
        note=["x", "y", "z", None, None],
    )
    with caplog.at_level(logging.WARNING):
        cleaned = clean(given, ["drop_unreadable"])
    assert cleaned.ids.tolist() == ["one", "two", "three", "five"]
    assert [len(row) for row in cleaned.cells("picture")] == [1, 0, 1, 0]
    assert [(c.what, c.ids) for c in cleaned.changes] == [
        ("2 cells cannot be read and count as missing, in 2 samples", ("two", "three")),
        ("1 sample left out: none of what they hold can be read", ("four",)),
    ]
    assert [len(c.details) for c in cleaned.changes] == [2, 1]
    assert cleaned.changes[1].details[0].startswith("sample four, column 'picture': broken.png")
    assert "sample two, column 'picture': broken.png is a damaged picture" in caplog.text
    assert "'none.png' does not exist" in caplog.text
    assert len(given) == 5


def test_nothing_changes_where_all_can_be_read(make, picture):
    given = make(picture=[picture("a.png"), None], note=["x", "y"])
    assert clean(given, ["drop_unreadable"]) is given


def test_a_column_of_which_nothing_can_be_read_is_an_error(make, picture, tmp_path):
    (tmp_path / "img").mkdir()
    picture("img/a.png")
    given = make(picture=["a.png", None, "a.png"], note=["x", "y", "z"])
    with pytest.raises(InputError, match=r"(?s)none of its 2 .*'img/'.*--column picture=skip"):
        clean(given, ["drop_unreadable"])
