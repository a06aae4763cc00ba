import numpy as np
import pytest
from datasets import Dataset

from graphfuse.data import FusionDataset
from graphfuse.errors import InputError
from graphfuse.raw import facts, read_manifest
from graphfuse.raw.facts import join_groups


def found(columns, labelled=True, task=None, **overrides):
    n = len(next(iter(columns.values())))
    table = Dataset.from_dict({"t": ["a few words here"] * n, **columns})
    return facts(read_manifest(table, overrides, task=task, name="pets"), labelled=labelled)


def test_a_dataset_takes_them():
    given = found(
        {"label": ["cat", "dog", None, "cat"], "split": ["train", "train", "dev", "test"],
         "speaker": ["a", "b", None, "c"], "id": ["x", "y", "z", "w"]}
    )  # fmt: skip
    dataset = FusionDataset.from_arrays({"t": np.eye(4)}, **vars(given))
    assert dataset.name == "pets"
    assert dataset.schema.classes == ("cat", "dog")
    assert dataset.labels().tolist() == [0, 1, -1, 0]
    assert list(dataset.ids) == ["x", "y", "z", "w"]
    assert list(dataset.splits) == ["train", "train", "validation", "test"]
    assert len(set(dataset.groups)) == 4


@pytest.mark.parametrize(
    ("labels", "task", "classes"),
    [
        (["2", "10", "2"], "binary", ("2", "10")),
        (["0.5", "1.5", ""], "regression", ()),
        (["007", "7", "8"], "multiclass", ("007", "7", "8")),
    ],
)
def test_the_task_is_inferred_from_the_labels(labels, task, classes):
    given = vars(found({"label": labels}))
    target = FusionDataset.from_arrays({"t": np.eye(3)}, **given).schema.target
    assert (target.task, tuple(target.classes or ())) == (task, classes)


def test_the_task_may_be_given():
    assert found({"label": [1, 2, 3]}, task="regression").task == "regression"


def test_lists_of_labels_are_several_labels_a_sample():
    given = found({"label": [["a", "b"], [], ["c"], None]})
    assert given.classes == ["a", "b", "c"]
    dataset = FusionDataset.from_arrays({"t": np.eye(4)}, **vars(given))
    assert dataset.schema.target.task == "multilabel"
    assert np.array_equal(given.y[:3], [[1, 1, 0], [0, 0, 0], [0, 0, 1]])
    assert np.isnan(given.y[3]).all()


def test_several_label_columns_are_several_targets():
    given = found({"a": [0, 1], "b": ["x", "y"]}, a="label", b="label")
    assert {name: y.tolist() for name, y in given.y.items()} == {"a": [0, 1], "b": ["x", "y"]}


def test_without_a_label_the_candidates_are_named():
    columns = {"mood": ["sad", "glad"] * 4, "height": [1.5 + i for i in range(8)]}
    with pytest.raises(InputError, match=r"pets has no column.*'mood', 'height'.*--column mood="):
        found(columns)
    assert found(columns, labelled=False).y is None
    with pytest.raises(InputError, match="no column fits"):
        found({"t2": ["many words in this text", "and others in that one"]})


def test_a_label_that_is_empty_in_every_row_is_named():
    with pytest.raises(InputError, match=r"no label in any row of .'label'.; no column fits"):
        found({"label": ["", ""]}, label="label")
    with pytest.raises(InputError, match=r"'label' .'label' is empty in every row.; it may be"):
        found({"label": ["", ""], "kind": ["1", "2"]})


def test_a_part_that_is_unknown_is_named():
    with pytest.raises(InputError, match=r"1 sample is in no part: 'later' .*samples y"):
        found({"label": [0, 1], "id": ["x", "y"], "when": ["train", "later"]}, when="split")


def test_samples_that_share_any_group_are_one():
    given = found({"label": [0, 1, 0, 1], "speaker": ["a", "a", "b", None],
                   "patient": ["p", "q", "q", None]})  # fmt: skip
    groups = given.groups
    assert len(set(groups)) == 2
    assert groups[0] == groups[1] == groups[2]
    assert found({"label": [0, 1]}).groups is None


def test_equal_keys_of_two_kinds_are_no_common_group():
    assert len(set(join_groups([["a", "b"], ["b", "a"]]))) == 2


def test_the_order_of_samples_does_not_change_who_is_together():
    random = np.random.default_rng(0)
    keys = [random.integers(0, 30, 50).tolist() for _ in range(2)]
    order = random.permutation(50)
    straight, turned = join_groups(keys), join_groups([[k[i] for i in order] for k in keys])
    same = straight[:, None] == straight
    assert np.array_equal(same[np.ix_(order, order)], turned[:, None] == turned)


@pytest.mark.parametrize("dated", [False, True])
def test_a_column_of_times_splits_the_samples(table, dated):
    times = [f"2026-01-{d:02}" if dated else str(d) for d in range(10, 20)]
    lines = "".join(f"{t},{i},{i % 2}\n" for i, t in enumerate(reversed(times)))
    path = table(f"taken,age,label\n{lines}")
    assert facts(read_manifest(path, {"age": "number"})).splits is None
    parts = facts(read_manifest(path, {"taken": "time", "age": "number"})).splits
    assert parts.tolist() == ["test"] * 2 + ["validation"] + ["train"] * 7
    broken = table(
        f"taken,age,label\nsoon,1,2\n{lines}" if dated else f"taken,age,label\n,1,2\n{lines}"
    )
    with pytest.raises(InputError, match=r"1 sample has no time, the first is 0 with"):
        facts(read_manifest(broken, {"taken": "time", "age": "number"}))
