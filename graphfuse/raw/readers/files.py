"""Kinds of files by the extensions of their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

IMAGE = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".svg", ".ppm", ".pgm")
AUDIO = (".wav", ".flac", ".ogg", ".oga", ".mp3", ".opus", ".aif", ".aiff", ".au", ".m4a")
VIDEO = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v")
SUFFIXES = {
    **dict.fromkeys(IMAGE, "image"),
    **dict.fromkeys(AUDIO, "audio"),
    **dict.fromkeys(VIDEO, "video"),
    **dict.fromkeys((".npy", ".csv", ".tsv"), "series"),
    **dict.fromkeys((".txt", ".md"), "text"),
}
"""What a file holds, by the end of its name."""


def kind_of_files(name: str, texts: Sequence[str]) -> tuple[str, str] | None:
    """Return the kind of files that at least four of five values name; a GIF may be a film."""
    split = [part for text in texts for part in paths(text)]
    kinds = Counter(SUFFIXES.get(_suffix(part), "") for part in split)
    kinds.pop("", None)
    if not kinds:
        return None
    films = kinds.keys() <= {"image", "video"} and ("video" in kinds or "video" in name.lower())
    if films:
        kinds = Counter({"video": kinds.total()})
    kind, count = kinds.most_common(1)[0]
    if count < 0.8 * len(split):
        return None
    own = ("image", "video") if films else (kind,)
    ends = sorted({_suffix(part) for part in split if SUFFIXES.get(_suffix(part)) in own})
    return kind, f"paths that end in {', '.join(ends[:3])}"


def _suffix(text: str) -> str:
    if len(text) > 1000 or "\n" in text:
        return ""
    return PurePosixPath(text.replace("\\", "/")).suffix.lower()


def paths(text: str) -> list[str]:
    """Return the paths of a cell that names several, as "a.png;b.png", each with a known end."""
    for separator in (";", "|"):
        parts = [part.strip() for part in text.split(separator)]
        if len(parts) > 1 and all(_suffix(part) in SUFFIXES for part in parts):
            return parts
    return [text]
