"""A manifest of 2,000 mixed samples, some of them bad in every way that a file can be bad."""

import csv
import json
import logging

import numpy as np
import pytest
from PIL import Image

from graphfuse import compare
from graphfuse.encoders import encode
from graphfuse.errors import InputError
from graphfuse.raw import facts, read_manifest
from graphfuse.raw.cleaning import clean
from graphfuse.raw.inspection import inspect

COUNT = 2000
COLUMNS = ("id", "picture", "speech", "note", "age", "colour", "label")
BAD = {
    "0100": ("picture", "broken.png", "broken.png is a damaged picture"),
    "0200": ("picture", "nowhere.png", "'nowhere.png' does not exist in the folder"),
    "0300": ("picture", "../outside.png", "'../outside.png' leads out of the folder"),
    "0400": ("picture", "photo0.PNG", "there is 'photo0.png': capital and small letters differ"),
    "0500": ("picture", "tone0.wav", "tone0.wav is not a picture"),
    "0600": ("picture", "empty.png", "empty.png is empty, 0 bytes"),
    "0700": ("speech", "short.wav", "short.wav is truncated"),
    "0800": ("speech", "short.flac", "short.flac is not a readable sound"),
    "0900": ("speech", "silent.wav", "silent.wav is an empty sound"),
    "1000": ("note", "latin.txt", "latin.txt is no UTF-8 in line 2"),
}
"""By the id of its sample: the column, the cell, and what its message says."""
EMPTY = {"1100": "picture", "1200": "speech", "1300": "note"}
DUPLICATES = ("1400", "1500")
ALONE = "1600"


@pytest.fixture
def manifest(tmp_path, picture, sound):
    folder = tmp_path / "data"
    folder.mkdir()
    for i in range(5):
        Image.new("RGB", (4, 4), (50 * i, 0, 0)).save(folder / f"photo{i}.png")
        (folder / f"note{i}.txt").write_text(f"the note number {i}\n")
        sound(f"data/tone{i}.wav", seconds=0.01 * (i + 1))
    Image.new("RGB", (4, 4)).save(tmp_path / "outside.png")
    for name, whole in (("broken.png", "photo1.png"), ("short.wav", "tone1.wav")):
        content = (folder / whole).read_bytes()
        (folder / name).write_bytes(content[: len(content) * 2 // 3])
    whole = tmp_path / sound("whole.flac")
    (folder / "short.flac").write_bytes(whole.read_bytes()[:300])
    (folder / "empty.png").write_bytes(b"")
    sound("data/silent.wav", seconds=0)
    (folder / "latin.txt").write_bytes("one\nzwölf\n".encode("latin-1"))
    with (folder / "all.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows():
            writer.writerow(row)
    return read_manifest(folder / "all.csv")


def rows():
    for i in range(COUNT):
        name = f"{i:04}"
        row = {
            "id": name,
            "picture": f"photo{i % 5}.png",
            "speech": f"tone{i % 5}.wav",
            "note": f"note{i % 5}.txt",
            "age": i / 10,
            "colour": ("red", "green", "blue")[i % 3],
            "label": "rare" if name == ALONE else ("yes", "no")[i % 2],
        }
        if name in BAD:
            column, cell, _ = BAD[name]
            row[column] = cell
        if name in EMPTY:
            row[EMPTY[name]] = ""
        yield row
        if name in DUPLICATES:
            yield row


def test_every_problem_is_named_by_row_and_column_and_nothing_else_is_lost(manifest):
    assert len(manifest) == COUNT + len(DUPLICATES)
    assert {c.name: c.kind for c in manifest.columns} == {
        "id": "id", "picture": "image", "speech": "audio", "note": "text",
        "age": "number", "colour": "category", "label": "label",
    }  # fmt: skip
    problems, read, missing = {}, 0, {}
    for modality in manifest.modalities:
        for name, cells in zip(manifest.ids, manifest.cells(modality), strict=True):
            if not cells:
                missing[str(name)] = modality
            for cell in cells:
                try:
                    cell.read()
                    read += 1
                except InputError as error:
                    problems[str(name)] = str(error)
    assert missing == EMPTY
    assert problems.keys() == BAD.keys()
    for name, (column, _, message) in BAD.items():
        assert problems[name].startswith(f"sample {name}, column '{column}': ")
        assert message in problems[name]
    assert read == 4 * len(manifest) - len(BAD) - len(EMPTY)


def test_duplicates_and_rare_classes_are_reported_and_kept(manifest):
    given = facts(manifest)
    assert (given.y == "rare").sum() == 1
    assert len(set(given.ids)) == len(manifest)
    for name in DUPLICATES:
        one, other = (list(given.ids).index(i) for i in (name, f"{name} (2)"))
        for modality in manifest.modalities:
            first, second = manifest.cells(modality, [one, other])
            assert [cell.digest() for cell in first] == [cell.digest() for cell in second]
    said = {finding.text: finding.advice for finding in inspect(manifest, progress=False)}
    copies = "2 samples are copies of others: 1400 = 1400 (2), 1500 = 1500 (2)"
    assert "--clean drop_duplicates" in said[copies]
    assert "classes with fewer than 5 samples: rare 1; not every fold can hold one" in said
    left = clean(manifest, ["drop_duplicates"], progress=False)
    assert len(left) == COUNT
    assert not {f"{name} (2)" for name in DUPLICATES} & {*map(str, left.ids)}


def test_through_encoding_and_a_comparison_nothing_else_is_lost(
    manifest, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr("graphfuse.encoders.problems.NAMED", 100)
    light = {"picture": {"histogram": {"side": 1}}, "note": {"ngrams": {"nodes": "text"}}}
    with caplog.at_level(logging.WARNING):
        data = encode(manifest, light, cache=tmp_path / "cache", progress=False)
    assert f"{len(BAD)} of the cells of all cannot be read and count as missing" in caplog.text
    for name, (column, _, message) in BAD.items():
        assert f"sample {name}, column {column!r}: " in caplog.text
        assert message in caplog.text
    ids = list(data.ids)
    assert len(ids) == COUNT + len(DUPLICATES)
    for modality, column in data.x.items():
        gone = {ids[i] for i in np.flatnonzero(column.counts.numpy() == 0)}
        bad = {name for name, (own, _, _) in BAD.items() if own == modality}
        assert gone == bad | {name for name, own in EMPTY.items() if own == modality}

    strategies, out = ["majority", "concat"], tmp_path / "out"
    short = {"folds": 2, "out": out, "recipe": {"epochs": 1}, "progress": False}
    with pytest.raises(
        InputError, match=r"at least 2 samples of each class, but {'rare': 1}; .* leave them out"
    ):
        compare(data, strategies, **short)
    rest = np.flatnonzero(facts(manifest).y != "rare")
    result = compare(
        encode(manifest.select(rest), light, cache=tmp_path / "cache", progress=False),
        strategies,
        **short,
    )
    assert {record["status"] for record in result.records()} == {"done"}
    tested = sum(record["sizes"]["test"] for record in result.records())
    assert tested == 2 * len(rest)
    described = json.loads((out / "comparison.json").read_text())["datasets"]["all"]
    assert described["origin"]["unreadable"] == len(BAD)
    page = result.report(tmp_path / "report.html").read_text()
    for text in (page, result.report(tmp_path / "r.md").read_text().replace("\\", "")):
        assert f"{len(BAD)} cells could not be read and count as missing" in text
        assert "picture: histogram" in text
        assert all(f"sample {name}, column" in text for name in BAD)
