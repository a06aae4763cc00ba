"""Convert arrays of numbers in any form to tensors without loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.errors import InputError

MOST_BYTES = 2**33
"""Bytes that a sparse matrix may take once it is dense."""
LOST = 1e-3
"""Rounding error of a feature, in standard deviations, from which single precision is refused."""
WIDE = (torch.float64, torch.int32, torch.int64)
"""Types with values that single precision rounds."""
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What numpy, pandas and torch raise on objects that are no arrays of numbers."""


def to_tensor(given: Any, what: str) -> Tensor:
    """Return an array of numbers as a dense tensor in its own precision, detached, on the CPU.

    Takes tensors, numpy arrays, nested lists, DataFrames and Series of numbers, and sparse
    matrices of scipy and torch. Missing cells (None, ``pandas.NA``, masked ones) become NaN.

    Args:
        given: the array.
        what: names it in errors, such as "modality 'a'".

    Raises:
        InputError: it does not hold real numbers, or is too large to be made dense.

    Example:
        >>> to_tensor(np.ma.array([1.0, 2.0], mask=[False, True]), "modality 'a'")
        tensor([1., nan], dtype=torch.float64)
    """
    if isinstance(given, Tensor):
        return _of_tensor(given, what)
    if given is None or isinstance(given, (str, bytes, dict, set, frozenset)):
        raise InputError(f"{what} must be an array of numbers, got {_kind(given)}")
    try:
        return _of_array(given, what)
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{what} does not fit into memory") from None
    except UNREADABLE as error:
        raise InputError(
            f"{what} is not numeric: it must be an array of numbers, got {_kind(given)} "
            f"({type(error).__name__}: {error})"
        ) from None


def rows_of(given: Any, what: str) -> list[Any] | None:
    """Return one array or None per sample, or None where ``given`` is a single array."""
    import pandas as pd

    if isinstance(given, pd.Series) and given.dtype == object:
        given = given.to_numpy()
    if isinstance(given, np.ndarray) and given.dtype == object and given.ndim == 1:
        given = [None if isinstance(row, float) and np.isnan(row) else row for row in given]
    if not isinstance(given, (list, tuple)):
        return None
    if not given:
        raise InputError(f"{what} has one array per sample, got an empty list")
    present = [row for row in given if row is not None]
    dims = {_dims(row) for row in present}
    if not present:
        raise InputError(f"{what} is missing in every sample; leave it out")
    matrix = dims == {1} and len(present) == len(given) and len({len(row) for row in given}) == 1
    return None if matrix or dims == {0} else list(given)


def _dims(row: Any) -> int:
    if isinstance(row, (list, tuple)):
        return 1 + (_dims(row[0]) if row else 0)
    dims = getattr(row, "ndim", 0)
    return dims if isinstance(dims, int) else 0


def check_tensor(given: object, what: str) -> Tensor:
    """Return ``given`` if it is a tensor of real numbers whose values can be read.

    Raises:
        InputError: it is not.
    """
    if not isinstance(given, Tensor):
        raise InputError(f"{what} must be a tensor, got {_kind(given)}")
    if given.is_complex():
        raise InputError(
            f"{what} holds complex numbers ({given.dtype}); give real and imaginary parts as two "
            f"features"
        )
    if given.is_meta or given.layout != torch.strided or given.is_nested or given.is_quantized:
        state = "on the device 'meta', without values" if given.is_meta else "nested or quantized"
        state = f"sparse ({given.layout})" if given.layout != torch.strided else state
        raise InputError(f"{what} must be a dense tensor with values; got one that is {state}")
    return given


def cast(values: Tensor, dtype: torch.dtype | None, what: str) -> Tensor:
    """Return values [rows, ...] in another precision.

    ``None`` stands for single precision, or for double where the rounding to single precision
    would make distinct values of a feature equal and exceed a thousandth of its deviation.

    Raises:
        InputError: values that the precision cannot hold.

    Example:
        >>> cast(torch.tensor([0.5, 1.5], dtype=torch.float64), None, "modality 'a'")
        tensor([0.5000, 1.5000])
        >>> cast(torch.tensor([1.6e9, 1.6e9 + 1], dtype=torch.float64), None, "modality 'a'").dtype
        torch.float64
    """
    if values.dtype == dtype:
        return values
    if dtype is not None and not dtype.is_floating_point:
        return _as_whole(values, dtype, what)
    rounded = values.to(torch.float32 if dtype is None else dtype)
    over = rounded.isinf() & ~values.isinf()
    if bool(over.any()):
        precision = "single precision" if rounded.dtype == torch.float32 else str(dtype)
        raise InputError(
            f"{what}: {values[over][0].item():g} overflows {precision}, which ends at "
            f"{torch.finfo(rounded.dtype).max:.2g}; rescale it, or give dtype=torch.float64"
        )
    if dtype is None and values.dtype in WIDE and len(values) and _loses(values, rounded):
        return values.double()
    return rounded


