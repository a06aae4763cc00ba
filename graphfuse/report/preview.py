"""Samples and their augmented versions, side by side, as one HTML file."""

from __future__ import annotations

import base64
import difflib
import io
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw import facts
from graphfuse.raw.augment.copies import seed_of
from graphfuse.raw.augment.text import WORD
from graphfuse.raw.readers.items import Sound, Video

if TYPE_CHECKING:
    from graphfuse.raw import Item, Manifest
    from graphfuse.raw.augment import Augmentation

SIDE = 200
"""Longest side of a picture on the page, in pixels."""
AUDIBLE = 200_000
"""Largest sound, in bytes, that the page can play."""
LONGEST = 4000
"""Most characters of a text; a longer text is cut."""
PHRASES = {
    "crop": "cropped to {:.0%}",
    "flip": "flipped",
    "rotate": "rotated {:.0f}°",
    "scale": "scaled {:.2f}",
    "brightness": "brightness {:.2f}",
    "contrast": "contrast {:.2f}",
    "saturation": "saturation {:.2f}",
    "hue": "hue {:+.2f}",
    "speed": "speed {:.2f}",
    "pitch": "pitch {:+.1f} semitones",
    "formants": "formants {:.2f}",
    "denoise": "denoised by {:.0f} dB",
    "noise": "noise {:.0f} dB",
    "frequency_mask": "{:.0%} of the band masked",
    "time_mask": "{:.0%} of the time masked",
    "volume": "volume {:+.0f} dB",
    "replace": "words replaced",
    "insert": "words inserted",
    "swap": "words swapped",
    "delete": "words deleted",
}
"""Augmentations in words, with the amount that was drawn where the page does not show it."""


def to_preview(
    manifest: Manifest, augmentation: Augmentation, samples: int, versions: int, seed: int = 0
) -> str:
    """Return a page with random samples of the training part and augmented versions of each.

    The versions are those that encoders get. All text is escaped. A file that cannot be read is
    named in its place; a long text is cut. Tables and time series are left out, as augmentation
    does not change them.
    """
    folder = files("graphfuse.report") / "templates"
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string((folder / "preview.html.j2").read_text())
    parts = facts(manifest, labelled=False).splits
    trained = np.arange(len(manifest)) if parts is None else np.flatnonzero(parts == "train")
    rows = np.sort(np.random.default_rng(seed).permutation(trained)[:samples])
    return template.render(
        name=manifest.name or "data",
        style=(folder / "style.css").read_text(),
        part="of the training part" if parts is not None else "",
        seed=augmentation.seed,
        samples=[_sample(manifest, augmentation, int(row), versions) for row in rows],
    )


def _sample(
    manifest: Manifest, augmentation: Augmentation, row: int, versions: int
) -> dict[str, Any]:
    name = str(manifest.ids[row])
    lines = []
    for modality in manifest.modalities:
        if not augmentation.changes(manifest.kind(modality)):
            continue
        for place, cell in enumerate(manifest.cells(modality, [row])[0]):
            line: dict[str, Any] = {"modality": modality, "problem": None, "cells": []}
            try:
                item = _beginning(cell.read())
            except InputError as error:
                line["problem"] = str(error)
            else:
                seeds = [seed_of(augmentation.seed, copy, name) for copy in range(1, versions)]
                augmented = [augmentation.change(item, seed, modality, place) for seed in seeds]
                captions = [_caption(augmentation, item, seed, modality, place) for seed in seeds]
                cells = [_shown(one, item) for one in (item, *augmented)]
                line["cells"] = _aligned(cells, ["original", *captions])
            lines.append(line)
    labels = [column.name for column in manifest.columns if column.kind == "label"]
    label = ", ".join(str(manifest.table[row][column]) for column in labels)
    return {"name": name, "label": label, "lines": lines}


def _beginning(item: Item) -> Item:
    """Return an item; a long text is cut, at the end of a word if one is near."""
    if not isinstance(item, str) or len(item) <= LONGEST:
        return item
    start = item[:LONGEST]
    return start[: start.rfind(" ") if " " in start[-100:] else LONGEST] + " …"


def _caption(
    augmentation: Augmentation, item: Item, sample: tuple[int, ...], modality: str, place: int
) -> str:
    """Return in words which augmentations were drawn for an item."""
    kinds = {Video: ("image", "audio"), np.ndarray: ("image",), Sound: ("audio",)}
    own = next((own for kind, own in kinds.items() if isinstance(item, kind)), ("text",))
    drawn = [d for kind in own for d in augmentation.drawn(kind, sample, modality, place)]
    phrases = ", ".join(PHRASES[name].format(amount) for name, amount in drawn)
    return phrases.replace("%", " %") or "unchanged"


def _aligned(cells: list[dict[str, Any]], captions: list[str]) -> list[dict[str, Any]]:
    """Add captions, and make the width of a spectrogram proportional to its length in time."""
    longest = max(cell.get("seconds", 0) for cell in cells)
    return [
        {**cell, "caption": caption, "width": 100 * cell.get("seconds", 0) / (longest or 1)}
        for cell, caption in zip(cells, captions, strict=True)
    ]


def _shown(item: Item, original: Item) -> dict[str, Any]:
    """Return the picture, sound or words that the page shows for an item."""
    if isinstance(item, Video):
        middle = item.frames[len(item.frames) // 2]
        return {"image": _png(middle), "note": f"frame of {len(item.frames)}"}
    if isinstance(item, Sound):
        wave = _wav(item)
        heard = wave if len(wave) <= AUDIBLE else None
        note = f"{item.seconds:.2f} s, 0 to {item.rate / 2000:g} kHz"
        picture = _png(spectrogram(item))
        return {"image": picture, "sound": heard, "seconds": item.seconds, "note": note}
    if isinstance(item, np.ndarray):
        return {"image": _png(item), "note": ""}
    return {"words": changed_words(str(original), str(item)), "note": ""}


def changed_words(before: str, after: str) -> list[tuple[str, bool]]:
    """Split a text into pieces and mark the new ones; an empty new piece marks a deletion.

    Example:
        >>> changed_words("a red cat", "a blue cat")
        [('a ', False), ('blue', True), (' cat', False)]
    """
    old, new = (re.findall(rf"\s+|{WORD.pattern}|[^\w\s]", text) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        ("".join(new[start:stop]), kind != "equal")
        for kind, _, _, start, stop in matcher.get_opcodes()
    ]


def spectrogram(sound: Sound) -> np.ndarray:
    """Return a picture [H, W, 3]: low frequencies at the bottom, in decibels below the peak."""
    from matplotlib import colormaps
    from scipy.signal import stft

    length = max(8, min(512, len(sound.samples)))
    padded = np.pad(sound.samples, (0, max(0, length - len(sound.samples))))
    power = np.abs(stft(padded, nperseg=length, noverlap=length // 2)[2]) ** 2
    decibels = 10 * np.log10(power / max(power.max(), 1e-12) + 1e-8)
    colours = colormaps["magma"]((decibels[::-1] + 80) / 80)[..., :3]
    return np.asarray((colours * 255).astype(np.uint8))


def _png(image: np.ndarray) -> str:
    try:
        from PIL import Image
    except ImportError:
        raise MissingDependencyError("pillow", "encoders", "showing pictures") from None
    picture = Image.fromarray(image)
    picture.thumbnail((SIDE * 2, SIDE * 2))
    content = io.BytesIO()
    picture.save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def _wav(sound: Sound) -> str:
    import wave

    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes((sound.samples * 32767).astype("<i2").tobytes())
    return f"data:audio/wav;base64,{base64.b64encode(content.getvalue()).decode()}"
