import numpy as np
import pytest

from graphfuse.encoders.audio.mel import Mel
from graphfuse.encoders.audio.mfcc import MFCC
from graphfuse.errors import InputError
from graphfuse.raw import Sound

RATE = 16000


def noise(seconds):
    samples = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE))
    return Sound(samples.astype(np.float32), RATE)


def test_values_follow_the_formula():
    sound = noise(0.6)
    [spectrum] = Mel(rate=5, deviation=False).encode([sound])
    [nodes] = MFCC(rate=5, coefficients=13, deviation=False).encode([sound])
    band = np.arange(40)
    for k in range(13):
        scale = np.sqrt((1 if k == 0 else 2) / 40)
        wave = scale * np.cos(np.pi * k / 40 * (band + 0.5))
        np.testing.assert_allclose(nodes.x[:, k], spectrum.x.numpy() @ wave, atol=1e-3)


def test_all_coefficients_keep_all_of_the_spectrum():
    sound = noise(0.5)
    [spectrum] = Mel(deviation=False).encode([sound])
    [nodes] = MFCC(coefficients=40, deviation=False).encode([sound])
    np.testing.assert_allclose(nodes.x.norm(dim=1), spectrum.x.norm(dim=1), rtol=1e-5)


def test_silence_is_flat():
    [nodes] = MFCC().encode([Sound(np.zeros(8000, np.float32), RATE)])
    assert nodes.x.shape == (2, 40)
    assert nodes.x[:, 0].tolist() == pytest.approx([-80 * np.sqrt(40)] * 2)
    assert nodes.x[:, 1:].abs().max() < 1e-3


def test_more_coefficients_than_bands_are_an_error():
    with pytest.raises(InputError, match="40 bands have as many coefficients at most, got 41"):
        MFCC(coefficients=41)
