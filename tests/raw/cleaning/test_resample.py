import numpy as np
import pytest

from graphfuse.errors import InputError
from graphfuse.raw import Sound
from graphfuse.raw.cleaning import resample


def tone(hertz, rate):
    return Sound(np.sin(2 * np.pi * hertz * np.arange(rate) / rate).astype(np.float32), rate)


@pytest.mark.parametrize(("given", "wanted"), [(44100, 16000), (8000, 16000), (22050, 44100)])
def test_a_tone_stays_the_same_tone(given, wanted):
    made = resample(tone(1000, given), wanted)
    assert (made.rate, made.seconds, made.samples.dtype) == (wanted, 1.0, np.float32)
    inner = slice(wanted // 10, -wanted // 10)  # without the ends, where the filter runs out
    np.testing.assert_allclose(made.samples[inner], tone(1000, wanted).samples[inner], atol=5e-3)


def test_what_the_lower_rate_cannot_hold_is_removed():
    made = resample(tone(10000, 44100), 16000)
    assert np.abs(made.samples[800:-800]).max() < 0.01


@pytest.mark.parametrize("length", [0, 1, 5])
def test_short_sounds(length):
    made = resample(Sound(np.ones(length, np.float32), 8000), 16000)
    assert len(made.samples) == 2 * length
    assert np.isfinite(made.samples).all()


def test_the_same_rate_changes_nothing():
    sound = tone(440, 8000)
    assert np.array_equal(resample(sound, 8000).samples, sound.samples)


def test_rates_of_damaged_headers_are_errors():
    with pytest.raises(InputError, match=r"sample rate of a sound must be .* at least 1000, got 1"):
        resample(Sound(np.zeros(10, np.float32), 1), 16000)
    with pytest.raises(InputError, match=r"sample rate of the result must be .* got 0"):
        resample(tone(440, 8000), 0)


def test_samples_that_are_not_finite_are_an_error():
    with pytest.raises(InputError, match="2 of 3 are not; the file is damaged"):
        resample(Sound(np.array([0, np.inf, np.nan], np.float32), 8000), 8000)
