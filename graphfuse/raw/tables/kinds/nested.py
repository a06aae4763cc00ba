"""Columns of nested values, which no encoder takes."""

from __future__ import annotations

from graphfuse.raw.columns import Skipped
from graphfuse.raw.tables.kinds.values import Inferred, Values


def infer(values: Values) -> Inferred | None:
    """Return "skip" for mappings, and for lists of neither texts nor numbers."""
    nested = isinstance(values.full[0], dict) or (
        values.lists is not None
        and not values.files
        and not (values.items and all(isinstance(item, str) for item in values.items))
    )
    return Inferred("skip", Skipped.NESTED.value, Skipped.NESTED) if nested else None
