import threading

import numpy as np
import pytest

from graphfuse.encoders import _ahead
from graphfuse.encoders._ahead import ahead


def test_results_keep_their_order_and_wait_in_bounded_number():
    asked, made = 0, []

    def make(k):
        made.append(k)
        return k

    for k in ahead(make, iter(range(100)), workers=3, most=5):
        assert k == asked
        asked += 1
        assert len(made) <= asked + 5
    assert asked == 100


def test_the_next_are_made_while_one_is_used():
    second = threading.Event()

    def make(k):
        if k == 1:
            second.set()
        return k

    made = iter(ahead(make, range(3), workers=1, most=2))
    assert next(made) == 0
    assert second.wait(timeout=60)
    assert list(made) == [1, 2]


def test_an_error_comes_in_its_turn_and_ends_the_rest():
    made = []

    def make(k):
        made.append(k)
        return 1 // (3 - k)

    results = ahead(make, range(1000), workers=1, most=4)
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(made) < 20


def test_few_large_items_wait(monkeypatch):
    monkeypatch.setattr(_ahead, "HEAVY", 10_000)
    made = []

    def make(k):
        made.append(k)
        return np.zeros(1000)

    for asked, _ in enumerate(ahead(make, iter(range(100)), workers=2, most=50), 1):
        assert len(made) <= asked + 3
    assert len(made) == 100
