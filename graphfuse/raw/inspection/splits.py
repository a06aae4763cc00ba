"""Leaks across the parts of a split, and classes without training samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from graphfuse._check import Check
from graphfuse._wording import first_names, verb
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.near_duplicates import near_duplicates
from graphfuse.data.splits import Split

UNEVEN = 10
"""Ratio of the largest to the smallest class above which a warning is given."""
MOST = 50_000
"""Largest dataset that is searched for near-copies, which takes some ten seconds."""
APART = (
    "drop them from the training part (raw data: --clean drop_duplicates for equal ones; in a "
    "configuration clean: [{drop_duplicates: {near: true}}] for all), or draw new splits"
)
TOGETHER = (
    "keep copies together by a column of kind group or --clean group_duplicates (raw data), or by "
    "groups=near_duplicates(dataset)"
)


def inspect_splits(dataset: FusionDataset, splits: Sequence[Split]) -> Iterator[Check]:
    """Yield warnings about splits that limit how far scores can be trusted; no file is read.

    It reports test samples with a near-copy in the training or validation part (see
    :func:`~graphfuse.data.near_duplicates`), and tested classes without a training sample.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(40, 64))
        >>> x[39] = x[3]
        >>> parts = ["train"] * 30 + ["test"] * 10
        >>> data = FusionDataset.from_arrays({"a": x}, y=[0, 1] * 20, splits=parts)
        >>> from graphfuse.data import make_splits
        >>> [check.text for check in inspect_splits(data, list(make_splits(data)))]
        ['1 of 40 samples (2.5 %) is tested although a near-copy of it is trained on, so that
        scores are too high: 3 = 39']
    """
    yield from _copies(dataset, splits)
    target = dataset.schema.target
    if target.is_classification and dataset.unit_offsets is None:
        y = dataset.labels()
        yield from untrained(target.classes, [(y[s.train], y[s.test]) for s in splits])


def uneven(classes: Sequence[str], counts: np.ndarray) -> Iterator[Check]:
    """Report classes of very different size; ``counts`` are the samples of each.

    Example:
        >>> [check.text for check in uneven(["no", "yes"], np.array([99, 1]))]
        ["the largest class has 99 times the samples of the smallest; always guessing 'no' gives
        an accuracy of 99 %"]
    """
    first = int(np.argmax(counts))
    largest, smallest = int(counts[first]), max(int(np.min(counts)), 1)
    if largest > UNEVEN * smallest:
        share = 100 * largest / counts.sum()
        yield Check(
            "classes",
            f"the largest class has {largest / smallest:.0f} times the samples of the smallest; "
            f"always guessing {classes[first]!r} gives an accuracy of {share:.0f} %",
            "rank by --metric f1_macro or balanced_accuracy",
        )


def untrained(
    classes: Sequence[str], parts: Iterable[tuple[np.ndarray, np.ndarray]]
) -> Iterator[Check]:
    """Report tested classes without training samples; parts are the trained and tested codes."""
    pairs = list(parts)
    missing = sorted({int(c) for learnt, tested in pairs for c in np.setdiff1d(tested, learnt)})
    names = [classes[c] for c in missing if c >= 0]
    if names:
        yield Check(
            "classes",
            f"classes without a sample in {'the' if len(pairs) == 1 else 'some'} training part: "
            f"{first_names(names)}; no strategy can learn them, and their test samples count as "
            f"wrong",
            "move some of their samples into the training part, or leave the classes out",
        )


def _copies(dataset: FusionDataset, splits: Sequence[Split]) -> Iterator[Check]:
    rows = dataset.originals  # an augmented copy is meant to be near its original
    if len(rows) > MOST:
        yield Check(
            "duplicates",
            f"near-copies are not searched for in more than {MOST:,} samples",
            "near_duplicates(dataset) finds them, in quadratic time",
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
        yield Check(
            "duplicates",
            f"{len(pairs)} of {len(rows)} samples ({100 * len(pairs) / len(rows):.1f} %) "
            f"{verb(len(pairs), 'is', 'are')} tested although a near-copy of "
            f"{verb(len(pairs), 'it is', 'them is')} trained on, so that scores are too high: "
            f"{first_names(named)}",
            TOGETHER if dataset.splits is None else APART,
        )
