import base64
import gzip
import io
import subprocess
import sys

import pytest
from PIL import Image

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw.readers import svg
from graphfuse.raw.readers.image import read_image

HALF_BLUE = '<rect width="10" height="10" fill="#00f"/>'


def drawing(inside=HALF_BLUE, size='width="20" height="10"'):
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<?xml version="1.0"?><svg {spaces} {size}>{inside}</svg>'.encode()


def test_a_drawing_names_what_paints_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingDependencyError, match=r"SVG drawing a\.svg.*graphfuse\[svg\]"):
        read_image(drawing(), "a.svg")


@pytest.mark.parametrize(
    "size",
    [
        'width="20" height="10"',
        'width="20mm" height="1cm"',
        'viewBox="0 0 20 10"',
        'width="100%" height="100%" viewBox="0,0 20,10"',
        'width="2e3px" height="1e3px" viewBox="0 0 20 10"',
    ],
)
def test_a_drawing_is_painted_on_white_at_one_width(size):
    pytest.importorskip("resvg_py")
    inside = HALF_BLUE if "mm" not in size else HALF_BLUE.replace('"10"', '"10mm"')
    read = read_image(drawing(inside, size), "a.svg")
    assert read.shape == (256, 512, 3)
    assert read[100, 200].tolist() == [0, 0, 255]
    assert read[100, 300].tolist() == [255, 255, 255]


def test_a_drawing_reads_no_file(tmp_path, monkeypatch):
    pytest.importorskip("resvg_py")
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(stream, "PNG")
    (tmp_path / "red.png").write_bytes(stream.getvalue())
    size = 'width="20" height="10"'

    def image(href, attribute="href"):
        return f'<image {size} {attribute}="{href}"/>'

    def is_red(inside):
        return read_image(drawing(inside), "a.svg")[128, 256].tolist() == [255, 0, 0]

    code = base64.b64encode(stream.getvalue()).decode()
    assert is_red(image(f"data:image/png;base64,{code}"))  # it brings this picture itself
    absolute = str(tmp_path / "red.png")
    spelled = "".join(f"&#{ord(letter)};" for letter in absolute)
    for path in ("red.png", "./red.png", absolute, spelled, f"file://{absolute}"):
        assert not is_red(image(path))
        assert not is_red(image(path, "xlink:href"))
        effect = f'<filter id="f"><feImage href="{path}"/></filter>'
        assert not is_red(effect + f'<rect {size} filter="url(#f)"/>')
    inner = base64.b64encode(drawing(image(absolute))).decode()
    assert not is_red(image(f"data:image/svg+xml;base64,{inner}"))


def picture(mode, side):
    stream = io.BytesIO()
    Image.new(mode, (side, side)).save(stream, "PNG")
    return stream.getvalue()


def brought(*contents, kind="png"):
    codes = [base64.b64encode(content).decode() for content in contents]
    return drawing("".join(f'<image href="data:image/{kind};base64,{code}"/>' for code in codes))


def test_pictures_in_a_drawing_are_held_to_the_limits_of_pictures(monkeypatch):
    pytest.importorskip("resvg_py")
    large = picture("1", 20_000)  # 50 kB, 1.6 GB once it is painted
    inner = brought(large)
    for content in (brought(large), brought(inner, kind="svg+xml")):
        with pytest.raises(InputError, match=r"a picture in .*a.svg has more than .* bomb"):
            read_image(content, "a.svg")
    small = picture("RGB", 60)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)
    with pytest.raises(InputError, match=r"a\.svg has more than 5000 pixels"):
        read_image(brought(small, small), "a.svg")
    with pytest.raises(
        InputError, match=r"a picture in a\.svg is not a picture in a supported format"
    ):
        read_image(brought(gzip.compress(inner), kind="svg+xml"), "a.svg")


def test_parts_of_the_drawing_itself_may_be_used():
    pytest.importorskip("resvg_py")
    inside = '<defs><g id="a"><rect width="10" height="10" fill="#00f"/></g></defs>'
    read = read_image(drawing(inside + '<use xlink:href="#a"/><use href="#a" x="5"/>'), "a.svg")
    assert read[100, 300].tolist() == [0, 0, 255]


def test_a_drawing_with_entities_is_refused():
    with pytest.raises(InputError, match="declares XML entities"):
        read_image(b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>', "a.svg")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (drawing()[:-10], "damaged SVG drawing"),
        (drawing(size=""), "says neither"),
        (drawing(size='width="0" height="10"'), "says neither"),
        (drawing(size='width="10" height="1e9"'), "64 times as high"),
        (b'<?xml version="1.0"?><a width="2" height="2"><svg/></a>', "cannot be painted"),
    ],
)
def test_what_cannot_be_painted_says_why(content, reason):
    pytest.importorskip("resvg_py")
    with pytest.raises(InputError, match=f"^a.svg is .*{reason}"):
        read_image(content, "a.svg")


def test_a_drawing_that_brings_down_the_painter_is_an_error_alone():
    pytest.importorskip("resvg_py")
    tile = '<pattern id="p" width="1e6" height="1e6" patternUnits="userSpaceOnUse">'
    bomb = f'{tile}{HALF_BLUE}</pattern><rect width="9" height="9" fill="url(#p)"/>'
    with pytest.raises(InputError, match="cannot be painted: memory"):
        read_image(drawing(bomb), "a.svg")


def test_a_drawing_that_takes_too_long_is_given_up(monkeypatch):
    pytest.importorskip("resvg_py")

    def run(command, timeout, **_):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(svg.subprocess, "run", run)
    with pytest.raises(InputError, match="more than 60 s"):
        read_image(drawing(), "a.svg")
