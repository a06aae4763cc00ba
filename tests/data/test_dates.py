from datetime import date, datetime

import pytest

from graphfuse.data.dates import cyclic, days, read_date, read_dates, varying_parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2004-11-12", "2004-11-12T00:00:00"),
        ("2004-11-12T10:30:05Z", "2004-11-12T10:30:05"),
        ("2004-11-12 10:30:05.25+02:00", "2004-11-12T08:30:05.250000"),
        ("2004/1/2", "2004-01-02T00:00:00"),
        ("2004-11", "2004-11-01T00:00:00"),
        ("20041112", "2004-11-12T00:00:00"),
        ("31.12.2024", "2024-12-31T00:00:00"),
        ("1.2.24", "2024-02-01T00:00:00"),
        ("31.12.1976, 14:05 Uhr", "1976-12-31T14:05:00"),
        ("31. Dezember 2024", "2024-12-31T00:00:00"),  # codespell:ignore
        ("12. März 2004", "2004-03-12T00:00:00"),
        ("Di., 12. Okt. 2004", "2004-10-12T00:00:00"),
        ("Nov 12 2004", "2004-11-12T00:00:00"),
        ("November 12th, 2004", "2004-11-12T00:00:00"),
        ("12-Nov-04", "2004-11-12T00:00:00"),
        ("Friday, 12 November 2004 3:05 pm", "2004-11-12T15:05:00"),
        ("Nov 2004", "2004-11-01T00:00:00"),
        ("Wed Oct 10 20:19:24 +0000 2018", "2018-10-10T20:19:24"),
        ("Tue, 12 Nov 2004 10:00:00 +0100", "2004-11-12T09:00:00"),
        ("2004年11月12日", "2004-11-12T00:00:00"),
        (date(2004, 11, 12), "2004-11-12T00:00:00"),
        (datetime(2004, 11, 12, 3), "2004-11-12T03:00:00"),
    ],
)
def test_dates_in_the_usual_forms(text, expected):
    assert read_date(text).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    ["", "1976", "12 monkeys 2004", "version 2004", "31.02.2024", "2004-13-01", "10:30", "1.5",
     "12.5.7", "99999999", "March of 2004 dimes", "32/13/2024", "25:00 Nov 12 2004", None, 5],
)  # fmt: skip
def test_other_texts_are_no_dates(text):
    assert read_date(text) is None


def test_the_order_of_day_and_month_is_taken_from_the_column():
    assert read_dates(["03/04/2024", "31/04/2024", "30/04/2024"]).day_first
    assert not read_dates(["03/04/2024", "04/30/2024"]).day_first
    assert read_dates(["03.04.2024"]).day_first
    unclear = read_dates(["03/03/2024", "03/04/2024"])
    assert not unclear.day_first
    assert unclear.ambiguous == "03/04/2024"
    assert read_dates(["03/04/2024"], day_first=True).values[0].month == 4
    assert not read_dates(["03/31/2024"]).ambiguous


def test_what_is_missing_and_strange_is_counted():
    found = read_dates(["2024-01-01", "?", "", None, "soon", "unknown"])
    assert (found.count, found.missing, found.strange) == (1, {"?": 1, "unknown": 1}, {"soon": 1})


def test_a_date_as_numbers():
    assert days(datetime(2001, 1, 1)) == 366
    assert cyclic(datetime(2024, 7, 1), "month") == pytest.approx((0, -1), abs=1e-12)
    assert cyclic(datetime(2024, 1, 1, 18), "hour") == pytest.approx((-1, 0), abs=1e-12)
    years = [datetime(1970 + k, 1, 1) for k in range(9)]
    assert varying_parts(years) == ()
    assert varying_parts([datetime(2024, k, 1) for k in range(1, 9)]) == ("month",)
    assert varying_parts([datetime(2024, 5, k) for k in range(1, 9)]) == ("weekday",)
    assert varying_parts([datetime(2024, 5, 1, k) for k in range(9)]) == ("hour",)
