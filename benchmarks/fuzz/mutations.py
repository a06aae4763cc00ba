"""Random damage to bytes and to JSON."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS = (0, -1, 1, 2**31 - 1, 2**31, 2**33, 10**9, 2**63 - 1, 10**30, 0.5, 1e39, -1e308)
TEXTS = ("", "../x", "/etc/passwd", "a" * 5_000, "\x00", "\ud800", "best", "graph:hgt", "<b>")


def mutate_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with one to three changes: bits flipped, parts cut, copied or overwritten."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        size = len(data)
        if not size:
            return bytes(rng.integers(0, 256, 16, dtype=np.uint8))
        start = int(rng.integers(size))
        length = int(rng.integers(1, min(64, size) + 1))
        match int(rng.integers(8)):
            case 0:
                data[start] ^= 1 << int(rng.integers(8))
            case 1:
                data[start] = int(rng.integers(256))
            case 2:
                del data[start:]
            case 3:
                del data[start : start + length]
            case 4:
                data[start:start] = data[start : start + length]
            case 5:
                data[start:start] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
            case 6:
                number = int(rng.choice([0, 2**31 - 1, 2**32 - 1, 2**16, 1]))
                data[start : start + 4] = number.to_bytes(4, "little")
            case _:
                data[start : start + length] = bytes(length)
    return bytes(data)


def mutate_json(text: str, rng: np.random.Generator) -> str:
    """Return JSON in which one value or key is another, or bytes of it are damaged."""
    if rng.random() < 0.3:
        return mutate_bytes(text.encode(), rng).decode("utf-8", "replace")
    content = copy.deepcopy(json.loads(text))
    places = list(_places(content))
    if not places:
        return json.dumps(strange(rng))
    holder, key = places[int(rng.integers(len(places)))]
    choice = rng.random()
    if choice < 0.2:
        del holder[key]
    elif choice < 0.3 and isinstance(holder, dict):
        holder[str(strange(rng))[:50]] = holder.pop(key)
    elif choice < 0.35:
        depth = int(rng.integers(500, 100_000))
        mark = "deeply nested"
        holder[key] = mark
        return json.dumps(content).replace(f'"{mark}"', "[" * depth + "]" * depth)
    else:
        holder[key] = strange(rng)
    return json.dumps(content)


def strange(rng: np.random.Generator) -> Any:
    """Return a value that JSON can hold and that few fields expect."""
    kind = int(rng.integers(6))
    if kind == 0:
        return NUMBERS[int(rng.integers(len(NUMBERS)))]
    if kind == 1:
        return TEXTS[int(rng.integers(len(TEXTS)))]
    options: list[Any] = [None, True, [], {}, [None], {"a": {}}, [[]], [1, "a"], {"": None}]
    return options[int(rng.integers(len(options)))]


def mutate_file(path: Path, rng: np.random.Generator) -> None:
    """Damage a file: JSON by its structure too, everything else by its bytes."""
    if path.suffix == ".json":
        path.write_bytes(mutate_json(path.read_text(), rng).encode("utf-8", "surrogatepass"))
    else:
        path.write_bytes(mutate_bytes(path.read_bytes(), rng))


def mutate_folder(folder: Path, rng: np.random.Generator) -> Path:
    """Damage or remove one file anywhere in a folder; return it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = files[int(rng.integers(len(files)))]
    if rng.random() < 0.03:
        chosen.unlink()
    else:
        mutate_file(chosen, rng)
    return chosen


def _places(content: Any) -> Any:
    """Yield each holder and key of a value in nested JSON."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield content, key
            yield from _places(value)
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield content, number
            yield from _places(value)
