"""The first sheet of an Excel workbook as a table."""

from __future__ import annotations

import datetime
import importlib.util
import logging
import zipfile
from pathlib import Path
from typing import Any

from graphfuse._wording import count, verb
from graphfuse.data.files import read_bytes
from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw.tables.json_rows import check_names, columns_of

logger = logging.getLogger(__name__)

MOST_BYTES = 2**31
"""Bytes that a workbook may have once unpacked."""


def read_excel(path: Path) -> dict[str, list[Any]]:
    """Return the columns of the first sheet; its first row that is not empty names them.

    Formulas count with the value that was saved. Dates become text as 2026-01-31.

    Raises:
        InputError: no workbook, or one without a row.
        MissingDependencyError: openpyxl is not installed.
    """
    if importlib.util.find_spec("openpyxl") is None:
        raise MissingDependencyError("openpyxl", "excel", f"reading {path.name}")
    import pandas as pd

    read_bytes(path)
    try:
        with zipfile.ZipFile(path) as file:
            size = sum(entry.file_size for entry in file.infolist())
        if size > MOST_BYTES:
            raise InputError(
                f"{path.name} has {size / 2**30:.1f} GiB once unpacked; save it as CSV in parts"
            )
        with pd.ExcelFile(path, engine="openpyxl") as book:
            sheets = [str(name) for name in book.sheet_names]
            frame = pd.read_excel(
                book, header=None, dtype=object, keep_default_na=False, na_values=[""]
            )
    except InputError:
        raise
    except Exception as error:  # of a damaged workbook, anything
        raise InputError(
            f"{path.name} is not a readable workbook: {type(error).__name__}: {error}; save it "
            f"as CSV"
        ) from None
    if len(sheets) > 1:
        logger.warning(
            "%s has %d sheets, of which the first, %r, is read", path.name, len(sheets), sheets[0]
        )
    rows = [[_value(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]
    places = [at for at, row in enumerate(rows) if any(cell is not None for cell in row)]
    if not places:
        raise InputError(f"{path.name} is empty: its first sheet {sheets[0]!r} has no row")
    full = [rows[at] for at in places]
    if empty := len(rows) - places[0] - len(full):
        logger.warning(
            "%s: %s in which all cells are empty %s left out",
            path.name, count(empty, "row"), verb(empty, "is", "are"),
        )  # fmt: skip
    header = ["" if name is None else str(name).strip() for name in full[0]]
    used = [place for place in range(len(header)) if any(row[place] is not None for row in full)]
    header = [header[place] or f"unnamed {place + 1}" for place in used]
    check_names(header, path.name)
    if len(full) == 1:
        return {name: [] for name in header}
    return columns_of(
        [dict(zip(header, [row[place] for place in used], strict=True)) for row in full[1:]]
    )


def _value(cell: Any) -> Any:
    """Return a cell as JSON would hold it."""
    if cell is None or cell != cell:
        return None
    if isinstance(cell, datetime.datetime):
        midnight = cell.time() == datetime.time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, datetime.date | datetime.time | datetime.timedelta):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    return cell if isinstance(cell, str | int | float) else str(cell)
