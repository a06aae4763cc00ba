"""Read dates as people write them: ISO, 31.12.2024, 12/31/2024, Nov 12 2004, 12. März 2004."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from graphfuse.data.numbers import MISSING, is_gap

_NAMES = (
    "january januar janvier enero jänner",  # codespell:ignore
    "february februar février febrero feb feber",  # codespell:ignore
    "march märz mars marzo maerz mrz",  # codespell:ignore
    "april avril abril",  # codespell:ignore
    "may mai mayo",  # codespell:ignore
    "june juni juin junio",  # codespell:ignore
    "july juli juillet julio",  # codespell:ignore
    "august août agosto",  # codespell:ignore
    "september septembre septiembre sept",  # codespell:ignore
    "october oktober octobre octubre okt",  # codespell:ignore
    "november novembre noviembre",  # codespell:ignore
    "december dezember décembre diciembre dez",  # codespell:ignore
)
MONTHS = {
    written: number
    for number, names in enumerate(_NAMES, 1)
    for name in names.split()
    for written in (name, name[:3])
}
"""Numbers of months by name and short name, in English, German, French and Spanish."""

_TIME = (
    r"(?:[T ,]+(?P<hour>\d{1,2})[:h](?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?(?:\s*Uhr)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_WEEKDAY = r"(?:[^\W\d]{2,10}\.?,?\s+)?"
_MONTH = r"(?P<name>[^\W\d]{3,10})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_YEAR = r"(?P<year>\d{4})"
_FORMS = (
    rf"{_YEAR}(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}}){_TIME}",
    rf"{_YEAR}\s*年\s*(?P<month>\d{{1,2}})\s*月(?:\s*(?P<day>\d{{1,2}})\s*日)?{_TIME}",
    r"(?P<year>(?:19|20)\d{2})-(?P<month>\d{2})",
    rf"{_WEEKDAY}(?P<first>\d{{1,2}})(?P<sign>[-/.])\s?(?P<second_part>\d{{1,2}})(?P=sign)\s?"
    rf"(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    rf"{_WEEKDAY}{_DAY}[-\s]*{_MONTH},?[-\s]*(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    rf"{_WEEKDAY}{_MONTH}\s*{_DAY},?\s+{_YEAR}{_TIME}",
    rf"{_MONTH},?\s+{_YEAR}",
    rf"{_WEEKDAY}{_MONTH}\s+{_DAY}{_TIME}\s+{_YEAR}",
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})",
)
_PATTERNS = [re.compile(form, re.IGNORECASE) for form in _FORMS]
_EPOCH = datetime(2000, 1, 1)


@dataclass(frozen=True)
class Dates:
    """The dates of a column, None where there is none; see :class:`graphfuse.data.numbers.Numbers`.

    ``ambiguous`` is a cell such as 03/04/2024 where no cell of the column shows the order.
    """

    values: list[datetime | None]
    missing: Counter[str]
    strange: Counter[str]
    day_first: bool
    ambiguous: str = ""

    @property
    def count(self) -> int:
        """How many cells hold a date."""
        return sum(value is not None for value in self.values)


def read_dates(cells: Sequence[object], day_first: bool | None = None) -> Dates:
    """Return the dates of a column; times with a zone in UTC, all without a zone.

    In 03/04/2024, the day or the month comes first, whichever fits more cells. If no cell decides
    it, the day comes first; with slashes the month does, as in the United States.

    Example:
        >>> [d.date().isoformat() for d in read_dates(["Nov 12 2004", "31.12.2024"]).values]
        ['2004-11-12', '2024-12-31']
        >>> [d.month for d in read_dates(["03/04/2024", "03/31/2024"]).values]
        [3, 3]
    """
    orders = [True, False] if day_first is None else [day_first]
    parsed = {order: [read_date(cell, order) for cell in cells] for order in orders}
    fits = {order: sum(d is not None for d in found) for order, found in parsed.items()}
    tie = day_first is None and fits[True] == fits[False] and parsed[True] != parsed[False]
    slashes = any(isinstance(cell, str) and "/" in cell for cell in cells)
    best = max(orders, key=lambda order: (fits[order], order is not (tie and slashes)))
    differing = zip(cells, *parsed.values(), strict=True) if tie else ()
    unclear = next((str(cell).strip() for cell, one, other in differing if one != other), "")
    values = parsed[best]
    rest = [cell for cell, value in zip(cells, values, strict=True) if value is None]
    missing = [str(c).strip() for c in rest if is_gap(c, MISSING) and str(c).strip()]
    strange = [str(c).strip() for c in rest if not _is_missing(c)]
    return Dates(values, Counter(missing), Counter(strange), best, unclear)


def read_date(cell: object, day_first: bool = True) -> datetime | None:
    """Return the date that a cell holds, None where it holds none.

    Example:
        >>> read_date("12. März 2004").isoformat(), read_date("12 monkeys 2004")
        ('2004-03-12T00:00:00', None)
    """
    if isinstance(cell, datetime):
        return None if cell != cell else _without_zone(cell)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    if not isinstance(cell, str) or not 6 <= len(cell.strip()) <= 60:
        return None
    for pattern in _PATTERNS:
        if match := pattern.fullmatch(cell.strip()):
            try:
                return _without_zone(_date(match.groupdict(), day_first))
            except (KeyError, OverflowError, ValueError):
                continue
    return None


def days(value: datetime) -> float:
    """Return the days since 2000-01-01.

    Example:
        >>> days(datetime(2000, 1, 2, 12))
        1.5
    """
    return (value - _EPOCH) / timedelta(days=1)


CYCLES: dict[str, Callable[[datetime], float]] = {
    "month": lambda value: (value.month - 1) / 12,
    "weekday": lambda value: value.weekday() / 7,
    "hour": lambda value: (value.hour + value.minute / 60 + value.second / 3600) / 24,
}
"""Parts of a date that come back, as a share of their cycle."""


def cyclic(value: datetime, part: str) -> tuple[float, float]:
    """Return the sine and cosine of a part of a date: "month", "weekday" or "hour".

    Example:
        >>> [round(v, 6) for v in cyclic(datetime(2024, 4, 1), "month")]
        [1.0, 0.0]
    """
    angle = 2 * math.pi * CYCLES[part](value)
    return math.sin(angle), math.cos(angle)


def varying_parts(values: Sequence[datetime]) -> tuple[str, ...]:
    """Return the parts of dates that differ between them.

    If all days are the first of January, they are years, and month and weekday mean nothing.

    Example:
        >>> varying_parts([datetime(1970, 1, 1), datetime(1971, 1, 1)])
        ()
    """
    if len({(value.month, value.day, *_clock(value)) for value in values}) == 1:
        return ()
    found = ["month"] if len({value.month for value in values}) > 1 else []
    if len({value.weekday() for value in values}) > 1 and len({v.day for v in values}) > 1:
        found.append("weekday")
    if len({_clock(value) for value in values}) > 1:
        found.append("hour")
    return tuple(found)


def _clock(value: datetime) -> tuple[int, int, int]:
    return value.hour, value.minute, value.second


def _is_missing(cell: object) -> bool:
    return cell is None or cell != cell or is_gap(cell, MISSING)


def _without_zone(value: datetime) -> datetime:
    return value.replace(tzinfo=None) if value.utcoffset() is None else (
        value.astimezone(UTC).replace(tzinfo=None)
    )  # fmt: skip


def _date(part: dict[str, str | None], day_first: bool) -> datetime:
    """Return the date of the parts of a match.

    Raises:
        KeyError: a word that names no month.
        ValueError: a day or time that does not exist.
    """
    year = int(part["year"] or 0)
    if year < 100:
        year += 2000 if year < 69 else 1900
    day = int(part.get("day") or 1)
    if name := part.get("name"):
        month = MONTHS[name.lower()]
    elif part.get("first"):
        first, second = int(part["first"] or 0), int(part["second_part"] or 0)
        day, month = (first, second) if day_first else (second, first)
    else:
        month = int(part["month"] or 1)
    hour, minute = int(part.get("hour") or 0), int(part.get("minute") or 0)
    if half := (part.get("half") or "").lower():
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + 12 * half.startswith("p")
    fraction = (part.get("fraction") or "").ljust(6, "0")[:6]
    return datetime(
        year, month, day, hour, minute, int(part.get("second") or 0), int(fraction),
        tzinfo=_zone(part.get("zone")),
    )  # fmt: skip


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    shift = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(shift if text[0] == "+" else -shift)
