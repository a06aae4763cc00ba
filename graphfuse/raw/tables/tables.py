"""Tables in files: CSV, TSV, JSON Lines and Parquet, alone or in shards."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse.data.delimited import read_delimited
from graphfuse.data.files import LINES, PARQUET, TEXTS, table_text
from graphfuse.errors import InputError
from graphfuse.raw.tables.arrow import mapped
from graphfuse.raw.tables.build import as_part, to_table
from graphfuse.raw.tables.recognise import names_split
from graphfuse.raw.tables.shards import check_columns, joined, parts_of

if TYPE_CHECKING:
    from datasets import Dataset

logger = logging.getLogger(__name__)


def read_file(path: Path, encoding: str | None) -> Dataset:
    """Return the rows of a file; its ending tells how it is read.

    Raises:
        InputError: another ending, or a file that cannot be read.
    """
    from datasets import Dataset

    suffix = path.suffix.lower()
    if suffix in TEXTS:
        delimiter = "\t" if suffix == ".tsv" else None
        header, rows = read_delimited(table_text(path, encoding), path.name, delimiter)
        _check_names(header, path.name)
        return Dataset.from_dict(
            {name: [row[place] for row in rows] for place, name in enumerate(header)}
        )
    if suffix in LINES:
        return to_table(_read_lines(path, encoding))
    if suffix in PARQUET:
        return _read_parquet(path)
    raise InputError(
        f"{path.name}: raw samples are read from {', '.join((*TEXTS, *LINES, *PARQUET))}; got a "
        f"file that ends in {suffix!r}"
    )


def read_shards(
    shards: Sequence[Path], encoding: str | None, columns: Mapping[str, str]
) -> Dataset:
    """Return the rows of all shards; the parts that they are called after become a column."""
    for path in shards:
        if _format(path) != _format(shards[0]):
            raise InputError(
                f"the shards of a table are files of one kind, but there are {shards[0]} and "
                f"{path}; name one kind, as 'folder/*{shards[0].suffix}'"
            )
    tables = [read_file(path, encoding) for path in shards]
    check_columns(shards, [table.column_names for table in tables])
    parts = parts_of(shards)
    told = any(str(kind) == "split" for kind in columns.values())
    if parts and not told and not any(map(names_split, tables)):
        tables = [as_part(table, part) for table, part in zip(tables, parts, strict=True)]
    return joined(tables, shards)


def _format(path: Path) -> tuple[str, ...] | None:
    """Return the ends of files that are read as this one is, None if it is not read at all."""
    return next((e for e in (TEXTS, LINES, PARQUET) if path.suffix.lower() in e), None)


def _check_names(names: list[str], where: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"{where} has more than one column called {', '.join(map(repr, twice))}; give each "
            f"column a name of its own"
        )


def _read_lines(path: Path, encoding: str | None) -> dict[str, list[Any]]:
    lines = table_text(path, encoding).split("\n")
    rows = [_json_row(line, number, path.name) for number, line in enumerate(lines, 1)]
    halves = [n for n, line in enumerate(lines) if "\\ud" in line.lower() and _is_half(rows[n])]
    if halves:
        logger.warning(
            "%s: %d lines hold half a character (a lone surrogate), the first is line %d; it is "
            "read as \ufffd", path.name, len(halves), halves[0] + 1,
        )  # fmt: skip
    for n in halves:
        whole = json.dumps(rows[n], ensure_ascii=False).encode("utf-16", "surrogatepass")
        rows[n] = json.loads(whole.decode("utf-16", "replace"))
    full = [row for row in rows if row is not None]
    names = dict.fromkeys(name for row in full for name in row)
    return {name: _uniform([row.get(name) for row in full]) for name in names}


def _is_half(row: dict[str, Any] | None) -> bool:
    """Tell whether a row holds a surrogate alone, which JSON can write and no text can hold."""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _json_row(line: str, number: int, where: str) -> dict[str, Any] | None:
    if not line.strip():
        return None
    try:
        row = json.loads(line, object_pairs_hook=_checked(where, number))
    except (RecursionError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{where}, line {number} is no JSON: {error}; one object a line") from None
    if not isinstance(row, dict):
        raise InputError(
            f"{where}, line {number} is no object {{column: value}}, but {line[:40]!r}"
        )
    return row


def _checked(where: str, number: int) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        _check_names([key for key, _ in found], f"{where}, line {number}")
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


def _read_parquet(path: Path) -> Dataset:
    import pyarrow
    import pyarrow.parquet
    from datasets import Dataset

    try:
        schema = pyarrow.parquet.read_schema(path)
        _check_names(schema.names, path.name)
        if "binary" in str(schema.types):  # other columns are read whole to tell their kinds
            return mapped(path)
        return Dataset(pyarrow.parquet.read_table(path))
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"{path.name} is no readable Parquet file: {error}") from None
