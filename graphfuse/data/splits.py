"""Train, validation and test parts, the same for every strategy."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from graphfuse._wording import count, verb
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.numbers import number
from graphfuse.errors import InputError

NAMED = 5
"""Classes that an error names."""


@dataclass(frozen=True)
class Split:
    """Indices of the three disjoint parts of one fold of one repeat.

    Changed copies of training samples stand at the end of the training part.
    """

    repeat: int
    fold: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def digest(self) -> str:
        """SHA-256 of the three parts."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation, self.test):
            digest.update(np.ascontiguousarray(part, dtype=np.int64).tobytes() + b"|")
        return digest.hexdigest()


def make_splits(
    dataset: FusionDataset,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 0,
    validation: float = 0.15,
) -> Iterator[Split]:
    """Yield ``repeats * folds`` splits, or the given one if the dataset brings its own.

    Classes are stratified if the target has classes. Groups are never divided between parts.
    Samples without a label are left out. ``validation`` is the share of the training part that is
    set aside for early stopping. The split depends on the dataset's name, ``repeat`` and ``seed``
    alone. Changed copies of samples (``dataset.copy_of``) do not affect it: each is in the
    training parts that its original is in, and nowhere else.

    Raises:
        InputError: fewer than two folds, or a class or the groups are too few to fill the folds.

    Example:
        >>> dataset = FusionDataset.from_arrays({"a": np.eye(20)}, y=[0, 1] * 10)
        >>> [len(split.test) for split in make_splits(dataset, folds=5)]
        [4, 4, 4, 4, 4]
    """
    if dataset.splits is not None:
        yield _given(dataset, validation, seed)
        return
    if folds < 2 or repeats < 1:
        raise InputError(
            f"folds must be at least 2 and repeats at least 1, got {folds} and {repeats}"
        )
    rows = labelled_rows(dataset)
    classes = _classes(dataset, rows)
    groups = None if dataset.groups is None else dataset.groups[rows]
    _check_sizes(dataset, rows, classes, groups, folds)
    for repeat in range(repeats):
        state = _state(dataset.name, repeat, seed)
        for fold, (rest, test) in enumerate(_k_fold(rows, classes, groups, folds, state)):
            train, held_out = hold_out(dataset, rows[rest], validation, state + fold)
            yield Split(repeat, fold, train, held_out, rows[test])


def split_by_time(times: np.ndarray, test: float = 0.2, validation: float = 0.15) -> np.ndarray:
    """Return "train", "validation" or "test" for each sample [n]; the earliest are for training.

    The latest share ``test`` is the test part, and of the rest the latest share ``validation`` the
    validation part. Samples of one time are in one part, the later one of two.

    Raises:
        InputError: fewer than three different times.

    Example:
        >>> split_by_time(np.array([5, 1, 2, 3, 4, 5])).tolist()
        ['test', 'train', 'train', 'train', 'validation', 'test']
    """
    different, place = np.unique(times, return_inverse=True)
    if len(different) < 3:
        raise InputError(
            f"a split by time has three parts, but there {verb(len(different), 'is', 'are')} only "
            f"{count(len(different), 'different time')}"
        )
    ordered = np.sort(place)
    first_test = max(_first_of(ordered, len(ordered), test), 2)
    before = ordered[ordered < first_test]
    first_validation = max(_first_of(before, len(before), validation), 1)
    parts = np.full(len(times), "train", dtype=object)
    parts[place >= first_validation] = "validation"
    parts[place >= first_test] = "test"
    return parts.astype(str)


def _first_of(ordered: np.ndarray, count: int, share: float) -> int:
    """Return the time at which the last ``share`` of samples begins."""
    return int(ordered[count - max(1, round(share * count))])


def _state(name: str, repeat: int, seed: int) -> int:
    return zlib.crc32(f"{name}|{repeat}|{seed}".encode()) % (2**31)


def labelled_rows(dataset: FusionDataset) -> np.ndarray:
    """Return the rows of labelled samples, without copies."""
    labels = dataset.labels()
    rows = dataset.originals
    if dataset.unit_offsets is not None:
        return rows
    known = dataset.schema.target.known(labels).reshape(len(labels), -1).all(1)
    labelled: np.ndarray = rows[known[rows]]
    return labelled


