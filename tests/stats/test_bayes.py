from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from graphfuse.errors import InputError
from graphfuse.stats import Posterior, bayesian_correlated_t, corrected_t_test

differences = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=2, max_size=12)


def _student_density(x: float, df: int, mean: float, scale: float) -> float:
    constant = math.gamma((df + 1) / 2) / (math.gamma(df / 2) * math.sqrt(df * math.pi) * scale)
    return constant * (1 + ((x - mean) / scale) ** 2 / df) ** (-(df + 1) / 2)


def test_probabilities_are_areas_of_the_student_posterior():
    values, ratio, rope = [0.021, -0.004, 0.013, 0.035, 0.002, 0.018], 0.25, 0.01
    scale = math.sqrt((1 / 6 + ratio) * np.var(values, ddof=1))
    arguments = (5, np.mean(values), scale)
    worse, _ = integrate.quad(_student_density, -np.inf, -rope, arguments)
    equivalent, _ = integrate.quad(_student_density, -rope, rope, arguments)
    better, _ = integrate.quad(_student_density, rope, np.inf, arguments)
    posterior = bayesian_correlated_t(values, ratio, rope)
    assert posterior.worse == pytest.approx(worse, abs=1e-9)
    assert posterior.equivalent == pytest.approx(equivalent, abs=1e-9)
    assert posterior.better == pytest.approx(better, abs=1e-9)


def test_agrees_with_sampling_the_model():
    # Variance from its scaled inverse chi-square posterior, then the mean given the variance.
    rng = np.random.default_rng(0)
    values, ratio = np.array([0.05, 0.01, -0.01, 0.03]), 0.5
    variance = 3 * values.var(ddof=1) / rng.chisquare(3, size=400_000)
    mean = values.mean() + rng.normal(size=400_000) * np.sqrt((1 / 4 + ratio) * variance)
    posterior = bayesian_correlated_t(values, ratio, rope=0.015)
    assert posterior.worse == pytest.approx(np.mean(mean < -0.015), abs=0.004)
    assert posterior.better == pytest.approx(np.mean(mean > 0.015), abs=0.004)


@given(differences, st.floats(0.01, 2))
def test_without_rope_it_is_the_one_sided_p_value(values, ratio):
    test = corrected_t_test(values, ratio, resolution=0.1)
    posterior = bayesian_correlated_t(values, ratio, rope=0, resolution=0.1)
    if test.p_value not in (0, 1):
        assert 2 * min(posterior.worse, posterior.better) == pytest.approx(test.p_value)
        assert posterior.equivalent == pytest.approx(0, abs=1e-12)


@given(differences, st.floats(0.01, 2), st.floats(0, 0.5))
def test_sums_to_one_and_mirrors(values, ratio, rope):
    one = bayesian_correlated_t(values, ratio, rope, 0.1)
    other = bayesian_correlated_t(np.negative(values), ratio, rope, 0.1)
    assert one.worse + one.equivalent + one.better == pytest.approx(1)
    assert min(one.worse, one.equivalent, one.better) >= 0
    assert (one.worse, one.better) == (other.better, other.worse)


@given(differences, st.floats(0, 0.2), st.floats(0, 0.2))
def test_wider_rope_is_never_less_equivalent(values, one, two):
    narrow, wide = sorted((one, two))
    first = bayesian_correlated_t(values, 0.25, narrow, 0.1)
    second = bayesian_correlated_t(values, 0.25, wide, 0.1)
    assert second.equivalent >= first.equivalent - 1e-12


def test_without_difference_it_is_a_point():
    expected = Posterior(worse=0, equivalent=1, better=0)
    assert bayesian_correlated_t([0.0] * 3, ratio=0.5) == expected


def test_a_constant_difference_is_judged_by_the_step_of_the_score():
    unknown = bayesian_correlated_t([0.05] * 2, ratio=1)
    assert np.isnan([unknown.worse, unknown.equivalent, unknown.better]).all()
    assert bayesian_correlated_t([0.05] * 2, ratio=1, resolution=1 / 20).better < 0.9
    assert bayesian_correlated_t([0.05] * 5, ratio=0.25, resolution=1 / 1000).better > 0.999


def test_too_few_differences_or_unknown_ratio():
    for values, ratio in (([], 0.5), ([0.1, math.nan], 0.5), ([0.1, 0.2], math.nan)):
        posterior = bayesian_correlated_t(values, ratio)
        assert np.isnan([posterior.worse, posterior.equivalent, posterior.better]).all()


@pytest.mark.parametrize("rope", [-0.01, math.nan])
def test_impossible_rope(rope):
    with pytest.raises(InputError, match=r"rope must be zero or more, got .*for example 0\.01"):
        bayesian_correlated_t([0.1, 0.2], ratio=0.5, rope=rope)


def test_impossible_ratio():
    with pytest.raises(InputError, match="ratio must be positive"):
        bayesian_correlated_t([0.1, 0.2], ratio=0)
