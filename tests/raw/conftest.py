import os

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import pytest
import soundfile
from PIL import Image


@pytest.fixture
def picture(tmp_path):
    """Write a picture of one colour and return its name."""

    def write(name="red.png", colour=(200, 10, 20), size=(4, 3), **options):
        Image.new("RGB", size, colour).save(tmp_path / name, **options)
        return name

    return write


@pytest.fixture
def sound(tmp_path):
    """Write a tone and return its name."""

    def write(name="tone.wav", seconds=0.1, rate=8000, channels=1, **options):
        time = np.arange(int(seconds * rate)) / rate
        tone = 0.5 * np.sin(2 * np.pi * 440 * time)
        soundfile.write(tmp_path / name, np.stack([tone] * channels, axis=1), rate, **options)
        return name

    return write


@pytest.fixture
def table(tmp_path):
    """Write lines of text as a CSV file and return its path."""

    def write(text, name="data.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return write