def _native(values: np.ndarray) -> np.ndarray:
    """Copy what torch does not take: reversed axes, foreign byte order, read-only memory."""
    if values.dtype.isnative and values.flags.writeable and min(values.strides, default=0) >= 0:
        return values
    return values.astype(values.dtype.newbyteorder("="), order="C")


def _of_tensor(given: Tensor, what: str) -> Tensor:
    if given.layout != torch.strided and not given.is_meta:
        _check_size(tuple(given.shape), given.element_size(), what)
        given = given.detach().to_dense()
    tensor = check_tensor(given, what).detach().cpu()
    return tensor.to(torch.int64) if tensor.dtype in (torch.uint16, torch.uint32) else tensor


def _of_array(given: Any, what: str) -> Tensor:
    import pandas as pd
    from scipy import sparse

    if sparse.issparse(given):
        _check_size(given.shape, given.dtype.itemsize, what)
        given = given.toarray()
    if isinstance(given, np.ma.MaskedArray):
        some = np.ma.getmaskarray(given).any()
        given = np.ma.filled(given.astype(np.float64), np.nan) if some else given.data
    if isinstance(given, (pd.DataFrame, pd.Series, pd.Index)):
        array = _of_frame(pd.DataFrame(given), what).reshape(given.shape)
    else:
        array = np.asarray(given)
    if array.dtype.kind == "O":
        flat = [math.nan if pd.isna(cell) else _real(cell) for cell in array.reshape(-1)]
        array = np.array(flat, dtype=np.float64).reshape(array.shape)
    if array.dtype.kind == "c":
        raise InputError(
            f"{what} holds complex numbers ({array.dtype}); give real and imaginary parts as two "
            f"features"
        )
    if array.dtype.kind in "Mm":
        raise InputError(
            f"{what} holds dates or durations ({array.dtype}); give them as numbers, such as "
            f"seconds since the first one"
        )
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"{what} is not numeric: it must be an array of numbers, got "
            f"{'text' if array.dtype.kind in 'SU' else array.dtype}"
        )
    if array.dtype.kind == "u" and array.dtype.itemsize > 1:
        array = array.astype(np.float64 if array.dtype.itemsize == 8 else np.int64)
    if array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    return torch.from_numpy(_native(array))


def _of_frame(frame: Any, what: str) -> np.ndarray:
    import pandas as pd

    columns = [frame.iloc[:, k] for k in range(frame.shape[1])]
    strange = [
        str(column.name)
        for column in columns
        if not pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != object
    ]
    if strange:
        raise InputError(
            f"{what}: columns {strange[:5]} hold no numbers; leave them out, or encode the whole "
            f"table with graphfuse.load_dataset"
        )
    if any(column.dtype == object for column in columns):
        return np.asarray(frame, dtype=object)
    if all(isinstance(column.dtype, np.dtype) for column in columns):
        return np.asarray(frame)
    return np.asarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))


def _real(cell: Any) -> float:
    if isinstance(cell, (str, bytes, complex, np.complexfloating)):
        raise TypeError(f"a cell is {cell!r}")
    return float(cell)


def _check_size(shape: tuple[int, ...], itemsize: int, what: str) -> None:
    size = math.prod(shape) * itemsize
    if size > MOST_BYTES:
        raise InputError(
            f"{what} is a sparse matrix of shape {list(shape)}, which takes {size / 2**30:.1f} GiB "
            f"as dense numbers, more than {MOST_BYTES / 2**30:g}; reduce its columns first, for "
            f"example with sklearn.decomposition.TruncatedSVD fitted on your training part"
        )


def _as_whole(values: Tensor, dtype: torch.dtype, what: str) -> Tensor:
    """Return values as integers, all of them unchanged."""
    low, high = (0, 1) if dtype == torch.bool else (torch.iinfo(dtype).min, torch.iinfo(dtype).max)
    wide = values if values.is_floating_point() else values.long()
    fits = (wide >= low) & (wide <= high)
    if values.is_floating_point():
        fits &= values == values.floor()  # NaN fits nowhere
        fits &= values.abs() < 2.0**63
    if not bool(fits.all()):
        raise InputError(
            f"{what}: {values[~fits][0].item():g} does not fit into {dtype}, which holds whole "
            f"numbers from {low} to {high}; clean the values, or choose another dtype"
        )
    return values.to(dtype)


def _loses(values: Tensor, rounded: Tensor) -> bool:
    """Return whether rounding makes distinct values of a feature [rows, ...] equal."""
    exact = values.double().flatten(1) if values.dim() > 1 else values.double().unsqueeze(1)
    rounded = rounded.double().view_as(exact)
    error = (exact - rounded).abs().nan_to_num(0).amax(0)
    centred = exact - exact.nanmean(0)
    spread = centred.square().nanmean(0).sqrt().nan_to_num(0)
    for k in (error > LOST * spread).nonzero()[:, 0].tolist():
        known = ~exact[:, k].isnan()
        before, after = (np.unique(values[known, k].numpy()) for values in (exact, rounded))
        if len(after) < len(before):
            return True
    return False


def _kind(given: object) -> str:
    return "None" if given is None else repr(type(given).__name__)
