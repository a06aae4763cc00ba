"""Samples and files that occur more than once, and copies in several parts of a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from graphfuse._check import Check
from graphfuse._wording import count, first_names, plural_of, verb
from graphfuse.raw.columns import TABLE
from graphfuse.raw.inspection.survey import Survey
from graphfuse.raw.near_duplicates import cluster_samples

DROP = "drop them with --clean drop_duplicates"


def check(found: Survey) -> Iterator[Check]:
    """Report copies and near-copies."""
    exact = _rows_of_samples(
        found, {m: [e.digest for e in own] for m, own in found.entries.items()}
    )
    near = _rows_of_samples(found, {m: own.tolist() for m, own in found.clusters.items()})
    if not exact and not near:
        yield Check("duplicates", "no sample occurs twice")
    advice = (
        DROP if found.parts is not None else f"{DROP}, or keep them together with group_duplicates"
    )
    for what, groups in (("copy", exact), ("near-copy", [g for g in near if g not in exact])):
        if groups:
            n = sum(len(g) - 1 for g in groups)
            ids = [" = ".join(str(found.manifest.ids[row]) for row in g[:3]) for g in groups]
            yield Check("duplicates", f"{_copies(n, what)}: {first_names(ids)}", advice)
    yield from _conflicts(found, near)
    yield from _across(found)


def _copies(n: int, what: str) -> str:
    if n == 1:
        return f"1 sample is a {what} of another"
    return f"{n} samples are {plural_of(what)} of others"


def _rows_of_samples(found: Survey, keys: dict[str, list[Any]]) -> list[list[int]]:
    """Return the rows of samples that have the same keys in every modality."""
    held = [([e.row for e in own], keys[m]) for m, own in found.entries.items()]
    groups: dict[int, list[int]] = {}
    for row, number in enumerate(cluster_samples(len(found.manifest), held).tolist()):
        groups.setdefault(number, []).append(row)
    return [rows for rows in groups.values() if len(rows) > 1]


def _conflicts(found: Survey, groups: Sequence[Sequence[int]]) -> Iterator[Check]:
    if found.codes is None or found.target is None or found.target[0].task == "regression":
        return
    bad = [rows for rows in groups if len({int(found.codes[r]) for r in rows}) > 1]
    if bad:
        ids = [" = ".join(str(found.manifest.ids[row]) for row in rows[:3]) for rows in bad]
        yield Check(
            "duplicates",
            f"copies with different labels: {first_names(ids)}",
            "at most one of the labels is right: check them",
        )


def _across(found: Survey) -> Iterator[Check]:
    """Report content that occurs in several of the given parts."""
    parts = found.parts
    if parts is None:
        return
    for m, entries in found.entries.items():
        if found.manifest.kind(m) == TABLE:
            continue
        seen: dict[int, dict[str, int]] = {}
        for entry, number in zip(entries, found.clusters[m].tolist(), strict=True):
            if not entry.problem:
                seen.setdefault(number, {}).setdefault(str(parts[entry.row]), entry.row)
        pairs: Counter[str] = Counter()
        example: dict[str, str] = {}
        for by_part in seen.values():
            if len(by_part) > 1:
                label = " and ".join(sorted(by_part))
                pairs[label] += 1
                ids = " = ".join(str(found.manifest.ids[row]) for row in by_part.values())
                example.setdefault(label, ids)
        for label, number in pairs.items():
            phrase = f"{count(number, 'content')} or near-copies {verb(number, 'lies', 'lie')}"
            yield Check(
                "duplicates",
                f"{m}: {phrase} both in {label} ({example[label]})",
                "the test is too easy: --clean drop_duplicates drops whole samples of the training "
                "part that are in the test part; otherwise draw new splits",
            )
