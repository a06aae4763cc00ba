"""Read numbers as people write them: decimal commas, thousands, per cent, and marks of a gap."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

GAPS = frozenset(
    ("", "nan", "-nan", "n/a", "#n/a", "#n/a n/a", "#na", "<na>", "<n/a>", "nat", "1.#ind",
     "-1.#ind", "1.#qnan", "-1.#qnan", "#div/0!", "#value!", "#ref!", "#num!", "#null!",
     "?", "??", "???", "-", "--", "---", "–", "—", ".", "..", "...", "…", "*", "/")  # noqa: RUF001
)  # fmt: skip
"""Marks of a missing value that are not words, in lower case."""

MISSING = GAPS | {
    "na", "n.a.", "null", "none", "nil", "unknown", "missing", "not available", "undefined",
    "unbekannt", "k.a.", "k. a.", "keine angabe", "fehlt", "inconnu", "desconocido",
    "未知", "不明", "不详", "无", "缺失", "なし",
}  # fmt: skip
"""Marks of a missing value in a column of numbers, words included, in lower case."""

GROUPED = r"[1-9]\d{{0,2}}(?P<s>[{separators}])\d{{3}}(?:(?P=s)\d{{3}})*"
SPACES = " '’\u00a0\u202f\u2009"  # noqa: RUF001
UNIT = re.compile(r"^[€$£¥]\s*|\s*[€$£¥%]$")


class Style(StrEnum):
    """The decimal sign of numbers."""

    POINT = "decimal point"
    COMMA = "decimal comma"


_GROUPED = {
    Style.POINT: re.compile(
        f"[+-]?{GROUPED.format(separators=',' + SPACES)}" + r"(?P<fraction>\.\d+)?"
    ),
    Style.COMMA: re.compile(
        f"[+-]?{GROUPED.format(separators='.' + SPACES)}" + r"(?P<fraction>,\d+)?"
    ),
}
_PLAIN_COMMA = re.compile(r"[+-]?\d+(,\d+)?(e[+-]?\d+)?|[+-]?,\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column, NaN where there is none.

    ``missing`` counts the marks that say that a value is missing, empty cells apart; ``strange``
    counts the cells that are neither a number nor such a mark.
    """

    values: list[float]
    missing: Counter[str]
    strange: Counter[str]
    style: Style
    ambiguous: str = ""
    """A cell such as "1,234", where either style fits every cell of the column."""

    @property
    def count(self) -> int:
        """How many cells hold a number."""
        return sum(value == value for value in self.values)


def number(cell: object) -> float | None:
    """Return the finite number of a cell, NaN where it is missing, None where it is neither.

    A text is a number in the plain form of programs; :func:`read_numbers` reads other forms.

    Example:
        >>> number("1.5"), number("n/a"), number("1,5")
        (1.5, nan, None)
    """
    if cell is None or is_gap(cell, MISSING):
        return math.nan
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        return None
    return None if math.isinf(value) or (isinstance(cell, str) and "_" in cell) else value


def is_gap(cell: object, marks: frozenset[str] = GAPS) -> bool:
    """Return whether a text is one of the marks of a missing value.

    Example:
        >>> is_gap("n/a"), is_gap(" ? "), is_gap("unknown"), is_gap("unknown", MISSING)
        (True, True, False, True)
    """
    return isinstance(cell, str) and cell.strip().lower() in marks


def read_numbers(
    cells: Sequence[object], style: Style | None = None, prefer: Style = Style.POINT
) -> Numbers:
    """Return the numbers of a column, in any style of writing.

    The style is the one that fits more cells; ``prefer`` decides if both fit equally many, as with
    "1,234". A sign of per cent or of a currency is left out: "12 %" is 12.

    Example:
        >>> read_numbers(["1.234,5 €", "12 %", "?"]).values
        [1234.5, 12.0, nan]
        >>> read_numbers(["1,234.5", "soon"]).strange
        Counter({'soon': 1})
    """
    plain = [number(cell) for cell in cells]
    other = [row for row, value in enumerate(plain) if value is None]
    dotted = style is not Style.POINT and any(
        isinstance(cell, str) and "." in cell for cell in cells
    )
    if not other and not (dotted and (style or prefer) is Style.COMMA):
        values = [math.nan if value is None else value for value in plain]
        return Numbers(values, _marks(cells), Counter(), style or Style.POINT)
    parsed = {s: [_parse(cell, s) for cell in cells] for s in ([style] if style else Style)}
    fits = {s: sum(value is not None for value in values) for s, values in parsed.items()}
    best = max(fits, key=lambda s: (fits[s], s is prefer))
    tie = len({*fits.values()}) < len(fits) and parsed[Style.POINT] != parsed[Style.COMMA]
    signs = [str(c) for c in cells if isinstance(c, str) and re.search(r"\d[.,]\d", c)]
    strange = Counter(
        str(cell).strip() for cell, v in zip(cells, parsed[best], strict=True) if v is None
    )
    values = [math.nan if value is None else value for value in parsed[best]]
    ambiguous = signs[0].strip() if tie and signs else ""
    return Numbers(values, _marks(cells), strange, best, ambiguous)


def _marks(cells: Sequence[object]) -> Counter[str]:
    """Count the marks of missing values, empty cells apart."""
    return Counter(
        str(cell).strip() for cell in cells if is_gap(cell, MISSING) and str(cell).strip()
    )


def _parse(cell: object, style: Style) -> float | None:
    if not isinstance(cell, str) or is_gap(cell, MISSING):
        return number(cell)
    text = UNIT.sub("", cell.strip().replace("\u2212", "-")).strip()
    if match := _GROUPED[style].fullmatch(text):
        text = text.replace(match["s"], "")
    elif style is Style.COMMA and not _PLAIN_COMMA.fullmatch(text):
        return None
    if not text or is_gap(text, MISSING):  # a unit alone
        return None
    return number(text.replace(",", ".") if style is Style.COMMA else text)
