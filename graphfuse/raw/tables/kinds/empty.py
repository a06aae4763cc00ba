"""Columns without values or without a name."""

from __future__ import annotations

from graphfuse.raw.columns import Skipped
from graphfuse.raw.tables.kinds.values import Inferred, Values


def infer(values: Values) -> Inferred | None:
    """Return "skip" for a column without values or without a name."""
    if not values.full:
        return Inferred("skip", Skipped.EMPTY.value, Skipped.EMPTY)
    if not values.name.strip() or values.name.lower().startswith(("unnamed", "__index_level")):
        return Inferred("skip", "a column without a name", Skipped.UNNAMED)
    return None
