"""Tables in memory: a DataFrame, an Arrow table, a list of rows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphfuse.errors import InputError
from graphfuse.raw.tables.build import to_table
from graphfuse.raw.tables.json_rows import check_names, columns_of

if TYPE_CHECKING:
    from datasets import Dataset

WAYS_IN = {
    "polars": "give table.to_pandas()",
    "dask": "give table.compute()",
    "pyspark": "give table.toPandas()",
    "modin": "give table._to_pandas()",
    "torch": "a torch Dataset goes in as a list of dicts, [{'photo': path, 'label': ...}, ...]; "
    "one of features as a TensorDataset in graphfuse.load_dataset",
    "tensorflow": "give list(data.as_numpy_iterator()), a list of dicts",
    "numpy": "features go in by graphfuse.load_dataset({modality: array, 'y': labels})",
    "scipy": "features go in by graphfuse.load_dataset({modality: array, 'y': labels})",
    "torch_geometric": "graphs go in as a list of HeteroData, by graphfuse.load_dataset",
}
"""How objects of other libraries go in, by the name of the library."""


def from_memory(source: object) -> Dataset | None:
    """Return an object as a table, None if it is of another kind.

    Raises:
        InputError: values that no column can hold.
    """
    import pyarrow
    from datasets import Dataset

    if isinstance(source, pd.DataFrame):
        return _from_frame(source)
    if isinstance(source, pyarrow.Table):
        check_names(source.column_names, "the table")
        return Dataset(source)
    if isinstance(source, list | tuple) and source and all(isinstance(r, Mapping) for r in source):
        rows = [{str(name): _value(name, v) for name, v in row.items()} for row in source]
        return to_table(columns_of(rows))
    return None


def way_in(source: object) -> str:
    """Return advice for an object of another kind, empty if there is none."""
    library = type(source).__module__.partition(".")[0]
    advice = WAYS_IN.get(library, "")
    return f"; {advice}" if advice else ""


def _from_frame(frame: pd.DataFrame) -> Dataset:
    """Return a DataFrame as a table; an index with a name is a column."""
    if frame.columns.nlevels > 1:
        raise InputError(
            "the DataFrame has columns of several levels; flatten them: "
            "frame.columns = ['_'.join(map(str, names)) for names in frame.columns]"
        )
    named = [name for name in frame.index.names if name is not None]
    if named and not set(named) & set(frame.columns):
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    check_names(names, "the DataFrame")
    columns = {}
    for place, name in enumerate(names):
        columns[name] = _uniform(name, frame.iloc[:, place].tolist())
    return to_table(columns)


def _uniform(name: str, values: Sequence[Any]) -> list[Any]:
    """Return the cells of a column in one type."""
    return columns_of([{name: _value(name, value)} for value in values]).get(name, [])


def _value(column: object, value: Any) -> Any:
    """Return a value as Arrow holds it: arrays as lists, dates as text, none as None."""
    if isinstance(value, np.ndarray):
        return _array(column, value)
    if hasattr(value, "detach") and hasattr(value, "numpy"):  # a tensor
        return _array(column, value.detach().cpu().numpy())
    if isinstance(value, list | tuple):
        return [_value(column, one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, pd.Timestamp | datetime.datetime):
        midnight = value.time() == datetime.time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, Path | datetime.date | datetime.time | datetime.timedelta):
        return str(value)
    if isinstance(value, str | int | float | bytes | dict):
        return value
    if hasattr(value, "save") and hasattr(value, "getbands"):  # a picture of Pillow
        return _png(value)
    raise InputError(
        f"column {column!r} holds a {type(value).__name__}, which no column can hold; cells are "
        f"texts, numbers, dates, paths, bytes, pictures of Pillow, and arrays or lists of numbers"
    )


def _array(column: object, value: np.ndarray) -> Any:
    if value.ndim == 3 and value.dtype == np.uint8 and value.shape[2] in (1, 3, 4):
        from PIL import Image

        return _png(Image.fromarray(value.squeeze(2) if value.shape[2] == 1 else value))
    if value.ndim > 2:
        raise InputError(
            f"column {column!r} holds arrays of shape {list(value.shape)}; a cell holds a time "
            f"series [T] or [T, C], or a picture [H, W, 3] of dtype uint8"
        )
    return _value(column, value.item()) if value.ndim == 0 else value.tolist()


def _png(picture: Any) -> bytes:
    import io

    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