def _with_copies(dataset: FusionDataset, rows: np.ndarray) -> np.ndarray:
    """Return rows of samples, and behind them those of the changed copies of these."""
    return np.concatenate([rows, dataset.copies(rows)])


def _classes(dataset: FusionDataset, rows: np.ndarray) -> np.ndarray | None:
    if not dataset.schema.target.is_classification or dataset.unit_offsets is not None:
        return None
    classes: np.ndarray = dataset.labels()[rows]
    return classes


def _check_sizes(
    dataset: FusionDataset,
    rows: np.ndarray,
    classes: np.ndarray | None,
    groups: np.ndarray | None,
    folds: int,
) -> None:
    if len(rows) < 2 * folds:
        raise InputError(
            f"{folds} folds need at least {2 * folds} labelled samples, got {len(rows)}"
        )
    wanted = max(folds + 1, 4)  # whatever is tested, two groups are left to train and validate
    if groups is not None and len(np.unique(groups)) < wanted:
        raise InputError(
            f"{folds} folds with a validation part need at least {wanted} groups, "
            f"got {len(np.unique(groups))}; use fewer folds, or finer groups"
        )
    if classes is not None:
        counts = np.bincount(classes, minlength=dataset.schema.outputs)
        few = {dataset.schema.classes[c]: int(k) for c, k in enumerate(counts) if 0 < k < folds}
        if few:
            more = f" and {len(few) - NAMED} more classes" if len(few) > NAMED else ""
            raise InputError(
                f"{folds} folds need at least {folds} samples of each class, but "
                f"{dict(list(few.items())[:NAMED])}{more}; use fewer folds, merge classes or leave "
                f"them out{_may_be_numbers(dataset)}"
            )


def _may_be_numbers(dataset: FusionDataset) -> str:
    """Return advice for classes that are all numbers and more than a few."""
    names = dataset.schema.classes
    if len(names) <= 2 or any(number(name) is None for name in names):
        return ""
    return (
        f"; if the {len(names)} classes are amounts rather than codes, give task='regression' "
        f"(--task regression)"
    )


def _k_fold(
    rows: np.ndarray,
    classes: np.ndarray | None,
    groups: np.ndarray | None,
    folds: int,
    state: int,
) -> list[tuple[np.ndarray, np.ndarray]]:
    if groups is None and classes is None:
        splitter = KFold(folds, shuffle=True, random_state=state)
    elif groups is None:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=state)
    elif classes is None:
        splitter = GroupKFold(folds, shuffle=True, random_state=state)
    else:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=state)
    return list(splitter.split(rows, classes, groups))


