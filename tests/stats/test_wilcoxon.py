from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphfuse.errors import InputError
from graphfuse.stats import signed_rank_p, smallest_p


@pytest.mark.parametrize(
    ("n", "p"), [(0, 1), (1, 1), (2, 0.5), (3, 0.25), (5, 0.0625), (6, 0.03125), (10, 0.001953125)]
)
def test_floor(n, p):
    assert smallest_p(n) == p


@pytest.mark.parametrize("n", range(1, 12))
def test_floor_is_reached_and_not_undercut(n):
    assert signed_rank_p(np.arange(1, n + 1)) == pytest.approx(smallest_p(n))
    assert signed_rank_p(-np.ones(n)) == pytest.approx(smallest_p(n))


def test_negative_count():
    with pytest.raises(InputError, match="n must be zero or more, got -1"):
        smallest_p(-1)


@pytest.mark.parametrize("seed", range(10))
def test_equals_scipy_exact_without_ties(seed):
    values = np.random.default_rng(seed).normal(0.3, 1, size=5 + seed * 3)
    expected = stats.wilcoxon(values, method="exact").pvalue
    assert signed_rank_p(values) == pytest.approx(expected)


@given(st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=8))
def test_ties_equal_the_enumeration_of_all_signs(values):
    ranks = stats.rankdata(np.abs(values))
    total = ranks.sum()
    extreme = abs(ranks[np.array(values) > 0].sum() - total / 2)
    sums = [np.dot(signs, ranks) for signs in itertools.product((0, 1), repeat=len(values))]
    expected = np.mean([abs(s - total / 2) >= extreme - 1e-9 for s in sums])
    assert signed_rank_p(values) == pytest.approx(min(1.0, expected))


@given(st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=1, max_size=20))
def test_is_a_probability_and_two_sided(values):
    p = signed_rank_p(values)
    assert 0 < p <= 1
    assert p == signed_rank_p(np.negative(values))


def test_ties_survive_rounding():
    # 0.3 - 0.2 and 0.1 differ in the last digit and are the same magnitude all the same.
    exact = signed_rank_p([1, 1, 1, -1, 2, 3])
    assert signed_rank_p([0.3 - 0.2, 0.1, 0.9 - 0.8, 0.7 - 0.8, 0.2, 0.3]) == exact


def test_zeros_and_failed_datasets_are_left_out():
    assert signed_rank_p([0, 1, 2, math.nan, 3, 0]) == 0.25
    assert signed_rank_p([0, 0, 0]) == 1
    assert math.isnan(signed_rank_p([]))
    assert math.isnan(signed_rank_p([math.nan]))
