import io
import logging
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from datasets import Dataset
from PIL import Image

from graphfuse.encoders import Encoder, EncoderInfo, Nodes, cells, create_encoder, encode
from graphfuse.encoders.store import NodeStore
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.graph import Spatial, Temporal
from graphfuse.raw import Column, Manifest, read_manifest
from graphfuse.raw.manifest import ROWS


def words(n=40):
    return [f"number {i} of {n}" for i in range(n)]


def manifest(texts, labels=None):
    labels = [str(i % 2) for i in range(len(texts))] if labels is None else labels
    table = Dataset.from_dict({"said": texts, "label": labels})
    return Manifest(table, (Column("said", "text", "said"), Column("label", "label")), name="own")


@dataclass(frozen=True)
class Lengths(Encoder):
    """Nodes whose value depends on the items that are encoded together, so that tests see it."""

    seen = []
    info = EncoderInfo("lengths", "text", "", "")
    features = 2
    pos_dim = 0
    batch_size = 8

    def encode(self, items):
        Lengths.seen.extend(items)
        if any(item == "refused" for item in items):
            raise InputError("a text that this encoder refuses")
        return [
            Nodes(torch.tensor([[len(i), len(items)]]).float(), torch.zeros(1, 0)) for i in items
        ]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(Lengths, "seen", [])


def test_each_content_is_encoded_once(tmp_path):
    data = encode(manifest(["ab", "abc", "ab", None] * 5), {"said": Lengths()}, cache=tmp_path)
    assert sorted(Lengths.seen) == ["ab", "abc"]
    assert data.x["said"].counts.tolist() == [1, 1, 1, 0] * 5
    assert data.x["said"].values[:, 0].tolist() == [2, 3, 2] * 5
    assert (data.schema.classes, data.name) == (("0", "1"), "own")
    encode(manifest(["abc", "ab", "new"]), {"said": Lengths()}, cache=tmp_path)
    assert sorted(Lengths.seen) == ["ab", "abc", "new"]


def test_options_and_weights_have_a_folder_of_their_own(tmp_path):
    for options in ({}, {"nodes": "text"}):
        encode(manifest(words(4)), {"said": {"ngrams": options}}, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["ngrams", "transformers"])
def test_any_number_of_processes_gives_the_same(tmp_path, bert, name):
    texts = [
        " ".join(f"{i:b}".replace("1", "cat ").replace("0", "dog ").split()) for i in range(300)
    ]
    given = {"said": {name: {} if name == "ngrams" else {"model": str(bert)}}}
    prints = {
        encode(manifest(texts), given, cache=tmp_path / str(n), n_jobs=n).fingerprint
        for n in (1, 2, -1)
    }
    assert len(prints) == 1


class Networked(Lengths):
    has_network = True


@pytest.mark.parametrize(("device", "here"), [("meta", True), ("cpu", False)])
def test_a_network_on_a_gpu_has_one_process(tmp_path, device, here):
    encode(manifest(words(300)), {"said": Networked()}, cache=tmp_path, n_jobs=2, device=device)
    assert len(Lengths.seen) == (300 if here else 0)


def test_no_number_of_processes_is_named(tmp_path):
    for wrong in (0, -2, 1.5):
        with pytest.raises(
            InputError, match=r"n_jobs, the processes at work \(-1 for one per core\)"
        ):
            encode(manifest(words(4)), cache=tmp_path, n_jobs=wrong)


@pytest.mark.parametrize("there", [True, False])
def test_cuda_is_taken_where_it_is(tmp_path, monkeypatch, there):
    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    monkeypatch.setattr("torch.empty", lambda *shape, device=None: None)
    encoder = Lengths()
    encode(manifest(words(4)), {"said": encoder}, cache=tmp_path)
    assert encoder.device == ("cuda" if there else "cpu")


def test_what_one_encoder_refuses_is_named_and_the_rest_stays(tmp_path, caplog):
    texts = [*words(10), "refused", *words(5)]
    with caplog.at_level(logging.WARNING):
        data = encode(manifest(texts), {"said": Lengths()}, cache=tmp_path)
    assert data.x["said"].counts.tolist() == [1] * 10 + [0] + [1] * 5
    assert "1 of the cells of own cannot be read and count as missing" in caplog.text
    assert "sample 10, column 'said': a text that this encoder refuses" in caplog.text
    with pytest.raises(InputError, match="refuses\nrepair or remove them"):
        encode(manifest(texts), {"said": Lengths()}, cache=tmp_path, unreadable="error")


