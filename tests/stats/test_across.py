from __future__ import annotations

import math

import numpy as np
import pytest

from graphfuse.stats import across_datasets, across_pairs, holm, signed_rank_p


def _one_score_each(make_scores, rows, names=("a", "b", "c")):
    return make_scores(
        {
            f"d{i}": {name: [v] for name, v in zip(names, row, strict=True)}
            for i, row in enumerate(rows)
        }
    )


def test_mean_ranks_and_wins(make_scores):
    rows = [[0.9, 0.8, 0.7], [0.6, 0.8, 0.7], [0.5, 0.5, 0.4], [0.9, 0.1, 0.2]]
    table = across_datasets(_one_score_each(make_scores, rows)).set_index("strategy")
    # Ranks of a: 1, 3, 1.5, 1; of b: 2, 1, 1.5, 3; of c: 3, 2, 3, 2.
    assert table["mean_rank"].to_dict() == {"a": 6.5 / 4, "b": 7.5 / 4, "c": 10 / 4}
    assert table["wins"].to_dict() == {"a": 3, "b": 2, "c": 0}
    assert (table["n"] == 4).all()
    assert table.index.to_list() == ["a", "b", "c"]
    assert table.attrs["smallest_p"] == 0.125


def test_rounding_is_a_tie(make_scores):
    table = across_datasets(_one_score_each(make_scores, [[0.1 + 0.2, 0.3]], names=("a", "b")))
    assert table["mean_rank"].to_list() == [1.5, 1.5]
    assert table["wins"].to_list() == [1, 1]


def test_only_datasets_with_all_strategies_count(make_scores):
    scores = make_scores(
        {
            "full": {"a": [0.9, 0.8], "b": [0.5, 0.6]},
            "lacks_b": {"a": [0.1]},
            "b_failed": {"a": [0.1], "b": [math.nan]},
        }
    )
    table = across_datasets(scores)
    assert table["n"].to_list() == [1, 1]
    assert table["mean_rank"].to_list() == [1, 2]


def test_failing_on_the_hard_fold_gains_nothing(make_scores):
    scores = make_scores({"d": {"a": [0.9, 0.3], "b": [0.8, math.nan]}})
    table = across_datasets(scores).set_index("strategy")
    assert table.loc["a", "mean_rank"] == 1


def test_no_complete_dataset(make_scores):
    scores = make_scores({"x": {"a": [0.5]}, "y": {"b": [0.5]}})
    table = across_datasets(scores)
    assert table["mean_rank"].isna().all()
    assert table["wins"].to_list() == table["n"].to_list() == [0, 0]
    assert table.attrs["smallest_p"] == 1
    pairs = across_pairs(scores)
    assert pairs["n"].to_list() == [0]
    assert pairs[["difference", "p_value", "p_holm"]].isna().all(axis=None)


def test_five_datasets_have_no_p_value(make_scores):
    rows = [[0.9 + i / 100, 0.5, 0.1] for i in range(5)]
    table = across_pairs(_one_score_each(make_scores, rows))
    assert table[["p_value", "p_holm"]].isna().all(axis=None)
    assert table.attrs["smallest_p"] == 0.0625
    assert table.loc[0, "difference"] == pytest.approx(0.42)


def test_pairs_over_seven_datasets(make_scores):
    rng = np.random.default_rng(0)
    rows = rng.normal([0.8, 0.5, 0.75], 0.05, size=(7, 3))
    table = across_pairs(_one_score_each(make_scores, rows)).set_index(["a", "b"])
    a, b, c = rows.T
    expected = [signed_rank_p(d) for d in (a - c, a - b, c - b)]
    order = [("a", "c"), ("a", "b"), ("c", "b")]
    assert sorted(table.index) == sorted(order)
    assert table.loc[order, "p_value"].to_list() == pytest.approx(expected)
    assert table.loc[order, "p_holm"].to_list() == pytest.approx(holm(expected).tolist())
    assert table.loc[("a", "b"), "p_value"] == table.attrs["smallest_p"] == 0.015625


def test_six_datasets_can_separate_two(make_scores):
    rows = [[0.9 + i / 100, 0.5] for i in range(6)]
    table = across_pairs(_one_score_each(make_scores, rows, names=("a", "b")))
    assert table["p_value"].to_list() == table["p_holm"].to_list() == [0.03125]
