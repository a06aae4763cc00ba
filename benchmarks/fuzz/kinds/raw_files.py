"""Damaged pictures, sounds, films, time series and tables."""

from __future__ import annotations

import importlib.util
import io
import json
import wave
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.fuzz.kind import USED, Kind
from benchmarks.fuzz.mutations import mutate_bytes
from graphfuse.raw import Cell, read_manifest

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10" viewBox="0 0 20 10">'
    '<rect width="9" height="5" fill="red"/><text x="1" y="9">a</text></svg>'
)
KINDS = {
    "image": (".png", ".jpg", ".gif", ".webp", ".tiff", ".bmp", ".svg"),
    "audio": (".wav", ".flac", ".ogg"),
    "video": (".mp4", ".avi"),
    "series": (".npy",),
}
TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx", ".zip")


def prepare(folder: Path) -> list[Path]:
    """Write one small file of each format."""
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 255, (8, 9, 3), dtype=np.uint8))
    for suffix in KINDS["image"][:-1]:
        picture.save(folder / f"picture{suffix}")
    (folder / "picture.svg").write_text(SVG)
    sound = (rng.normal(size=800) * 3000).astype(np.int16)
    with wave.open(str(folder / "sound.wav"), "wb") as file:
        file.setparams((1, 2, 8000, len(sound), "NONE", ""))
        file.writeframes(sound.tobytes())
    if importlib.util.find_spec("soundfile"):
        import soundfile

        soundfile.write(folder / "sound.flac", sound, 8000)
        soundfile.write(folder / "sound.ogg", sound, 8000)
    if importlib.util.find_spec("av"):
        for suffix in KINDS["video"]:
            (folder / f"film{suffix}").write_bytes(film(suffix.removeprefix(".")))
    np.save(folder / "series.npy", rng.normal(size=(6, 2)))
    _write_tables(folder)
    return sorted(path for path in folder.iterdir() if path.is_file())


def film(container: str) -> bytes:
    """Return a film of five small frames."""
    import av

    written = io.BytesIO()
    with av.open(written, "w", format=container) as output:
        stream = output.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        for shade in range(5):
            pixels = np.full((32, 32, 3), 40 * shade, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        output.mux(stream.encode())
    return written.getvalue()


def _write_tables(folder: Path) -> None:
    rows = [
        {"text": f"a good film {i}", "year": 1990 + i, "price": 1.5 * i, "label": "ab"[i % 2]}
        for i in range(8)
    ]
    frame = pd.DataFrame(rows)
    frame.to_csv(folder / "table.csv", index=False)
    frame.to_csv(folder / "table.tsv", index=False, sep="\t")
    (folder / "table.json").write_text(json.dumps(rows))
    (folder / "table.jsonl").write_text("\n".join(map(json.dumps, rows)))
    frame.to_parquet(folder / "table.parquet")
    if importlib.util.find_spec("openpyxl"):
        frame.to_excel(folder / "table.xlsx", index=False)
    with zipfile.ZipFile(folder / "folder.zip", "w") as archive:
        for number, label in enumerate("abab"):
            archive.write(folder / "picture.png", f"{label}/{number}.png")


def attempt(originals: list[Path], rng: np.random.Generator, work: Path) -> str:
    """Read a damaged copy, with an ending that may be another's."""
    original = originals[int(rng.integers(len(originals)))]
    content = mutate_bytes(original.read_bytes(), rng)
    suffix = original.suffix
    if rng.random() < 0.05:
        suffix = originals[int(rng.integers(len(originals)))].suffix
    path = work / f"file{suffix}"
    path.write_bytes(content)
    if suffix in TABLES:
        manifest = read_manifest(path)
        for modality in manifest.modalities:
            for cells in manifest.cells(modality):
                for cell in cells:
                    cell.read()
        return USED
    kind = next((kind for kind, suffixes in KINDS.items() if suffix in suffixes), "text")
    cell = Cell(kind, path.name, work)
    cell.digest()
    cell.read()
    return USED


RAW_FILES = Kind("raw", "damaged pictures, sounds, films, series and tables", prepare, attempt)
