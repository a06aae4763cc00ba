from __future__ import annotations

import math

import pytest

from graphfuse.errors import InputError
from graphfuse.stats import effect_size


def test_mean_over_sample_deviation():
    # Mean 3, sample variance ((4 + 0 + 4) / 2) = 4.
    assert effect_size([1, 3, 5]) == pytest.approx(1.5)
    assert effect_size([-1, -3, -5]) == pytest.approx(-1.5)
    assert effect_size([0.001, 0.003, 0.005]) == pytest.approx(1.5)


def test_without_spread():
    assert effect_size([0.0, 0.0]) == 0
    assert effect_size([0.1, 0.1, 0.1]) == math.inf
    assert effect_size([-0.1, -0.1, -0.1]) == -math.inf


@pytest.mark.parametrize("values", [[], [0.2], [0.2, math.nan]])
def test_too_few(values):
    assert math.isnan(effect_size(values))


def test_wrong_shape():
    with pytest.raises(InputError, match="one-dimensional"):
        effect_size(0.1)
