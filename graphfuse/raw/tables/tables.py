"""Tables in files: CSV, TSV, JSON, Parquet and Excel, alone or in shards."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphfuse._wording import first_names
from graphfuse.data.delimited import read_delimited
from graphfuse.data.files import EXCEL, FEATURES, LINES, PARQUET, TEXTS, features_advice, table_text
from graphfuse.errors import InputError
from graphfuse.raw.tables.arrow import mapped
from graphfuse.raw.tables.build import as_part, to_table
from graphfuse.raw.tables.excel import read_excel
from graphfuse.raw.tables.json_rows import check_names, read_json
from graphfuse.raw.tables.recognise import names_split
from graphfuse.raw.tables.shards import check_columns, joined, parts_of

if TYPE_CHECKING:
    from datasets import Dataset

logger = logging.getLogger(__name__)


def read_file(path: Path, encoding: str | None) -> Dataset:
    """Return the rows of a file, which is read by the ending of its name.

    Raises:
        InputError: another ending, or a file that cannot be read.
    """
    from datasets import Dataset

    suffix = path.suffix.lower()
    if suffix in TEXTS:
        delimiter = "\t" if suffix == ".tsv" else None
        header, rows = read_delimited(table_text(path, encoding), path.name, delimiter)
        check_names(header, path.name)
        return Dataset.from_dict(
            {name: [row[place] for row in rows] for place, name in enumerate(header)}
        )
    if suffix in LINES:
        return to_table(read_json(path, encoding))
    if suffix in PARQUET:
        return _read_parquet(path)
    if suffix in EXCEL:
        return to_table(read_excel(path))
    known = ", ".join((*TEXTS, *LINES, *PARQUET, *EXCEL))
    if suffix in FEATURES:
        raise InputError(features_advice(path))
    if suffix == ".xls":
        raise InputError(f"{path.name} is a workbook of Excel 2003; save it as .xlsx or .csv")
    raise InputError(
        f"{path.name}: raw samples are read from {known}; got a file that ends in {suffix!r}"
    )


def read_shards(
    shards: Sequence[Path], encoding: str | None, columns: Mapping[str, str]
) -> Dataset:
    """Return the rows of all shards; parts of a split in their names become a column.

    Shards without a row are left out, with a warning.

    Raises:
        InputError: shards of several kinds, or with different columns.
    """
    for path in shards:
        if _format(path) != _format(shards[0]):
            raise InputError(
                f"the shards of a table must be files of one kind, got {shards[0]} and "
                f"{path}; name one kind, such as 'folder/*{shards[0].suffix}'"
            )
    parts = parts_of(shards)
    without_bytes = [path.stat().st_size == 0 for path in shards]
    if all(without_bytes):
        raise InputError(f"all {len(shards)} shards are empty, 0 bytes: {shards[0]} and so on")
    read = [
        to_table({}) if nothing else read_file(path, encoding)
        for path, nothing in zip(shards, without_bytes, strict=True)
    ]
    if empty := [path.name for path, table in zip(shards, read, strict=True) if not len(table)]:
        logger.warning(
            "%d of %d shards have no row: %s", len(empty), len(shards), first_names(empty)
        )
    kept = [place for place, table in enumerate(read) if len(table)]
    kept = kept or [without_bytes.index(False)]
    tables = [read[place] for place in kept]
    shards = [shards[place] for place in kept]
    parts = None if parts is None else [parts[place] for place in kept]
    check_columns(shards, [table.column_names for table in tables])
    given = any(str(kind) == "split" for kind in columns.values())
    if parts and not given and not any(map(names_split, tables)):
        tables = [as_part(table, part) for table, part in zip(tables, parts, strict=True)]
    return joined(tables, shards)


def _format(path: Path) -> tuple[str, ...] | None:
    """Return the endings of files of the same format as this one, None if it is not read."""
    return next((e for e in (TEXTS, LINES, PARQUET, EXCEL) if path.suffix.lower() in e), None)


def _read_parquet(path: Path) -> Dataset:
    import pyarrow
    import pyarrow.parquet
    from datasets import Dataset

    try:
        schema = pyarrow.parquet.read_schema(path)
        check_names(schema.names, path.name)
        if "binary" in str(schema.types):  # other columns are read whole to infer their kinds
            return mapped(path)
        return Dataset(pyarrow.parquet.read_table(path, page_checksum_verification=True))
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"{path.name} is not a readable Parquet file: {error}") from None
