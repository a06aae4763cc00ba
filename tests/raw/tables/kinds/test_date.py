import pytest

from graphfuse.errors import InputError
from graphfuse.raw import facts
from graphfuse.raw.tables.kinds import typed


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["Nov 12 2004", "Dec 1 2004"], "2004-11-12"),
        (["31.12.2024", "1.1.2025"], "2024-12-31"),
        (["12. Dezember 2024", "3. Mai 2025"], "2024-12-12"),  # codespell:ignore
        (["1976-01-01", "1977-01-01"], "1976-01-01"),
        (["2024-01-02T03:04:05", "2024-01-03"], "2024-01-02T03:04:05"),
        ([20240131, 20240201], "2024-01-31"),
    ],
)
def test_dates_in_usual_forms(column, cells, first):
    found, values = column(cells * 20)
    assert (found.kind, found.modality) == ("date", "table")
    assert values[0] == first


def test_years_and_short_numbers_are_numbers(column):
    assert column(["1976", "1982"] * 20)[0].kind == "number"
    assert column([1976, 1982] * 20)[0].kind == "number"
    assert column(["31.12", "1.5"] * 20)[0].kind == "number"


def test_what_is_missing_strange_or_unclear_is_a_caution(column):
    found, values = column(["03/04/2024"] * 30 + ["?", "soon"])
    assert values[0] == "2024-03-04"
    assert values[-1] is None
    assert found.form == "month first"
    assert found.cautions == (
        "counted as missing: '?' (1)",
        "no dates, and counted as missing: 'soon' (1)",
        "dates such as '03/04/2024' are read month first; write them as 2026-01-31 if this is "
        "wrong",
    )


def test_new_samples_are_read_in_the_order_of_the_training_part(column):
    found, _ = column(["03/04/2024", "31/03/2024", "30/04/2024"] * 10)
    assert found.form == "day first"
    assert typed(found, ["03/04/2024"]) == ["2024-04-03"]
    with pytest.raises(InputError, match=r"'x' is of kind 'date', but holds 'soon' \(1\)"):
        typed(found, ["soon"])


def test_a_split_by_time_takes_the_same_dates(read):
    days = [f"{day}.1.2024" for day in range(1, 11)]
    manifest = read({"taken": days, "label": ["a", "b"] * 5}, taken="time")
    parts = facts(manifest).splits
    assert parts.tolist()[-2:] == ["test", "test"]
    assert parts[1] == "train"
    with pytest.raises(InputError, match=r"1 sample has no time, .* with 'soon'"):
        facts(read({"taken": [*days[:-1], "soon"], "label": ["a", "b"] * 5}, taken="time"))
