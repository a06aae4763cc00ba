"""Recognise the format of a file or folder of features, and read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphfuse.data.convert._unpickle import unpickle
from graphfuse.data.convert.format import Format, formats
from graphfuse.data.convert.pyg import LEGACY, load_graphs
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.files import LINES, PARQUET, TEXTS
from graphfuse.errors import FusionError, InputError

SOURCES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "folder": ("a folder", lambda path: path),
    "pickle": ("a pickle", unpickle),
    "torch": ("a file of torch.save", load_graphs),
}
"""What each kind of source is called, and how it is opened."""
OTHERS = {
    b"\x1f\x8b": "compressed; unpack it first",
    b"BZh": "compressed; unpack it first",
    b"\xfd7zXZ": "compressed; unpack it first",
    b"\x89HDF": "an HDF5 file (.csd, .h5, .mat), which is not read; save its arrays as .npz",
    b"\x93NUMPY": "a single array; load it and use FusionDataset.from_arrays",
}
"""What other files are, by how they begin."""


def read_features(
    source: str | Path,
    format: str | None = None,  # noqa: A002 - as it is written on the command line
    **options: Any,
) -> FusionDataset:
    """Read features that others have extracted, from a file or folder of one of ``formats``.

    The format is recognised by the content, unless it is named. Options are those of the format.
    No code in a file is run: pickles and files of ``torch.save`` hold arrays and plain containers,
    or are refused. All is read into memory.

    Raises:
        UnknownNameError: there is no such format.
        InputError: the source does not exist, has another format, is damaged, or does not take the
            option.

    Example:
        >>> import pickle, tempfile
        >>> import numpy as np
        >>> path = Path(tempfile.mkdtemp()) / "mosi.pkl"
        >>> part = {"text": np.ones((2, 3, 4)), "regression_labels": np.ones(2)}
        >>> _ = path.write_bytes(pickle.dumps({"train": part, "test": part}))
        >>> read_features(path)
        FusionDataset('mosi', 4 samples, text[4], regression)
    """
    chosen, content = recognise(source, format)
    return build(chosen, content, source, options)


def recognise(source: str | Path, format: str | None = None) -> tuple[Format, Any]:  # noqa: A002
    """Return the format of a file or folder, and its content."""
    chosen = None if format is None else formats.get(format)
    path = Path(source)
    kind = _kind(path)
    if chosen is not None and chosen.source != kind:
        raise InputError(
            f"{path} is {SOURCES[kind][0]}, and format {chosen.name!r} comes in "
            f"{SOURCES[chosen.source][0]}"
        )
    with _named_errors(path):
        content = SOURCES[kind][1](path)
    known = [formats.get(name) for name in formats.names()] if chosen is None else [chosen]
    with _named_errors(path):
        found = [one for one in known if one.source == kind and one.fits(content)]
    if not found:
        layouts = "; ".join(f"{one.name} ({one.summary})" for one in known if one.source == kind)
        raise InputError(
            f"{path} is {SOURCES[kind][0]} in none of the known layouts: {layouts}. It holds "
            f"{_outline(content)}. Load it yourself and use FusionDataset.from_arrays"
        )
    return found[0], content


def build(
    chosen: Format, content: Any, source: str | Path, options: dict[str, Any]
) -> FusionDataset:
    """Return the dataset of a recognised source, named after it."""
    chosen.check_options(options)
    with _named_errors(source):
        dataset = chosen.build(content, **options)
    return replace(dataset, name=Path(source).resolve().stem)


@contextmanager
def _named_errors(source: str | Path) -> Iterator[None]:
    """Turn whatever a damaged or foreign source makes a reader raise into an error that names it.

    Raises:
        InputError: anything but an error of graphfuse was raised.
    """
    try:
        yield
    except FusionError:
        raise
    except Exception as error:
        raise InputError(
            f"{source} does not follow its format, or is damaged "
            f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
        ) from error


def _kind(path: Path) -> str:
    if not path.exists():
        raise InputError(f"there is no file or folder {path}")
    if path.is_dir():
        return "folder"
    try:
        with path.open("rb") as file:
            start = file.read(len(LEGACY))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    for mark, what in OTHERS.items():
        if start.startswith(mark):
            raise InputError(f"{path} is {what}")
    if path.suffix.lower() in (*TEXTS, *LINES, *PARQUET):
        raise InputError(
            f"{path} is a single table; give the folder that holds one table per modality and "
            f"one of labels. A table of raw samples needs no conversion: graphfuse compare {path}"
        )
    return "torch" if start.startswith((b"PK\x03\x04", LEGACY)) else "pickle"


def _outline(content: Any) -> str:
    """Describe content in a few words."""
    if isinstance(content, Path):
        return f"{sorted(entry.name for entry in content.iterdir())[:5]}"
    if isinstance(content, dict):
        return f"a dict of {[str(key) for key in content][:5]}"
    if isinstance(content, (list, tuple)):
        kinds = [type(entry).__name__ for entry in content[:12]]
        return f"a {type(content).__name__} of {len(content)}: {', '.join(kinds)}"
    return f"a {type(content).__name__}"
