import io

import numpy as np
import pytest
import torch
from datasets import Dataset
from PIL import Image

from graphfuse.encoders import Preprocessor, create_encoder, encode
from graphfuse.errors import InputError
from graphfuse.graph import Temporal
from graphfuse.raw import Column, Manifest, Sound, Video

PLAIN = {"clip": {"frames": {"image": "patches"}}}


def silent(count=5):
    stream = io.BytesIO()
    frames = [Image.new("RGB", (8, 6), (40 * i, 0, 0)) for i in range(count)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=200)
    return stream.getvalue()


def heard(av, start=0.0, seconds=2):
    """Return a film of ten pictures a second whose tone starts so many seconds late."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="matroska") as file:
        pictures = file.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 16, "yuv420p"
        tone = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        for i in range(10 * seconds):
            shown = np.full((16, 32, 3), 10 * i, dtype=np.uint8)
            file.mux(pictures.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        file.mux(pictures.encode())
        wave = 9000 * np.sin(2 * np.pi * 440 * np.arange(8000 * seconds) / 8000)
        frame = av.AudioFrame.from_ndarray(wave[None].astype("i2"), "s16", "mono")
        frame.sample_rate, frame.pts = 8000, round(8000 * start)
        file.mux(tone.encode(frame))
        file.mux(tone.encode())
    return stream.getvalue()


def manifest(clips):
    table = Dataset.from_dict({"clip": clips, "label": [str(i % 2) for i in range(len(clips))]})
    return Manifest(table, (Column("clip", "video", "clip"), Column("label", "label")))


def test_nodes_are_those_of_the_sound_alone():
    encoder = create_encoder("video", "sound", audio="mfcc", audio_options={"rate": 2})
    audio = create_encoder("audio", "mfcc", rate=2)
    samples = np.random.default_rng(0).standard_normal(16000).astype(np.float32) / 9
    frames = np.zeros((3, 4, 4, 3), np.uint8)
    films = [Video(frames, np.arange(3.0), sound) for sound in (Sound(samples, 8000), None)]
    nodes = encoder.encode(films)
    (expected,) = audio.encode([Sound(samples, 8000)])
    assert torch.equal(nodes[0].x, expected.x)
    assert torch.equal(nodes[0].pos, expected.pos)
    assert nodes[1].x.shape == (0, encoder.features)
    assert len(encoder.prepare(films[0]).frames) == 0  # none wait in the memory
    assert torch.equal(encoder.encode([encoder.prepare(films[0])])[0].x, expected.x)
    assert encoder.identity()["sounds"]["options"]["rate"] == 2
    with pytest.raises(InputError, match="got str"):
        encoder.encode(["no film"])


def test_films_without_sound_have_one_modality(tmp_path, caplog):
    data = encode(manifest([silent(3), silent(4), silent(5)]), PLAIN, cache=tmp_path)
    assert data.schema.names == ("clip",)
    assert not caplog.records


def test_a_damaged_film_is_one_problem(tmp_path, caplog):
    data = encode(manifest([silent(3), b"GIF89a and no more", silent(4)]), PLAIN, cache=tmp_path)
    assert data.x["clip"].counts.tolist() == [3, 0, 4]
    (record,) = caplog.records
    assert record.getMessage().startswith("1 of the cells")


def test_what_is_seen_and_heard_at_once_is_joined(tmp_path):
    av = pytest.importorskip("av")
    films = manifest([heard(av), silent(), heard(av, start=0.5)])
    given = {**PLAIN, "clip_sound": {"sound": {"audio": "mel", "audio_options": {"rate": 4}}}}
    data = encode(films, given, cache=tmp_path)
    assert data.schema.names == ("clip", "clip_sound")
    counts = data.x["clip_sound"].counts.tolist()
    assert counts == [8, 0, 10]  # the film without sound lacks the modality; the last starts late
    batch = data.batch([0])
    edges = Temporal(window=0.11, tolerance=0.11).edges(batch)["clip", "same", "clip_sound"][0]
    apart = (batch.pos["clip"][0] - batch.pos["clip_sound"][0].T).abs()
    assert torch.equal(edges, apart <= 0.11)
    assert edges.any(0).all()
    late = data.batch([2]).x["clip_sound"][0].mean(1)
    assert late[0] < late[3:].min()


def test_a_preprocessor_takes_the_sound_too(tmp_path):
    av = pytest.importorskip("av")
    films = manifest([heard(av), heard(av, start=0.2), silent(), silent(4)])
    pre = Preprocessor(PLAIN, cache=tmp_path).fit(films)
    assert sorted(pre.sample({"clip": heard(av)}).x) == ["clip", "clip_sound"]
    assert sorted(pre.sample({"clip": silent()}).x) == ["clip"]
