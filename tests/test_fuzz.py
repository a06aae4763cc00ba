import json
import os
import signal
import time

import numpy as np
import pytest

from benchmarks.fuzz.__main__ import FAULTS, fuzz, table
from benchmarks.fuzz.forked import run_cases
from benchmarks.fuzz.kinds import KINDS
from benchmarks.fuzz.mutations import mutate_bytes, mutate_json
from graphfuse.errors import InputError


def test_every_way_in_which_a_case_can_end_is_distinguished():
    def attempt(case, folder):
        assert not list(folder.iterdir())
        if case == 1:
            raise InputError("not an input")
        if case == 2:
            raise KeyError("x")
        if case == 3:
            os.kill(os.getpid(), signal.SIGSEGV)
        if case == 4:
            time.sleep(60)
        if case == 5:
            bytearray(2**34)
        return "used"

    results = list(run_cases(attempt, range(7), memory=2**28, seconds=3))
    assert [result.case for result in results] == list(range(7))
    assert [result.outcome for result in results] == [
        "used",
        "refused",
        "foreign",
        "crash",
        "hang",
        "memory",
        "used",
    ]
    assert results[2].detail.startswith("KeyError: 'x' at test_fuzz.py")
    assert results[3].detail == "SIGSEGV"


@pytest.mark.parametrize("seed", range(50))
def test_the_same_seed_gives_the_same_damage(seed):
    text = json.dumps({"a": [1, {"b": "c"}], "d": None})
    first, again = (mutate_json(text, np.random.default_rng(seed)) for _ in range(2))
    assert first == again
    content = bytes(range(256))
    first, again = (mutate_bytes(content, np.random.default_rng(seed)) for _ in range(2))
    assert first == again


@pytest.mark.slow
def test_damaged_inputs_of_every_kind_are_used_or_refused():
    found = fuzz(list(KINDS.values()), 210, seed=0, seconds=60, memory=2, total=600)
    faults = [(name, r) for name, own in found.items() for r in own if r.outcome in FAULTS]
    assert faults == []
    assert {len(own) >= 10 for own in found.values()} == {True}
    assert table(found).count("\n") == len(KINDS)
