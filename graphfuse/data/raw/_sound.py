"""Recordings of any format that libsndfile reads, as one channel of float32."""

from __future__ import annotations

import io

import numpy as np

from graphfuse.data.raw.items import Sound
from graphfuse.errors import InputError, MissingDependencyError

MOST = 2**29
"""Values, over all channels, that a recording may have: 2 GiB, three hours of stereo."""


def read_sound(content: bytes, name: str) -> Sound:
    """Return a recording, the mean of its channels, at its own rate.

    Raises:
        InputError: it is no recording, empty, cut short, or far too long.
        MissingDependencyError: soundfile is not installed.
    """
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: the package is there, its library is not
        raise MissingDependencyError("soundfile", "encoders", "reading sounds") from None
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            if file.frames * file.channels > MOST:
                raise InputError(
                    f"{name} has {file.frames} frames of {file.channels} channels, more than are "
                    f"read at once; cut it into parts"
                )
            announced, rate = file.frames, int(file.samplerate)
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} is no sound that can be read: {error}") from None
    if len(samples) < announced or is_cut_short(content):
        raise InputError(
            f"{name} is cut short: it ends after {len(samples) / rate:.2f} s, before the end that "
            f"it announces"
        )
    if not len(samples):
        raise InputError(f"{name} is an empty sound, 0 s long")
    mono = samples.mean(axis=1)
    if not np.isfinite(mono).all():
        raise InputError(f"{name} holds samples that are NaN or infinite")
    return Sound(mono.clip(-1, 1), rate)


def is_cut_short(content: bytes) -> bool:
    """Tell whether a WAV file announces more than it holds, or an Ogg file ends within a page.

    libsndfile reads what is there and says nothing. That the last page is not marked as the last
    says little: some encoders forget to.
    """
    if content[:4] == b"RIFF":
        start, size = _data_chunk(content)
        streamed = size in (0, 0xFFFFFFFF)  # the writer could not know the length
        return not streamed and start + size > len(content)
    if content[:4] == b"OggS":
        page = content[content.rfind(b"OggS") :]
        if len(page) < 27 or len(page) < 27 + page[26]:
            return True
        segments = page[27 : 27 + page[26]]
        return len(page) < 27 + len(segments) + sum(segments)
    return False


def _data_chunk(content: bytes) -> tuple[int, int]:
    """Return where the samples of a WAV file begin, and how many bytes they are said to take."""
    place = 12
    while place + 8 <= len(content):
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        if content[place : place + 4] == b"data":
            return place + 8, size
        place += 8 + size + size % 2
    return len(content), 0
