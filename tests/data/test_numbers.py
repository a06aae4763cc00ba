import math

import pytest

from graphfuse.data.numbers import MISSING, Style, is_gap, number, read_numbers


def values(cells, **options):
    return [None if math.isnan(v) else v for v in read_numbers(cells, **options).values]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "2.5", ""], [1, 2.5, None]),
        (["1,5", "2", "0,25"], [1.5, 2, 0.25]),
        (["1.234,5", "12", "1.000.000"], [1234.5, 12, 1e6]),
        (["1,234.5", "12", "1,000,000"], [1234.5, 12, 1e6]),
        (["1,234", "999"], [1234, 999]),
        (["1 234,5", "2\u202f000,0", "3'000,5"], [1234.5, 2000, 3000.5]),
        (["12 %", "3%", "-4.5 %"], [12, 3, -4.5]),
        (["$1,200", "€ 30", "5 £"], [1200, 30, 5]),
        (["\u22121,5", "2,5"], [-1.5, 2.5]),
        (["1e3", "2E-1"], [1000, 0.2]),
        ([1, 2.5, None, float("nan")], [1, 2.5, None, None]),
    ],
)
def test_numbers_are_read_as_people_write_them(cells, expected):
    found = read_numbers(cells)
    assert values(cells) == expected
    assert not found.strange


def test_what_is_missing_and_what_is_strange_is_counted():
    found = read_numbers(["1", "?", "unknown", "?", "inf", "soon", "n/a", ""])
    assert found.missing == {"?": 2, "unknown": 1, "n/a": 1}
    assert found.strange == {"inf": 1, "soon": 1}
    assert found.count == 1


@pytest.mark.parametrize(
    "mark",
    ["NaN", "nan", "-nan", "NULL", "None", "N/A", "NA", "#N/A", "#NA", "<NA>", "?", "-", "--",
     "...", "unknown", "Unbekannt", "k.A.", "1.#IND", "未知", " n/a "],
)  # fmt: skip
def test_marks_of_a_missing_number(mark):
    assert math.isnan(number(mark))
    assert values(["1", mark]) == [1, None]


def test_words_are_no_gaps_among_classes():
    assert not any(map(is_gap, ["none", "unknown", "na", "null"]))
    assert all(is_gap(word, MISSING) for word in ["none", "unknown", "na", "null"])


def test_a_style_is_taken_from_the_column_and_can_be_given():
    assert read_numbers(["1,5", "2"]).style is Style.COMMA
    assert values(["1.234", "2.500"]) == [1.234, 2.5]
    assert values(["1.234", "2.500"], prefer=Style.COMMA) == [1234, 2500]
    assert values(["1,234"], style=Style.COMMA) == [1.234]
    assert values(["1,5"], style=Style.POINT) == [None]


def test_a_comma_that_may_be_either_is_named():
    assert read_numbers(["1,234", "5,678"]).ambiguous == "1,234"
    assert not read_numbers(["1,234.5", "5,678"]).ambiguous
    assert not read_numbers(["1,5", "2"]).ambiguous


@pytest.mark.parametrize("text", ["1_000", "007,5,3", "12,34,56", "1.2.3", "€", "030 123 456"])
def test_what_is_no_number_stays_none(text):
    assert read_numbers(["1", "2", text]).strange == {text: 1}
