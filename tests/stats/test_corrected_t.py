from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphfuse.errors import InputError
from graphfuse.stats import PairedTest, corrected_t_test

differences = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=2, max_size=12)
ratios = st.floats(0.01, 2)


def test_hand_computed_value():
    # Mean 3, variance 2.5, corrected variance of the mean 2.5 * (1/5 + 1/4) = 1.125.
    test = corrected_t_test([3, 1, 4, 2, 5], ratio=0.25)
    assert test.statistic == pytest.approx(3 / math.sqrt(1.125))
    assert (test.mean, test.df, test.n) == (3.0, 4, 5)
    # 2.776 is the 97.5 % point of t with 4 degrees of freedom in every printed table.
    assert test.high - test.mean == pytest.approx(2.776445 * math.sqrt(1.125), abs=1e-5)
    assert test.mean - test.low == pytest.approx(test.high - test.mean)


def test_p_value_is_the_area_under_the_t_density():
    # With 2 degrees of freedom the tail has a closed form: p = 1 - t / sqrt(2 + t**2).
    test = corrected_t_test([0.02, 0.01, 0.03], ratio=0.5)
    t = 0.02 / (0.01 * math.sqrt(1 / 3 + 0.5))
    assert test.p_value == pytest.approx(1 - t / math.sqrt(2 + t * t))


def test_vanishing_ratio_is_the_ordinary_paired_t_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 12))
    ours = corrected_t_test(a - b, ratio=1e-14, level=0.9)
    theirs = stats.ttest_rel(a, b)
    interval = theirs.confidence_interval(0.9)
    assert ours.p_value == pytest.approx(theirs.pvalue)
    assert ours.statistic == pytest.approx(theirs.statistic)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high))


def test_repeats_cannot_make_an_overlap_go_away():
    # The variance of the mean has the floor ratio * var, however often the folds are repeated.
    folds = [0.00, 0.01, 0.02, 0.03, -0.01]
    many = corrected_t_test(folds * 1000, ratio=0.25)
    assert many.p_value > 0.05
    assert stats.ttest_1samp(folds * 1000, 0).pvalue < 1e-100


def test_nominal_under_equally_correlated_normals():
    # The model the test is exact for: correlation ratio / (1 + ratio) between any two folds.
    rng = np.random.default_rng(1)
    ratio, sets, n = 0.25, 4000, 10
    rho = ratio / (1 + ratio)
    shared, own = rng.normal(size=(sets, 1)), rng.normal(size=(sets, n))
    draws = math.sqrt(rho) * shared + math.sqrt(1 - rho) * own
    rejected = np.mean([corrected_t_test(d, ratio).p_value <= 0.05 for d in draws])
    naive = np.mean(stats.ttest_1samp(draws, 0, axis=1).pvalue <= 0.05)
    assert rejected == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / sets))
    assert naive > 0.2


def _repeated_cv_differences(rng: np.random.Generator) -> np.ndarray:
    """Accuracy differences, 5 times 5-fold, of ridge on two halves of exchangeable features.

    The label needs both halves alike, so before the data are drawn no half is the better one.
    """
    n, width, folds = 100, 8, 5
    views = rng.normal(size=(2, n, width))
    y = np.sign(views.sum(axis=(0, 2)) / math.sqrt(2 * width) + rng.normal(size=n))
    gaps = []
    for _ in range(5):
        fold = rng.permutation(n) % folds
        for k in range(folds):
            x, target = views[:, fold != k], y[fold != k]
            gram = x.transpose(0, 2, 1) @ x + np.eye(width)
            weights = np.linalg.solve(gram, x.transpose(0, 2, 1) @ target[:, None])
            hits = np.sign(views[:, fold == k] @ weights)[..., 0] == y[fold == k]
            first, second = hits.mean(axis=1)
            gaps.append(first - second)
    return np.array(gaps)


@pytest.mark.slow
def test_declares_few_false_winners_under_repeated_cross_validation():
    rng = np.random.default_rng(2)
    draws = [_repeated_cv_differences(rng) for _ in range(2000)]
    naive = np.mean([stats.ttest_1samp(d, 0).pvalue <= 0.05 for d in draws])
    corrected = np.mean([corrected_t_test(d, ratio=0.25).p_value <= 0.05 for d in draws])
    assert naive > 0.35
    assert corrected < 0.08


