"""Rebuild ``emoji.npz``: small emoji pictures, their names and what they are variants of.

Pictures and groups come from the npm package emoji-datasource-google 16.0.0 (Noto Emoji 2.048,
Apache-2.0), names from cldr-annotations-full and cldr-annotations-derived-full 48.2.0 (CLDR
short names, Unicode-3.0). The names in emoji-datasource-google are the older upper-case Unicode
character names ("RUNNER"), which tell less and are not what people know an emoji by. In an empty
folder:

    for package in emoji-datasource-google@16.0.0 \
        cldr-annotations-full@48.2.0 cldr-annotations-derived-full@48.2.0
    do
        npm pack "$package"
    done
    for file in *.tgz; do mkdir "${file%-*}"; tar -xzf "$file" -C "${file%-*}"; done

then, with Pillow installed, ``python -m benchmarks.rebuild.emoji FOLDER OUT_FILE``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.rebuild import main

SIDE = 32
LEFT_OUT = ("Flags", "Component")
GENDER_SIGNS = ("2640", "2642")
FACING_RIGHT = "27A1"
JOINER, EMOJI_STYLE = "200D", "FE0F"
PERSON = {"1F468": "1F9D1", "1F469": "1F9D1"}  # man, woman -> person

APOSTROPHE = "\u2019"
PEOPLE = "man|men|woman|women|person|people|boy|girl|child|adult|baby boy|baby girl"
HAIR = "red hair|curly hair|white hair|blond hair|bald|beard"
COLOURS = "red|orange|yellow|green|blue|light blue|purple|pink|brown|black|white|grey"
SIZES = "large|medium|medium-small|small"


def build(source: Path) -> dict[str, np.ndarray]:
    """Return the arrays of the file, samples in the order of the Unicode emoji charts."""
    package = source / "emoji-datasource-google" / "package"
    names = read_names(source)
    entries = [
        entry
        for entry in json.loads((package / "emoji.json").read_text(encoding="utf-8"))
        if entry["category"] not in LEFT_OUT and entry["has_img_google"]
    ]
    entries.sort(key=lambda entry: entry["sort_order"])
    categories = [entry["category"] for entry in entries]
    classes = sorted(set(categories), key=categories.index)
    concepts = [concept(entry["unified"], names) for entry in entries]
    first = {name: i for i, name in reversed(list(enumerate(concepts)))}
    numbers = {name: g for g, name in enumerate(sorted(first, key=lambda name: first[name]))}
    return {
        "images": np.stack([picture(package / "img/google/64" / e["image"]) for e in entries]),
        "names": np.array([names[plain(entry["unified"])] for entry in entries]),
        "label": np.array([classes.index(c) for c in categories], dtype=np.uint8),
        "classes": np.array(classes),
        "group": np.array([numbers[name] for name in concepts], dtype=np.uint16),
        "codepoints": np.array([entry["unified"] for entry in entries]),
    }


def read_names(source: Path) -> dict[tuple[str, ...], str]:
    """Return lower-case CLDR short names by code points without style selectors."""
    names: dict[tuple[str, ...], str] = {}
    for folder, key in (
        ("cldr-annotations-derived-full", "annotationsDerived"),
        ("cldr-annotations-full", "annotations"),
    ):
        file = source / folder / "package" / key / "en" / "annotations.json"
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        for characters, annotation in content[key]["annotations"].items():
            if "tts" in annotation:
                codes = "-".join(f"{ord(character):04X}" for character in characters)
                names[plain(codes)] = annotation["tts"][0].lower()
    return names


def plain(codepoints: str) -> tuple[str, ...]:
    """Return code points without the selectors that ask for emoji style."""
    return tuple(code for code in codepoints.split("-") if code != EMOJI_STYLE)


def picture(file: Path) -> np.ndarray:
    """Return a 64 x 64 picture on white, halved by averaging 2 x 2 pixels, as bytes."""
    with Image.open(file) as image:
        rgba = np.asarray(image.convert("RGBA"), dtype=np.uint32)
    if rgba.shape != (2 * SIDE, 2 * SIDE, 4):
        raise ValueError(f"{file} is {rgba.shape[:2]}, expected {(2 * SIDE, 2 * SIDE)}")
    alpha = rgba[..., 3:]
    on_white = rgba[..., :3] * alpha + 255 * (255 - alpha)  # in [0, 255 * 255]
    blocks = on_white.reshape(SIDE, 2, SIDE, 2, 3).sum(axis=(1, 3))
    return ((blocks + 2 * 255) // (4 * 255)).astype(np.uint8)


def concept(codepoints: str, names: dict[tuple[str, ...], str]) -> str:
    """Return what an emoji is a variant of: one word for "man cook", "woman cook" and "cook".

    Variants are those of gender, hair, direction, of the members of a family or couple, of the
    hour of a clock, the key of a keycap, and of colour and size: near-copies of one picture.
    """
    codes = plain(codepoints)
    name = names[codes]
    base = names.get(neutral(codes), name)
    if re.fullmatch(rf"\w+ o{APOSTROPHE}clock|\w+-thirty", base):
        return "clock face"
    base = re.sub(r": facing right$", "", base)
    for kind in ("family", "kiss", "couple with heart", "keycap"):
        if base == kind or base.startswith(f"{kind}:"):
            return kind
    base = base.replace("older", "old")
    shared = base
    for words in (PEOPLE, HAIR, f"{COLOURS}|{SIZES}"):
        shared = re.sub(rf"(?<![\w-])(?:{words})(?:{APOSTROPHE}s)?(?![\w-])", " ", shared)
    shared = re.sub(r"\band\b", " ", shared) if "holding hands" in shared else shared
    shared = " ".join(re.sub(r"[^\w\s-]", " ", shared).split())
    if shared:
        return shared
    return "person" if re.search(rf"\b(?:{PEOPLE})\b", base) else base


def neutral(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return code points with persons for men and women, and without signs of gender."""
    kept = [PERSON.get(c, c) for c in codes if c not in (*GENDER_SIGNS, FACING_RIGHT)]
    ends = [i for i, code in enumerate(kept) if code != JOINER]
    return tuple(kept[: ends[-1] + 1]) if ends else codes


if __name__ == "__main__":
    main(build, __doc__)
