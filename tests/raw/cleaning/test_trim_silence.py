import numpy as np
import pytest

from graphfuse.errors import InputError
from graphfuse.raw import Sound
from graphfuse.raw.cleaning import trim_silence

RATE = 8000


def hum(seconds, volume):
    return volume * np.random.default_rng(0).normal(size=round(seconds * RATE)).astype(np.float32)


def around(volume, hiss):
    parts = [hum(1, hiss), hum(0.5, volume), hum(0.3, 0), hum(0.5, volume), hum(2, hiss)]
    return Sound(np.concatenate(parts).astype(np.float32), RATE)


@pytest.mark.parametrize(("volume", "hiss"), [(0.1, 0.0), (0.1, 2e-4), (1e-3, 2e-6)])
def test_ends_are_cut_and_pauses_stay(volume, hiss):
    made = trim_silence(around(volume, hiss), keep=0)
    assert made.seconds == pytest.approx(1.3, abs=0.04)
    assert made.rate == RATE


def test_some_silence_is_kept():
    made = trim_silence(around(0.1, 0), keep=0.25)
    assert made.seconds == pytest.approx(1.8, abs=0.04)
    assert len(trim_silence(around(0.1, 0), keep=99).samples) == len(around(0.1, 0).samples)


def test_louder_hiss_than_asked_stays():
    assert len(trim_silence(around(0.1, 2e-2)).samples) == len(around(0.1, 2e-2).samples)
    assert trim_silence(around(0.1, 2e-2), below=10, keep=0).seconds == pytest.approx(1.3, abs=0.04)


@pytest.mark.parametrize("length", [0, 1, 8000])
def test_silence_throughout_is_left_alone(length):
    assert len(trim_silence(Sound(np.zeros(length, np.float32), RATE)).samples) == length


def test_wrong_options_are_errors():
    with pytest.raises(InputError, match="below must be a number of decibels above 0, got 0"):
        trim_silence(around(0.1, 0), below=0)
    with pytest.raises(InputError, match="keep must be a number of seconds of at least 0, got -1"):
        trim_silence(around(0.1, 0), keep=-1)
