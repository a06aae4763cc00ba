"""A folder with one folder per class as a table: files with the same stem are one sample."""

from __future__ import annotations

import logging
import os
from collections import Counter
from pathlib import Path
from typing import Any

from graphfuse.data.ids import SPLITS
from graphfuse.errors import InputError
from graphfuse.raw.readers.files import SUFFIXES

logger = logging.getLogger(__name__)


def read_folder(root: Path) -> dict[str, list[Any]]:
    """Return columns ``id``, ``label``, ``split`` if there are parts, and one per kind of file.

    The label is the first folder below root, or below the parts where all first folders are
    called train, validation, test or the like. Files of unknown kinds and files outside any class
    are left out, and counted in the log; so are links to folders and folders called ``_name``,
    each by its name. Hidden files and folders are passed over.

    Raises:
        InputError: no folder below root holds a picture, sound, text, film or time series, or one
            of them, or root, cannot be read.
    """
    files = _files(root)
    tops = [entry.name for entry in root.iterdir() if entry.is_dir() and entry.name[0] not in "._"]
    split = bool(tops) and all(top.lower() in SPLITS for top in tops)
    samples: dict[str, dict[str, list[str]]] = {}
    left: Counter[str] = Counter()
    for path in files:
        kind = SUFFIXES.get(Path(path).suffix.lower())
        if path.count("/") < 1 + split:
            left["lie outside the folders of classes"] += 1
        elif kind is None:
            left[f"end in {Path(path).suffix!r}"] += 1
        else:
            stem = path.removesuffix(Path(path).suffix)
            samples.setdefault(stem, {}).setdefault(kind, []).append(path)
    for why, count in left.items():
        logger.warning("%s: %d files are left out: they %s", root, count, why)
    if not samples:
        raise InputError(
            f"the folder {root} holds no samples: put the pictures, sounds and texts (.txt) of "
            f"each class into a folder called after the class; got {sorted(tops)[:5]}"
        )
    columns: dict[str, list[Any]] = {"id": list(samples)}
    columns["label"] = [stem.split("/")[split] for stem in samples]
    if split:
        columns["split"] = [SPLITS[stem.split("/")[0].lower()] for stem in samples]
    for kind in sorted({kind for files in samples.values() for kind in files}):
        own = [sorted(files.get(kind, [])) for files in samples.values()]
        columns[kind] = [[{"path": p} for p in paths] for paths in own] if kind == "text" else own
    return columns


def _unreadable(error: OSError) -> None:
    """Raise an error, where ``os.walk`` would pass over all that is in the folder."""
    raise InputError(
        f"the folder {error.filename} cannot be read: {error.strerror}; allow it, or move it away"
    )


def _files(root: Path) -> list[str]:
    found = []
    for folder, below, files in os.walk(root, onerror=_unreadable):
        for name in sorted(name for name in below if name[0] == "_"):
            logger.warning(
                "the folder %s is left out: its name begins with '_'; rename it if it is a class",
                Path(folder) / name,
            )
        below[:] = sorted(name for name in below if name[0] not in "._")
        for name in below:
            if (Path(folder) / name).is_symlink():
                logger.warning(
                    "%s is a link to a folder, and left out: links are not followed",
                    Path(folder) / name,
                )
        inside = Path(folder).relative_to(root)
        found += [(inside / name).as_posix() for name in sorted(files) if name[0] != "."]
    return found
