"""Lengths, durations, rates and sizes, and whether they predict the label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from graphfuse._check import Check
from graphfuse.raw.inspection.leak_test import predict_label_from
from graphfuse.raw.inspection.survey import Entry, Survey

NAMES = ("file name", "number in the file name")
CONTENT = ("characters", "words")
"""The length of a text is part of its content and not a leak."""


def check(found: Survey) -> Iterator[Check]:
    """Report sizes, and leaks through them."""
    for m, entries in found.entries.items():
        read = [e for e in entries if not e.problem and e.facts]
        names = list(dict.fromkeys(name for e in read for name in e.facts))
        described = [_describe(name, read) for name in names if name not in NAMES]
        if described:
            yield Check("sizes", f"{m}: {'; '.join(described)}")
        rates = {e.facts["sample rate"] for e in read if "sample rate" in e.facts}
        if len(rates) > 1:
            yield Check(
                "sizes",
                f"{m}: {len(rates)} different sample rates",
                "encoders resample to one rate; a lower rate still lacks high frequencies",
            )
        yield from _leaks(found, m, read, names)


def _describe(name: str, read: list[Entry]) -> str:
    values = [e.facts[name] for e in read if name in e.facts]
    if any(isinstance(v, str) for v in values) or len(set(values)) <= 3:
        counts = Counter(values).most_common(5)
        return f"{name} " + ", ".join(f"{v or 'none'} ({count})" for v, count in counts)
    numbers = np.array(values, dtype=np.float64)
    low, middle, high = numbers.min(), np.median(numbers), numbers.max()
    return f"{name} {low:.4g} to {high:.4g}, median {middle:.4g}"


def _leaks(found: Survey, m: str, read: list[Entry], names: list[str]) -> Iterator[Check]:
    if found.codes is None or not read:
        return
    first = {e.row: e for e in reversed(read)}
    rows = sorted(first)
    for label, chosen in (
        ("sizes of its files", [n for n in names if n not in (*NAMES, *CONTENT)]),
        ("names of its files", [n for n in names if n in NAMES]),
    ):
        facts = {n: [first[row].facts.get(n) for row in rows] for n in chosen}
        leak = predict_label_from(facts, found.codes[rows])
        if leak is not None and leak.sure:
            alone = {n: predict_label_from({n: own}, found.codes[rows]) for n, own in facts.items()}
            most = max(alone, key=lambda n: t.accuracy if (t := alone[n]) else 0.0)
            yield Check(
                "leaks",
                f"{m}: {label} give the label away, {most} most of all: they predict the classes "
                f"with {leak}",
                "a model sees the length of a sound and the aspect ratio of a picture unless the "
                "encoder options seconds and square hide them; it may also see their causes "
                "(resolution, silence, source): prepare the files of all classes in the same way, "
                "or test on another source"
                if label == "sizes of its files"
                else "keep file names out of texts and tables; models do not see them otherwise",
            )
