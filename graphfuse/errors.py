"""Every exception that graphfuse raises on bad input.

All of them derive from :class:`FusionError` and from the built-in exception that fits, so that
``except ValueError`` keeps working. A message says what was given, what was expected and what
to do.
"""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Iterable

from graphfuse._synonyms import meant_by


class FusionError(Exception):
    """Base of all graphfuse errors."""


class InputError(FusionError, ValueError):
    """A value, shape or combination of arguments that graphfuse cannot work with."""


class SchemaError(InputError):
    """Data that does not fit the schema it was given with."""


class NotFittedError(FusionError, RuntimeError):
    """An object was used before it was fitted on training data."""


class UnknownNameError(FusionError, KeyError, ValueError):
    """A name that no registry, schema or configuration knows.

    Example:
        >>> print(UnknownNameError("strategy", "graph:hgtt", ["concat", "graph:hgt"]))
        unknown strategy 'graph:hgtt'; did you mean 'graph:hgt'? Known: concat, graph:hgt
        >>> print(UnknownNameError("strategy", "late", ["concat", "mean_prob", "stacking"]))
        unknown strategy 'late'; did you mean 'mean_prob' or 'stacking'? Known: concat, ...

    Names under which other libraries and papers know the same thing lead to the name here.
    """

    def __init__(self, kind: str, given: object, choices: Iterable[str]) -> None:
        super().__init__(kind, given, tuple(choices))
        self.kind, self.given, self.choices = kind, given, sorted(set(choices))

    def __str__(self) -> str:
        listed = ", ".join(self.choices) or "none"
        return f"unknown {self.kind} {self.given!r}{self._hint} Known: {listed}"

    @property
    def _hint(self) -> str:
        found = meant_by(self.given, self.choices) or difflib.get_close_matches(
            str(self.given), self.choices, n=1, cutoff=0.5
        )
        if not found:
            return ";"
        *first, last = map(repr, found)
        return f"; did you mean {', '.join(first)}{' or ' if first else ''}{last}?"

    def __reduce__(self) -> tuple[type, tuple[str, object, tuple[str, ...]]]:
        return type(self), (self.kind, self.given, tuple(self.choices))


class MissingDependencyError(FusionError, ImportError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed; "
            f"install it with: pip install 'graphfuse[{extra}]'"
        )


class EmptySampleWarning(UserWarning):
    """Samples without a single node, whose prediction can only be a constant."""


class PluginWarning(UserWarning):
    """An entry point of an installed package that cannot be loaded."""


def check_integer(what: str, value: object, least: int) -> None:
    """Raise an error unless ``value`` is an integer of at least ``least``.

    Example:
        >>> check_integer("folds", "two", 2)
        Traceback (most recent call last):
        ...
        graphfuse.errors.InputError: folds must be an integer of at least 2, got 'two'
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least:  # type: ignore[operator]
        raise InputError(f"{what} must be an integer of at least {least}, got {value!r}")


def check_heads(what: str, channels: int, heads: int) -> None:
    """Raise an error unless heads of equal size make up the channels."""
    if not isinstance(heads, numbers.Integral) or heads < 1 or channels % heads:
        raise InputError(
            f"{what} must be a multiple of heads, got {what}={channels}, heads={heads}"
        )
