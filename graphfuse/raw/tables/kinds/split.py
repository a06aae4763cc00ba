"""split: the part of each sample, train, validation or test."""

from __future__ import annotations

from dataclasses import replace

from graphfuse.data.ids import SPLITS
from graphfuse.raw.columns import Column, Skipped
from graphfuse.raw.tables.kinds.values import Converted, Inferred, Values, check_single

KINDS = ("split",)


def infer(values: Values) -> Inferred | None:
    """Return "split" if every cell names a part."""
    parts = _parts(values)
    known = bool(parts) and parts <= set(SPLITS)
    if known and (values.role == "split" or "train" in {SPLITS[part] for part in parts}):
        return Inferred("split", f"values are {', '.join(sorted(parts))}")
    return None


def convert(column: Column, values: Values) -> Converted:
    """Return parts under the names of graphfuse; other values are an error when used."""
    check_single(column.kind, values)
    return Converted(
        [None if v is None else SPLITS.get(str(v).strip().lower(), v) for v in values.cells]
    )


def without_folds(values: Values, found: Inferred) -> Inferred:
    """Return the inferred kind, but "skip" for fold numbers, which are no content."""
    if values.role != "split" or found.kind not in ("number", "category"):
        return found
    shown = ", ".join(sorted(_parts(values))[:3])
    why = (
        f"called {values.name!r}, but {shown} are no parts (train, validation, test); "
        f"--column {values.name}=group keeps each together, {values.name}={found.kind} makes it "
        f"an input"
    )
    return replace(found, kind="skip", why=why, skipped=Skipped.FOLDS)


def _parts(values: Values) -> set[str]:
    return {text.lower() for text in values.texts}
