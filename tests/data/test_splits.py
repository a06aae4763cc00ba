from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphfuse.data import (
    FusionDataset,
    Split,
    hold_out,
    inner_folds,
    make_splits,
    split_by_time,
)
from graphfuse.errors import InputError
from graphfuse.raw.inspection.splits import inspect_splits


def dataset(n=60, groups=None, y=None, **options):
    y = np.arange(n) % 3 if y is None else y
    return FusionDataset.from_arrays({"a": np.ones((n, 2))}, y, groups=groups, **options)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), grouped=st.booleans(), regression=st.booleans())
def test_parts_are_disjoint_whole_and_groups_stay_together(seed, grouped, regression):
    random = np.random.default_rng(seed)
    groups = random.integers(0, 25, 90) if grouped else None
    y = random.normal(size=90) if regression else np.arange(90) % 3
    data = dataset(90, groups, y)
    tested = []
    for split in make_splits(data, folds=4, seed=seed):
        parts = [set(split.train), set(split.validation), set(split.test)]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 90
        assert all(parts)
        tested += list(split.test)
        if grouped:
            of = [{data.groups[i] for i in part} for part in parts]
            assert not of[0] & of[1]
            assert not of[0] & of[2]
            assert not of[1] & of[2]
    assert sorted(tested) == list(range(90))


def test_classes_are_stratified():
    y = np.array([0] * 80 + [1] * 20)
    for split in make_splits(dataset(100, y=y)):
        assert y[split.test].mean() == pytest.approx(0.2)
        assert y[split.validation].mean() == pytest.approx(0.2, abs=0.05)


def test_repeats_and_seeds():
    def digests(**options):
        return [split.digest for split in make_splits(dataset(), folds=3, **options)]

    assert digests(repeats=2) == digests(repeats=2)
    assert len(set(digests(repeats=2))) == 6
    assert digests(repeats=2)[:3] == digests()
    assert digests(seed=1) != digests()


def test_given_splits_and_unlabelled_samples():
    parts = ["train"] * 40 + ["validation"] * 10 + ["test"] * 10
    (split,) = make_splits(dataset(splits=parts))
    assert split.test.tolist() == list(range(50, 60))
    assert split.validation.tolist() == list(range(40, 50))
    (split,) = make_splits(dataset(splits=["train"] * 50 + ["test"] * 10))
    assert len(split.validation) == 8
    y = np.array([0.0, 1.0, 2.0] * 20)
    y[:9] = np.nan
    data = dataset(y=y, task="multiclass")
    for split in make_splits(data, folds=3):
        assert not set(range(9)) & {*split.train, *split.validation, *split.test}


@pytest.mark.parametrize(
    ("options", "folds", "message"),
    [
        ({}, 1, "folds must be at least 2"),
        ({"y": [0, 1] * 3 + [2], "n": 7}, 5, "at least 10 labelled samples"),
        ({"y": [0] * 58 + [1] * 2}, 5, r"at least 5 samples of each class, but \{'1': 2\}"),
        ({"y": [f"c{i}" for i in range(60)]}, 5, r"but \{'c0': 1, .* and 55 more classes; use"),
        ({"groups": [0] * 30 + [1] * 30}, 3, "at least 4 groups"),
        ({"groups": np.arange(60) % 3, "y": np.linspace(0, 1, 60)}, 2, "at least 4 groups, got 3"),
        ({"groups": np.arange(60) % 3}, 2, "at least 4 groups, got 3"),
        ({"splits": ["train"] + ["test"] * 59}, 5, "at least 2 samples in the training part"),
        (
            {"splits": ["train"] * 30 + ["test"] * 30, "groups": [0] * 30 + [1] * 30},
            5,
            "at least 2 groups in the training part, got 1; give more of them",
        ),
        ({"splits": ["train"] * 60}, 5, "no labelled sample in the part 'test'"),
        ({"splits": ["learn"] * 60}, 5, "got \\['learn'\\]"),
        ({"splits": ["train"] * 59 + ["test"], "groups": [0] * 60}, 5, "lies in both"),
    ],
)
def test_data_that_cannot_be_split(options, folds, message):
    with pytest.raises(InputError, match=message):
        list(make_splits(dataset(**options), folds=folds))


@pytest.mark.parametrize("y", [np.arange(80) % 2, np.linspace(0.1, 0.9, 80)])
def test_a_large_group_does_not_swell_the_validation_part(y):
    data = dataset(80, groups=[0] * 50 + list(range(1, 31)), y=y)
    for seed in range(20):
        train, held_out = hold_out(data, np.arange(80), 0.15, seed)
        assert len(held_out) == 12
        assert sorted([*train, *held_out]) == list(range(80))


