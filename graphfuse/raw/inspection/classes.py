"""Classes: how many samples each has, and whether that will do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graphfuse.raw.inspection.finding import Finding, some
from graphfuse.raw.inspection.splits import untrained
from graphfuse.raw.inspection.survey import Survey

FOLDS = 5
UNEVEN = 10
"""Times the smallest class that the largest may be before it is told."""


def check(found: Survey) -> Iterator[Finding]:
    """Tell of labels and classes."""
    if found.trouble:
        yield Finding(
            "classes",
            f"the label cannot be learnt: {found.trouble}",
            "correct it, or say which column is the label with --column NAME=label",
        )
        return
    if found.target is None:
        names = [c.name for c in found.manifest.columns if c.kind == "label"]
        several = f"the columns {some(names)} are labels, several targets"
        yield Finding(
            "classes",
            several if names else "no column is told to be the label",
            "" if names else "say which with --column NAME=label",
        )
        return
    target, y = found.target
    if target.task == "multilabel":
        shares = ", ".join(
            f"{c} {int(n)}" for c, n in zip(target.classes, np.nansum(y, axis=0), strict=True)
        )
        yield Finding("classes", f"several labels a sample: {shares}")
        return
    known = ~np.isnan(y) if target.task == "regression" else y >= 0
    if not known.all():
        yield Finding(
            "classes",
            f"{int((~known).sum())} of {len(y)} samples have no label "
            f"({some(found.manifest.ids[~known].tolist())})",
            "label them, or leave them out: nothing is learnt or tested on them",
        )
    if target.task == "regression":
        own = y[known]
        yield Finding(
            "classes",
            f"the label is a number, from {own.min():g} to {own.max():g}, median "
            f"{np.median(own):g}; --column NAME=label keeps it so",
        )
        return
    counts = np.bincount(y[known], minlength=len(target.classes))
    order = np.argsort(-counts, kind="stable")
    listed = ", ".join(f"{target.classes[i]} {counts[i]}" for i in order[:20])
    yield Finding("classes", f"{len(target.classes)} classes: {listed}")
    rare = [f"{target.classes[i]} {counts[i]}" for i in order if counts[i] < FOLDS]
    if rare:
        yield Finding(
            "classes",
            f"classes with fewer than {FOLDS} samples: {some(rare)}; not every fold can hold one",
            "merge them with others, collect more, or leave them out",
        )
    if found.parts is not None:
        learnt = found.parts == "train"
        yield from untrained(target.classes, [(y[learnt], y[~learnt])])
    largest, smallest = counts[order[0]], max(int(counts[order[-1]]), 1)
    if largest > UNEVEN * smallest:
        share = 100 * largest / counts.sum()
        yield Finding(
            "classes",
            f"the largest class has {largest / smallest:.0f} times the samples of the smallest; "
            f"always guessing {target.classes[order[0]]!r} gives an accuracy of {share:.0f} %",
            "rank by --metric f1_macro or balanced_accuracy",
        )
