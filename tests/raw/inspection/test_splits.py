import numpy as np
import pytest

from graphfuse.data import FusionDataset, make_splits
from graphfuse.raw.inspection import inspect_splits, splits

N = 60


def checks(folds=5, n=N, **options):
    x = np.random.default_rng(0).normal(size=(n, 40))
    x[50] = x[3]
    given = {"y": np.arange(n) % 2, **options}
    data = FusionDataset.from_arrays({"a": x}, ids=[f"s{i}" for i in range(n)], **given)
    return list(inspect_splits(data, list(make_splits(data, folds=folds))))


def test_copies_across_folds_are_reported_and_groups_end_it():
    (found,) = checks()
    assert found.text == (
        "2 of 60 samples (3.3 %) are tested although a near-copy of them is trained on, so that "
        "scores are too high: s3 = s50"
    )
    assert "--clean group_duplicates" in found.advice
    groups = np.arange(N)
    groups[50] = groups[3]
    assert checks(groups=groups) == []


@pytest.mark.parametrize("learnt", ["train", "validation"])
def test_copies_across_given_parts_are_reported(learnt):
    parts = np.array(["train"] * 40 + ["test"] * 20, dtype=object)
    parts[30:40] = "validation"
    parts[3] = learnt
    (found,) = checks(splits=parts)
    assert found.text.startswith("1 of 60 samples (1.7 %) is tested although a near-copy")
    assert "--clean drop_duplicates" in found.advice
    parts[50] = learnt
    assert checks(splits=parts) == []


def test_classes_that_are_tested_and_not_learned_are_reported():
    y = np.array(["yes", "no"] * 20 + ["perhaps"] * 20)
    parts = ["train"] * 40 + ["test"] * 20
    *_, found = checks(y=y, splits=parts)
    assert found.text.startswith("classes without a sample in the training part: perhaps; no ")
    *_, found = checks(y=y, groups=np.arange(N) // 2 * (np.arange(N) < 40) + 100 * (y == "perhaps"))
    assert found.text.startswith("classes without a sample in some training part: perhaps; no")
    assert len(checks(y=y)) == 1


def test_without_classes_only_copies_are_searched():
    assert len(checks(folds=20, y=np.linspace(0, 0.9, N))) == 1


def test_too_many_samples_are_not_searched_and_that_is_reported(monkeypatch):
    monkeypatch.setattr(splits, "MOST", 59)
    assert [one.text for one in checks()] == [
        "near-copies are not searched for in more than 59 samples"
    ]
