from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphfuse.errors import InputError
from graphfuse.stats import holm

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=10)


def test_hand_computed_values():
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1, then never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_never_above_one():
    assert holm([0.5, 0.6, 0.7]).tolist() == [1.0, 1.0, 1.0]


def test_nan_stays_and_does_not_count():
    adjusted = holm([np.nan, 0.02, np.nan, 0.01])
    assert np.isnan(adjusted[[0, 2]]).all()
    assert adjusted[[1, 3]] == pytest.approx([0.02, 0.02])


@pytest.mark.parametrize("nothing", [[], [np.nan, np.nan]])
def test_nothing_to_adjust(nothing):
    assert np.isnan(holm(nothing)).all()
    assert len(holm(nothing)) == len(nothing)


@given(p_lists, st.floats(0.01, 0.2))
def test_rejects_what_the_step_down_procedure_rejects(p, alpha):
    rejected = set()
    for step, index in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[index] * (len(p) - step) > alpha:
            break
        rejected.add(index)
    assert {index for index, value in enumerate(holm(p)) if value <= alpha} == rejected


@given(p_lists)
def test_is_the_closed_test_of_bonferroni(p):
    # Adjusted p of i: the largest Bonferroni p over all sets of hypotheses that contain i.
    p = p[:6]
    indices = range(len(p))
    subsets = [
        set(chosen)
        for size in range(1, len(p) + 1)
        for chosen in itertools.combinations(indices, size)
    ]
    expected = [
        max(min(1.0, len(s) * min(p[j] for j in s)) for s in subsets if i in s) for i in indices
    ]
    assert holm(p) == pytest.approx(expected)


@given(p_lists, st.randoms(use_true_random=False))
def test_order_does_not_matter(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    assert holm([p[i] for i in order]).tolist() == holm(p)[order].tolist()


@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [[0.1]], 0.1, ["x"]])
def test_not_a_list_of_p_values(wrong):
    with pytest.raises(InputError, match="flat list of numbers between 0 and 1"):
        holm(wrong)
