import dataclasses
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch

from graphfuse.encoders import create_encoder, list_encoders
from graphfuse.encoders.audio import _frames
from graphfuse.encoders.audio.mel import Mel
from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw import Sound

RATE = 16000


def tone(hertz, seconds=1.0, rate=RATE, volume=0.5):
    return Sound(
        (volume * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(
            np.float32
        ),
        rate,
    )


def noise(seconds, rate=RATE, seed=0):
    return Sound(
        np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)).astype(np.float32), rate
    )


def speechlike(rate):
    """A second of harmonics of 200 Hz up to 6 kHz that come and go: exact at any rate."""
    time = np.arange(rate) / rate
    made = sum(np.sin(2 * np.pi * 200 * k * time + k * k) / k for k in range(1, 31))
    return Sound((0.2 * made * (1.2 + np.sin(2 * np.pi * 3 * time))).astype(np.float32), rate)


def mel(hertz):
    return 2595 * np.log10(1 + hertz / 700)


def test_it_is_listed_and_made_by_name():
    assert "mel" in {info.name for info in list_encoders("audio")}
    made = create_encoder("audio", "mel", rate=2.0, deviation=False)
    assert (made.features, made.pos_dim) == (40, 1)
    assert made.identity()["options"] == dataclasses.asdict(made)


@pytest.mark.parametrize("hertz", [300, 1000, 3000, 6000])
def test_a_tone_peaks_in_the_band_around_its_frequency(hertz):
    [nodes] = Mel(deviation=False).encode([tone(hertz)])
    centres = np.linspace(mel(50), mel(7000), 42)[1:-1]
    nearest = np.abs(centres - mel(hertz)).argmin()
    assert (nodes.x.argmax(1) == nearest).all()
    assert nodes.x.max() == pytest.approx(0, abs=3.1)  # its power is in two bands at most


def test_values_follow_the_formula():
    sound = noise(0.3)
    [nodes] = Mel(rate=100, deviation=False).encode([sound])
    samples = sound.samples.astype(np.float64)
    padded = np.pad(samples / np.sqrt(np.mean(samples**2)), 200)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    edges = 700 * (10 ** (np.linspace(mel(50), mel(7000), 42) / 2595) - 1)
    frequencies = np.arange(513) * RATE / 1024
    frames = 1 + len(samples) // 160
    expected = np.empty((frames, 40))
    for t in range(frames):
        cut = np.concatenate([padded[t * 160 : t * 160 + 400] * window, np.zeros(624)])
        power = np.abs(np.fft.fft(cut)[:513]) ** 2 / (512 * np.sum(window**2))
        for band in range(40):
            weights = np.interp(frequencies, edges[band : band + 3], [0, 1, 0])
            expected[t, band] = 10 * np.log10(max(1e-8, weights @ power))
    bounds = np.arange(31) * frames // 30
    pooled = [expected[a:b].mean(0) for a, b in pairwise(bounds)]
    np.testing.assert_allclose(nodes.x, pooled, atol=1e-3)


def test_deviation_is_that_of_the_frames_of_a_node():
    sound = noise(1.0)
    [nodes] = Mel(rate=1).encode([sound])
    frames = _frames.log_mel(
        np.pad(sound.samples / np.sqrt(np.mean(sound.samples**2)), 200), RATE, 40
    )
    np.testing.assert_allclose(nodes.x[0, :40], frames.mean(0), atol=1e-3)
    np.testing.assert_allclose(nodes.x[0, 40:], frames.std(0), atol=1e-3)


def test_nodes_are_as_many_a_second_as_asked_and_stand_at_their_seconds():
    [nodes] = Mel(rate=4).encode([tone(440, 2.5)])
    assert len(nodes.x) == 10
    gaps = nodes.pos.flatten().diff()
    assert gaps.min() >= 0.24
    assert gaps.max() <= 0.26
    assert nodes.pos[0].item() == pytest.approx(0.12, abs=0.01)
    assert nodes.pos[-1].item() == pytest.approx(2.375, abs=0.01)


def test_a_click_is_in_the_node_at_its_second():
    samples = np.zeros(3 * RATE, np.float32)
    samples[round(1.7 * RATE)] = 1
    [nodes] = Mel(rate=5).encode([Sound(samples, RATE)])
    loudest = nodes.x[:, :40].mean(1).argmax()
    assert abs(nodes.pos[loudest].item() - 1.7) <= 0.1


@pytest.mark.parametrize("length", [0, 1, 100, 399, 400, 4000])
@pytest.mark.parametrize("fill", [0.0, 0.3])
def test_silence_and_short_sounds_give_finite_nodes(length, fill):
    [nodes] = Mel().encode([Sound(np.full(length, fill, np.float32), RATE)])
    assert nodes.x.shape == (1, 80)
    assert nodes.x.dtype == nodes.pos.dtype == torch.float32
    assert nodes.x.isfinite().all()
    assert nodes.pos.isfinite().all()


