"""Which code a run's result depends on."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
import types
import uuid
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

import numpy as np
import torch

from graphfuse.bench.imports import closure, digest_of, source_of
from graphfuse.bench.registered import entries_of

RUNNER = "graphfuse.bench.run"
"""The module that computes a run."""
PASSED_OVER = (
    "__abstractmethods__", "__annotations__", "__dict__", "__doc__", "__firstlineno__",
    "__module__", "__qualname__", "__static_attributes__", "__weakref__", "_abc_impl", "info",
)  # fmt: skip
"""Attributes of a class that change no result: what Python adds, and a strategy's description."""


def code_digest(
    strategy: str,
    options: Mapping[str, Any] | None = None,
    balance: str | None = None,
    steps: Iterable[Any] | None = None,
) -> str:
    """Return a SHA-256 of the code that computes a strategy's result.

    That is everything that the runner, the classes of the strategy, the relations, networks, steps
    and balance method named for it, and the user's metrics import, the user's own modules included;
    for classes and functions typed at a prompt, their code, attributes, defaults and closures; and
    the version of torch. What cannot be identified by its content gets a new digest each time, so
    that runs are computed again rather than reused.

    Args:
        strategy: its name.
        options: its options; entries of ``relations`` and ``encoders`` are looked up.
        balance: the recipe's method.
        steps: the steps of the dataset.

    Example:
        >>> code_digest("concat") == code_digest("concat") != code_digest("mean_prob")
        True
    """
    digest = hashlib.sha256(f"{metadata.version('torch')} {_runner()}".encode())
    for used in entries_of(strategy, options, balance, steps):
        for code in used.code:
            digest.update(_digest(code).encode())
    return digest.hexdigest()


@functools.lru_cache(maxsize=1)
def _runner() -> str:
    return digest_of(closure([RUNNER]).values())


def _digest(thing: Any) -> str:
    """Return the digest of a class or function, with all that it is derived from."""
    digest = hashlib.sha256()
    for own in inspect.getmro(thing) if inspect.isclass(thing) else (thing,):
        module = getattr(own, "__module__", "")
        digest.update((_of_module(module) or _content(own, set())).encode())
    return digest.hexdigest()


def _of_module(module: str) -> str:
    """Return what stands for a module: its sources, or its name; empty if typed at a prompt."""
    if source_of(module) is not None:
        return digest_of(closure([module]).values())
    return module if _is_library(module) else ""


def _is_library(module: str) -> bool:
    """Whether a module is installed or of Python, rather than typed at a prompt."""
    loaded = sys.modules.get(module)
    return module != "__main__" and getattr(loaded, "__spec__", None) is not None


def _content(value: Any, seen: set[int]) -> str:
    """Return text that is the same only for what computes the same."""
    if id(value) in seen:
        return "seen"
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return repr(value)
    seen = seen | {id(value)}
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({','.join(_content(v, seen) for v in value)})"
    if isinstance(value, (set, frozenset)):
        return f"set({sorted(_content(v, seen) for v in value)})"
    if isinstance(value, Mapping):
        pairs = (f"{_content(k, seen)}:{_content(v, seen)}" for k, v in value.items())
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, torch.Tensor):
        return _content(value.detach().cpu().numpy(), seen)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"{value.dtype}{value.shape}{hashlib.sha256(value.tobytes()).hexdigest()}"
    return _of_code(value, seen)


def _of_code(value: Any, seen: set[int]) -> str:
    """Return text for functions, classes, modules and what wraps them."""
    if isinstance(value, (staticmethod, classmethod)):
        return f"{type(value).__name__} {_content(value.__func__, seen)}"
    if isinstance(value, property):
        return " ".join(_content(f, seen) for f in (value.fget, value.fset, value.fdel))
    if isinstance(value, functools.partial):
        return _content((value.func, value.args, value.keywords), seen)
    if inspect.isfunction(value):
        return _of_function(value, seen)
    if isinstance(value, types.ModuleType):
        return _of_module(value.__name__) or value.__name__
    if inspect.isclass(value):
        if known := _of_module(value.__module__):
            return f"{known} {value.__qualname__}"
        names = sorted(set(vars(value)) - set(PASSED_OVER))
        parts = [f"{name}={_content(vars(value)[name], seen)}" for name in names]
        bases = [_content(base, seen) for base in value.__bases__]
        return f"class {value.__qualname__} {bases} {parts}"
    if inspect.isbuiltin(value) or isinstance(value, (types.MethodDescriptorType, torch.dtype)):
        return repr(value) if isinstance(value, torch.dtype) else value.__qualname__
    return f"{type(value).__qualname__} {uuid.uuid4().hex}"  # unsure: computed again


def _of_function(function: types.FunctionType, seen: set[int]) -> str:
    """Return the code of a function, its defaults, its closure and the globals that it names."""
    if known := _of_module(function.__module__ or ""):
        return f"{known} {function.__qualname__}"
    cells = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    used = {
        name: function.__globals__[name]
        for name in _names(function.__code__)
        if name in function.__globals__
    }
    held = _content([function.__defaults__, function.__kwdefaults__ or {}, cells], seen)
    return f"{_of_bytecode(function.__code__)} {held} {_content(used, seen)}"


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _names(code: types.CodeType) -> list[str]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return sorted({*code.co_names, *(name for c in inner for name in _names(c))})


def _of_bytecode(code: types.CodeType) -> str:
    constants = [
        _of_bytecode(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts
    ]
    return f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {constants}"
