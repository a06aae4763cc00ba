"""Read a pickle of numpy arrays and plain containers, and refuse every other.

A pickle is a program that may name and call any function. Here no name is looked up: the few that
arrays and containers need are mapped to stand-ins that build nothing else, whatever they are
called with, and whose attributes a pickle cannot set. numpy's own functions are not among them,
as a forged dtype makes these read and write memory that is not theirs.
"""

from __future__ import annotations

import math
import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from graphfuse.data.convert._measure_pickle import check_work
from graphfuse.errors import InputError

DTYPE = re.compile(r"b1|[iu][1248]|f[248]|c(8|16)|[SU][1-9]\d{0,8}|O8?")
"""Numbers, text of a fixed length, and objects, which are a list of what the pickle holds."""
UNREADABLE = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, ImportError, LookupError,
    OSError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What the machinery of pickles raises on damaged ones, or on other files."""
PYTHON_2 = "latin1"
"""How the bytes that Python 2 calls text are read, arrays among them; the usual convention."""
INSTEAD = {
    "pandas": "read the file with pandas, and save df.to_numpy() in its place",
    "torch": "save HeteroData with torch.save, and other tensors as tensor.numpy()",
}
"""What to do about objects of other packages."""


class _Name:
    """What stands for an admitted name: it can be called, and nothing else."""

    __slots__ = ("_build",)

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build

    def __call__(self, *given: Any) -> Any:
        return self._build(*given)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it changes an object that it did not create")


class _DType:
    """A dtype by name and byte order, made real only once it is known to be plain."""

    __slots__ = ("_name", "_order")

    def __init__(self, name: Any, *flags: Any) -> None:
        name = name.decode(PYTHON_2) if isinstance(name, bytes) else name
        if not isinstance(name, str) or not DTYPE.fullmatch(name):
            raise InputError(
                f"the pickle holds an array of dtype {name!r}, but only numbers, booleans and "
                f"fixed-length text are read; save its fields as arrays of their own"
            )
        self._name, self._order = name, "="

    def __setstate__(self, state: Any) -> None:
        _, order, *parts = state
        if any(part is not None for part in parts[:3]):
            raise InputError(
                "the pickle holds a structured array, but only arrays of numbers or text are read; "
                "save its fields as arrays of their own"
            )
        self._order = {"<": "<", ">": ">"}.get(order, "=")

    def real(self) -> np.dtype[Any]:
        return np.dtype(self._name).newbyteorder(self._order)  # type: ignore[arg-type]


class _Array(np.ndarray):
    """An array that takes no state but one that fits its memory."""

    def __setstate__(self, state: Any) -> None:
        shape, dtype, fortran, data = state[-4:]
        real = _real(dtype)
        if real.hasobject:
            shape, count = _shape(shape)
            if type(data) is not list or len(data) != count:
                raise pickle.UnpicklingError(f"an array of shape {shape} with other content")
        else:
            data = _bytes_of(data)
            shape = _fitting(shape, real, data)
        super().__setstate__((1, shape, real, bool(fortran), data))  # type: ignore[arg-type]


def _reconstruct(*_: Any) -> np.ndarray:
    return np.ndarray.__new__(_Array, (0,), np.int8)


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any = "C") -> np.ndarray:
    real, data = _real(dtype), _bytes_of(data)
    shape = _fitting(shape, real, data)
    return np.frombuffer(data, real).reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: Any, data: Any = b"") -> Any:
    real, data = _real(dtype), _bytes_of(data)
    _fitting((1,), real, data)
    return np.frombuffer(data, real)[0]


def _real(dtype: Any) -> np.dtype[Any]:
    if not isinstance(dtype, _DType):
        raise pickle.UnpicklingError("an array without a dtype")
    return dtype.real()


def _shape(given: Any) -> tuple[tuple[int, ...], int]:
    if type(given) is not tuple or not all(type(n) is int and n >= 0 for n in given):
        raise pickle.UnpicklingError("an array with an invalid shape")
    shape: tuple[int, ...] = given
    return shape, math.prod(shape)


def _fitting(shape: Any, dtype: np.dtype[Any], data: bytes | bytearray) -> tuple[int, ...]:
    wanted, count = _shape(shape)
    if dtype.hasobject or count * dtype.itemsize != len(data):
        raise pickle.UnpicklingError(f"an array of shape {shape} with {len(data)} bytes")
    if dtype.kind == "U" and (np.frombuffer(data, f"{dtype.byteorder}u4") > sys.maxunicode).any():
        raise pickle.UnpicklingError("text with invalid characters")
    return wanted


def _bytes_of(data: Any) -> bytes | bytearray:
    if isinstance(data, str):
        return data.encode(PYTHON_2)
    if not isinstance(data, (bytes, bytearray)):
        raise pickle.UnpicklingError("an array without bytes")
    return data


def _encode(text: str, encoding: str = PYTHON_2) -> bytes:
    """Return what Python 3 writes as text, so that Python 2 can read it."""
    return str.encode(text, PYTHON_2)


def _default_dict(*_: Any) -> dict[Any, Any]:
    return {}


def _never(*_: Any) -> Any:
    raise pickle.UnpicklingError("it calls an object that may only be referred to")


def _admitted() -> dict[tuple[str, str], _Name]:
    """Return stand-ins by module and name; of Python 2 and 3, of numpy 1 and 2."""
    names = {("_codecs", "encode"): _Name(_encode)}
    for builtins in ("builtins", "__builtin__"):
        names |= {(builtins, "set"): _Name(set), (builtins, "frozenset"): _Name(frozenset)}
        names[builtins, "bytes"] = _Name(lambda: b"")
        for factory in ("bool", "dict", "float", "int", "list", "str", "tuple"):
            names[builtins, factory] = _Name(_never)
    names["collections", "OrderedDict"] = _Name(dict)
    names["collections", "defaultdict"] = _Name(_default_dict)
    for numpy in ("numpy.core", "numpy._core"):
        names[f"{numpy}.multiarray", "_reconstruct"] = _Name(_reconstruct)
        names[f"{numpy}.multiarray", "scalar"] = _Name(_scalar)
        names[f"{numpy}.numeric", "_frombuffer"] = _Name(_from_buffer)
    names["numpy", "ndarray"] = _Name(_never)
    names["numpy", "dtype"] = _Name(_DType)
    return names


ADMITTED = _admitted()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in ADMITTED:
            return ADMITTED[module, name]
        instead = INSTEAD.get(
            module.split(".")[0],
            "if you trust whoever wrote it, load it yourself and hand its arrays to "
            "FusionDataset.from_arrays",
        )
        raise InputError(
            f"the pickle names {module}.{name} and is not read: a pickle can run any code, so "
            f"only numpy arrays, numbers, text, lists, tuples, dicts and sets "
            f"are read; {instead}"
        )

    def persistent_load(self, identity: Any) -> Any:
        raise InputError(
            "the pickle refers to objects stored outside it, which are not loaded; if it was "
            "written by torch.save, save it again with a version of torch from 1.6 on"
        )


def unpickle(path: Path) -> Any:
    """Return what a pickle of any protocol holds, if numpy arrays and plain containers are all.

    Dicts of any kind become plain dicts. All of it is read into memory: about the size of the
    file, or twice as much for a moment with arrays written for Python 2 (protocol 2 and below).

    Raises:
        InputError: it holds anything else, is damaged or no pickle, or memory does not suffice.
    """
    try:
        with path.open("rb") as file:
            check_work(file, path.stat().st_size)
            file.seek(0)
            return _Unpickler(file, encoding=PYTHON_2).load()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except MemoryError:
        raise InputError(
            f"{path} does not fit into memory, {path.stat().st_size / 1e9:.1f} GB, or is damaged; "
            f"convert it on a machine with about twice as much"
        ) from None
    except UNREADABLE as error:
        raise InputError(
            f"{path} is not a readable pickle ({type(error).__name__}: {error}); it may be "
            f"damaged, truncated or in another format"
        ) from None