def test_volume_leaves_no_trace():
    one, other = Mel().encode([tone(700, volume=0.9), tone(700, volume=0.01)])
    torch.testing.assert_close(one.x, other.x, atol=1e-3, rtol=0)


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
def test_the_sample_rate_leaves_no_trace(rate):
    one, other = Mel().encode([speechlike(RATE), speechlike(rate)])
    torch.testing.assert_close(one.pos, other.pos)
    torch.testing.assert_close(one.x, other.x, atol=0.5, rtol=0)


def test_sounds_wait_at_the_sample_rate_that_is_worked_at():
    sound = noise(1.0, 44100)
    ready = Mel().prepare(sound)
    assert (len(ready.samples), ready.rate) == (RATE, RATE)
    [nodes], [same] = Mel().encode([sound]), Mel().encode([ready])
    assert torch.equal(nodes.x, same.x)


def test_bits_leave_no_trace():
    fine = speechlike(RATE)
    coarse = Sound((fine.samples * 2**15).round() / np.float32(2**15), RATE)
    one, other = Mel().encode([fine, coarse])
    torch.testing.assert_close(one.x, other.x, atol=0.5, rtol=0)


@pytest.mark.parametrize("rate", [11025, 22050, 32000, 44100])
def test_any_sample_rate_can_be_worked_at(rate):
    [nodes] = Mel(sample_rate=rate, bands=32, rate=100).encode([tone(1000, 0.5, rate)])
    assert len(nodes.x) == 50
    assert nodes.x.isfinite().all()


def test_nodes_are_no_more_than_frames():
    [nodes] = Mel(sample_rate=1060, bands=4, rate=100).encode([noise(10, 1060)])
    assert len(nodes.x) == 1 + 10600 // 11
    assert (nodes.x[:, 4:] == 0).all()  # a frame each


def test_long_sounds_are_the_same_whatever_the_blocks(monkeypatch):
    sound = noise(3)
    [whole] = Mel(rate=7).encode([sound])
    monkeypatch.setattr(_frames, "BLOCK", 37)
    [parts] = Mel(rate=7).encode([sound])
    torch.testing.assert_close(whole.x, parts.x)
    torch.testing.assert_close(whole.pos, parts.pos)


def test_a_sound_does_not_depend_on_others():
    sounds = [tone(440, 0.3), noise(2), tone(3000)]
    together = Mel().encode(sounds)
    for nodes, sound in zip(together, sounds, strict=True):
        assert torch.equal(nodes.x, Mel().encode([sound])[0].x)


@pytest.mark.parametrize("name", ["mel", "mfcc"])
def test_how_long_a_sound_is_shows_unless_as_many_seconds_are_heard_of_each(name):
    long = noise(2.0)
    start = Sound(long.samples[:RATE], RATE)
    assert [len(n.x) for n in create_encoder("audio", name).encode([long, start])] == [8, 4]
    cut, whole = create_encoder("audio", name, seconds=1).encode([long, start])
    assert torch.equal(cut.x, whole.x)
    assert torch.equal(cut.pos, whole.pos)
    short, at_44100 = create_encoder("audio", name, seconds=1).encode(
        [noise(0.5), noise(1.7, 44100)]
    )
    assert (len(short.x), len(at_44100.x)) == (2, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"seconds": 0},
            "seconds, the length read of a sound, must be a number of at least 0.1, or None",
        ),
        ({"seconds": float("nan")}, "or None for all of it; got nan"),
        ({"rate": 0}, "rate must be a number of nodes per second above 0 and at most 100, got 0"),
        ({"rate": 101}, "at most 100, got 101"),
        ({"bands": 0}, "bands must be an integer of at least 1, got 0"),
        ({"sample_rate": 100}, "sample_rate must be an integer of at least 1000, got 100"),
    ],
)
def test_wrong_options_are_errors(options, message):
    with pytest.raises(InputError, match=message):
        Mel(**options)


def test_bands_without_a_frequency_are_an_error():
    with pytest.raises(InputError, match=r"400 mel bands at 16000 .* use fewer bands"):
        Mel(bands=400).encode([tone(440)])


def test_what_is_no_sound_is_an_error():
    with pytest.raises(InputError, match="must be a sound, got str"):
        Mel().encode(["a text"])


def test_damaged_samples_are_an_error():
    samples = np.zeros(100, np.float32)
    samples[3] = np.nan
    with pytest.raises(InputError, match="1 of 100 are not"):
        Mel().encode([Sound(samples, RATE)])


def test_the_package_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers.audio_utils", None)
    with pytest.raises(MissingDependencyError, match="a log-mel spectrogram needs the package"):
        Mel().encode([tone(440)])
