import numpy as np
import pytest
import soundfile
from datasets import Dataset
from PIL import Image

from graphfuse.raw import Column, Manifest

KINDS = {"picture": "image", "speech": "audio", "note": "text", "age": "number"}


@pytest.fixture
def make(tmp_path):
    """Make a manifest of columns; names of files start from tmp_path."""

    def made(**columns):
        found = [
            Column(name, KINDS[name], "table" if name == "age" else name)
            if name in KINDS
            else Column(name, name)
            for name in columns
        ]
        return Manifest(Dataset.from_dict(columns), tuple(found), tmp_path, "own")

    return made


@pytest.fixture
def picture(tmp_path):
    """Write a picture of smooth random shapes and return its name."""

    def write(name, seed=0, size=(64, 64), **options):
        coarse = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        whole = Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC)
        whole.resize(size, Image.Resampling.LANCZOS).save(tmp_path / name, **options)
        return name

    return write


@pytest.fixture
def sound(tmp_path):
    """Write a tone between silences of 0.5 s and return its name."""

    def write(name="tone.wav", rate=8000):
        tone = np.sin(np.arange(rate) / 5)
        quiet = np.zeros(rate // 2)
        soundfile.write(tmp_path / name, np.concatenate([quiet, tone, quiet]), rate)
        return name

    return write