def test_whole_groups_are_held_out_near_the_share_of_each_class():
    y = np.repeat([0, 1, 2], [120, 60, 20])
    data = dataset(200, groups=np.arange(200) // 2, y=y)
    for seed in range(20):
        _, held_out = hold_out(data, np.arange(200), 0.2, seed)
        assert np.bincount(y[held_out]).tolist() == [24, 12, 4]


def test_the_validation_part_of_large_groups_is_the_nearest_one():
    data = dataset(80, groups=[0] * 20 + [1] * 60, y=np.arange(80) % 2)
    for seed in range(5):
        assert hold_out(data, np.arange(80), 0.1, seed)[1].tolist() == list(range(20))


def test_the_groups_held_out_depend_on_the_seed():
    groups = np.arange(60) // 2
    held = [hold_out(dataset(groups=groups), np.arange(60), 0.2, seed)[1] for seed in (0, 0, 1)]
    assert held[0].tolist() == held[1].tolist() != held[2].tolist()


@pytest.mark.parametrize("groups", [None, np.arange(60) // 3])
@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_the_validation_part_is_a_share(groups, share):
    with pytest.raises(InputError, match="a share between 0 and 1, got"):
        next(make_splits(dataset(groups=groups), validation=share))


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("n", [2, 3, 7])
@pytest.mark.parametrize("grouped", [False, True])
def test_both_parts_hold_something(n, share, grouped):
    data = dataset(n, groups=range(n) if grouped else None, y=[0, 1] + [1] * (n - 2))
    train, held_out = hold_out(data, np.arange(n), share, 0)
    assert len(train)
    assert len(held_out)
    assert sorted([*train, *held_out]) == list(range(n))


def test_splits_depend_on_the_name_of_the_dataset():
    one, other = ([s.digest for s in make_splits(dataset(name=name))] for name in ("one", "other"))
    assert not set(one) & set(other)


def test_a_split_by_time_tests_the_latest_and_keeps_one_time_together():
    times = np.random.default_rng(0).permutation(np.repeat(np.arange(50), 2))
    parts = split_by_time(times)
    assert {part: int((parts == part).sum()) for part in np.unique(parts)} == {
        "test": 20, "train": 68, "validation": 12,
    }  # fmt: skip
    assert times[parts == "train"].max() < times[parts == "validation"].min()
    assert times[parts == "validation"].max() < times[parts == "test"].min()
    assert split_by_time(np.array([1, 9, 9, 9, 9, 5])).tolist() == [
        "train", "test", "test", "test", "test", "validation",
    ]  # fmt: skip
    with pytest.raises(InputError, match="there are only 2 different times"):
        split_by_time(np.array([1, 1, 2]))


def copied(data, copies, rows):
    """Return the dataset with changed copies of some rows, each beside its original."""
    places = [p for row in range(len(data)) for p in [row] * (1 + copies * (row in rows))]
    first = {row: places.index(row) for row in range(len(data))}
    is_copy = [place != first[row] for place, row in enumerate(places)]
    ids = [
        f"{data.ids[r]} copy {p}" if c else data.ids[r]
        for p, (r, c) in enumerate(zip(places, is_copy, strict=True))
    ]
    more = data.subset(places)
    copy_of = np.where(is_copy, data.ids[places], "")
    return replace(more, ids=np.array(ids), copy_of=copy_of)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    grouped=st.booleans(),
    task=st.sampled_from(["classes", "regression", "gaps"]),
    given_parts=st.booleans(),
)
def test_copies_change_no_fold_and_are_trained_on_with_their_original_alone(
    seed, grouped, task, given_parts
):
    random = np.random.default_rng(seed)
    n = 60
    parts = np.array(["train"] * 40 + ["validation"] * 8 + ["test"] * 12) if given_parts else None
    groups = np.arange(n) // 2 if grouped else None
    y = random.normal(size=n) if task == "regression" else (np.arange(n) // 2) % 3
    if task == "gaps":
        y = [None if row % 7 == 0 else str(value) for row, value in enumerate(y)]
    data = dataset(n, groups, y, splits=parts)
    more = copied(data, 2, set(random.permutation(n)[:45].tolist()))
    pairs = zip(make_splits(data, 3, 2, seed), make_splits(more, 3, 2, seed), strict=True)
    for plain, split in pairs:
        for part in ("train", "validation", "test"):
            rows = getattr(split, part)
            own = rows[np.isin(rows, more.originals)]
            assert more.ids[own].tolist() == data.ids[getattr(plain, part)].tolist()
            if part != "train":
                assert len(own) == len(rows)
        trained = set(more.ids[split.train].tolist())
        everywhere = [of for of in more.copy_of.tolist() if of in trained]
        assert sorted(more.copy_of[split.train][-len(everywhere) :].tolist()) == sorted(everywhere)
        assert not set(more.copy_of[split.train].tolist()) & set(more.ids[split.test].tolist())
        inner = more.subset(split.train)
        for rest, held_out in inner_folds(inner, 3, seed):
            assert set(inner.copy_of[held_out].tolist()) == {""}
            assert not set(inner.copy_of[rest].tolist()) & set(inner.ids[held_out].tolist())
            assert len(rest) + len(held_out) + len(inner.copies(held_out)) == len(inner)


def test_near_duplicates_are_looked_for_among_samples():
    x, rows = np.random.default_rng(0).normal(size=(40, 64)), np.arange(40)
    x[39] = x[3]
    split = Split(0, 0, rows[5:], rows[4:5], rows[:4])
    for copy_of, findings in ((None, 1), ([""] * 39 + ["3"], 0)):
        data = FusionDataset.from_arrays({"a": x}, [0, 1] * 20, copy_of=copy_of)
        assert len(list(inspect_splits(data, [split]))) == findings


def test_copies_of_what_is_no_sample_are_refused():
    with pytest.raises(InputError, match="sample '2' is a copy of '7', which is no sample"):
        dataset(3, copy_of=["", "", "7"])
    with pytest.raises(InputError, match="sample '2' is a copy of '1', which is a copy itself"):
        dataset(3, copy_of=["", "0", "1"])
    with pytest.raises(InputError, match="copy_of has one entry per sample"):
        dataset(3, copy_of=["", ""])
