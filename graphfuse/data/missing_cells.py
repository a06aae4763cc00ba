"""Missing cells of feature arrays: marked for imputation, which is fitted on training data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphfuse.data.spec import StepSpec


def columns_with_missing_cells(values: Any) -> list[int]:
    """Return which features of a modality are NaN in some node whose other features are known.

    A sample or node whose features are all NaN does not count: it is missing as a whole.

    Args:
        values: an array [n, F] or [n, N, F], or a list of arrays [N_i, F] or None.

    Example:
        >>> columns_with_missing_cells(np.array([[1.0, np.nan], [np.nan, np.nan]]))
        [1]
    """
    found: set[int] = set()
    for array in _arrays(values):
        if array is not None and array.dtype.kind == "f" and array.ndim > 1 and array.size:
            found |= set(np.flatnonzero(_cells(array).reshape(-1, array.shape[-1]).any(0)).tolist())
    return sorted(found)


def flag_missing_cells(values: Any, columns: Sequence[int]) -> Any:
    """Return features with 0 in place of missing cells, and one more feature per given column.

    That feature is 1 where the cell was missing. The step of :func:`impute_cells` fills the zeros.

    Example:
        >>> flag_missing_cells(np.array([[1.0, np.nan], [3.0, 4.0]]), [1])
        array([[1., 0., 1.],
               [3., 4., 0.]])
    """
    if not columns:
        return values
    flagged = [None if array is None else _flag(array, columns) for array in _arrays(values)]
    return flagged if isinstance(values, (list, tuple)) else flagged[0]


def impute_cells(modality: str, features: int, columns: Sequence[int]) -> StepSpec:
    """Return the step that fills flagged cells with the median of the training part.

    Args:
        modality: whose features they are.
        features: their number, without flags.
        columns: what :func:`flag_missing_cells` was given.
    """
    layout = {
        str(column): {
            "kind": "number", "first": column, "size": 1, "flag": features + place, "node": None,
        }
        for place, column in enumerate(columns)
    }  # fmt: skip
    return StepSpec("impute", {"modality": modality, "columns": layout})


def medians(values: Any) -> np.ndarray:
    """Return the median of each feature over all nodes, 0 where it is never known.

    Example:
        >>> medians(np.array([[1.0, np.nan], [3.0, np.nan], [8.0, np.nan]]))
        array([3., 0.])
    """
    arrays = [a for a in _arrays(values) if a is not None]
    nodes = [a.reshape(-1, a.shape[-1] if a.ndim > 1 else 1) for a in arrays]
    together = np.concatenate([n.astype(np.float64) for n in nodes] or [np.zeros((0, 1))])
    if not len(together):
        return np.zeros(together.shape[1])
    known = [column[~np.isnan(column)] for column in together.T]
    return np.array([np.median(column) if len(column) else 0.0 for column in known])


def fill(values: Any, medians: np.ndarray, flagged: Sequence[int]) -> Any:
    """Return features with medians in the missing cells of those that are not flagged.

    Example:
        >>> fill(np.array([[np.nan, np.nan, 5.0]]), np.array([1.0, 2.0, 3.0]), [1])
        array([[ 1., nan,  5.]])
    """
    extra = [column for column in columns_with_missing_cells(values) if column not in flagged]
    if not extra:
        return values
    filled = []
    for array in _arrays(values):
        if array is not None and array.dtype.kind == "f":
            missing = _cells(array)
            missing[..., [c for c in range(array.shape[-1]) if c not in extra]] = False
            array = np.where(missing, medians, array)
        filled.append(array)
    return filled if isinstance(values, (list, tuple)) else filled[0]


def _flag(array: np.ndarray, columns: Sequence[int]) -> np.ndarray:
    cells = _cells(array)[..., list(columns)]
    filled = array.copy()
    part = filled[..., list(columns)]
    part[cells] = 0
    filled[..., list(columns)] = part
    whole = np.isnan(array).all(-1, keepdims=True)
    return np.concatenate([filled, np.where(whole, np.nan, cells.astype(array.dtype))], -1)


def _cells(array: np.ndarray) -> np.ndarray:
    missing: np.ndarray = np.isnan(array)
    return missing & ~missing.all(-1, keepdims=True)


def _arrays(values: Any) -> list[np.ndarray | None]:
    several = list(values) if isinstance(values, (list, tuple)) else [values]
    return [None if array is None else np.asarray(array) for array in several]
