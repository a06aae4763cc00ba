"""Speed of encoders beside their bare networks: python -m benchmarks.encode [--quick].

Files are made in a temporary folder, so that what is measured goes all the way from a file to
nodes. Sides run in turn, with one thread for the network: ``bare`` is the network alone, on input
that is ready, in the same layout and chunks; ``alone`` reads, prepares and encodes one batch after
the other in one thread; ``ahead`` reads and prepares in two threads while the network computes,
as encoding a manifest does. Ratios are of medians, 1 being the bare network's rate. ``read``,
``prepare`` and ``encode`` say where the time goes in one thread, in milliseconds an item: decoding;
padding and resizing and the like; all the rest, with the network. The audio model of transformers
has the size of Wav2Vec2 base and random weights.
"""

from __future__ import annotations

import argparse
import io
import itertools
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks._machine import interleave, write
from graphfuse.encoders import Encoder, create_encoder
from graphfuse.encoders._ahead import ahead
from graphfuse.raw import Cell, Item

ITEMS = 64
HEIGHT, WIDTH = 375, 500  # of ImageNet's pictures, on average


@dataclass(frozen=True)
class Case:
    """An encoder, what makes the cells that it is measured on, and its network alone if any.

    ``model`` writes the model that the encoder takes into a folder.
    """

    kind: str
    name: str
    cells: Callable[[Path, int], list[Cell]]
    bare: Callable[[Any, Sequence[Item]], Callable[[], object]] | None = None
    model: Callable[[Path], None] | None = None
    items: int = ITEMS


def pictures(folder: Path, count: int) -> list[Cell]:
    """Write JPEG files of coloured noise with the spectrum of photographs."""
    from PIL import Image

    random = np.random.default_rng(0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(WIDTH), np.fft.fftfreq(HEIGHT)))
    frequency[0, 0] = 1
    cells = []
    for k in range(count):
        noise = np.fft.fft2(random.standard_normal((3, HEIGHT, WIDTH))) / frequency
        image = np.fft.ifft2(noise).real
        image = 128 + 50 * (image - image.mean()) / image.std()
        file = io.BytesIO()
        pixels = image.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
        Image.fromarray(pixels).save(file, "JPEG", quality=90)
        (folder / f"{k}.jpg").write_bytes(file.getvalue())
        cells.append(Cell("image", f"{k}.jpg", folder))
    return cells


def sounds(folder: Path, count: int) -> list[Cell]:
    """Write FLAC files of noise, three seconds at 16 kHz, as spoken sentences are long."""
    import soundfile

    random = np.random.default_rng(0)
    cells = []
    for k in range(count):
        soundfile.write(folder / f"{k}.flac", 0.1 * random.standard_normal(48000), 16000)
        cells.append(Cell("audio", f"{k}.flac", folder))
    return cells


def captions(folder: Path, count: int) -> list[Cell]:
    """Return texts of 5 to 60 words, about two tokens per word."""
    random = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(random.choice(letters, random.integers(2, 7))) for _ in range(500)]
    sizes = random.integers(5, 61, count)
    return [Cell("text", " ".join(random.choice(words, size)), folder) for size in sizes]


def wav2vec2(folder: Path, **options: Any) -> None:
    """Write a model of the size of Wav2Vec2 base, unless told otherwise, with random weights."""
    import transformers

    torch.manual_seed(0)
    transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**options)).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)


def bare_transformers(encoder: Any, items: Sequence[Item]) -> Callable[[], object]:
    """Return the calls of the network while it encodes, to be made again without all the rest."""
    network = encoder.network
    calls: list[dict[str, Any]] = []
    hook = network.register_forward_pre_hook(
        lambda _, args, kwargs: calls.append(dict(kwargs)), with_kwargs=True
    )
    encode(encoder, items)
    hook.remove()

    @torch.inference_mode()
    def run() -> object:
        return [network(**call) for call in calls]

    return run


