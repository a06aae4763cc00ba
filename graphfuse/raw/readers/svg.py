"""SVG drawings, painted by resvg."""

from __future__ import annotations

import base64
import importlib.util
import re
import subprocess
import sys
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw.readers.raster import check_pixels, open_raster

DRAWN = 512
"""Width, in pixels, that a drawing is painted with."""

TALLEST = 64
"""A drawing may be so many times as high as it is wide."""

PATIENCE = 60.0
"""Seconds after which a drawing is given up."""

PIXELS = {"": 1, "px": 1, "pt": 96 / 72, "pc": 16, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96}
"""Pixels of a unit of length."""

PICTURES = ("image", "feImage")
"""Elements that show a picture."""

PAINT = """
import sys, resvg_py
drawing = sys.stdin.buffer.read().decode()
try:
    painted = resvg_py.svg_to_bytes(svg_string=drawing, dpi=96)
except Exception as error:
    sys.exit(str(error))
sys.stdout.buffer.write(painted)
"""


def is_svg(content: bytes) -> bool:
    """Return whether bytes are an SVG drawing."""
    start = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith(b"<svg") or (start.startswith((b"<?xml", b"<!")) and b"<svg" in content)


def has_entities(content: bytes) -> bool:
    """Return whether an SVG declares XML entities, with which a small file can fill the memory."""
    return b"<!entity" in content.lower()


def paint(content: bytes, name: str) -> bytes:
    """Return an SVG drawing as a PNG; files and addresses that it refers to are not fetched.

    Pictures that it brings itself are those that :func:`~graphfuse.raw.readers.image.open_image`
    opens, and have no more pixels together than one.

    Text is set in the fonts of this machine. A drawing can bring down what paints it, by patterns
    without bounds for instance, so that a process of its own does.

    Raises:
        InputError: it is damaged, has no size, is out of all proportion, or so is a picture in it.
        MissingDependencyError: ``resvg-py`` is not installed.
    """
    if has_entities(content):
        raise InputError(
            f"{name} is an SVG drawing that declares XML entities, which are not read; save it as "
            f"PNG"
        )
    check_painter(f"painting the SVG drawing {name}")
    command = [sys.executable, "-P", "-c", PAINT]
    try:
        drawing = _contained(content, name)
        done = subprocess.run(command, input=drawing, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise InputError(
            f"{name} is an SVG drawing that takes more than {PATIENCE:g} s to paint; save it as PNG"
        ) from None
    except InputError:
        raise
    except (ElementTree.ParseError, LookupError, RecursionError, ValueError) as error:
        raise InputError(f"{name} is a damaged SVG drawing: {error}") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise InputError(f"{name} is an SVG drawing that cannot be painted: {reason}")
    return done.stdout


def check_painter(purpose: str) -> None:
    """Check that what paints drawings is installed.

    Raises:
        MissingDependencyError: it is not.
    """
    if sys.modules.get("resvg_py", ...) is None or not importlib.util.find_spec("resvg_py"):
        raise MissingDependencyError("resvg-py", "svg", purpose)


def _contained(content: bytes, name: str) -> bytes:
    """Return a drawing, DRAWN pixels wide, without what it refers to outside of itself."""
    root = ElementTree.fromstring(content)
    pictures = []
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key.rpartition("}")[2] != "href" or value.startswith("#"):
                continue
            if value.startswith("data:") and element.tag.rpartition("}")[2] in PICTURES:
                pictures.append(value)
            else:
                del element.attrib[key]
    _check_pictures(pictures, name)
    width, height = (_pixels(root.get(key)) for key in ("width", "height"))
    box = [float(n) for n in re.split(r"[\s,]+", root.get("viewBox", "").strip()) if n]
    if width and height and not box:
        root.set("viewBox", f"0 0 {width} {height}")
    if not (width and height):
        width, height = box[2:] if len(box) == 4 else (0.0, 0.0)
    if not (width > 0 and height > 0):
        raise ValueError("it says neither how wide and high it is nor what it shows (viewBox)")
    if height > TALLEST * width:
        raise ValueError(f"it is more than {TALLEST} times as high as it is wide")
    root.set("width", str(DRAWN))
    root.set("height", str(max(1, round(DRAWN * height / width))))
    drawing: bytes = ElementTree.tostring(root, encoding="utf-8")
    return drawing


def _check_pictures(addresses: list[str], name: str) -> None:
    """Check pictures that a drawing brings as ``data:`` addresses."""
    pixels = 0
    for address in addresses:
        head, _, body = address.partition(",")
        content = unquote_to_bytes(body)
        if head.endswith("base64"):
            content = base64.b64decode(content)
        inner = f"a picture in {name}"
        picture = open_raster(paint(content, inner) if is_svg(content) else content, inner)
        pixels += picture.width * picture.height
        check_pixels(pixels, name)


def _pixels(length: str | None) -> float | None:
    """Return a length in pixels; None without one, or for a percentage."""
    found = re.fullmatch(r"\s*\+?([\d.]+(?:[eE][+-]?\d+)?)\s*([a-z]*)\s*", length or "")
    if not found or found[2] not in PIXELS:
        return None
    return float(found[1]) * PIXELS[found[2]]