@given(differences, ratios)
def test_swapping_the_sides_mirrors_everything(values, ratio):
    one, other = (corrected_t_test(v, ratio, resolution=0.1) for v in (values, np.negative(values)))
    assert one.p_value == other.p_value
    assert 0 <= one.p_value <= 1
    assert (one.mean, one.low, one.high) == (-other.mean, -other.high, -other.low)
    assert one.low <= one.mean <= one.high


@given(differences, ratios)
def test_interval_excludes_zero_exactly_where_p_is_small(values, ratio):
    test = corrected_t_test(values, ratio, level=0.95)
    if abs(test.p_value - 0.05) > 1e-9:
        assert (test.low > 0 or test.high < 0) == (test.p_value < 0.05)


@given(differences, ratios, st.sampled_from([1e-250, 1e-9, 3.0, 1e250]))
def test_unit_of_the_score_does_not_matter(values, ratio, unit):
    if max(map(abs, values)) < 1e-30:
        return  # would leave the range of floats
    scaled = corrected_t_test(np.array(values) * unit, ratio, resolution=0.1 * unit)
    plain = corrected_t_test(values, ratio, resolution=0.1)
    assert scaled.p_value == pytest.approx(plain.p_value, abs=1e-6)


def test_no_difference_anywhere():
    test = corrected_t_test([0.0, 0.0, 0.0], ratio=0.5)
    assert test == PairedTest(mean=0.0, low=0.0, high=0.0, statistic=0.0, df=2, p_value=1.0, n=3)


@pytest.mark.parametrize("constant", [0.1, -0.1])
def test_same_difference_everywhere(constant):
    # 0.1 three times has a standard deviation of 1.7e-17 in floats: rounding, not spread.
    test = corrected_t_test([constant] * 3, ratio=0.5)
    assert test.mean == constant
    assert np.isnan([test.low, test.high, test.statistic, test.p_value]).all()


def test_the_step_of_a_score_stands_in_for_a_hidden_spread():
    # Accuracies of 20 samples move in steps of .05: twice the same step is no evidence.
    few = corrected_t_test([0.05, 0.05], ratio=1.0, resolution=1 / 20)
    statistic = 0.05 / (0.05 / math.sqrt(12) * math.sqrt(1 / 2 + 1))
    assert few.statistic == pytest.approx(statistic)
    assert few.p_value > 0.2
    assert corrected_t_test([0.5] * 5, ratio=0.25, resolution=1 / 200).p_value < 1e-6
    spread = [0.05, 0.1]
    assert corrected_t_test(spread, 1.0, resolution=1 / 20) == corrected_t_test(spread, 1.0)


@pytest.mark.parametrize("values", [[], [0.3], [0.3, math.nan], [math.inf, 0.3]])
def test_too_few_differences(values):
    test = corrected_t_test(values, ratio=0.5)
    assert test.n == len([value for value in values if math.isfinite(value)])
    assert test.mean == 0.3 if test.n else math.isnan(test.mean)
    assert np.isnan([test.low, test.high, test.statistic, test.p_value]).all()
    assert test.df == 0


def test_failed_runs_are_left_out():
    with_gaps = corrected_t_test([0.1, math.nan, 0.3, -math.inf, 0.2], ratio=0.25)
    assert with_gaps == corrected_t_test([0.1, 0.3, 0.2], ratio=0.25)


def test_unknown_ratio_gives_the_mean_and_no_verdict():
    test = corrected_t_test([0.1, 0.2, 0.3], ratio=math.nan)
    assert test.mean == pytest.approx(0.2)
    assert math.isnan(test.p_value)
    assert math.isnan(test.low)


def test_outcome_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        corrected_t_test([0.1, 0.2], ratio=0.5).p_value = 0.0


@pytest.mark.parametrize("ratio", [0, -0.25, math.inf])
def test_impossible_ratio(ratio):
    with pytest.raises(InputError, match=r"ratio must be positive.*got .*n_test / n_train"):
        corrected_t_test([0.1, 0.2], ratio=ratio)


@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_impossible_level(level):
    with pytest.raises(InputError, match=r"level must lie strictly between 0 and 1.*0\.95"):
        corrected_t_test([0.1, 0.2], ratio=0.5, level=level)


def test_differences_of_wrong_shape():
    with pytest.raises(InputError, match=r"one-dimensional, got shape \(2, 1\)"):
        corrected_t_test([[0.1], [0.2]], ratio=0.5)


def test_differences_that_are_not_numbers():
    with pytest.raises(InputError, match=r"differences must be numbers, got \['x'\]"):
        corrected_t_test(["x"], ratio=0.5)
