from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.stats import corrected_t_test, tie_groups

BASE = np.array([0.70, 0.72, 0.68, 0.71, 0.69])
NOISE = np.array([0.010, -0.010, 0.012, -0.008, 0.001])


def _ranks(table):
    return dict(zip(table["strategy"], table["rank"], strict=True))


def test_groups_share_ranks_and_the_next_rank_skips(make_scores):
    table = tie_groups(
        make_scores(
            {
                "d": {
                    "b2": BASE - 0.2 + NOISE,
                    "a1": BASE + 0.001,
                    "c": BASE - 0.4 - NOISE,
                    "b1": BASE - 0.2,
                    "a2": BASE + 2 * NOISE,
                }
            }
        )
    )
    assert table["strategy"].to_list() == ["a2", "a1", "b2", "b1", "c"]
    assert table["rank"].to_list() == [1, 1, 3, 3, 5]
    assert table["tied_with_best"].to_list() == [True, True, False, False, False]
    assert table["n"].to_list() == [5] * 5
    assert table["mean"].is_monotonic_decreasing


def test_significance_is_that_of_the_corrected_test(make_scores):
    # The ordinary paired t-test would separate these (p = 0.02); the corrected one does not.
    gap = np.array([0.01, 0.03, 0.00, 0.02, 0.015])
    scores = make_scores({"d": {"a": BASE + gap, "b": BASE}})
    p = corrected_t_test(gap, ratio=0.25).p_value
    assert 0.05 < p < 0.2
    assert _ranks(tie_groups(scores)) == {"a": 1, "b": 1}
    assert _ranks(tie_groups(scores, alpha=p + 0.001)) == {"a": 1, "b": 2}
    assert _ranks(tie_groups(scores, alpha=p - 0.001)) == {"a": 1, "b": 1}


def test_more_comparisons_need_more_evidence(make_scores):
    gap = np.array([0.02, 0.04, 0.01, 0.03, 0.025])
    p = corrected_t_test(gap, ratio=0.25).p_value
    assert 0.05 / 4 < p < 0.05
    two = {"a": BASE + gap, "b": BASE}
    four = two | {f"b{index}": BASE - index * 1e-6 for index in range(1, 4)}
    assert _ranks(tie_groups(make_scores({"d": two})))["b"] == 2
    assert _ranks(tie_groups(make_scores({"d": four})))["b"] == 1


def test_groups_already_formed_are_no_comparisons_any_more(make_scores):
    gap = np.array([0.02, 0.04, 0.01, 0.03, 0.025])
    p = corrected_t_test(gap, ratio=0.25).p_value
    assert 0.05 / 2 < p < 0.05
    noisy = BASE + np.array([-0.5, 0.2, -0.4, 0.3, -0.1])
    everything = {"top": BASE + 0.1, "noisy": noisy, "mid": BASE, "low": BASE - gap}
    assert _ranks(tie_groups(make_scores({"d": everything}, n_test=1000))) == {
        "top": 1,
        "noisy": 1,
        "mid": 3,
        "low": 4,
    }


def test_noisy_strategy_may_tie_over_the_head_of_a_steady_one(make_scores):
    noisy = BASE + np.array([-0.5, 0.2, -0.4, 0.3, -0.1])
    table = tie_groups(make_scores({"d": {"top": BASE + NOISE, "steady": BASE - 0.05, "n": noisy}}))
    assert table["strategy"].to_list() == ["top", "steady", "n"]
    assert table["rank"].to_list() == [1, 3, 1]


def test_equal_scores_are_tied_and_a_constant_gap_is_not(make_scores):
    table = tie_groups(make_scores({"d": {"b": BASE, "a": BASE, "c": BASE - 0.01}}, n_test=500))
    assert table["strategy"].to_list() == ["a", "b", "c"]
    assert table["rank"].to_list() == [1, 1, 3]


def test_a_constant_gap_of_few_samples_or_of_unknown_size_is_no_difference(make_scores):
    scores = {"d": {"a": [0.80, 0.75], "b": [0.75, 0.70]}}
    assert _ranks(tie_groups(make_scores(scores, n_test=20))) == {"a": 1, "b": 1}
    assert _ranks(tie_groups(make_scores(scores))) == {"a": 1, "b": 1}


def test_strategy_without_any_score(make_scores):
    table = tie_groups(make_scores({"d": {"a": BASE, "broken": [math.nan] * 5}}))
    last = table.iloc[-1]
    assert last["strategy"] == "broken"
    assert math.isnan(last["rank"])
    assert not last["tied_with_best"]
    assert table["tied_with_best"].dtype == bool


def test_nothing_ran(make_scores):
    table = tie_groups(make_scores({"d": {"a": [math.nan], "b": [math.nan]}}))
    assert table["rank"].isna().all()
    assert not table["tied_with_best"].any()


