import io

import numpy as np
import pytest
import soundfile

from graphfuse.errors import InputError
from graphfuse.raw.readers.sound import read_sound

RATE = 16000
ANNOUNCING = ("WAV", "RF64", "W64", "AIFF", "AU")
TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)


def encoded(samples, form="WAV", **options):
    stream = io.BytesIO()
    soundfile.write(stream, samples, RATE, format=form, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("form", "close"),
    [("OGG", 0.1), ("MP3", 0.1), *((form, 1e-3) for form in ("FLAC", *ANNOUNCING))],
)
def test_formats(form, close):
    read = read_sound(encoded(TONE, form), "a")
    assert (read.rate, read.samples.dtype) == (RATE, np.float32)
    assert read.seconds == pytest.approx(0.5, abs=0.1)
    assert np.abs(read.samples[2000:6000] - TONE[2000:6000]).max() < close


def test_channels_are_averaged():
    both = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    assert np.abs(read_sound(encoded(both), "a").samples - TONE / 2).max() < 1e-3


def test_samples_stay_between_minus_one_and_one():
    loud = read_sound(encoded(4 * TONE, subtype="FLOAT"), "a").samples
    assert (loud.min(), loud.max()) == (-1, 1)


@pytest.mark.parametrize("form", ["FLAC", "OGG", *ANNOUNCING])
@pytest.mark.parametrize("share", [0.2, 0.7, 0.98])
def test_a_recording_that_is_cut_short_is_an_error(form, share):
    content = encoded(np.random.default_rng(0).uniform(-1, 1, 20_000), form)
    with pytest.raises(InputError, match=r"song (is truncated|is not a readable sound)"):
        read_sound(content[: int(share * len(content))], "song")


@pytest.mark.parametrize("form", ANNOUNCING)
def test_whole_recordings_are_not_cut_short(form):
    for subtype in ("PCM_16", "PCM_24"):
        content = encoded(TONE[:777], form, subtype=subtype)
        assert len(read_sound(content, "song").samples) == 777


def test_a_streamed_wav_does_not_know_its_length():
    content = bytearray(encoded(TONE))
    place = content.index(b"data") + 4
    content[place : place + 4] = b"\xff\xff\xff\xff"
    assert len(read_sound(bytes(content), "a").samples) == len(TONE)


@pytest.mark.parametrize("content", [b"not a sound", b"RIFF\0\0\0\0WAVE", b"OggS"])
def test_what_is_no_sound_is_an_error(content):
    with pytest.raises(InputError, match=r"song is (not a readable sound|truncated)(?!.* at 0x)"):
        read_sound(content, "song")


def test_an_empty_sound_is_an_error():
    with pytest.raises(InputError, match=r"song is an empty sound"):
        read_sound(encoded(TONE[:0]), "song")


def test_nan_is_an_error():
    with pytest.raises(InputError, match="NaN"):
        read_sound(encoded(np.array([0.1, np.nan]), subtype="FLOAT"), "song")


def test_a_recording_far_too_long_is_not_decoded(monkeypatch):
    monkeypatch.setattr("graphfuse.raw.readers.sound.MOST", 1000)
    with pytest.raises(InputError, match="cut it into parts"):
        read_sound(encoded(TONE), "song")
