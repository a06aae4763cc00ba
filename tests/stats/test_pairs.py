from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphfuse.errors import InputError
from graphfuse.stats import bayesian_correlated_t, compare_pairs, corrected_t_test, holm


def _pair(table, a, b):
    return table.set_index(["a", "b"]).loc[(a, b)]


def test_every_ordered_pair_once_for_each_dataset(make_scores):
    strategies = {"low": [0.1, 0.2], "top": [0.8, 0.7], "mid": [0.5, 0.6]}
    table = compare_pairs(make_scores({"y": strategies, "x": strategies}, folds=2))
    expected = ["top", "top", "mid", "mid", "low", "low"]
    assert table["dataset"].to_list() == ["x"] * 6 + ["y"] * 6
    assert table["a"].to_list() == expected * 2
    assert table["b"].to_list() == ["mid", "low", "top", "low", "top", "mid"] * 2


def test_numbers_are_those_of_the_tests(make_scores):
    rng = np.random.default_rng(0)
    a, b, c = rng.normal([[0.8], [0.7], [0.75]], 0.05, size=(3, 10))
    table = compare_pairs(make_scores({"d": {"a": a, "b": b, "c": c}}), rope=0.02, level=0.9)
    row = _pair(table, "a", "b")
    test = corrected_t_test(a - b, ratio=0.25, level=0.9)
    posterior = bayesian_correlated_t(a - b, ratio=0.25, rope=0.02)
    adjusted = holm([corrected_t_test(d, 0.25).p_value for d in (a - b, a - c, b - c)])
    assert row["difference"] == pytest.approx(test.mean)
    assert (row["low"], row["high"]) == pytest.approx((test.low, test.high))
    assert row["p_value"] == pytest.approx(test.p_value)
    assert row["p_holm"] == pytest.approx(adjusted[0])
    assert (row["worse"], row["equivalent"], row["better"]) == pytest.approx(
        (posterior.worse, posterior.equivalent, posterior.better)
    )
    assert (row["wins"], row["losses"], row["n"]) == ((a > b).sum(), (a < b).sum(), 10)


@given(st.lists(st.floats(0, 1), min_size=9, max_size=9))
@example([0.0] * 6 + [1.0] * 3)
def test_the_other_way_round_is_the_mirror_image(make_scores, values):
    strategies = {"a": values[:3], "b": values[3:6], "c": values[6:]}
    table = compare_pairs(make_scores({"d": strategies}, folds=3))
    there = table.set_index(["a", "b"])
    back = table.set_index(["b", "a"]).loc[there.index]
    for column in ("p_value", "p_holm", "equivalent", "ties", "n"):
        assert there[column].equals(back[column])  # NaN where both are NaN
    assert there["better"].fillna(-1).to_list() == back["worse"].fillna(-1).to_list()
    assert there["wins"].to_list() == back["losses"].to_list()
    assert there["difference"].to_list() == (-back["difference"]).to_list()
    assert there["low"].fillna(-1).to_list() == (-back["high"]).fillna(-1).to_list()
    for (a, b), row in there.iterrows():
        differences = np.subtract(strategies[a], strategies[b])
        direct = corrected_t_test(differences, ratio=0.5)
        # The same difference on every fold has no valid test, as the step of a score is unknown.
        constant = differences.any() and np.ptp(differences) <= 1e-12 * np.abs(differences).max()
        assert math.isnan(row["p_value"]) if constant else 0 <= row["p_value"] <= 1
        assert row["difference"] == pytest.approx(direct.mean, abs=1e-12)
        assert row["wins"] + row["ties"] + row["losses"] == row["n"] == 3


def test_only_common_folds_count(make_scores):
    nan = math.nan
    scores = make_scores({"d": {"a": [0.9, 0.8, nan, 0.7], "b": [0.1, 0.6, 0.6, 0.4]}}, folds=4)
    row = _pair(compare_pairs(scores.drop(index=4)), "a", "b")  # b never ran fold 0
    test = corrected_t_test([0.8 - 0.6, 0.7 - 0.4], ratio=1 / 3)
    assert (row["n"], row["wins"]) == (2, 2)
    assert row["p_value"] == pytest.approx(test.p_value)


def test_too_few_common_folds_have_no_p_value_and_do_not_count(make_scores):
    nan = math.nan
    scores = make_scores(
        {"d": {"a": [0.9, 0.8, 0.7], "b": [0.6, 0.6, 0.3], "once": [0.5, nan, nan]}}, folds=3
    )
    table = compare_pairs(scores)
    row = _pair(table, "a", "once")
    assert (row["n"], row["difference"]) == (1, pytest.approx(0.4))
    assert np.isnan(row[["p_value", "p_holm", "low", "high", "better"]].to_numpy(float)).all()
    full = _pair(table, "a", "b")
    assert full["p_holm"] == full["p_value"]


def test_no_common_fold(make_scores):
    row = _pair(
        compare_pairs(make_scores({"d": {"a": [0.9, math.nan], "b": [math.nan, 1]}})), "a", "b"
    )
    assert (row["n"], row["wins"], row["ties"], row["losses"]) == (0, 0, 0, 0)
    assert math.isnan(row["difference"])


def test_lone_strategy_has_no_pair(make_scores):
    assert compare_pairs(make_scores({"d": {"a": [0.9, 0.8]}})).empty


def test_rounding_is_no_difference(make_scores):
    # 0.1 + 0.2 is not 0.3 in floats; three such folds must not make a winner.
    scores = make_scores({"d": {"a": [0.1 + 0.2] * 3, "b": [0.3] * 3}}, folds=3)
    row = _pair(compare_pairs(scores), "a", "b")
    assert (row["ties"], row["p_value"], row["difference"]) == (3, 1.0, 0.0)


def test_no_negative_zero(make_scores):
    table = compare_pairs(make_scores({"d": {"a": [0.3] * 3, "b": [0.3] * 3}}))
    assert not np.signbit(table[["difference", "low", "high"]].to_numpy()).any()


def test_ratio_of_the_common_folds(make_scores):
    scores = make_scores({"d": {"a": [0.9, 0.8, 0.7], "b": [0.6, math.nan, 0.3]}}, folds=3)
    scores["n_train"], scores["n_test"] = [80, 10, 60] * 2, [20, 90, 30] * 2
    test = corrected_t_test([0.9 - 0.6, 0.7 - 0.3], ratio=(0.25 + 0.5) / 2)
    assert _pair(compare_pairs(scores), "a", "b")["p_value"] == pytest.approx(test.p_value)


def test_seeds_on_one_split_prove_nothing(make_scores):
    scores = make_scores({"d": {"a": [0.91, 0.92, 0.93], "b": [0.6, 0.61, 0.63]}}, folds=1)
    row = _pair(compare_pairs(scores), "a", "b")
    assert row["difference"] == pytest.approx(0.92 - 0.6133333, abs=1e-6)
    assert math.isnan(row["p_value"])


def test_impossible_options(make_scores):
    scores = make_scores({"d": {"a": [0.9, 0.8]}})
    with pytest.raises(InputError, match=r"rope must be zero or more, got -0\.1"):
        compare_pairs(scores, rope=-0.1)
    with pytest.raises(InputError, match="level must lie strictly between 0 and 1, got 1"):
        compare_pairs(scores, level=1)