def test_one_lucky_score_does_not_lead(make_scores):
    lucky = [0.99] + [math.nan] * 4
    table = tie_groups(
        make_scores({"d": {"lucky": lucky, "good": BASE, "bad": BASE - 0.3}}, n_test=100)
    )
    assert _ranks(table) == {"lucky": 1, "good": 1, "bad": 3}


def test_failing_on_hard_folds_does_not_make_a_winner(make_scores):
    nan = math.nan
    scores = {"whole": [0.94, 0.96, 0.60, 0.62, 0.61], "fails": [0.95, 0.97, nan, nan, nan]}
    assert _ranks(tie_groups(make_scores({"d": scores}, n_test=100))) == {"whole": 1, "fails": 1}


def test_single_scores_are_all_tied(make_scores):
    table = tie_groups(make_scores({"d": {"a": [0.9], "b": [0.1]}}))
    assert _ranks(table) == {"a": 1, "b": 1}


def test_disjoint_folds_are_not_separable(make_scores):
    nan = math.nan
    scores = make_scores({"d": {"a": [0.9, 0.9, nan, nan], "b": [nan, nan, 0.1, 0.1]}})
    assert _ranks(tie_groups(scores)) == {"a": 1, "b": 1}


def test_higher_mean_on_easier_folds_is_not_below_itself(make_scores):
    # b leads by its mean, and is significantly behind a on every fold they share.
    nan = math.nan
    a = [0.6, 0.61, 0.62, 0.63, 0.60]
    b = [0.5, 0.51, 0.52, nan, nan]
    easy = [0.9, 0.9, 0.9]
    scores = make_scores({"d": {"a": a + [nan] * 3, "b": b + easy}}, folds=8)
    assert _ranks(tie_groups(scores)) == {"a": 1, "b": 1}


def test_datasets_are_ranked_apart(make_scores):
    far = BASE - 0.3
    scores = make_scores({"x": {"a": BASE, "b": far}, "y": {"b": BASE, "a": far}}, n_test=100)
    table = tie_groups(scores)
    assert table["dataset"].to_list() == ["x", "x", "y", "y"]
    assert table["strategy"].to_list() == ["a", "b", "b", "a"]
    assert table["rank"].to_list() == [1, 2, 1, 2]


def test_reference(make_scores):
    scores = make_scores(
        {
            "x": {"concat": BASE, "graph": BASE + 0.2 + NOISE, "vote": BASE - NOISE},
            "y": {"graph": BASE},
        }
    )
    table = tie_groups(scores, reference="concat").set_index(["dataset", "strategy"])
    tests = [corrected_t_test(d, ratio=0.25) for d in (0.2 + NOISE, -NOISE)]
    assert table.loc[("x", "graph"), "difference"] == pytest.approx(tests[0].mean)
    assert table.loc[("x", "vote"), "difference"] == pytest.approx(tests[1].mean)
    assert table.loc[("x", "graph"), "p_reference"] == pytest.approx(2 * tests[0].p_value)
    assert table.loc[("x", "vote"), "p_reference"] == pytest.approx(tests[1].p_value)
    empty = table.loc[[("x", "concat"), ("y", "graph")], ["difference", "p_reference"]]
    assert empty.isna().all(axis=None)
    without = tie_groups(scores)
    pd.testing.assert_frame_equal(table.reset_index()[list(without.columns)], without)


def test_unknown_reference(make_scores):
    with pytest.raises(UnknownNameError, match="unknown strategy 'conct'; did you mean 'concat'"):
        tie_groups(make_scores({"d": {"concat": BASE}}), reference="conct")


@pytest.mark.parametrize("alpha", [0, 1, -0.1, math.nan])
def test_impossible_alpha(make_scores, alpha):
    with pytest.raises(InputError, match="alpha must lie strictly between 0 and 1"):
        tie_groups(make_scores({"d": {"a": BASE}}), alpha=alpha)


cells = st.one_of(st.floats(0, 1), st.just(math.nan))


@given(st.lists(st.lists(cells, min_size=4, max_size=4), min_size=1, max_size=5))
def test_ranks_are_competition_ranks_on_any_design(make_scores, columns):
    table = tie_groups(make_scores({"d": {f"s{i}": c for i, c in enumerate(columns)}}, folds=4))
    ranks = table["rank"].dropna().to_numpy()
    for rank in np.unique(ranks):
        assert rank == 1 + (ranks < rank).sum()
    assert table["rank"].isna().equals(table["n"] == 0)
    assert table["tied_with_best"].equals(table["rank"] == 1)
    if len(ranks):
        assert ranks.min() == 1
