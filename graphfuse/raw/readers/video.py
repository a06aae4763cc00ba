"""Films: moving GIF, WebP and PNG by Pillow, containers of films by PyAV."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw.readers.image import open_image
from graphfuse.raw.readers.items import Sound, Video
from graphfuse.raw.readers.raster import flatten
from graphfuse.raw.readers.sound import MOST

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_FRAMES = 128
"""Of more frames than this, so many at equal distances are kept."""

MOST_BYTES = 2**31
"""Bytes that the frames of a film may take."""


CONTAINERS = (
    ("matroska", 0, (b"\x1a\x45\xdf\xa3",)),  # WebM too
    ("avi", 8, (b"AVI ", b"AVIX")),
    ("flv", 0, (b"FLV\x01",)),
    ("ogg", 0, (b"OggS",)),
    ("asf", 0, (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",)),  # WMV
    ("mpeg", 0, (b"\0\0\1\xba",)),
    ("mpegvideo", 0, (b"\0\0\1\xb3",)),
    ("mov", 4, (b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")),  # MP4 too
)
"""Containers that are read, as FFmpeg calls them: where their marks stand, and what these are.

Left to itself, FFmpeg also takes scripts for films, such as playlists and session descriptions,
and opens the files, addresses and ports that they name.
"""

OPENING = {"protocol_whitelist": "none"}
"""Options of FFmpeg with which a film opens no file and no connection besides its own bytes."""


def read_video(content: bytes, name: str) -> Video:
    """Return the frames of a film and their times, and its sound if it has one.

    Raises:
        InputError: it is no film, damaged, or too large for the memory.
        MissingDependencyError: it is no moving picture, and PyAV is not installed.
    """
    if content.startswith((b"GIF8", b"\x89PNG")) or content[8:12] == b"WEBP":
        return _by_pillow(open_image(content, name), name)
    return _by_av(content, name)


def container_of(content: bytes) -> str | None:
    r"""Return FFmpeg's name of the container that the bytes show, None if it is not read.

    Example:
        >>> container_of(b"\0\0\0\x18ftypmp42"), container_of(b"ffconcat version 1.0")
        ('mov', None)
    """
    for form, start, marks in CONTAINERS:
        if any(content.startswith(mark, start) for mark in marks):
            return form
    for start, packet in ((0, 188), (4, 192)):  # each packet of a transport stream begins with G
        if len(content) > packet and content[start::packet][:5].strip(b"G") == b"":
            return "mpegts"
    return None


def _kept(count: int) -> list[int]:
    places = np.linspace(0, count - 1, min(count, MOST_FRAMES)).round()
    return [int(place) for place in places]


def _check_size(count: int, width: int, height: int, name: str) -> None:
    if min(count, MOST_FRAMES) * width * height * 3 > MOST_BYTES:
        raise InputError(f"{name} has frames of {width} x {height} pixels; make it smaller")


def _by_pillow(film: Image, name: str) -> Video:
    frames, times, now = [], [], 0.0
    try:
        count = getattr(film, "n_frames", 1)
        _check_size(count, *film.size, name)
        wanted = set(_kept(count))
        for place in range(count):
            film.seek(place)
            film.load()
            if place in wanted:
                frames.append(flatten(film))
                times.append(now)
            now += film.info.get("duration", 100) / 1000
    except InputError:
        raise
    except Exception as error:  # decoders raise what they happen to meet in damaged bytes
        raise InputError(f"{name} is a damaged film: {error}") from None
    return Video(np.stack(frames), np.array(times))


def _by_av(content: bytes, name: str) -> Video:
    try:
        import av
    except ImportError:
        raise MissingDependencyError("av", "video", f"reading the film {name}") from None
    container = container_of(content)
    if container is None:
        known = ", ".join(["mpegts", *(form for form, _, _ in CONTAINERS)])
        raise InputError(
            f"{name} is not a film in a supported format: {known} (MP4), or a moving GIF, WebP or "
            f"PNG"
        )
    opened = partial(av.open, format=container, container_options=OPENING)
    try:
        with opened(io.BytesIO(content)) as file:
            if not file.streams.video:
                raise InputError(f"{name} has no pictures; if it is a sound, its kind is 'audio'")
            count = sum(packet.pts is not None for packet in file.demux(video=0))
        with opened(io.BytesIO(content)) as file:
            stream = file.streams.video[0]
            _check_size(count, stream.width, stream.height, name)
            frames, times = _frames(file, count)
        sound = _sound(av, opened(io.BytesIO(content)), times[0], name) if times else None
    except InputError:
        raise
    except Exception as error:  # PyAV has an error class for each way in which a file is damaged
        raise InputError(f"{name} is not a readable film: {error}") from None
    if not frames:
        raise InputError(f"{name} is a film without a single frame")
    return Video(np.stack(frames), np.array(times) - times[0], sound)


def _frames(file: Any, count: int) -> tuple[list[np.ndarray], list[float]]:
    wanted, stream = set(_kept(count)), file.streams.video[0]
    size = {"width": stream.width, "height": stream.height}  # that of a frame may change midway
    frames, times = [], []
    for place, frame in enumerate(file.decode(video=0)):
        if place in wanted:
            frames.append(frame.to_ndarray(format="rgb24", **size))
            times.append(float(frame.time or 0.0))
    return frames, times


def _sound(av: Any, opened: Any, begins: float, name: str) -> Sound | None:
    """Return the sound from the second of the first picture on; silence until its own start."""
    with opened as file:
        if not file.streams.audio:
            return None
        rate = int(file.streams.audio[0].rate)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        parts, starts, count = [], [], 0
        for frame in file.decode(audio=0):
            starts.append(float(frame.time or 0.0))
            parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
            count += frame.samples
            if count > MOST:
                raise InputError(f"{name} has a sound of more than {MOST} samples; cut it")
        parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    if not parts:
        return None
    late = round((starts[0] - begins) * rate)
    if abs(late) > MOST:
        raise InputError(f"{name} has a sound that starts {late / rate:.0f} s after its pictures")
    samples = np.concatenate(parts).clip(-1, 1)
    samples = np.pad(samples, (late, 0)) if late > 0 else samples[-late:]
    return Sound(samples, rate) if len(samples) else None
