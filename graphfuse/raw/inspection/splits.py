"""Splits: what is tested after a copy of it was learnt, and classes that are never learnt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.near_duplicates import near_duplicates
from graphfuse.data.splits import Split
from graphfuse.raw.inspection.finding import Finding, some

MOST = 50_000
"""Samples up to which copies are looked for, which takes some ten seconds."""
APART = (
    "drop them from the training part (raw data: --clean drop_duplicates for equal ones; in a "
    "configuration clean: [{drop_duplicates: {near: true}}] for all), or split anew"
)
TOGETHER = (
    "keep copies together by a column of kind group or --clean group_duplicates (raw data), or by "
    "groups=near_duplicates(dataset)"
)


def inspect_splits(dataset: FusionDataset, splits: Sequence[Split]) -> Iterator[Finding]:
    """Yield what is to be known of splits before a score is believed; quick, as no file is read.

    Samples that are tested after a near-copy of them was learnt, in training or early stopping; see
    :func:`~graphfuse.data.near_duplicates`. Classes that are tested, and that no model has learnt.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(40, 64))
        >>> x[39] = x[3]
        >>> parts = ["train"] * 30 + ["test"] * 10
        >>> data = FusionDataset.from_arrays({"a": x}, y=[0, 1] * 20, splits=parts)
        >>> from graphfuse.data import make_splits
        >>> [finding.text for finding in inspect_splits(data, list(make_splits(data)))]
        ['1 of 40 samples (2.5 %) are tested after a near-copy of them was learnt, so that
        scores are too good: 3 = 39']
    """
    yield from _copies(dataset, splits)
    target = dataset.schema.target
    if target.is_classification and dataset.unit_offsets is None:
        y = dataset.labels()
        yield from untrained(target.classes, [(y[s.train], y[s.test]) for s in splits])


def untrained(
    classes: Sequence[str], parts: Iterable[tuple[np.ndarray, np.ndarray]]
) -> Iterator[Finding]:
    """Tell of classes that are tested and not learnt; parts are codes learnt and codes tested."""
    pairs = list(parts)
    missing = sorted({int(c) for learnt, tested in pairs for c in np.setdiff1d(tested, learnt)})
    names = [classes[c] for c in missing if c >= 0]
    if names:
        yield Finding(
            "classes",
            f"classes without a sample in {'the' if len(pairs) == 1 else 'some'} training part: "
            f"{some(names)}; no strategy can learn them, and what is tested of them counts as "
            f"wrong",
            "move some of their samples into the training part, or leave the classes out",
        )


def _copies(dataset: FusionDataset, splits: Sequence[Split]) -> Iterator[Finding]:
    rows = dataset.originals  # a changed copy is meant to be near its original
    if len(rows) > MOST:
        yield Finding(
            "duplicates",
            f"near-copies were not looked for among more than {MOST:,} samples",
            "near_duplicates(dataset) looks for them, in time that grows with the square",
        )
        return
    found = np.full(len(dataset), -1)
    found[rows] = near_duplicates(dataset.subset(rows) if len(rows) < len(dataset) else dataset)
    pairs: dict[int, int] = {}
    for split in splits:
        learnt = np.concatenate([split.train, split.validation])
        learnt = learnt[np.isin(learnt, rows)]
        first = dict(zip(found[learnt][::-1].tolist(), learnt[::-1].tolist(), strict=True))
        pairs |= {row: first[found[row]] for row in split.test.tolist() if found[row] in first}
    if pairs:
        both = dict.fromkeys((min(pair), max(pair)) for pair in sorted(pairs.items()))
        named = [f"{dataset.ids[first]} = {dataset.ids[second]}" for first, second in both]
        yield Finding(
            "duplicates",
            f"{len(pairs)} of {len(rows)} samples ({100 * len(pairs) / len(rows):.1f} %) are "
            f"tested after a near-copy of them was learnt, so that scores are too good: "
            f"{some(named)}",
            TOGETHER if dataset.splits is None else APART,
        )
