"""Labels and classes: how many samples each has, and whether they suffice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graphfuse._check import Check
from graphfuse._wording import count, first_names
from graphfuse.raw.facts import label_candidates
from graphfuse.raw.inspection.splits import uneven, untrained
from graphfuse.raw.inspection.survey import Survey
from graphfuse.raw.manifest import Manifest

FOLDS = 5


def check(found: Survey) -> Iterator[Check]:
    """Report labels and classes."""
    if found.trouble:
        yield Check(
            "classes",
            f"the label cannot be learned: {found.trouble}",
            "correct it, or say which column is the label with --column NAME=label",
        )
        return
    if found.target is None:
        names = [c.name for c in found.manifest.columns if c.kind == "label"]
        several = f"the columns {first_names(names)} are labels, several targets"
        yield Check(
            "classes",
            several if names else _no_label(found.manifest),
            "" if names else "name it with --column NAME=label",
        )
        return
    target, y = found.target
    if target.task == "multilabel":
        shares = ", ".join(
            f"{c} {int(n)}" for c, n in zip(target.classes, np.nansum(y, axis=0), strict=True)
        )
        yield Check("classes", f"several labels per sample: {shares}")
        return
    known = target.known(y)
    if not known.all():
        yield Check(
            "classes",
            f"{int(known.sum())} of {count(len(y), 'sample')} are labelled; without a label: "
            f"{first_names(found.manifest.ids[~known].tolist())}",
            "label them, or leave them out: they are neither trained nor tested on",
        )
    if target.task == "regression":
        numbers = y[known]
        yield Check(
            "classes",
            f"the label is a number, from {numbers.min():g} to {numbers.max():g}, median "
            f"{np.median(numbers):g}; --task multiclass makes classes of integers",
        )
        return
    counts = np.bincount(y[known], minlength=len(target.classes))
    order = np.argsort(-counts, kind="stable")
    listed = ", ".join(f"{target.classes[i]} {counts[i]}" for i in order[:20])
    yield Check("classes", f"{count(len(target.classes), 'class')}: {listed}")
    rare = [f"{target.classes[i]} {counts[i]}" for i in order if counts[i] < FOLDS]
    if rare:
        yield Check(
            "classes",
            f"classes with fewer than {FOLDS} samples: {first_names(rare)}; not every fold can "
            f"hold one",
            "merge them with others, collect more, or leave them out",
        )
    if found.parts is not None:
        learnt = found.parts == "train"
        yield from untrained(target.classes, [(y[learnt], y[~learnt])])
    yield from uneven(target.classes, counts)


def _no_label(manifest: Manifest) -> str:
    candidates = label_candidates(manifest)
    may = f"; it may be {first_names(list(map(repr, candidates)))}" if candidates else ""
    return f"no column is the label{may}"
