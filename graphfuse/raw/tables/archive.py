"""A zip archive of raw samples, unpacked once into the cache."""

from __future__ import annotations

import hashlib
import logging
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from graphfuse._files import whole_folder
from graphfuse.data.files import EXCEL, LINES, PARQUET
from graphfuse.errors import InputError
from graphfuse.raw.tables.arrow import ANOTHER_CACHE, cache_folder

logger = logging.getLogger(__name__)

MOST_FILES = 2_000_000
"""Files that an archive may hold."""
MOST_RATIO, HARMLESS = 200, 2**30
"""How many times its own size an archive may unpack to, where that is more than 1 GiB."""
TABLES = (*LINES, *PARQUET, *EXCEL, ".csv", ".tsv")
"""Endings of a table at the top of an archive; other files beside it are what its cells name."""
PIECE = 2**20
"""Bytes that are in memory at once."""


def unpacked(path: Path) -> Path:
    """Return the folder that an archive unpacks to, or the one table at its top.

    It is unpacked once, into the cache of Hugging Face, under its path, size and time. A single
    folder that holds all the rest is entered.

    Raises:
        InputError: the archive is damaged, encrypted, names files outside of itself, would fill
            the disk, or unpacks to far more than it holds (a decompression bomb).
    """
    status = path.stat()
    version = f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
    folder = cache_folder() / f"zip-{hashlib.sha256(version.encode()).hexdigest()[:32]}"
    if not folder.exists():
        try:
            with zipfile.ZipFile(path) as file:
                entries = _checked(file, path)
                with whole_folder(folder, path.name, ANOTHER_CACHE) as work:
                    _unpack(file, entries, work)
        except InputError:
            raise
        except Exception as error:  # of a damaged archive, anything
            raise InputError(f"{path.name} is not a readable zip archive: {error}") from None
    return _content(folder)


def _checked(file: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """Return the entries to unpack: files that are not hidden and no links."""
    entries = [entry for entry in file.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise InputError(f"{path.name} holds {len(entries)} files, more than {MOST_FILES}")
    for entry in entries:
        if "\\" in entry.filename or ":" in entry.filename.split("/")[0] or _leaves(entry.filename):
            raise InputError(
                f"{path.name} names the file {entry.filename!r}, which lies outside of the "
                f"archive, and is not unpacked; pack the folder again"
            )
        if entry.flag_bits & 1:
            raise InputError(f"{path.name} is encrypted; unpack it and name the folder")
    size, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if packed > path.stat().st_size or (
        size > HARMLESS and size > MOST_RATIO * path.stat().st_size
    ):
        raise InputError(
            f"{path.name} would unpack from {path.stat().st_size} to {size} bytes, which may be an "
            f"attack on the disk (a decompression bomb); unpack it and name the folder"
        )
    free = shutil.disk_usage(cache_folder()).free
    if size > 0.95 * free:
        raise InputError(
            f"{path.name} takes {size / 2**30:.1f} GiB unpacked, and {cache_folder()} has room for "
            f"{free / 2**30:.1f}; make room, or name another folder by the environment variable "
            f"HF_DATASETS_CACHE"
        )
    hidden = [entry for entry in entries if _is_hidden(entry)]
    links = [entry for entry in entries if stat.S_ISLNK(entry.external_attr >> 16)]
    if links:
        logger.warning("%s: %d links are left out: links are not followed", path.name, len(links))
    out = {id(entry) for entry in (*hidden, *links)}
    return [entry for entry in entries if id(entry) not in out]


def _leaves(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\0" in name


def _parts(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    return PurePosixPath(entry.filename).parts


def _is_hidden(entry: zipfile.ZipInfo) -> bool:
    parts = _parts(entry)
    return parts[0] == "__MACOSX" or any(part.startswith(".") for part in parts)


def _unpack(file: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path) -> None:
    """Write the entries below a folder; ``zipfile`` reads no more of each than was announced."""
    for entry in entries:
        target = folder.joinpath(*_parts(entry))
        target.parent.mkdir(parents=True, exist_ok=True)
        with file.open(entry) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, PIECE)


def _content(folder: Path) -> Path:
    """Return the folder, or the one below it that holds all, or the only table at the top."""
    entries = sorted(folder.iterdir())
    while len(entries) == 1 and entries[0].is_dir():
        folder = entries[0]
        entries = sorted(folder.iterdir())
    tables = [e for e in entries if e.is_file() and e.suffix.lower() in TABLES]
    return tables[0] if len(tables) == 1 else folder
