"""Read manifests from tables in files, folders, and datasets of Hugging Face."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse.data.files import ARCHIVES, FEATURES, RAW
from graphfuse.data.schema import TASKS
from graphfuse.errors import (
    FusionError,
    InputError,
    MissingDependencyError,
    UnknownNameError,
    check_integer,
)
from graphfuse.raw.columns import CONTENT
from graphfuse.raw.manifest import Manifest
from graphfuse.raw.readers.paths import similar
from graphfuse.raw.tables.archive import unpacked
from graphfuse.raw.tables.datasets import (
    common_folder,
    from_hub,
    is_from_files,
    kept,
    one_table,
    undecoded,
)
from graphfuse.raw.tables.folder import read_folder
from graphfuse.raw.tables.memory import from_memory, way_in
from graphfuse.raw.tables.recognise import recognise
from graphfuse.raw.tables.shards import shards_of
from graphfuse.raw.tables.tables import read_file, read_shards

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow
    from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict


def read_manifest(
    source: (
        str
        | Path
        | Sequence[str | Path]
        | Sequence[Mapping[str, Any]]
        | pd.DataFrame
        | pyarrow.Table
        | Dataset
        | DatasetDict
        | IterableDataset
        | IterableDatasetDict
    ),
    columns: Mapping[str, str] | None = None,
    *,
    name: str | None = None,
    root: str | Path | None = None,
    task: str | None = None,
    split: str | None = None,
    limit: int | None = None,
    encoding: str | None = None,
) -> Manifest:
    r"""Read raw samples, one per row, and infer what their columns hold; no cell's file is opened.

    Args:
        source: the samples.

            - A CSV, TSV, JSON, JSON Lines, Parquet or Excel file.
            - Several of these with the same columns: a folder of these alone, a pattern
              (``shards/*.csv``) or a list.
            - A folder with one folder per class, in which files with the same stem are one sample.
              Parts such as ``train`` and ``test`` may lie above the classes.
            - A zip archive of a folder, or of one table and the files that it names.
            - A DataFrame, a pyarrow table or a list of dicts.
            - A ``datasets.Dataset`` or ``DatasetDict``, a stream of these (``IterableDataset``),
              which is read once and kept on disk, or the name of a dataset on the Hugging Face hub.
        columns: kinds of columns, where the inferred kind is wrong: ``{name: kind}``, or
            ``{name: "modality:kind"}`` to name the modality as well.
        name: of the data; that of the file or folder if left out.
        root: folder that paths start from and never leave; that of the file if left out, of a
            pattern the one before the first wildcard, and none for a list from several folders. A
            ``Dataset`` has its own if a program made it in memory; one that was read from files
            may name any file, and has none but the download cache of Hugging Face.
        task: "binary", "multiclass", "multilabel" or "regression"; inferred from the labels if
            left out.
        split: the one part of a ``DatasetDict`` or a dataset on the hub that is read; all parts
            if left out, and they become the column ``split``.
        limit: read only this many rows; for a stream and a dataset on the hub, this many of each
            part, and only these are fetched.
        encoding: of a CSV or TSV file that is neither UTF-8 nor UTF-16 with a byte order mark.

    If the names of several files all begin with their part (``train-0.parquet``), and no column
    names it, it becomes the column ``split``.

    Columns ``photo_1`` and ``photo_2`` are one modality; so are several paths in a cell
    (``a.png;b.png``, or a list in JSON). An empty cell is a missing modality. Ids are made unique.
    :meth:`Manifest.describe` shows the kind of each column and the reason.

    Raises:
        InputError: a source that cannot be read, is empty, has rows of unequal length or a column
            name twice, or no column that becomes nodes.
        UnknownNameError: an unknown column or kind in ``columns``.
        MissingDependencyError: the package ``datasets`` is not installed.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "pets.csv"
        >>> _ = file.write_text("id,photo,age,label\n007,a.png,3,cat\n008,b.png,2,dog\n")
        >>> [(column.name, column.kind) for column in read_manifest(file).columns]
        [('id', 'id'), ('photo', 'image'), ('age', 'number'), ('label', 'label')]
    """
    if limit is not None:
        check_integer("limit", limit, 1)
    if task is not None and task not in TASKS:
        raise UnknownNameError("task", str(task), TASKS)
    if columns is not None and not isinstance(columns, Mapping):
        raise InputError(f"columns must be {{name: kind}}, got {columns!r}")
    for option, value in {"name": name, "encoding": encoding, "split": split, "root": root}.items():
        if not isinstance(value, str | Path | None):
            raise InputError(f"{option} must be a text, got {value!r}")
    if root is not None and not Path(root).is_dir():
        raise InputError(f"root must be a folder, got {str(root)!r}")
    try:
        found = _find(source, split, limit, encoding, columns or {})
        table = undecoded(found.table)
        if root is None:
            root = found.root or common_folder(table, found.made_here)
        own_name = found.name if name is None else name
        if not len(table):
            raise InputError(f"{own_name} has columns {table.column_names}, but no row")
        table, kinds = recognise(table, columns or {}, found.known, task)
    except FusionError:
        raise
    except Exception as error:  # damaged files make readers raise what they happen to meet
        raise InputError(
            f"{str(source)[:100]} cannot be read as raw samples: it is damaged, or of another "
            f"format ({type(error).__name__}: {str(error)[:200]})"
        ) from error
    if not any(column.kind in CONTENT for column in kinds):
        raise InputError(
            f"{own_name} has no column of content ({', '.join(CONTENT)}), only "
            f"{', '.join(f'{c.name!r} ({c.kind}: {c.why})' for c in kinds)}; say what one holds "
            f"with columns={{name: kind}} (--column name=kind)"
        )
    return Manifest(table, kinds, None if root is None else Path(root), own_name, task)


@dataclass(frozen=True)
class _Found:
    """The table that a source names, and the folder that its paths start from."""

    table: Dataset
    name: str
    root: Path | None = None
    known: Mapping[str, str] = field(default_factory=dict)
    """Columns whose kind is certain."""
    made_here: bool = False
    """Whether a program made it in memory, and not a file that may lie."""


def _find(
    source: Any,
    split: str | None,
    limit: int | None,
    encoding: str | None,
    columns: Mapping[str, str],
) -> _Found:
    try:
        import datasets
    except ImportError:
        raise MissingDependencyError("datasets", "encoders", "reading raw samples") from None
    held = from_memory(source)
    if held is not None:
        return _Found(_first(held, limit), "data", made_here=True)
    shards = shards_of(source)
    if shards is not None:
        files, folder = shards
        name = "data" if folder is None else folder.resolve().name
        return _Found(_first(read_shards(files, encoding, columns), limit), name, folder)
    if isinstance(source, (str, Path)):
        path = Path(source)
        if path.is_dir():
            table = datasets.Dataset.from_dict(read_folder(path))
            known = {n: n for n in table.column_names}
            return _Found(_first(table, limit), path.resolve().name, path, known)
        if path.is_file() and path.suffix.lower() in ARCHIVES:
            inside = _find(unpacked(path), split, limit, encoding, columns)
            return replace(inside, name=path.resolve().stem)
        if path.is_file():
            table = _first(read_file(path, encoding), limit)
            return _Found(table, path.resolve().stem, path.parent)
        if _is_path(str(source)):
            raise InputError(f"there is no file or folder {path}{similar(path)}")
        return _Found(one_table(from_hub(str(source), split, limit), None), str(source))
    if isinstance(source, (datasets.Dataset, datasets.DatasetDict)):
        table = _first(one_table(source, split), limit)
        return _Found(table, "data", made_here=not is_from_files(table))
    if isinstance(source, (datasets.IterableDataset, datasets.IterableDatasetDict)):
        return _Found(one_table(kept(source, split, limit), split), "data")
    raise InputError(
        f"raw samples must be a file, a folder, a DataFrame, a datasets.Dataset, a list of dicts "
        f"or a name on the hub; got {type(source).__name__}{way_in(source)}"
    )


def _first(table: Dataset, limit: int | None) -> Dataset:
    return table if limit is None else table.select(range(min(limit, len(table))))


def _is_path(source: str) -> bool:
    """Return whether a source is a path and not the name of a dataset on the hub."""
    ends = Path(source).suffix.lower() in (*RAW, *FEATURES, ".xls")
    return ends or not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", source) or source[0] in "./"
