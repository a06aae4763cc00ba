import wave

import numpy as np
import pytest
from PIL import Image

from graphfuse.cli import main
from graphfuse.data.augment import CAPTION, Augmentation
from graphfuse.data.raw import read_manifest
from graphfuse.report.preview import changed_words, to_preview


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


def test_the_page_follows_the_seed_and_names_what_cannot_be_read(table):
    manifest = read_manifest(table, columns={"label": "label"})
    (table.parent / "0.png").write_bytes(b"no picture")
    every = Augmentation(text=CAPTION)
    assert to_preview(manifest, every, 2, 3, 1) == to_preview(manifest, every, 2, 3, 1)
    assert to_preview(manifest, every, 2, 3, 1) != to_preview(manifest, every, 2, 3, 2)
    from graphfuse.data.augment import PHOTO

    page = to_preview(manifest, Augmentation(image=PHOTO), 4, 2)
    assert "is no picture of a format that Pillow reads" in page


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
