"""Recordings of any format that libsndfile reads, as one channel of float32."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw.readers.items import Sound

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
        why = getattr(error, "error_string", error)  # the rest names the bytes by their address
        raise InputError(f"{name} is not a readable sound: {why}") from None
    if len(samples) < announced or is_cut_short(content):
        raise InputError(
            f"{name} is truncated: it ends after {len(samples) / rate:.2f} s, earlier than its "
            f"header says"
        )
    if not len(samples):
        raise InputError(f"{name} is an empty sound, 0 s long")
    mono = samples.mean(axis=1)
    if not np.isfinite(mono).all():
        raise InputError(f"{name} holds samples that are NaN or infinite")
    return Sound(mono.clip(-1, 1), rate)


def is_cut_short(content: bytes) -> bool:
    """Return whether a file announces more samples than it holds, or an Ogg file ends mid-page.

    This covers WAV, RF64, Wave64, AIFF and AU, of which libsndfile reads what is there without an
    error. A last page that is not marked as the last is accepted: some encoders do not mark it.
    """
    if content[:4] == b"OggS":
        page = content[content.rfind(b"OggS") :]
        if len(page) < 27 or len(page) < 27 + page[26]:
            return True
        segments = page[27 : 27 + page[26]]
        return len(page) < 27 + len(segments) + sum(segments)
    start, size = _samples(content)
    streamed = size in (0, 2**32 - 1, 2**64 - 1)  # the writer could not know the length
    return not streamed and start + size > len(content)


def _samples(content: bytes) -> tuple[int, int]:
    """Return where the samples begin and their announced size in bytes, 0 if unknown."""
    form = content[:4]
    if form in (b"RIFF", b"RIFX"):
        return _chunk(content, b"data", "little" if form == b"RIFF" else "big")
    if form == b"RF64":
        start, _ = _chunk(content, b"data")
        sizes, _ = _chunk(content, b"ds64")
        return start, int.from_bytes(content[sizes + 8 : sizes + 16], "little")
    if form == b"FORM":
        return _chunk(content, b"SSND", "big")
    if form == b"riff":
        return _chunk(content, b"data", wave64=True)
    if form == b".snd":
        return int.from_bytes(content[4:8], "big"), int.from_bytes(content[8:12], "big")
    return len(content), 0


def _chunk(
    content: bytes, name: bytes, order: Literal["little", "big"] = "little", wave64: bool = False
) -> tuple[int, int]:
    """Return where the content of a chunk begins, and its announced size in bytes.

    A chunk has a name, then its size; in Wave64 both are longer, and the size counts them too.
    """
    place, head, number, even = (40, 24, 8, 8) if wave64 else (12, 8, 4, 2)
    while place + head <= len(content):
        size = int.from_bytes(content[place + head - number : place + head], order)
        size = max(size - head, 0) if wave64 else size
        if content[place : place + 4] == name:
            return place + head, size
        place += head + -(-size // even) * even
    return len(content), 0
