"""Missing modalities, and whether that something is missing gives the label away."""

from __future__ import annotations

from collections.abc import Iterator

from graphfuse.raw.inspection.finding import Finding, some
from graphfuse.raw.inspection.survey import Survey
from graphfuse.raw.inspection.tells import tells


def check(found: Survey) -> Iterator[Finding]:
    """Tell of what is missing."""
    n = len(found.manifest)
    present = {m: {e.row for e in own if not e.problem} for m, own in found.entries.items()}
    flags: dict[str, list[float | str | None]] = {}
    for m, rows in present.items():
        if len(rows) < n:
            share = 100 * (n - len(rows)) / n
            flags[m] = [float(row in rows) for row in range(n)]
            yield Finding(
                "missing", f"{m}: missing in {n - len(rows)} of {n} samples, {share:.1f} %"
            )
    empty = [
        i for row, i in enumerate(found.manifest.ids) if all(row not in p for p in present.values())
    ]
    if empty:
        yield Finding(
            "missing", f"samples that hold nothing at all: {some(empty)}", "leave them out"
        )
    for column in found.manifest.columns:
        if column.kind in ("number", "category"):
            values = found.manifest.table[column.name][:]
            gone = [v is None or v != v for v in values]
            if any(gone):
                flags[f"column {column.name}"] = [float(g) for g in gone]
                share = 100 * sum(gone) / n
                yield Finding(
                    "missing",
                    f"column {column.name}: empty in {sum(gone)} of {n} rows, {share:.1f} %",
                )
    told = None if found.codes is None else tells(flags, found.codes)
    if told is None:
        if not flags:
            yield Finding("missing", "nothing is missing")
    elif told.sure:
        yield Finding(
            "missing",
            f"what is missing gives the label away: it alone tells the classes with {told}",
            "find out why before any result is believed; a model may learn the gaps instead of the "
            "content",
        )
    else:
        yield Finding("missing", f"what is missing does not tell the label ({told})")
