"""Missing and unreadable values, and whether missing values predict the label."""

from __future__ import annotations

from collections.abc import Iterator

from graphfuse._check import Check
from graphfuse._wording import first_names
from graphfuse.raw.columns import TABULAR
from graphfuse.raw.inspection.leak_test import predict_label_from
from graphfuse.raw.inspection.survey import Entry, Survey
from graphfuse.raw.manifest import first_paths
from graphfuse.raw.readers.paths import suggest_root

LISTED = 20
"""Unreadable cells that are reported one by one."""


def check(found: Survey) -> Iterator[Check]:
    """Report missing values, and up to 20 cells that cannot be read."""
    n = len(found.manifest)
    present = {m: {e.row for e in own if not e.problem} for m, own in found.entries.items()}
    flags: dict[str, list[float | str | None]] = {}
    for m, rows in present.items():
        if len(rows) < n:
            share = 100 * (n - len(rows)) / n
            flags[m] = [float(row in rows) for row in range(n)]
            yield Check("missing", f"{m}: missing in {n - len(rows)} of {n} samples, {share:.1f} %")
    empty = [
        i for row, i in enumerate(found.manifest.ids) if all(row not in p for p in present.values())
    ]
    if empty:
        yield Check(
            "missing", f"samples without any content: {first_names(empty)}", "leave them out"
        )
    for column in found.manifest.columns:
        if column.kind in TABULAR:
            values = found.manifest.table[column.name][:]
            gone = [v is None or v != v for v in values]
            if any(gone):
                flags[f"column {column.name}"] = [float(g) for g in gone]
                share = 100 * sum(gone) / n
                yield Check(
                    "missing",
                    f"column {column.name}: empty in {sum(gone)} of {n} rows, {share:.1f} %",
                )
    leak = None if found.codes is None else predict_label_from(flags, found.codes)
    if leak is None:
        if not flags:
            yield Check("missing", "nothing is missing")
    elif leak.sure:
        yield Check(
            "missing",
            f"missing cells leak the label: they alone predict the classes with {leak}",
            "find out why before trusting any result; a model may learn which cells are missing "
            "instead of their content",
        )
    else:
        yield Check("missing", f"missing cells do not predict the label ({leak})")
    yield from _unreadable(found)


def _unreadable(found: Survey) -> Iterator[Check]:
    """Report cells that cannot be read; a column without any readable cell is one check."""
    columns: dict[str, list[Entry]] = {}
    for own in found.entries.values():
        for entry in own:
            columns.setdefault(entry.column, []).append(entry)
    lost = [name for name, own in columns.items() if name and all(entry.problem for entry in own)]
    for name in sorted(lost):
        hint = suggest_root(first_paths(found.manifest, name), found.manifest.root)
        first = columns.pop(name)
        yield Check(
            "unreadable",
            f"column {name!r}: none of its {len(first)} cells can be read; the first: "
            f"{first[0].problem}",
            hint or "correct the paths of the column, or repair its files",
        )
    problems = [entry.problem for own in columns.values() for entry in own if entry.problem]
    for problem in problems[:LISTED]:
        yield Check("unreadable", problem, "repair it; until then it counts as missing")
    if len(problems) > LISTED:
        yield Check(
            "unreadable",
            f"... and {len(problems) - LISTED} more cells",
            "the cleaning step drop_unreadable logs them all",
        )
    if not problems and not lost:
        yield Check("unreadable", "every cell can be read")
