"""Drop cells that cannot be read: damaged files, wrong paths, texts in another encoding."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from graphfuse._progress import progress_bar, without_datasets_bars
from graphfuse.errors import InputError
from graphfuse.raw.cleaning.cleaner import Cleaner, cleaner, samples
from graphfuse.raw.columns import TABULAR, Column
from graphfuse.raw.manifest import Manifest, first_paths, is_empty, several
from graphfuse.raw.readers.paths import suggest_root

logger = logging.getLogger(__name__)


@cleaner("drop_unreadable")
@dataclass(frozen=True)
class DropUnreadable(Cleaner):
    """Count cells that cannot be read as missing; drop samples without a readable cell.

    Of a cell that names several files, only those that cannot be read are left out. Each reason is
    logged. A sample without any cell before this step is kept. If no cell of a column can be read,
    this is an error.
    """

    def apply(self, manifest: Manifest, progress: bool = True) -> Manifest:
        """Return the manifest without cells that cannot be read."""
        lost: dict[int, list[str]] = {}
        columns = {}
        content = [c for own in manifest.modalities.values() for c in own]
        files = [c for c in content if c.kind not in TABULAR]
        total = len(manifest) * len(files)
        with progress_bar(
            desc="reading", unit="cell", total=total, leave=False, progress=progress
        ) as bar:
            for column in files:
                reasons = _reasons(manifest, column, bar)
                _check_not_lost(manifest, column, reasons)
                if bad := {row for row, own in reasons.items() if any(own)}:
                    values = manifest.table[column.name][:]
                    for row in bad:
                        values[row] = _without(column.kind, values[row], iter(reasons[row]))
                        lost.setdefault(row, []).extend(r for r in reasons[row] if r)
                    columns[column.name] = values
        if not columns:
            return manifest
        cleaned = _replaced(manifest, columns)
        full = [any(row) for row in zip(*map(cleaned.each, cleaned.modalities), strict=True)]
        kept = [row for row in sorted(lost) if full[row]]
        gone = [row for row in sorted(lost) if not full[row]]
        for reason in _listed(lost, sorted(lost)):
            logger.warning("%s: %s", manifest.name or "data", reason)
        if kept:
            cells = sum(len(lost[row]) for row in kept)
            what = f"{cells} cells cannot be read and count as missing, in {samples(len(kept))}"
            cleaned = self.note(cleaned, what, kept, _listed(lost, kept))
        why = "none of what they hold can be read"
        return self.drop(cleaned, gone, why, _listed(lost, gone))


def _check_not_lost(manifest: Manifest, column: Column, reasons: dict[int, list[str]]) -> None:
    """Raise an error where no item of a column can be read, as with a wrong folder."""
    found = [reason for own in reasons.values() for reason in own]
    if found and all(found):
        hint = suggest_root(first_paths(manifest, column.name), manifest.root)
        what = (
            "its only cell cannot be read: "
            if len(found) == 1
            else f"none of its {len(found)} cells can be read; the first: "
        )
        raise InputError(
            f"column {column.name!r}: {what}{found[0]}{hint and f'; {hint}'}\nCorrect this, or "
            f"leave the column out: --column {column.name}=skip"
        )


def _listed(lost: dict[int, list[str]], rows: list[int]) -> list[str]:
    return [reason for row in rows for reason in lost[row]]


def _reasons(manifest: Manifest, column: Column, bar: Any) -> dict[int, list[str]]:
    """Return why each item of a column cannot be read, by row; an empty text if it can."""
    ids = [c for c in manifest.columns if c.kind == "id"]
    alone = replace(manifest, columns=(*ids, column))
    reasons: dict[int, list[str]] = {}
    for row, cells in enumerate(alone.each(column.modality)):
        reasons[row] = []
        for cell in cells:
            try:
                cell.read()
                reasons[row].append("")
            except InputError as error:
                reasons[row].append(str(error))
        bar.update()
    return reasons


def _without(kind: str, value: Any, reasons: Iterator[str]) -> Any:
    """Return the value of a cell without the items that there is a reason to leave out."""
    if kind != "series" and isinstance(value, (list, tuple)):
        kept = [_without(kind, one, reasons) for one in value]
        return [one for one in kept if not is_empty(one)] or None
    return value if all(not next(reasons) for _ in several(kind, value)) else None


def _replaced(manifest: Manifest, columns: dict[str, list[Any]]) -> Manifest:
    """Return the manifest with other values in these columns, of the same types."""
    from datasets import Dataset, Features, concatenate_datasets

    types = Features({name: manifest.table.features[name] for name in columns})
    paths = Dataset.from_dict(columns, features=types)
    rest = manifest.table.remove_columns(list(columns))
    with without_datasets_bars():
        return replace(manifest, table=concatenate_datasets([rest, paths], axis=1))