def test_unknown_names(tmp_path):
    texts = manifest(words(4))
    for given, problem in (
        ({"sayd": "ngrams"}, "modality in encoders 'sayd'; did you mean 'said'"),
        ({"said": "ngram"}, "text encoder 'ngram'; did you mean 'ngrams'"),
        ({"said": {"ngrams": {"node": 1}}}, "option of text encoder 'ngrams' 'node'"),
        ({"said": 3}, "the encoder of 'said' must be a name"),
        ({"said": create_encoder("image", "patches")}, "'said' is of kind 'text'"),
    ):
        with pytest.raises((InputError, UnknownNameError), match=problem):
            encode(texts, given, cache=tmp_path)
    with pytest.raises(UnknownNameError, match="value of unreadable"):
        encode(texts, cache=tmp_path, unreadable="ignore")
    with pytest.raises(InputError, match="no modality that can be read in any sample"):
        encode(manifest([None, None]), cache=tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot store encoded nodes in"):
        encode(texts, cache=tmp_path / "file")


def test_a_missing_device_is_named(tmp_path):
    with pytest.raises(InputError, match=r"device 'gpu' cannot be used here: .*device='cpu'"):
        encode(manifest(words(4)), {"said": "ngrams"}, cache=tmp_path, device="gpu")


@pytest.mark.parametrize("odd", [0, 3, 7])
def test_one_odd_series_does_not_decide_the_channels(tmp_path, odd):
    series = [np.ones((20, 3 if i == odd else 2)).tolist() for i in range(8)]
    table = Dataset.from_dict({"m": series, "label": ["a", "b"] * 4})
    given = Manifest(table, (Column("m", "series", "m"), Column("label", "label")))
    counts = encode(given, cache=tmp_path).x["m"].counts.tolist()
    assert [i for i in range(8) if not counts[i]] == [odd]


def test_a_damaged_file_of_the_store_is_made_anew(tmp_path):
    before = encode(manifest(words(20)), {"said": "ngrams"}, cache=tmp_path)
    (kept,) = tmp_path.rglob("*.safetensors")
    kept.write_bytes(kept.read_bytes()[:-7])
    again = encode(manifest(words(20)), {"said": "ngrams"}, cache=tmp_path)
    assert again.fingerprint == before.fingerprint


KILLED = """
import sys, time
sys.path.insert(0, {tests!r})
from test_encoding import *

class Slow(Lengths):
    def encode(self, items):
        time.sleep(0.02)
        return super().encode(items)

encode(manifest(words(1000)), {{"said": Slow()}}, cache={cache!r}, n_jobs={jobs})
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_and_resumed_is_the_same_bit_for_bit(tmp_path, jobs):
    cache = tmp_path / "killed"
    code = KILLED.format(tests=str(Path(__file__).parent), cache=str(cache), jobs=jobs)
    running = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    while len(list(cache.rglob("*.safetensors"))) < 2:
        assert running.poll() is None, "done before it was killed"
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)  # with the processes that it started
    running.wait()
    done = len(list(cache.rglob("*.safetensors")))
    resumed = encode(manifest(words(1000)), {"said": Lengths()}, cache=cache)
    assert done < 8, "all was done before it was killed"
    assert len(Lengths.seen) == 1000 - 128 * done
    whole = encode(manifest(words(1000)), {"said": Lengths()}, cache=tmp_path / "whole")
    whole.save(tmp_path / "a")
    resumed.save(tmp_path / "b")
    for name in ("samples.arrow", "schema.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_disk_that_is_full_says_so(tmp_path, monkeypatch):
    write = Path.write_bytes

    def full(path, content):
        if path.name.startswith(".encoder.json"):
            return write(path, content)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"20 encoded items cannot be written .*make room"):
        encode(manifest(words(20)), {"said": Lengths()}, cache=tmp_path)
    assert not list(tmp_path.rglob("*.safetensors"))


def several(kind, pairs):
    """Return samples of two cells each, of one modality."""
    first, second = zip(*pairs, strict=True)
    labels = [str(i % 2) for i in range(len(pairs))]
    table = Dataset.from_dict({"m_1": list(first), "m_2": list(second), "label": labels})
    columns = [Column(name, kind, "m") for name in ("m_1", "m_2")]
    return Manifest(table, (*columns, Column("label", "label")))


def png(side):
    stream = io.BytesIO()
    Image.new("RGB", (side, side)).save(stream, "PNG")
    return stream.getvalue()


def test_cells_of_two_pictures_are_no_neighbours(tmp_path):
    given = several("image", [(png(8), png(9)), (png(8), None)])
    data = encode(given, {"m": {"patches": {"side": 3}}}, cache=tmp_path)
    assert data[1].pos["m"].tolist() == data[0].pos["m"][:9].tolist()
    for radius in (1, 20):
        (drawn,) = Spatial(radius=radius).edges(data.batch([0])).values()
        assert drawn[0, :9, :9].any(0).all()
        assert torch.equal(drawn[0, :9, :9], drawn[0, 9:, 9:])
        assert not drawn[0, :9, 9:].any()
        assert not drawn[0, 9:, :9].any()


def test_the_end_of_a_text_is_not_the_beginning_of_the_next(tmp_path):
    given = several("text", [("one two three", "four five"), (None, "six")])
    data = encode(given, {"m": {"ngrams": {"nodes": "words"}}}, cache=tmp_path)
    assert data[0].pos["m"].flatten().tolist() == [0, 1, 2, 102, 103]
    assert data[1].pos["m"].flatten().tolist() == [0]
    drawn = Temporal(window=1).edges(data.batch([0]))["m", "past", "m"][0]
    assert drawn.nonzero().tolist() == [[0, 1], [1, 2], [3, 4]]


def test_two_sounds_of_a_sample_keep_their_seconds(tmp_path):
    stream = io.BytesIO()
    soundfile.write(stream, torch.zeros(8000).numpy(), 8000, format="WAV")
    given = several("audio", [(stream.getvalue(), stream.getvalue())] * 2)
    data = encode(given, {"m": {"mel": {"rate": 2}}}, cache=tmp_path)
    own = data[0].pos["m"].flatten()
    assert torch.equal(own[:2], own[2:])
    drawn = Temporal(window=1, tolerance=0.01).edges(data.batch([0]))["m", "same", "m"][0]
    assert drawn[0].tolist() == [False, False, True, False]  # not itself


def test_encoders_that_are_no_mapping_are_named():
    with pytest.raises(InputError, match=r"encoders must be {modality: encoder}, got 3"):
        encode(manifest(["ab", "abc"]), 3)


@pytest.mark.parametrize(("seconds", "reported"), [(None, True), (0.5, False)])
def test_durations_that_predict_labels_are_reported(tmp_path, caplog, seconds, reported):
    sounds = [torch.randn(4000 + 4000 * (i % 2), generator=torch.manual_seed(i)) for i in range(40)]
    streams = [io.BytesIO() for _ in sounds]
    for sound, stream in zip(sounds, streams, strict=True):
        soundfile.write(stream, sound.mul(0.1).numpy(), 8000, format="WAV")
    given = several("audio", [(stream.getvalue(), None) for stream in streams])
    with caplog.at_level(logging.WARNING):
        encode(given, {"m": {"mel": {"seconds": seconds, "sample_rate": 8000}}}, cache=tmp_path)
    alike = "m: its duration alone predicts the classes, with a balanced accuracy of 100 %"
    assert (alike in caplog.text) == reported


def test_a_column_that_is_left_out_as_a_copy_of_the_label_is_named(tmp_path, caplog):
    rows = {"said": words(40), "label": [i % 2 for i in range(40)]}
    table = Dataset.from_dict({**rows, "pet": [("cat", "dog")[i] for i in rows["label"]]})
    with caplog.at_level(logging.WARNING):
        data = encode(read_manifest(table), cache=tmp_path)
    assert data.schema.names == ("said",)
    assert "column pet: left out: a copy of the label 'label', one to one" in caplog.text
    left_out = (
        "pet: left out: a copy of the label 'label', one to one; --column pet=category keeps it"
    )
    assert data.origin.columns == (left_out,)


def test_what_is_encoded_once_gets_copies_and_raw_nodes_are_left_to_the_training(tmp_path):
    made = {}
    for name, encoder in (("once", "ngrams"), ("raw", "word_ids")):
        plain = encode(manifest(words(8)), {"said": encoder}, cache=tmp_path)
        found = encode(
            manifest(words(8)), {"said": encoder}, augment={"text": "caption"}, cache=tmp_path
        )
        assert [c["step"] for c in found.origin["changes"]] == ["augment"]
        made[name] = plain, found
    plain, once = made["once"]
    assert (len(once.originals), len(once), once.augment) == (8, 24, None)
    plain, raw = made["raw"]
    assert raw.augment == {"said": {"swap": [0.0, 0.1], "delete": [0.0, 0.2], "probability": 0.5}}
    assert raw.fingerprint == plain.fingerprint
    assert "said changed anew in every epoch" in raw.origin["changes"][0]["what"]
    raw.save(tmp_path / "saved")
    assert type(raw).load(tmp_path / "saved").augment == raw.augment


def test_augmentation_of_a_modality_is_named_by_its_kind(tmp_path):
    with pytest.raises(InputError, match=r"names modality 'said', of kind 'text', but augment"):
        encode(manifest(words(4)), augment={"said": "caption"}, cache=tmp_path)
    with pytest.raises(InputError, match="of kind 'image', but there are none"):
        encode(manifest(words(4)), augment={"image": "photo"}, cache=tmp_path)


def test_changes_in_every_epoch_cannot_be_shared(tmp_path):
    given = {"text": "caption", "shared": "swap"}
    assert len(encode(manifest(words(4)), augment=given, cache=tmp_path)) == 12
    with pytest.raises(InputError, match=r"shares \['swap'\] .* but 'said' changes in every epoch"):
        encode(manifest(words(4)), {"said": "word_ids"}, augment=given, cache=tmp_path)


def test_positions_count_seconds_or_places_of_their_own(tmp_path):
    rows = {"note": ["a b", "c d"], "pulse": [[1.0, 2.0], [3.0, 4.0]], "label": ["x", "y"]}
    manifest = read_manifest(Dataset.from_dict(rows))
    schema = encode(manifest, cache=tmp_path / "units").schema
    assert schema["pulse"].pos_unit == "seconds"
    assert schema["note"].pos_unit == "places in note"


def test_few_cells_are_in_memory_at_once(tmp_path, monkeypatch):
    asked, cells = [], Manifest.cells

    def few(self, modality, rows=None):
        asked.append(len(self if rows is None else rows))
        return cells(self, modality, rows)

    monkeypatch.setattr(Manifest, "cells", few)
    encode(manifest(words(300)), {"said": "ngrams"}, cache=tmp_path)
    assert max(asked) <= ROWS < 300


class Heavy(str):
    nbytes = 800


class Large(Lengths):
    def prepare(self, item):
        return Heavy(item)


def test_fewer_large_items_are_encoded_together(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "HEAVY", 2000)
    data = encode(manifest(words(10)), {"said": Large()}, cache=tmp_path)
    assert data.x["said"].values[:, 1].tolist() == [3, 3, 3, 3, 3, 3, 2, 2, 2, 2]


def test_new_nodes_are_taken_from_the_store_and_not_from_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(NodeStore, "put", lambda store, digests, nodes: None)
    with pytest.raises(InputError, match="nodes are gone from"):
        encode(manifest(words(4)), {"said": "ngrams"}, cache=tmp_path, unreadable="error")


class Fragile(Lengths):
    def prepare(self, item):
        if item == "odd":
            raise ZeroDivisionError("no words")
        return item


def test_an_item_that_an_encoder_cannot_prepare_does_not_stop_the_others(tmp_path, caplog):
    data = encode(manifest([*words(10), "odd"]), {"said": Fragile()}, cache=tmp_path)
    assert data.x["said"].counts.tolist() == [1] * 10 + [0]
    assert "lengths cannot prepare it: ZeroDivisionError: no words" in caplog.text


def test_a_damaged_time_series_does_not_stop_the_others(tmp_path, caplog):
    for i in range(8):
        np.save(tmp_path / f"{i}.npy", np.arange(6.0) + i)
    content = (tmp_path / "3.npy").read_bytes()
    (tmp_path / "3.npy").write_bytes(content.replace(b"(6,)", b"(6, "))
    rows = "".join(f"{i}.npy,{i % 2}\n" for i in range(8))
    (tmp_path / "a.csv").write_text(f"curve,label\n{rows}")
    data = encode(read_manifest(tmp_path / "a.csv"), cache=tmp_path / "cache")
    assert (data.x["curve"].counts == 0).tolist() == [i == 3 for i in range(8)]
    assert "sample 3, column 'curve': 3.npy is not a readable .npy file" in caplog.text


def pictures(folder, cells):
    """Return a manifest of texts and pictures; the files are in folder/img."""
    (folder / "img").mkdir()
    for i in range(6):
        (folder / "img" / f"{i}.png").write_bytes(png(4 + i))
    rows = "".join(f"{cell},a word {i},{i % 2}\n" for i, cell in enumerate(cells))
    (folder / "a.csv").write_text(f"photo,said,label\n{rows}")
    return folder / "a.csv"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("{i}.png", r"did you mean the folder 'img/'\? root='{folder}/img' \(--root"),
        ("images/{i}.png", r"did you mean 'img/0\.png'\?"),
        ("/nowhere/img/{i}.png", "leads out of the folder"),
    ],
)
def test_a_column_of_which_no_cell_can_be_read_is_an_error(tmp_path, cell, message):
    cells = [cell.format(i=i, folder=tmp_path) for i in range(6)]
    data = read_manifest(pictures(tmp_path, cells))
    with pytest.raises(InputError) as error:
        encode(data, cache=tmp_path / "cache")
    reported = str(error.value)
    assert "column 'photo': none of its 6 cells can be read; the first: " in reported
    assert "--allow-missing-modality" in reported
    assert re.search(message.format(folder=re.escape(str(tmp_path))), reported)
    assert len(reported.splitlines()) == 2


def test_absolute_paths_name_the_root_that_reads_them(tmp_path):
    (tmp_path / "table").mkdir()
    path = pictures(tmp_path, [f"{tmp_path}/img/{i}.png" for i in range(6)])
    moved = path.rename(tmp_path / "table" / "a.csv")
    with pytest.raises(InputError, match=rf"absolute: .*--root {tmp_path}/img\)"):
        encode(read_manifest(moved), cache=tmp_path / "cache")
    data = encode(read_manifest(moved, root=tmp_path / "img"), cache=tmp_path / "cache")
    assert data.schema.names == ("photo", "said")
    with pytest.raises(InputError, match="root must be a folder"):
        read_manifest(moved, root=tmp_path / "imgs")


def test_a_lost_modality_is_left_out_where_that_is_allowed(tmp_path, caplog):
    data = read_manifest(pictures(tmp_path, [f"{i}.png" for i in range(6)]))
    made = encode(data, cache=tmp_path / "cache", allow_missing_modality=True)
    assert made.schema.names == ("said",)
    assert made.origin.modalities == ("said",)
    assert list(made.origin.lost) == ["photo"]
    assert made.origin.unreadable == 6
    assert len(made.origin.problems) == 1
    assert caplog.text.count("sample") == 1  # that none has the modality, not one per cell
    assert caplog.text.count("none of its 6 cells can be read") == 1


def test_damaged_pictures_are_a_lost_column_too(tmp_path):
    data = read_manifest(pictures(tmp_path, [f"img/{i}.png" for i in range(6)]))
    for i in range(6):
        (tmp_path / "img" / f"{i}.png").write_bytes(b"no picture")
    with pytest.raises(
        InputError, match=r"none of its 6 cells .* is not a picture in a supported format"
    ):
        encode(data, cache=tmp_path / "cache")


def test_one_column_of_a_modality_may_be_lost(tmp_path):
    path = pictures(tmp_path, [f"img/{i}.png" for i in range(6)])
    path.write_text(
        "photo_1,photo_2,label\n" + "".join(f"img/{i}.png,{i}.png,{i % 2}\n" for i in range(6))
    )
    with pytest.raises(InputError, match="column 'photo_2': none of its 6 cells"):
        encode(read_manifest(path), cache=tmp_path / "cache")
    made = encode(read_manifest(path), cache=tmp_path / "cache", allow_missing_modality=True)
    assert made.schema.names == ("photo",)
