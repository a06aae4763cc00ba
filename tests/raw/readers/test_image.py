import io
import struct
import zlib

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from graphfuse.errors import InputError
from graphfuse.raw.readers.image import read_image


def encoded(image, form="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM"])
def test_formats(form):
    read = read_image(encoded(Image.new("RGB", (16, 8), (200, 100, 50)), form), "a")
    assert read.shape == (8, 16, 3)
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - [200, 100, 50]).max() <= 6


def test_a_turned_photograph_stands_upright():
    image = Image.new("RGB", (16, 8), "white")
    image.paste("black", (0, 0, 8, 8))  # dark on the left
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: the left comes to the top
    read = read_image(encoded(image, exif=exif.tobytes()), "a")
    assert read.shape == (16, 8, 3)
    assert read[:7].max() == 0
    assert read[9:].min() == 255


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_are_white(mode):
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    assert read_image(encoded(image.convert(mode)), "a").tolist() == [[[255] * 3, [0] * 3]]


def test_the_transparent_colour_of_a_palette_is_white():
    image = Image.new("P", (2, 1), 1)
    image.putpalette([0, 0, 0, 9, 9, 9])
    image.putpixel((1, 0), 0)
    for form in ("PNG", "GIF"):
        read = read_image(encoded(image, form, transparency=1), "a")
        assert read.tolist() == [[[255] * 3, [0] * 3]]


def test_half_transparent_is_halfway_to_white():
    read = read_image(encoded(Image.new("RGBA", (1, 1), (255, 0, 0, 128))), "a")
    assert np.abs(read[0, 0].astype(int) - [255, 127, 127]).max() <= 1


def test_grey_of_one_eight_and_sixteen_bits():
    one = Image.fromarray(np.array([[True, False]]))
    assert read_image(encoded(one), "a")[0, :, 0].tolist() == [255, 0]
    eight = Image.fromarray(np.array([[0, 100, 255]], dtype=np.uint8))
    assert read_image(encoded(eight), "a")[0].tolist() == [[0] * 3, [100] * 3, [255] * 3]
    sixteen = Image.fromarray(np.array([[0, 25700, 65535]], dtype=np.uint16))
    assert read_image(encoded(sixteen), "a")[0].tolist() == [[0] * 3, [100] * 3, [255] * 3]
    assert read_image(encoded(sixteen, "TIFF"), "a")[0, :, 0].tolist() == [0, 100, 255]


def test_floating_point_grey_is_brought_from_its_own_range():
    image = Image.fromarray(np.array([[-1.0, 0.0, 1.0]], dtype=np.float32))
    assert read_image(encoded(image, "TIFF"), "a")[0, :, 0].tolist() == [0, 128, 255]


def test_inks_become_colours():
    read = read_image(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), "a")
    assert np.abs(read[0, 0].astype(int) - [255, 0, 0]).max() <= 6


def test_of_several_frames_the_first_is_taken():
    frames = [Image.new("RGB", (2, 2), c) for c in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_image(content, "a")[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_truncated_picture_is_an_error(form):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), form)
    for share in (0.3, 0.9):
        with pytest.raises(InputError, match="photo is a damaged picture"):
            read_image(content[: int(share * len(content))], "photo")


@pytest.mark.parametrize("content", [b"no picture at all", b"\x89PNG\r\n\x1a\nxx", b"RIFF1234WEBP"])
def test_what_is_no_picture_is_an_error(content):
    with pytest.raises(InputError, match=r"photo is (not a|a damaged) picture"):
        read_image(content, "photo")


def test_no_program_is_started_to_read_a_picture(tmp_path, monkeypatch):
    started = tmp_path / "started"
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {started}\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    with pytest.raises(InputError, match=r"a\.png is not a picture in a supported format: PNG"):
        read_image(encoded(Image.new("RGB", (8, 8)), "EPS"), "a.png")
    assert not started.exists()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side, monkeypatch):
    monkeypatch.setattr("warnings.simplefilter", lambda *_, **__: None)  # a thread resets it

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))
    with pytest.raises(InputError, match="decompression bomb"):
        read_image(content, "bomb.png")
