"""Facts about the samples of a manifest besides their content: labels, groups, parts and ids."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphfuse._wording import count, verb
from graphfuse.data.clusters import find_clusters
from graphfuse.data.dates import days, read_dates
from graphfuse.data.splits import split_by_time
from graphfuse.errors import InputError
from graphfuse.raw.columns import TABULAR, Skipped
from graphfuse.raw.manifest import Manifest, is_empty

CLASSES = range(2, 51)
"""Numbers of different values in a column that may be the label."""


@dataclass(frozen=True, eq=False)
class SampleFacts:
    """Facts about samples besides their content.

    The fields are options of :meth:`FusionDataset.from_arrays`, which takes them as
    ``**vars(facts)``.

    Attributes:
        y: labels [n], None where a sample has none; [n, L] of 0 and 1 for several labels; a dict of
            such arrays for several targets; None without a label column.
        task: the task, None where it is to be inferred.
        classes: names of the L labels of [n, L], None otherwise.
        ids: names of the samples.
        groups: the group of each sample, None without groups.
        splits: the part of each sample, None without parts.
        copy_of: the id of the original for changed copies; None without copies.
        name: of the data.
    """

    y: Any
    task: str | None
    classes: list[str] | None
    ids: np.ndarray
    groups: np.ndarray | None
    splits: np.ndarray | None
    copy_of: np.ndarray | None
    name: str


def facts(manifest: Manifest, *, labelled: bool = True) -> SampleFacts:
    """Return the facts about the samples of a manifest besides their content.

    Changed copies have the group and the part of their original. A column of times makes the
    splits if no column names the parts; see :func:`graphfuse.data.split_by_time`. With several
    columns of groups, samples that share a value in any of them are one group. A sample without a
    value is a group of its own.

    Raises:
        InputError: ``labelled`` is True and no sample has a label, or a part is not "train",
            "validation" or "test".

    Example:
        >>> from datasets import Dataset
        >>> from graphfuse.raw import Column
        >>> table = Dataset.from_dict({"t": ["a", "b"], "y": ["cat", "dog"], "who": ["x", None]})
        >>> kinds = (Column("t", "text", "t"), Column("y", "label"), Column("who", "group"))
        >>> found = facts(Manifest(table, kinds))
        >>> found.y.tolist(), found.groups.tolist()
        (['cat', 'dog'], ['who x', 'row 1'])
    """
    labels = _columns(manifest, "label")
    if labelled and not any(_has_label(manifest, name) for name in labels):
        raise InputError(_no_label(manifest))
    y, classes = _targets(manifest, labels)
    return SampleFacts(
        y=y,
        task=manifest.task,
        classes=classes,
        ids=manifest.ids,
        groups=_of_samples(_groups, manifest),
        splits=_of_samples(splits_of, manifest),
        copy_of=manifest.copy_of,
        name=manifest.name,
    )


def _columns(manifest: Manifest, kind: str) -> list[str]:
    return [column.name for column in manifest.columns if column.kind == kind]


def _has_label(manifest: Manifest, name: str) -> bool:
    """Return whether any sample has a label in this column."""
    return any(not is_empty(value) for value in manifest.table[name][:])


def label_candidates(manifest: Manifest) -> list[str]:
    """Return the columns of numbers, categories and dates with 2 to 50 different values."""
    return [
        column.name
        for column in manifest.columns
        if column.kind in TABULAR and len(set(manifest.table[column.name][:])) in CLASSES
    ]


def _no_label(manifest: Manifest) -> str:
    candidates = label_candidates(manifest)
    may = f"it may be {', '.join(map(repr, candidates))}" if candidates else "no column fits"
    example = candidates[0] if candidates else "NAME"
    named = _columns(manifest, "label")
    what = f"no label in any row of {named}" if named else "no column of kind 'label'"
    empty = [c.name for c in manifest.columns if c.skipped is Skipped.EMPTY and c.name not in named]
    left = f" ({', '.join(map(repr, empty))} is empty in every row)" if empty else ""
    return (
        f"{manifest.name or 'the data'} has {what}{left}; {may}: name "
        f"it with columns={{{example!r}: 'label'}} (--column {example}=label)"
    )


def _targets(manifest: Manifest, names: Sequence[str]) -> tuple[Any, list[str] | None]:
    if not names:
        return None, None
    if len(names) > 1:
        return {name: _target(manifest.table[name][:])[0] for name in names}, None
    return _target(manifest.table[names[0]][:])


def _target(values: Sequence[Any]) -> tuple[np.ndarray, list[str] | None]:
    """Return labels [n], or [n, L] of 0 and 1 with the classes where a sample has a list."""
    if any(isinstance(value, list) for value in values):
        classes = sorted({str(one) for value in values for one in value or ()})
        flags = np.full((len(values), len(classes)), np.nan)
        for row, value in enumerate(values):
            if value is not None:
                flags[row] = np.isin(classes, [str(one) for one in value])
        return flags, classes
    return np.array(values, dtype=object), None


def _of_samples(
    of: Callable[[Manifest], np.ndarray | None], manifest: Manifest
) -> np.ndarray | None:
    """Return a fact about each sample; a changed copy has that of its original."""
    if manifest.copy_of is None:
        return of(manifest)
    samples = manifest.select(np.flatnonzero(manifest.copy_of == ""))
    found = of(samples)
    row = {name: number for number, name in enumerate(samples.ids.tolist())}
    names = np.where(manifest.copy_of == "", manifest.ids, manifest.copy_of).tolist()
    if lost := [name for name in names if name not in row]:
        raise InputError(
            f"there are changed copies of sample {lost[0]!r}, but the sample itself is missing; "
            f"choose samples before copies are added"
        )
    return None if found is None else found[[row[name] for name in names]]


def splits_of(manifest: Manifest) -> np.ndarray | None:
    """Return the part [n] of each sample, as given or by time, None if there are none.

    Raises:
        InputError: a part is not "train", "validation" or "test", or a sample has no time.
    """
    found = manifest.role("split")
    if found is None:
        return _splits_by_time(manifest)
    strange = [row for row, part in enumerate(found) if part not in ("train", "validation", "test")]
    if strange:
        ids = [str(manifest.ids[row]) for row in strange[:5]]
        raise InputError(
            f"{count(len(strange), 'sample')} {verb(len(strange), 'is', 'are')} in no part: "
            f"{found[strange[0]]!r} is not train, "
            f"validation or test (samples {', '.join(ids)}); fill in the part, or skip the column"
        )
    return found.astype(str)


def _splits_by_time(manifest: Manifest) -> np.ndarray | None:
    found = manifest.role("time")
    if found is None:
        return None
    read = [days(v) if v else math.nan for v in read_dates(found.tolist()).values]
    times = [value if isinstance(value, (int, float)) else read[n] for n, value in enumerate(found)]
    late = [row for row, time in enumerate(times) if time != time]
    if late:
        raise InputError(
            f"{count(len(late), 'sample')} {verb(len(late), 'has', 'have')} no time, the "
            f"first is {manifest.ids[late[0]]} with "
            f"{found[late[0]]!r}; times are numbers, or dates such as 2026-01-31 12:30; fill in "
            f"the missing ones, or skip the column"
        )
    return split_by_time(np.array(times, dtype=np.float64))


def _groups(manifest: Manifest) -> np.ndarray | None:
    names = _columns(manifest, "group")
    if not names:
        return None
    keys = [
        [None if value is None else f"{name} {value}" for value in manifest.table[name][:]]
        for name in names
    ]
    return join_groups(keys)


def join_groups(keys: Sequence[Sequence[Hashable | None]]) -> np.ndarray:
    """Return the groups [n] of samples that share a key of any kind, named by one of the keys.

    Example:
        >>> join_groups([["a", "a", "b", None], ["x", "y", "y", None]]).tolist()
        ['a', 'a', 'a', 'row 3']
    """
    n = len(keys[0])
    marked = [(row, (kind, k)) for kind, values in enumerate(keys) for row, k in enumerate(values)]
    given = [(row, key) for row, key in marked if key[1] is not None]
    places = {key: n + place for place, key in enumerate(dict.fromkeys(key for _, key in given))}
    pairs = [(row, places[key]) for row, key in given]
    component = find_clusters(np.array(pairs), n + len(places))[:n]
    named: dict[int, str] = {}
    for row, number in enumerate(component):
        name = keys[0][row] if keys[0][row] is not None else f"row {row}"
        named.setdefault(int(number), str(name))
    return np.array([named[int(number)] for number in component])
