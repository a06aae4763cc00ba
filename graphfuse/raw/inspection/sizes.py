"""Lengths, durations, rates and sizes, and whether such facts of files give the label away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from graphfuse.raw.inspection.finding import Finding
from graphfuse.raw.inspection.survey import Entry, Survey
from graphfuse.raw.inspection.tells import tells

NAMES = ("file name", "number in the file name")
CONTENT = ("characters", "words")
"""Facts of texts are part of what they say, and no leak."""


def check(found: Survey) -> Iterator[Finding]:
    """Tell of sizes, and of leaks through them."""
    for m, entries in found.entries.items():
        read = [e for e in entries if not e.problem and e.facts]
        names = list(dict.fromkeys(name for e in read for name in e.facts))
        told = [_describe(name, read) for name in names if name not in NAMES]
        if told:
            yield Finding("sizes", f"{m}: {'; '.join(told)}")
        rates = {e.facts["sample rate"] for e in read if "sample rate" in e.facts}
        if len(rates) > 1:
            yield Finding(
                "sizes",
                f"{m}: {len(rates)} different sample rates",
                "encoders bring them to one rate; what a lower rate lacks stays lacking",
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


def _leaks(found: Survey, m: str, read: list[Entry], names: list[str]) -> Iterator[Finding]:
    if found.codes is None or not read:
        return
    first = {e.row: e for e in reversed(read)}
    rows = sorted(first)
    for label, chosen in (
        ("facts of its files", [n for n in names if n not in (*NAMES, *CONTENT)]),
        ("names of its files", [n for n in names if n in NAMES]),
    ):
        facts = {n: [first[row].facts.get(n) for row in rows] for n in chosen}
        told = tells(facts, found.codes[rows])
        if told is not None and told.sure:
            alone = {n: tells({n: own}, found.codes[rows]) for n, own in facts.items()}
            most = max(alone, key=lambda n: t.accuracy if (t := alone[n]) else 0.0)
            yield Finding(
                "leaks",
                f"{m}: {label} give the label away, {most} above all: they tell the classes with "
                f"{told}",
                "a model sees how long a sound is, and how wide for its height a picture, unless "
                "their encoders' options seconds and square hide it; of the rest it may see what "
                "it comes from (resolution, silence, source): make files of all classes alike, or "
                "test on another source"
                if label == "facts of its files"
                else "keep names of files out of texts and tables; they are not given to a model",
            )