def bare_timm(encoder: Any, items: Sequence[Item]) -> Callable[[], object]:
    """Return the forward of timm's network up to its last feature map, on ready input."""
    from graphfuse.encoders.image.timm import CHUNK

    squares = torch.from_numpy(np.stack([np.asarray(encoder.prepare(item)) for item in items]))
    x = (squares.permute(0, 3, 1, 2).float() - 127.5) / 127.5

    @torch.no_grad()
    def run() -> object:
        return [encoder.network.forward_features(part) for part in torch.split(x, CHUNK)]

    return run


CASES = (
    Case("image", "timm:tf_efficientnet_lite0", pictures, bare_timm),
    Case("image", "patches", pictures),
    Case("image", "histogram", pictures),
    Case("text", "transformers:all-MiniLM-L6-v2", captions, bare_transformers),
    Case("text", "ngrams", captions),
    Case("audio", "transformers", sounds, bare_transformers, wav2vec2, items=8),
    Case("audio", "mel", sounds),
)


def encode(encoder: Encoder, items: Iterable[Item]) -> None:
    """Encode items in batches."""
    left = iter(items)
    while batch := list(itertools.islice(left, encoder.batch_size)):
        encoder.encode(batch)


def measure(case: Case, count: int, seconds: float) -> dict[str, Any]:
    """Return one row: items per second, ratios to the bare network, and where the time goes."""
    with tempfile.TemporaryDirectory() as name:
        cells = case.cells(Path(name), count)
        if case.model:
            case.model(model := Path(name) / "model")
        encoder = create_encoder(case.kind, f"{case.name}:{model}" if case.model else case.name)
        items = [cell.read() for cell in cells]
        ready = [encoder.prepare(item) for item in items]

        def prepare(cell: Cell) -> Item:
            return encoder.prepare(cell.read())

        sides: dict[str, Callable[[], object]] = {
            "alone": lambda: encode(encoder, map(prepare, cells)),
            "ahead": lambda: encode(encoder, ahead(prepare, cells)),
            "read": lambda: [cell.read() for cell in cells],
            "prepare": lambda: [encoder.prepare(item) for item in items],
            "encode": lambda: encode(encoder, ready),
        }
        if case.bare:
            sides["bare"] = case.bare(encoder, items)
        took = interleave(sides, seconds, 5)
    whole = ("alone", "ahead", "bare")
    return {
        "kind": case.kind,
        "encoder": case.name,
        "items": count,
        "per_second": {k: round(count / took[k], 1) for k in whole if k in took},
        "of_bare": {k: round(took["bare"] / took[k], 3) for k in whole[:2]} if case.bare else None,
        "ms": {k: round(1e3 * took[k] / count, 3) for k in ("read", "prepare", "encode")},
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few items; nothing is written")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(("{:8}{:30}" + "{:>9}" * 8).format(*HEADER))
    rows = []
    for case in CASES:
        count = min(case.items, 16) if arguments.quick else case.items
        row = measure(case, count, 0.1 if arguments.quick else 60.0)
        rows.append(row)
        print(line(row), flush=True)
    if not arguments.quick:
        write("encode", rows)


HEADER = ("kind", "encoder", "bare/s", "alone/s", "ahead/s", "alone", "ahead", "read ms", "prep ms",
          "enc ms")  # fmt: skip


def line(row: dict[str, Any]) -> str:
    """Return a row of the table that is printed."""
    rates = [row["per_second"].get(k) for k in ("bare", "alone", "ahead")]
    ratios = [(row["of_bare"] or {}).get(k) for k in ("alone", "ahead")]
    numbers = [f"{n:9.1f}" if n is not None else f"{'-':>9}" for n in rates]
    numbers += [f"{n:9.2f}" if n is not None else f"{'-':>9}" for n in ratios]
    numbers += [f"{n:9.2f}" for n in row["ms"].values()]
    return f"{row['kind']:8}{row['encoder']:30}" + "".join(numbers)


if __name__ == "__main__":
    main()
