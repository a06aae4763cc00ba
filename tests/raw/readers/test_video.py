import io
import sys

import numpy as np
import pytest
from PIL import Image

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw import Cell
from graphfuse.raw.readers import video as reader


def film(form="GIF", count=5, size=(8, 6), **options):
    frames = [Image.new("RGB", size, (40 * i % 256, 0, 0)) for i in range(count)]
    stream = io.BytesIO()
    frames[0].save(stream, form, save_all=True, append_images=frames[1:], duration=200, **options)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_moving_pictures(form):
    options = {"lossless": True} if form == "WEBP" else {}
    video = Cell("video", film(form, **options)).read()
    assert video.frames.shape == (5, 6, 8, 3)
    assert video.times == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert video.frames[:, 0, 0, 0].tolist() == [0, 40, 80, 120, 160]
    assert video.sound is None


def test_of_many_frames_some_at_equal_distances_are_kept(monkeypatch):
    monkeypatch.setattr(reader, "MOST_FRAMES", 3)
    video = Cell("video", film()).read()
    assert video.times == pytest.approx([0, 0.4, 0.8])


def test_a_film_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(reader, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="make it smaller"):
        Cell("video", film()).read()


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("form", ["GIF", "PNG"])
def test_moving_pictures_that_are_cut_short_are_an_error(form, share):
    content = film(form)
    with pytest.raises(InputError, match="damaged film"):
        Cell("video", content[: int(share * len(content))]).read()


def test_other_films_name_what_reads_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependencyError, match=r"graphfuse\[video\]"):
        Cell("video", b"\0\0\0\x18ftypmp42").read()


def mp4(av, with_sound=True, size=(32, 16), form="mp4", codec="mpeg4", rate=10):
    stream = io.BytesIO()
    with av.open(stream, "w", format=form) as file:
        pictures = file.add_stream(codec, rate=rate)
        pictures.width, pictures.height = size
        pictures.pix_fmt = "yuv420p"
        tone = file.add_stream("aac", rate=16000, layout="mono") if with_sound else None
        for i in range(10):
            shown = np.full((*size[::-1], 3), 20 * i, dtype=np.uint8)
            file.mux(pictures.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        file.mux(pictures.encode())
        if tone is not None:
            heard = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000, dtype=np.float32) / 16000)
            frame = av.AudioFrame.from_ndarray(heard[None].astype("f4"), "fltp", "mono")
            frame.sample_rate = 16000
            file.mux(tone.encode(frame))
            file.mux(tone.encode())
    return stream.getvalue()


def test_a_film_with_sound():
    content = mp4(pytest.importorskip("av"))
    video = Cell("video", content).read()
    assert video.frames.shape == (10, 16, 32, 3)
    assert video.times == pytest.approx(np.arange(10) / 10, abs=1e-3)
    assert np.abs(video.frames[:, 8, 16, 0].astype(int) - 20 * np.arange(10)).max() < 12
    assert video.sound.rate == 16000
    assert video.sound.seconds == pytest.approx(1, abs=0.2)


def test_a_film_whose_frames_change_size_keeps_that_of_the_first():
    av = pytest.importorskip("av")
    form = {"with_sound": False, "form": "mpegts", "codec": "mpeg2video", "rate": 25}
    video = Cell("video", mp4(av, **form) + mp4(av, size=(64, 48), **form)).read()
    assert video.frames.shape[1:] == (16, 32, 3)
    assert len(video.frames) > 10


def test_a_damaged_film_is_an_error():
    content = mp4(pytest.importorskip("av"), with_sound=False)
    for damaged in (content[: len(content) // 2], b"nothing of the kind"):
        with pytest.raises(
            InputError, match=r"not a (readable film|film in a supported format)|has no pictures"
        ):
            Cell("video", damaged).read()


SCRIPTS = {
    "ffconcat": "ffconcat version 1.0\nfile {other}\n",
    "an address of one": "ffconcat version 1.0\nfile file:{other}\n",
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{other}\n#EXT-X-ENDLIST\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{other}'
    "</BaseURL></MPD>",
    "image pattern": "{other}",
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_of_ffmpeg_is_not_obeyed(tmp_path, monkeypatch, script):
    av = pytest.importorskip("av")
    other = tmp_path / "other.mp4"
    other.write_bytes(mp4(av, with_sound=False))
    monkeypatch.chdir(tmp_path)
    inside = tmp_path / "data"
    inside.mkdir()
    for named in (other.name, str(other)):
        (inside / "clip.mp4").write_text(script.format(other=named))
        with pytest.raises(InputError, match="film in a supported format"):
            Cell("video", "clip.mp4", inside).read()


def test_no_protocol_is_opened_even_by_a_container_that_names_files(tmp_path, monkeypatch):
    """The second line of defence: a container of the list that refers to other files."""
    av = pytest.importorskip("av")
    (tmp_path / "other.mp4").write_bytes(mp4(av, with_sound=False))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reader, "container_of", lambda content: "concat")
    with pytest.raises(InputError, match="not a readable film"):
        Cell("video", b"ffconcat version 1.0\nfile other.mp4\n").read()


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        ("mp4", "mpeg4"),
        ("mov", "mpeg4"),
        ("3gp", "mpeg4"),
        ("matroska", "mpeg4"),
        ("webm", "libvpx"),
        ("avi", "mpeg4"),
        ("mpegts", "mpeg2video"),
        ("mpeg", "mpeg2video"),
        ("mpeg2video", "mpeg2video"),
        ("flv", "flv"),
        ("ogg", "libtheora"),
        ("asf", "mpeg4"),
    ],
)
def test_containers(form, codec):
    av = pytest.importorskip("av")
    try:
        content = mp4(av, with_sound=False, form=form, codec=codec, rate=25)
    except (ValueError, av.FFmpegError):
        pytest.skip(f"this PyAV cannot write {codec} in {form}")
    assert len(Cell("video", content).read().frames) >= 9
