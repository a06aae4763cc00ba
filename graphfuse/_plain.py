"""Dataclasses to plain data for JSON and back, with every type checked on the way back."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from collections.abc import Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from graphfuse.errors import InputError

T = TypeVar("T")

LARGEST = 2**63
"""Whole numbers of stored results are smaller than this."""


def absent(default: Any) -> dict[str, Any]:
    """Return the metadata of a field that results of earlier versions may lack."""
    return {"absent": default}


def to_plain(value: Any) -> Any:
    """Return dataclasses as dicts and tuples as lists, as JSON has them.

    Example:
        >>> @dataclasses.dataclass
        ... class Point:
        ...     at: tuple[float, float]
        >>> to_plain({"a": Point((1.0, 2.0))})
        {'a': {'at': [1.0, 2.0]}}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: to_plain(own) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(own) for own in value]
    return value


def from_plain(made: type[T], value: Any, where: str) -> T:
    """Return an instance of a dataclass made from plain data; unknown keys are passed over.

    Args:
        made: a dataclass whose fields are text, numbers, truth values, tuples, mappings by text,
            dataclasses, any of these or None, or Any.
        value: the plain data.
        where: the file that holds the data, for the error.

    Raises:
        InputError: a key is missing or a value has another type.

    Example:
        >>> @dataclasses.dataclass
        ... class Point:
        ...     at: tuple[float, float]
        >>> from_plain(Point, {"at": [1.0, "2"]}, "points.json")
        Traceback (most recent call last):
        ...
        graphfuse.errors.InputError: points.json: at[1] should be a finite number, got '2'
    """
    found: T = _dataclass(made, value, where, "")
    return found


def _dataclass(made: Any, value: Any, where: str, at: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(where, at, "an object", value)
    types_ = _hints(made)
    given = {}
    for field in dataclasses.fields(made):
        name = f"{at}.{field.name}" if at else field.name
        if field.name in value:
            given[field.name] = _read(types_[field.name], value[field.name], where, name)
        elif "absent" in field.metadata:
            given[field.name] = field.metadata["absent"]
        elif field.default is dataclasses.MISSING is field.default_factory:
            raise InputError(f"{where}: {name} is missing")
    return made(**given)


@functools.cache
def _hints(made: type) -> dict[str, Any]:
    return get_type_hints(made)


def _read(kind: Any, value: Any, where: str, at: str) -> Any:
    if kind is Any:
        return value
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        rest = [part for part in parts if part is not type(None)]
        return None if value is None else _read(rest[0], value, where, at)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, where, at)
    if origin is tuple:
        return _tuple(parts, value, where, at)
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise _wrong(where, at, "an object", value)
        return {name: _read(parts[1], own, where, f"{at}.{name}") for name, own in value.items()}
    expected, fits = SCALARS[kind]
    if not fits(value):
        raise _wrong(where, at, expected, value)
    return value


def _tuple(parts: tuple[Any, ...], value: Any, where: str, at: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise _wrong(where, at, "a list", value)
    if parts[-1] is Ellipsis:
        parts = parts[:1] * len(value)
    elif len(parts) != len(value):
        raise _wrong(where, at, f"a list of {len(parts)} values", value)
    return tuple(
        _read(part, own, where, f"{at}[{i}]")
        for i, (part, own) in enumerate(zip(parts, value, strict=True))
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


SCALARS: Mapping[Any, tuple[str, Any]] = {
    str: ("text", lambda value: isinstance(value, str)),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("an integer", _is_whole),
    float: ("a finite number", _is_number),
}


def _wrong(where: str, at: str, expected: str, value: Any) -> InputError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}..."
    return InputError(f"{where}: {at or 'the content'} should be {expected}, got {shown}")