def hold_out(
    dataset: FusionDataset, rows: np.ndarray, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Set a share of the given rows aside, stratified and by groups if there are any.

    Returns the rows that stay and those set aside, each at least one. Changed copies stay where
    their original does, and are never set aside.

    Raises:
        InputError: the share is not between 0 and 1, or rows or groups are too few for two parts.
    """
    if not 0 < share < 1:
        raise InputError(f"the validation part must be a share between 0 and 1, got {share!r}")
    rows = rows[np.isin(rows, dataset.originals)]
    classes = _classes(dataset, rows)
    groups = None if dataset.groups is None else dataset.groups[rows]
    parts = len(rows) if groups is None else len(np.unique(groups))
    if parts < 2:
        raise InputError(
            f"setting samples aside for validation takes at least 2 "
            f"{'samples' if groups is None else 'groups'} in the training part, got {parts}; "
            f"give more of them, or a validation part with splits="
        )
    if groups is not None:
        aside = _pick_groups(classes, groups, share, np.random.default_rng(seed % 2**31))
        return _with_copies(dataset, rows[~aside]), rows[aside]
    size = min(math.ceil(share * len(rows)), len(rows) - 1)
    stratified = classes is not None and _can_stratify(classes, share)
    splitter = (StratifiedShuffleSplit if stratified else ShuffleSplit)(
        1, test_size=size, random_state=seed % 2**31
    )
    train, held_out = next(iter(splitter.split(rows, classes)))
    return _with_copies(dataset, rows[train]), rows[held_out]


def _pick_groups(
    classes: np.ndarray | None, groups: np.ndarray, share: float, random: np.random.Generator
) -> np.ndarray:
    """Return which samples are set aside: whole groups, near the share of each class.

    Goes through the groups in random order and takes each that brings the numbers of samples set
    aside nearer to the numbers wanted; one group at least, and never the last.
    """
    _, place = np.unique(groups, return_inverse=True)
    codes = np.zeros(len(groups), dtype=np.int64) if classes is None else classes
    counts = np.zeros((place.max() + 1, codes.max() + 1))
    np.add.at(counts, (place, codes), 1)
    wanted = share * counts.sum(0)
    order = random.permutation(len(counts))
    taken = []
    for group in order[:-1]:
        left = wanted - counts[group]
        if (left**2).sum() < (wanted**2).sum():
            taken.append(group)
            wanted = left
    if not taken:
        taken = [min(order, key=lambda group: ((wanted - counts[group]) ** 2).sum())]
    return np.isin(place, taken)


def _can_stratify(classes: np.ndarray, share: float) -> bool:
    counts = np.bincount(classes)
    present = counts[counts > 0]
    wanted = share * len(classes)
    fits = round(wanted) >= len(present) and len(classes) - math.ceil(wanted) >= len(present)
    return bool(present.min() >= 2 and fits)


def _given(dataset: FusionDataset, validation: float, seed: int) -> Split:
    parts = np.asarray(dataset.splits)
    known = {"train", "validation", "test"}
    strange = sorted({str(part) for part in parts} - known)
    if strange:
        raise InputError(f"splits must be 'train', 'validation' or 'test', got {strange[:5]}")
    rows = labelled_rows(dataset)
    where = {part: rows[parts[rows] == part] for part in known}
    for part in ("train", "test"):
        if not len(where[part]):
            raise InputError(f"the given splits have no labelled sample in the part {part!r}")
    if dataset.groups is not None:
        _check_groups(dataset.groups, where)
    train, held_out = _with_copies(dataset, where["train"]), where["validation"]
    if not len(held_out):
        train, held_out = hold_out(dataset, train, validation, _state(dataset.name, 0, seed))
    return Split(0, 0, train, held_out, where["test"])


def _check_groups(groups: np.ndarray, where: dict[str, np.ndarray]) -> None:
    seen: dict[str, str] = {}
    for part, rows in where.items():
        for group in np.unique(groups[rows]):
            if seen.setdefault(str(group), part) != part:
                raise InputError(
                    f"group {str(group)!r} lies in both {seen[str(group)]!r} and {part!r} of the "
                    f"given splits; a group belongs to one part (of near-copies, "
                    f"drop_duplicates leaves out what group_duplicates cannot keep together)"
                )


def inner_folds(
    dataset: FusionDataset, folds: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield for each fold of a training part the rows that stay and those held out.

    Stratified and by groups as :func:`make_splits`; unlabelled samples always stay, and changed
    copies where their original does. There are fewer folds where classes or groups are too few for
    more, but two at least.

    Example:
        >>> dataset = FusionDataset.from_arrays({"a": np.eye(20)}, y=[0, 1] * 10)
        >>> [len(held_out) for _, held_out in inner_folds(dataset, 4, seed=0)]
        [5, 5, 5, 5]
    """
    rows = labelled_rows(dataset)
    classes = _classes(dataset, rows)
    groups = None if dataset.groups is None else dataset.groups[rows]
    parts = len(rows)
    if groups is not None:
        parts = len(np.unique(groups))
    elif classes is not None:
        parts = int(np.unique(classes, return_counts=True)[1].min())
        if parts < 2:  # a class of one sample cannot be in every fold
            classes, parts = None, len(rows)
    folds = max(2, min(folds, parts))
    unlabelled = np.setdiff1d(dataset.originals, rows)
    for rest, held_out in _k_fold(rows, classes, groups, folds, seed % 2**31):
        stay = np.concatenate([rows[rest], unlabelled])
        yield _with_copies(dataset, stay), rows[held_out]
