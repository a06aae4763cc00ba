import re
import wave
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from graphfuse.cli import main
from graphfuse.raw import read_manifest
from graphfuse.raw.augment import (
    CAPTION,
    Augmentation,
    ImageAugmentation,
    SoundAugmentation,
    TextAugmentation,
)
from graphfuse.report.preview import PHRASES, changed_words, to_preview


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["photo,voice,caption,label"]
    for row in range(4):
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(
            tmp_path / f"{row}.png"
        )
        with wave.open(str(tmp_path / f"{row}.wav"), "wb") as file:
            file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
            file.writeframes(rng.integers(-9000, 9000, 4000, dtype=np.int16).tobytes())
        lines.append(f"{row}.png,{row}.wav,<script>alert({row})</script> of some cats,<i>{row % 2}")
    path = tmp_path / "pets.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_page_shows_each_sample_with_its_versions_and_nothing_from_elsewhere(table, capsys):
    out = table.with_name("page.html")
    arguments = ["preview", str(table), "--column", "label=label", "--out", str(out)]
    assert main([*arguments, "--samples", "3", "--versions", "2"]) == 0
    assert str(out) in capsys.readouterr().out
    page = out.read_text()
    assert page.count("<section") == 3
    assert page.count("data:image/png") == 3 * 2 * 3
    assert page.count("<audio") == 3 * 3
    assert page.count("<script>") == 1  # its own
    assert "&lt;script&gt;alert(" in page
    assert "&lt;i&gt;" in page
    assert "http" not in page.replace("http-equiv", "")


def test_samples_come_from_the_training_part(table):
    lines = table.read_text().splitlines()
    parts = ["part", "train", "test", "train", "validation"]
    table.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, parts, strict=True)))
    manifest = read_manifest(table, columns={"label": "label"})
    page = to_preview(manifest, Augmentation(text=CAPTION), 4, 2)
    assert re.findall(r"<h2>(\d+)", page) == ["0", "2"]
    assert "Some samples of the training part:" in page


def test_captions_name_what_was_drawn_and_spectrograms_are_as_wide_as_sounds_are_long(table):
    manifest = read_manifest(table, columns={"label": "label"})
    image = ImageAugmentation(rotate=(7, 7), brightness=(0, 0), probability=1.0)
    audio = SoundAugmentation(speed=(2, 2), noise=(22, 22), probability=1.0)
    page = to_preview(manifest, Augmentation(image=image, audio=audio), 1, 2)
    assert re.findall("<figcaption>(.*)</figcaption>", page) == [
        "original", "rotated 7°, brightness 0.00",
        "original · 0.50 s, 0 to 4 kHz", "speed 2.00, noise 22 dB · 0.25 s, 0 to 4 kHz",
    ]  # fmt: skip
    assert re.findall(r'"width:([\d.]+)%"', page) == ["100.0", "50.0"]
    never = Augmentation(image=replace(image, probability=0.0))
    assert "<figcaption>unchanged<" in to_preview(manifest, never, 1, 2)


def test_what_is_drawn_is_what_is_done():
    image = ImageAugmentation(rotate=(90, 90), brightness=(0, 0))
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    for shared in ((), ("brightness",)):
        augmentation = Augmentation(image=image, shared=shared)
        for sample in range(9):
            drawn = {name for name, _ in augmentation.drawn("image", (sample,), "photo", 0)}
            made = augmentation.change(picture, (sample,), "photo", 0)
            assert np.array_equal(made, picture) == (not drawn)
            assert (made == 0).all() == ("brightness" in drawn)
        for place in (("scan", 0), ("photo", 1)):
            other = [augmentation.drawn("image", (sample,), *place) for sample in range(9)]
            assert other != [augmentation.drawn("image", (s,), "photo", 0) for s in range(9)]


def test_every_change_has_words():
    kinds = (ImageAugmentation, SoundAugmentation, TextAugmentation)
    assert set(PHRASES) == {name for kind in kinds for name in kind.limits}


def test_the_page_follows_the_seed_and_names_what_cannot_be_read(table):
    manifest = read_manifest(table, columns={"label": "label"})
    (table.parent / "0.png").write_bytes(b"no picture")
    every = Augmentation(text=CAPTION)
    assert to_preview(manifest, every, 2, 3, 1) == to_preview(manifest, every, 2, 3, 1)
    assert to_preview(manifest, every, 2, 3, 1) != to_preview(manifest, every, 2, 3, 2)
    from graphfuse.raw.augment import PHOTO

    page = to_preview(manifest, Augmentation(image=PHOTO), 4, 2)
    assert "is not a picture in a supported format" in page


def test_of_a_long_text_the_beginning_is_shown(tmp_path):
    (tmp_path / "long.csv").write_text(
        "text,label\n" + "word by word " * 100_000 + ",a\nb c d e,b\n"
    )
    page = to_preview(read_manifest(tmp_path / "long.csv"), Augmentation(text=CAPTION), 2, 3)
    assert len(page) < 100_000
    assert "word by …" in page


def test_changed_words_are_marked_and_those_gone_leave_a_place():
    assert changed_words("a red cat sat", "a cat sat") == [
        ("a", False),
        ("", True),
        (" cat sat", False),
    ]
    assert changed_words("same", "same") == [("same", False)]
    assert changed_words("की किताब", "का किताब") == [("का", True), (" किताब", False)]


def test_synonyms_come_from_the_thesaurus_that_is_named(table, capsys):
    words = table.with_name("words.tsv")
    words.write_text("cats\tfelines\n")
    out = table.with_name("page.html")
    arguments = ["preview", str(table), "--out", str(out), "--augment"]
    assert main([*arguments, f"text=caption:{words}"]) == 0
    assert "felines" in out.read_text()
    assert main([*arguments, "text=caption:zz"]) == 2
    assert "no thesaurus of the language 'zz'" in capsys.readouterr().err
    assert main(["preview", str(table), "--samples", "0"]) == 2
