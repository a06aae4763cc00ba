"""Columns of tables: numbers out of range, constants, and copies of the label."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graphfuse._check import Check
from graphfuse._wording import count, first_names
from graphfuse.raw.cleaning.drop_outliers import robust_range
from graphfuse.raw.columns import TABULAR, Column
from graphfuse.raw.inspection.leak_test import predict_label_from
from graphfuse.raw.inspection.survey import Survey

Z = 8.0
"""Robust deviations from the median beyond which a number is out of range."""
ISOLATED = 0.02
"""Share of numbers out of range up to which they are errors rather than a long tail."""
COPY = 0.98
"""Balanced accuracy from which on a column alone is a copy of the label."""
MOST = 200
"""Columns of which it is tested whether they predict the label; later ones are not tested."""


def check(found: Survey) -> Iterator[Check]:
    """Report warnings about all columns, and suspicious values in the columns of tables."""
    for column in found.manifest.columns:
        for warning in column.warnings:
            yield Check("columns", f"{column.name}: {warning}", _advice(column))
    tabular = [c for c in found.manifest.columns if c.kind in TABULAR]
    for place, column in enumerate(tabular):
        values = found.manifest.table[column.name][:]
        known = [v for v in values if not (v is None or v != v or v == "")]
        if len(set(known)) == 1 and len(known) > 1:
            yield Check(
                "columns",
                f"{column.name}: the same in every row, {known[0]!r}",
                f"leave it out with --column {column.name}=skip",
            )
            continue
        if column.kind == "number":
            yield from _out_of_range(found, column.name, values)
        if found.codes is not None and place < MOST:
            leak = predict_label_from({column.name: values}, found.codes)
            if leak is not None and leak.sure and leak.accuracy >= COPY:
                yield Check(
                    "leaks",
                    f"{column.name} alone predicts the label nearly always: {leak}",
                    f"if it is the label in another form, or known only after it, leave it out "
                    f"with --column {column.name}=skip",
                )


def _advice(column: Column) -> str:
    if column.skipped is None:
        return "check these cells before you believe the results"
    return f"name its kind with --column {column.name}=KIND if it should take part"


def _out_of_range(found: Survey, name: str, values: list[float | None]) -> Iterator[Check]:
    pair = robust_range(values, Z)
    if pair is None:
        return
    low, high = pair
    rows = [r for r, v in enumerate(values) if v is not None and (v < low or v > high)]
    if rows and len(rows) <= ISOLATED * len(values):
        shown = [f"{values[row]:g} (sample {found.manifest.ids[row]})" for row in rows]
        middle = float(np.nanmedian(np.array(values, dtype=np.float64)))
        yield Check(
            "columns",
            f"{name}: {count(len(rows), 'number')} far from the median {middle:g}: "
            f"{first_names(shown)}",
            f"correct them, or let them count as missing: clean with "
            f"{{drop_outliers: {{limits: {{{name}: [lowest, highest]}}}}}}",
        )
