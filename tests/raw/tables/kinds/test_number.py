import math

import pytest

from graphfuse.errors import InputError
from graphfuse.raw.tables.kinds import typed

N = 40


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["3,5", "2"], 3.5),
        (["1.234,5", "2,0"], 1234.5),
        (["1,234.5", "2"], 1234.5),
        (["12 %", "3 %"], 12),
        (["€ 1.200,00", "€ 3,00"], 1200),
    ],
)
def test_numbers_in_usual_forms_are_numbers(column, cells, first):
    found, values = column([*cells] * (N // 2))
    assert found.kind == "number"
    assert values[0] == first
    assert not found.cautions


@pytest.mark.parametrize("mark", ["?", "-", "unknown", "NaN", "n/a", "N/A", "--", "k.A.", "未知"])
def test_marks_of_missing_values_are_named_with_their_count(column, mark):
    found, values = column([*(str(i / 2) for i in range(30)), *[mark] * 9, ""])
    assert found.kind == "number"
    assert sum(map(math.isnan, values)) == 10
    assert found.cautions == (f"counted as missing: {mark!r} (9)",)
    assert found.warnings == found.cautions


def test_a_few_other_cells_count_as_missing_and_are_named(column):
    found, values = column([*map(str, range(N)), "inf", "soon"])
    assert found.kind == "number"
    assert math.isnan(values[-1])
    assert found.cautions == ("no numbers, and counted as missing: 'inf' (1), 'soon' (1)",)
    assert column([*map(str, range(N)), *"abcd"])[0].kind != "number"


def test_a_table_of_decimal_commas_has_points_between_thousands(read):
    columns = {"price": ["1.200", "3.400"] * 20, "size": ["1,5", "20,25"] * 20}
    manifest = read(columns)
    assert manifest.table["price"][:2] == [1200, 3400]
    assert manifest.table["size"][:2] == [1.5, 20.25]
    assert read({"price": columns["price"]}).table["price"][:2] == [1.2, 3.4]


def test_a_comma_that_may_be_either_is_a_caution(column):
    found, values = column(["1,234", "2,500"] * 20)
    assert values[0] == 1234
    assert found.cautions[0].startswith("numbers such as '1,234' are read with ',' between")


def test_new_samples_are_read_in_the_form_of_the_training_part(column):
    found, _ = column(["1,5", "2"] * 20)
    assert typed(found, ["1,234"]) == [1.234]
    with pytest.raises(InputError, match="'x' is of kind 'number', but holds 'soon' in row 0"):
        typed(found, ["soon"])
