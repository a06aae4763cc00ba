import numpy as np
import pytest

from graphfuse.data import FusionDataset, make_splits
from graphfuse.raw.inspection import inspect_splits, splits

N = 60


def findings(folds=5, n=N, **options):
    x = np.random.default_rng(0).normal(size=(n, 40))
    x[50] = x[3]
    given = {"y": np.arange(n) % 2, **options}
    data = FusionDataset.from_arrays({"a": x}, ids=[f"s{i}" for i in range(n)], **given)
    return list(inspect_splits(data, list(make_splits(data, folds=folds))))


def test_copies_across_folds_are_told_and_groups_end_it():
    (told,) = findings()
    assert told.text == (
        "2 of 60 samples (3.3 %) are tested after a near-copy of them was learnt, so that scores "
        "are too good: s3 = s50"
    )
    assert "--clean group_duplicates" in told.advice
    groups = np.arange(N)
    groups[50] = groups[3]
    assert findings(groups=groups) == []


@pytest.mark.parametrize("learnt", ["train", "validation"])
def test_copies_across_given_parts_are_told(learnt):
    parts = np.array(["train"] * 40 + ["test"] * 20, dtype=object)
    parts[30:40] = "validation"
    parts[3] = learnt
    (told,) = findings(splits=parts)
    assert told.text.startswith("1 of 60 samples (1.7 %) are tested after a near-copy")
    assert "--clean drop_duplicates" in told.advice
    parts[50] = learnt
    assert findings(splits=parts) == []


def test_classes_that_are_tested_and_not_learnt_are_told():
    y = np.array(["yes", "no"] * 20 + ["perhaps"] * 20)
    parts = ["train"] * 40 + ["test"] * 20
    *_, told = findings(y=y, splits=parts)
    assert told.text.startswith("classes without a sample in the training part: perhaps; no ")
    *_, told = findings(
        y=y, groups=np.arange(N) // 2 * (np.arange(N) < 40) + 100 * (y == "perhaps")
    )
    assert told.text.startswith("classes without a sample in some training part: perhaps; no")
    assert len(findings(y=y)) == 1


def test_what_has_no_classes_is_looked_at_for_copies_alone():
    assert len(findings(folds=20, y=np.linspace(0, 0.9, N))) == 1


def test_it_is_said_where_too_many_samples_are_not_looked_at(monkeypatch):
    monkeypatch.setattr(splits, "MOST", 59)
    assert [one.text for one in findings()] == [
        "near-copies were not looked for among more than 59 samples"
    ]
