"""Rows of a JSON file: one object per line, or one list of objects."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from graphfuse._wording import count, verb
from graphfuse.data.files import table_text
from graphfuse.errors import InputError

logger = logging.getLogger(__name__)

Row = dict[str, Any]
EXPECTED = "a file holds one object per line, or one list of objects"


def read_json(path: Path, encoding: str | None) -> dict[str, list[Any]]:
    """Return the columns of a JSON file; a row that lacks a column has None there.

    Raises:
        InputError: it is no JSON, or holds something else than objects ``{column: value}``.
    """
    text = table_text(path, encoding)
    start = text.lstrip()
    if start.startswith("["):
        rows = _list_of_rows(text, path.name)
    elif start.startswith("{") and _has_lines(text):
        rows = [_parse(text, path.name)]
    else:
        lines = list(enumerate(text.split("\n"), 1))
        rows = [_line(line, number, path.name) for number, line in lines if line.strip()]
    if len(rows) == 1:
        _check_single(rows[0], path.name)
    return columns_of(_with_whole_characters(rows, text, path.name))


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Return rows by column.

    Example:
        >>> columns_of([{"a": 1, "b": 2}, {"a": 1.5}])
        {'a': [1.0, 1.5], 'b': [2, None]}
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _uniform([row.get(name) for row in rows]) for name in names}


def check_names(names: Sequence[str], where: str) -> None:
    """Raise an error if two columns have one name."""
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise InputError(
            f"{where} has more than one column called {', '.join(map(repr, twice))}; give each "
            f"column a name of its own"
        )


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_checked(where))
    except InputError:
        raise
    except (RecursionError, ValueError) as error:
        raise InputError(f"{where} is not JSON: {error}; {EXPECTED}") from None


def _line(line: str, number: int, name: str) -> Row:
    where = f"{name}, line {number}"
    row = _parse(line, where)
    if not isinstance(row, dict):
        raise InputError(f"{where} is not an object {{column: value}} but {line[:40]!r}")
    return row


def _list_of_rows(text: str, name: str) -> list[Row]:
    rows = _parse(text, name)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise InputError(
                f"{name}: entry {number} of the list is not an object {{column: value}} but "
                f"{str(row)[:40]!r}"
            )
    return list(rows)


def _has_lines(text: str) -> bool:
    """Return whether a text is one JSON object over several lines, not one per line."""
    first, _, rest = text.strip().partition("\n")
    return bool(rest) and first.rstrip().endswith(("{", "[", ","))


def _check_single(row: Row, name: str) -> None:
    """Raise an error for an object that holds the rows under a name."""
    lists = [key for key, value in row.items() if _is_table(value)]
    if lists:
        raise InputError(
            f"{name} is an object with the rows under {lists[0]!r}; save this list alone: "
            f"[{{column: value}}, ...]"
        )


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _with_whole_characters(rows: list[Row], text: str, name: str) -> list[Row]:
    """Replace lone surrogates, which JSON can write and no text can hold."""
    if "\\ud" not in text.lower():
        return rows
    halves = [n for n, row in enumerate(rows) if _has_half(row)]
    if halves:
        logger.warning(
            "%s: %s half a character (a lone surrogate), the first is row %d; it is read as \ufffd",
            name,
            f"{count(len(halves), 'row')} {verb(len(halves), 'holds', 'hold')}",
            halves[0] + 1,
        )
    for n in halves:
        whole = json.dumps(rows[n], ensure_ascii=False).encode("utf-16", "surrogatepass")
        rows[n] = json.loads(whole.decode("utf-16", "replace"))
    return rows


def _has_half(row: Row) -> bool:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _checked(where: str) -> Callable[[list[tuple[str, Any]]], Row]:
    def pairs(found: list[tuple[str, Any]]) -> Row:
        check_names([key for key, _ in found], where)
        return dict(found)

    return pairs


def _uniform(values: list[Any]) -> list[Any]:
    """Return values of one type, as Arrow holds them: as text where they are of several."""
    types = {type(v) for v in values if v is not None}
    if len(types) <= 1:
        return values if types != {dict} else [None if v is None else json.dumps(v) for v in values]
    if types == {int, float}:
        return [None if v is None else float(v) for v in values]
    return [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
