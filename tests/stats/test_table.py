"""What every function on a table of scores accepts and refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from graphfuse.errors import InputError
from graphfuse.stats import across_datasets, across_pairs, compare_pairs, summarize, tie_groups

EVERY = pytest.mark.parametrize(
    "function", [summarize, compare_pairs, tie_groups, across_datasets, across_pairs]
)


@pytest.fixture
def scores(make_scores):
    rng = np.random.default_rng(0)
    return make_scores(
        {
            dataset: {name: rng.normal(0.7, 0.1, size=10) for name in ("a", "b", "c")}
            for dataset in ("x", "y")
        }
    )


@EVERY
def test_row_order_and_further_columns_do_not_matter(function, scores):
    scores["repeat"] += 8  # labels 8 and 9, then 10: as text they sort differently
    scores.loc[scores["repeat"] == 9, "repeat"] = 10
    expected = function(scores)
    for seed in range(5):
        shuffled = scores.sample(frac=1, random_state=seed).assign(seconds=1.0)
        pd.testing.assert_frame_equal(function(shuffled), expected, check_exact=True)


@EVERY
def test_categorical_columns(function, scores):
    categorical = scores.astype(dict.fromkeys(["dataset", "strategy"], "category"))
    subset = categorical[categorical["strategy"] != "c"]
    expected = function(scores[scores["strategy"] != "c"])
    pd.testing.assert_frame_equal(function(subset), expected)


@EVERY
def test_input_is_left_as_it_was(function, scores):
    before = scores.copy()
    function(scores)
    pd.testing.assert_frame_equal(scores, before)


@EVERY
def test_no_rows(function, scores):
    full, empty = function(scores), function(scores.iloc[:0])
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)


@EVERY
def test_missing_values_of_every_kind_count_as_failed(function, scores):
    nan = scores.copy()
    nan.loc[[0, 7], "score"] = np.nan
    infinite = scores.copy()
    infinite.loc[[0, 7], "score"] = [np.inf, -np.inf]
    nullable = nan.astype({"score": "Float64"})
    objects = nan.astype({"score": object}).where(nan.notna(), None)
    for other in (infinite, nullable, objects):
        pd.testing.assert_frame_equal(function(other), function(nan))


@EVERY
def test_missing_columns(function, scores):
    wrong = scores.rename(columns={"score": "accuracy", "fold": "split"})
    message = r"lacks the columns fold, score; given: .*split, accuracy; expected: dataset.*rename"
    with pytest.raises(InputError, match=message):
        function(wrong)


@EVERY
def test_not_a_table(function):
    with pytest.raises(InputError, match="must be a pandas DataFrame, got dict"):
        function({"dataset": []})


@EVERY
def test_duplicated_row_is_named(function, scores):
    twice = pd.concat([scores, scores.iloc[[12, 3]]])
    message = (
        r"more than one row for dataset='x', strategy='b', repeat=0, fold=2 \(2 rows too many\)"
    )
    with pytest.raises(InputError, match=message):
        function(twice)


def test_key_without_value(scores):
    scores.loc[3, "strategy"] = None
    with pytest.raises(InputError, match="no strategy in row 3"):
        summarize(scores)


def test_score_that_is_no_number(scores):
    with pytest.raises(InputError, match=r"column score of scores must hold numbers.*'bad'"):
        summarize(scores.astype({"score": object}).replace({"score": {scores.score[0]: "bad"}}))


def test_one_size_alone(scores):
    with pytest.raises(InputError, match="has n_test alone; n_train and n_test are used together"):
        summarize(scores.assign(n_test=20))


@pytest.mark.parametrize(("name", "size"), [("n_train", 0), ("n_test", -3), ("n_test", np.inf)])
def test_impossible_sizes(scores, name, size):
    sized = scores.assign(n_train=80.0, n_test=20.0)
    sized.loc[4, name] = size
    with pytest.raises(InputError, match=f"{name} must be positive and finite, got .* in row 4"):
        summarize(sized)
