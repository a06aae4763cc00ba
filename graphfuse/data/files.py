"""Read bytes and text of files, with errors that name the problem."""

from __future__ import annotations

import re
from pathlib import Path

from graphfuse.errors import InputError

LINES = (".jsonl", ".ndjson", ".json")
TEXTS = (".csv", ".tsv", ".txt", ".tab")
PARQUET = (".parquet", ".pq")
EXCEL = (".xlsx", ".xlsm")
ARCHIVES = (".zip",)
RAW = (*TEXTS, *LINES, *PARQUET, *EXCEL, *ARCHIVES)
"""Endings of files that hold raw samples."""
FEATURES = (".pkl", ".pickle", ".pt", ".pth", ".h5", ".hdf5", ".mat")
"""Endings of files that usually hold extracted features."""

HANGUL = "이다는에의가을고하지은를도사한로기리나어아시서자그대인정해라만요"
"""The most frequent syllables of Korean, about half of a text."""
KANA = "".join(map(chr, range(0x3041, 0x30FF)))
MANY = 0.2
"""Share of these syllables in Korean, and of kana in Japanese, at least."""
MOST_BYTES = 2**32
"""Bytes that a file may have."""


def features_advice(path: Path) -> str:
    """Return the message about a file of extracted features where raw samples are expected."""
    return (
        f"{path.name} holds extracted features, not raw samples ({', '.join(RAW)}); make a dataset "
        f"of it with: graphfuse convert {path} {path.stem}"
    )


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: the file cannot be read, is empty, or is too large to be read at once.
    """
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise InputError(
                f"{path.name} has {size / 2**30:.1f} GiB, more than {MOST_BYTES / 2**30:g}, which "
                f"are read at once; split it"
            )
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise InputError(f"{path.name} is empty, 0 bytes")
    return content


def table_text(path: Path, encoding: str | None = None) -> str:
    """Return the text of a table, in UTF-8, or in UTF-16 with a byte order mark, or as given.

    Raises:
        InputError: the file cannot be read, is empty, or has another encoding.
    """
    content = read_bytes(path)
    found = likely_encoding(content)
    remedy = (
        f"save it as UTF-8, or name its encoding: encoding={found!r} in Python, and for graphfuse "
        f"compare --config a file with the line datasets: [{{{path}: {{encoding: {found}}}}}]"
    )
    return decode(content, path.name, encoding, remedy)


def decode(
    content: bytes, name: str, encoding: str | None = None, remedy: str = "save it as UTF-8"
) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark, or as given.

    Raises:
        InputError: the bytes are not text in this encoding; the message names the first bad line.
    """
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    chosen = encoding or ("utf-16" if marked else "utf-8-sig")
    try:
        text = content.decode(chosen)
    except LookupError:
        raise InputError(f"{name}: no encoding is called {encoding!r}") from None
    except UnicodeError as error:
        raise InputError(f"{name} {_undecodable(content, chosen, error)}; {remedy}") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(
            f"{name} holds a null character in line {line}: it is not text, or is UTF-16 without a "
            f"byte order mark; save it as UTF-8"
        )
    return text


def likely_encoding(content: bytes) -> str:
    """Return the encoding to propose for bytes that are not UTF-8.

    In Chinese, Korean and Japanese text, nearly all bytes beyond ASCII come in pairs. If many of
    these are frequent syllables of Korean when they are read as EUC-KR, the text is Korean. If many
    are kana when they are read as EUC-JP, it is Japanese. Otherwise it is Chinese. In the languages
    of western Europe, bytes beyond ASCII stand alone between letters.

    Example:
        >>> likely_encoding("房间不错".encode("gbk")), likely_encoding("für Männer".encode("cp1252"))
        ('gbk', 'cp1252')
    """  # noqa: E501
    pairs = sum(map(len, re.findall(rb"(?:[\xa1-\xfe][\xa1-\xfe])+", content)))
    beyond = sum(byte > 0x7F for byte in content)
    if not beyond or pairs < 0.9 * beyond:
        return "cp1252"
    if _share(content, "euc-kr", HANGUL) >= MANY:
        return "euc-kr"
    if _share(content, "euc-jp", KANA) >= MANY:
        return "euc-jp"
    return "cp1252" if _letters(content, "gbk") is None else "gbk"


def _share(content: bytes, encoding: str, frequent: str) -> float:
    """Return the share of frequent letters among those beyond ASCII, 0 if none can be read."""
    letters = _letters(content, encoding)
    return sum(letter in frequent for letter in letters) / len(letters) if letters else 0.0


def _letters(content: bytes, encoding: str) -> list[str] | None:
    try:
        return [c for c in content.decode(encoding) if c > "\x7f" and c.isalpha()]
    except UnicodeDecodeError:
        return None


def _undecodable(content: bytes, encoding: str, error: UnicodeError) -> str:
    shown = "UTF-8" if encoding == "utf-8-sig" else encoding.upper()
    where = ""
    if isinstance(error, UnicodeDecodeError) and error.start < len(content):
        start = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        line = content[:start].count(b"\n") + 1
        where = f" in line {line} (byte 0x{content[start]:02x})"
    return f"is no {shown}{where}"
