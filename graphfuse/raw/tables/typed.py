"""Give the cells of a column the type of its kind."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphfuse.data.numbers import MISSING, number
from graphfuse.errors import InputError
from graphfuse.raw.columns import MEDIA, SPLITS, Column
from graphfuse.raw.readers.files import kind_of_files, paths

if TYPE_CHECKING:
    from datasets import Dataset


ONE_VALUE = ("category", "label", "split", "time", "group", "id")
"""Kinds of which a cell holds one value; a label may be a list of several."""


def typed(column: Column, values: list[Any]) -> list[Any]:
    """Return the values in the type of the column's kind.

    Example:
        >>> typed(Column("size", "category", "table"), [4, None])
        ['4', None]

    Raises:
        InputError: a value that is no number in a column of these, or one that holds several where
            one is expected.
    """
    if column.kind in ONE_VALUE:
        _check_single(column, values)
    if column.kind == "number":
        return _numbers(column.name, values)
    if column.kind in ("category", "group"):
        return [None if _is_empty(v) else _text(v) for v in values]
    if column.kind in MEDIA:
        return [_files(v) for v in values]
    if column.kind == "text":
        return _texts(column.name, values)
    if column.kind == "series":
        return [_listed(v) for v in values]
    if column.kind == "split":
        return [SPLITS.get(str(v).strip().lower(), v) if v is not None else None for v in values]
    if column.kind == "id":
        return _unique(values)
    return _labels(values)


def _check_single(column: Column, values: list[Any]) -> None:
    """Raise an error where a cell holds several values, but those of a label that has several."""
    for row, value in enumerate(values):
        lists = column.kind == "label" and isinstance(value, list)
        inner = value if lists else [value]
        if any(isinstance(one, (dict, list)) for one in inner):
            also = ", or a list of these" if column.kind == "label" else ""
            raise InputError(
                f"column {column.name!r} of kind {column.kind!r} has one value a row{also}, but "
                f"row {row} holds {str(value)[:60]}; make columns of what is nested, or skip it"
            )


def _numbers(name: str, values: list[Any]) -> list[float]:
    numbers = [number(value) for value in values]
    bad = [f"{values[row]!r} in row {row}" for row, v in enumerate(numbers) if v is None]
    if bad:
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise InputError(
            f"column {name!r} is told to hold numbers, but there is {', '.join(bad[:5])}{more}; "
            f"empty these cells, or make it a category"
        )
    return [v for v in numbers if v is not None]


def _is_empty(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def _files(value: Any) -> Any:
    """Return the paths of a cell as a list; lists, and structs of path and bytes, stay."""
    if not isinstance(value, str):
        return value
    listed = _listed(value)
    return listed if isinstance(listed, list) else paths(value.strip()) if value.strip() else None


def _texts(name: str, values: list[Any]) -> list[Any]:
    """Return texts as they are, the paths of text files as ``{"path"}``, to tell them apart."""
    texts = [v.strip() for v in values if isinstance(v, str) and v.strip()]
    files = kind_of_files(name, texts)
    if files and files[0] == "text":
        return [None if _is_empty(v) else [{"path": p} for p in paths(v.strip())] for v in values]
    if texts and parsed(texts):
        return [None if _is_empty(v) else _listed(v) for v in values]
    return [v if v is None or isinstance(v, (str, list, dict)) else _text(v) for v in values]


def _listed(value: Any) -> Any:
    """Return the list that a cell writes as JSON, any other value as it is."""
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            return json.loads(value)
        except (RecursionError, ValueError):
            return value
    return value


def parsed(texts: Sequence[str]) -> list[Any] | None:
    """Return the lists that all texts write as JSON, None if one writes none."""
    lists = [_listed(text) for text in texts]
    return lists if all(isinstance(value, list) for value in lists) else None


def _unique(values: list[Any]) -> list[str]:
    """Return ids as text; the second row of an id is marked so, and a row without one numbered.

    Example:
        >>> _unique(["007", "007", None])
        ['007', '007 (2)', 'row 2']
    """
    seen: Counter[str] = Counter()
    names: list[str] = []
    taken = {_text(v) for v in values if not _is_empty(v)}
    for row, value in enumerate(values):
        name = f"row {row}" if _is_empty(value) else _text(value)
        seen[name] += 1
        while seen[name] > 1 and (again := f"{name} ({seen[name]})") in taken:
            seen[name] += 1
        names.append(name if seen[name] == 1 else again)
    return names


def _labels(values: list[Any]) -> list[Any]:
    """Return labels as numbers where all are, with a fraction or written as whole numbers."""
    full = [v for v in values if not _is_empty(v)]
    if full and all(isinstance(v, str) for v in full):
        lists = parsed(full)
        if lists:
            return [None if _is_empty(v) else [_text(one) for one in _listed(v)] for v in values]
        missing = [v for v in full if v.strip().lower() in MISSING]
        if len(missing) < len(full):
            numbers = [number(v) for v in values]
            codes = any(re.fullmatch(r"0\d+", v.strip()) for v in full)
            if None not in numbers and not codes:
                return [None if v is None or math.isnan(v) else v for v in numbers]
        return [None if _is_empty(v) else v.strip() for v in values]
    if any(isinstance(v, str) for v in full):
        return [None if _is_empty(v) else _text(v) for v in values]
    return values if full else [None] * len(values)


def to_table(columns: Mapping[str, list[Any]]) -> Dataset:
    """Return columns of values as a table.

    Raises:
        InputError: values of a column that Arrow does not hold together.
    """
    import pyarrow
    from datasets import Dataset

    unfit = (pyarrow.ArrowException, OverflowError, RecursionError, TypeError, UnicodeError)
    try:
        return Dataset.from_dict(dict(columns))
    except unfit:
        for name, values in columns.items():
            try:
                Dataset.from_dict({name: values})
            except unfit as error:
                raise InputError(
                    f"column {name!r} holds values that do not go together: {error}; give all its "
                    f"rows values of one kind: texts, numbers up to 64 bits, or lists of as many "
                    f"levels"
                ) from None
        raise


def with_columns(table: Dataset, columns: Mapping[str, list[Any]]) -> Dataset:
    """Return the table with other cells in the given columns, which it need not have."""
    from datasets import concatenate_datasets

    rest = [name for name in table.column_names if name not in columns]
    if not columns:
        return table
    made = to_table(columns)
    return concatenate_datasets([table.select_columns(rest), made], axis=1) if rest else made


def as_part(table: Dataset, part: str) -> Dataset:
    """Return the table with the column ``split``."""
    if "split" in table.column_names:
        table = table.rename_column("split", "split (own)")
    return with_columns(table, {"split": [part] * len(table)})
