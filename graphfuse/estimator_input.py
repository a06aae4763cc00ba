"""What scikit-learn estimators take as X, as arrays by modality or as a dataset."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from pandas.api.types import is_numeric_dtype
from torch.utils.data import TensorDataset

from graphfuse.data import FusionDataset
from graphfuse.data.in_memory import from_memory, is_in_memory
from graphfuse.errors import InputError

Columns = slice | Sequence[int] | Sequence[str] | Sequence[bool]
Features = Mapping[str, Any]
"""Arrays by modality."""


def read_structured(x: Any) -> Features | FusionDataset | None:
    """Return arrays by modality, or a dataset, from X; None if X is a matrix.

    Example:
        >>> read_structured(np.eye(2)) is None, list(read_structured({"image": np.eye(2)}))
        (True, ['image'])
    """
    if isinstance(x, FusionDataset):
        return x
    if scipy.sparse.issparse(x):  # of which some are mappings
        return None
    if isinstance(x, pd.DataFrame):
        return _read_frame(x)
    if isinstance(x, TensorDataset):
        return {f"x{number}": tensor for number, tensor in enumerate(x.tensors)}
    if isinstance(x, Mapping):
        return {str(name): values for name, values in x.items()}
    if isinstance(x, (list, tuple)) and is_in_memory(x):  # samples or graphs
        return from_memory(x)
    return None


def dense_matrix(x: Any) -> Any:
    """Return a sparse matrix as an array, a masked one with NaN, anything else as it is."""
    if isinstance(x, np.ma.MaskedArray):
        return np.ma.filled(x.astype(np.float64), np.nan) if np.ma.is_masked(x) else x.data
    return x.toarray() if scipy.sparse.issparse(x) else x


def check_complete(what: str, values: Any, advice: str) -> None:
    """Raise an error at missing values, which numpy would turn into text or lose the mask of.

    Example:
        >>> check_complete("y", ["cat", None], "leave it out")
        Traceback (most recent call last):
        ...
        graphfuse.errors.InputError: y must have a value for each sample, but the value of sample
        1 is missing; leave it out
    """
    if isinstance(values, np.ma.MaskedArray):
        missing = np.ma.getmaskarray(values)
    elif isinstance(values, (list, tuple)) and all(np.ndim(value) == 0 for value in values):
        # As objects: text beside NaN would become the text "nan".
        missing = pd.isna(np.asarray(values, dtype=object))
    elif isinstance(values, (pd.Series, pd.DataFrame)):
        missing = values.isna().to_numpy()
    elif isinstance(values, np.ndarray):
        missing = values == "nan" if values.dtype.kind == "U" else pd.isna(values)
    else:
        return  # of another type, which is checked elsewhere
    if missing.any():
        first = int(np.argwhere(missing)[0][0])
        raise InputError(
            f"{what} must have a value for each sample, but the value of sample {first} is "
            f"missing; {advice}"
        )


def column_numbers(modality: str, columns: Columns, names: list[str], total: int) -> list[int]:
    """Return the numbers of the columns of X that a modality takes.

    Args:
        modality: its name, for error messages.
        columns: a slice, numbers, names, or one true or false per column.
        names: names of the columns of X, if it has any.
        total: number of columns of X.

    Raises:
        InputError: columns that X does not have, or none.

    Example:
        >>> column_numbers("image", slice(0, 2), [], 4), column_numbers("age", ["b"], ["a", "b"], 2)
        ([0, 1], [1])
    """
    numbers = _numbers(modality, columns, names, total)
    if not numbers or min(numbers) < 0 or max(numbers) >= total:
        raise InputError(
            f"modality {modality!r} takes columns {columns} of X, which has {total}; "
            f"name at least one column in [0, {total})"
        )
    return numbers


def _numbers(modality: str, columns: Columns, names: list[str], total: int) -> list[int]:
    if isinstance(columns, slice):
        ends = (columns.start, columns.stop, columns.step)
        if all(end is None or isinstance(end, Integral) for end in ends):
            return list(range(*columns.indices(total)))
    elif not isinstance(columns, str) and isinstance(columns, Iterable):
        listed = list(columns)
        if len(listed) == total and all(isinstance(c, bool | np.bool_) for c in listed):
            return [number for number, taken in enumerate(listed) if taken]
        unknown = [c for c in listed if isinstance(c, str) and c not in names]
        if unknown:
            raise InputError(f"modality {modality!r}: X has no columns {unknown}")
        if all(isinstance(c, str | Integral) and not isinstance(c, bool) for c in listed):
            return [names.index(c) if isinstance(c, str) else operator.index(c) for c in listed]  # type: ignore[arg-type]
    raise InputError(
        f"modality {modality!r} takes a slice of column numbers, a list of column numbers or "
        f"names, or one true or false for each column; got {columns!r}"
    )


def _read_frame(frame: pd.DataFrame) -> Features | None:
    """Return a table whose cells hold arrays, by column; its numbers are one modality, "table"."""
    held = {str(name): frame[name].tolist() for name in frame if not is_numeric_dtype(frame[name])}
    text = [name for name, cells in held.items() if any(isinstance(c, str) for c in cells)]
    if text:
        raise InputError(
            f"columns {text} of X hold text; encode them first with "
            f"graphfuse.load_dataset(frame, target=...), and give the dataset that it returns as X"
        )
    arrays = {n: cells for n, cells in held.items() if any(np.ndim(cell) for cell in cells)}
    if not arrays:
        return None
    features: dict[str, Any] = {
        name: [None if np.ndim(cell) == 0 else np.atleast_2d(np.asarray(cell)) for cell in cells]
        for name, cells in arrays.items()
    }
    numbers = frame[[name for name in frame if str(name) not in arrays]]
    return features | ({"table": numbers.to_numpy(np.float64)} if numbers.shape[1] else {})
