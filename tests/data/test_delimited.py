import logging

import pytest

from graphfuse.data.delimited import read_delimited
from graphfuse.errors import InputError


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;", "sep=;;;"])
def test_the_separator_line_of_excel_names_the_delimiter(first):
    header, rows = read_delimited(f"{first}\r\na;b,c\r\n1;2\r\n", "x.csv")
    assert header == ["a", "b,c"]
    assert rows == [["1", "2"]]


def test_lines_are_counted_with_the_separator_line():
    with pytest.raises(InputError, match="line 3 has 1"):
        read_delimited("sep=;\na;b\n1\n", "x.csv")


def test_rows_whose_cells_are_all_empty_are_left_out_with_a_warning(caplog):
    caplog.set_level(logging.WARNING)
    _, rows = read_delimited("a,b\n1,2\n,\n3,4\n , \n", "x.csv")
    assert rows == [["1", "2"], ["3", "4"]]
    assert caplog.messages == [
        "x.csv: 2 rows in which all cells are empty are left out: lines 3, 5"
    ]
    caplog.clear()
    read_delimited("a,b\n1,2\n,\n", "x.csv")
    assert "1 row in which all cells are empty is left out: line 3" in caplog.text


def test_blank_lines_are_no_rows(caplog):
    assert read_delimited("a,b\n\n1,2\n\n", "x.csv")[1] == [["1", "2"]]
    assert not caplog.messages
