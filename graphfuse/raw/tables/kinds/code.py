"""Columns of codes, which differ in every row, such as a3f9 or 0071."""

from __future__ import annotations

from graphfuse.raw.columns import Skipped
from graphfuse.raw.tables.kinds.number import are_codes
from graphfuse.raw.tables.kinds.values import Inferred, Values


def infer(values: Values) -> Inferred | None:
    """Return "skip" for codes of one word that hardly ever repeat."""
    if values.lists is not None or values.files or values.words > 1:
        return None
    if values.different > 0.9 * len(values.texts) and are_codes(values.texts):
        why = f"{Skipped.CODE.value}; --column {values.name}=text makes it an input"
        return Inferred("skip", why, Skipped.CODE)
    return None
