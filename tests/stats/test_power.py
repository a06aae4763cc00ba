from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from graphfuse.errors import InputError
from graphfuse.stats import corrected_t_test, minimum_detectable_difference

# A ratio this small leaves the ordinary paired t-test.
NO_OVERLAP = 1e-14


@pytest.mark.parametrize(("d", "n"), [(0.5, 34), (0.8, 15), (0.2, 199)])
def test_textbook_sample_sizes(d, n):
    # Standard tables: so many pairs reach power 0.8 at two-sided 0.05, one fewer does not.
    assert minimum_detectable_difference(1.0, n, NO_OVERLAP) <= d
    assert minimum_detectable_difference(1.0, n - 1, NO_OVERLAP) > d


@pytest.mark.parametrize("power", [0.5, 0.8])
def test_the_test_finds_it_as_often_as_promised(power):
    rng = np.random.default_rng(0)
    n, ratio, sets = 10, 0.25, 3000
    rho = ratio / (1 + ratio)
    noise = math.sqrt(rho) * rng.normal(size=(sets, 1))
    noise = noise + math.sqrt(1 - rho) * rng.normal(size=(sets, n))
    # What a user sees as the deviation of the differences excludes what the folds share.
    shift = minimum_detectable_difference(math.sqrt(1 - rho), n, ratio, power=power)
    found = np.mean([corrected_t_test(d + shift, ratio).p_value <= 0.05 for d in noise])
    assert found == pytest.approx(power, abs=0.03)


def test_repeats_do_not_get_below_the_floor():
    floor = 0.02 * math.sqrt(0.25) * (1.96 + 0.8416)
    assert minimum_detectable_difference(0.02, 10_000, 0.25) == pytest.approx(floor, rel=1e-3)


def test_rejections_on_the_wrong_side_count_too():
    # With this many pairs t is normal; near alpha both tails matter.
    n = 1_000_000
    shift = minimum_detectable_difference(1.0, n, NO_OVERLAP, 0.4, 0.45) * math.sqrt(n)
    normal = NormalDist()
    critical = normal.inv_cdf(0.8)
    found = normal.cdf(shift - critical) + normal.cdf(-shift - critical)
    assert found == pytest.approx(0.45, abs=1e-4)


def test_grows_with_what_is_asked():
    base = minimum_detectable_difference(0.02, 10, 0.25)
    assert minimum_detectable_difference(0.02, 10, 0.25, power=0.95) > base
    assert minimum_detectable_difference(0.02, 10, 0.25, alpha=0.01) > base
    assert minimum_detectable_difference(0.02, 5, 0.25) > base
    assert minimum_detectable_difference(0.04, 10, 0.25) == pytest.approx(2 * base)


def test_two_runs_need_a_giant():
    assert 10 < minimum_detectable_difference(1.0, 2, 0.25) < 100


def test_edges():
    assert minimum_detectable_difference(0.0, 5, 0.25) == 0
    assert math.isnan(minimum_detectable_difference(0.02, 1, 0.25))
    assert math.isnan(minimum_detectable_difference(math.nan, 5, 0.25))
    assert math.isnan(minimum_detectable_difference(0.02, 5, math.nan))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ratio": 0}, "ratio must be positive"),
        ({"alpha": 0}, "alpha must lie strictly between 0 and 1, got 0"),
        ({"power": 1}, "power must lie strictly between 0 and 1, got 1"),
        ({"power": 0.05}, "power must be above alpha, got power=0.05 and alpha=0.05"),
        ({"differences_std": -1.0}, "differences_std must be zero or more and finite, got -1.0"),
    ],
)
def test_impossible_arguments(options, message):
    with pytest.raises(InputError, match=message):
        minimum_detectable_difference(**{"differences_std": 0.02, "n": 5, "ratio": 0.25} | options)
