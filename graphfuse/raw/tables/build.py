"""Build tables from columns of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphfuse.errors import InputError

if TYPE_CHECKING:
    from datasets import Dataset


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
                    f"column {name!r} holds values that a table cannot hold: {error}; give all its "
                    f"rows values of one type: texts, numbers up to 64 bits, or lists of one depth"
                ) from None
        raise


def with_columns(table: Dataset, columns: Mapping[str, list[Any]]) -> Dataset:
    """Return the table with other cells in the given columns, which it need not have."""
    from datasets import concatenate_datasets

    rest = [name for name in table.column_names if name not in columns]
    if not columns:
        return table
    added = to_table(columns)
    return concatenate_datasets([table.select_columns(rest), added], axis=1) if rest else added


def as_part(table: Dataset, part: str) -> Dataset:
    """Return the table with the column ``split``."""
    if "split" in table.column_names:
        table = table.rename_column("split", "split (own)")
    return with_columns(table, {"split": [part] * len(table)})
