"""A table in several files: the shards of a folder, a pattern or a list."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse._wording import count, verb
from graphfuse.data.ids import SPLITS
from graphfuse.errors import InputError
from graphfuse.raw.tables.build import to_table, with_columns

if TYPE_CHECKING:
    from datasets import Dataset

WILD = "*?["
"""Characters that make a path a pattern, unless a file is called so."""

ENDS = (".parquet", ".pq", ".jsonl", ".ndjson", ".csv", ".tsv", ".xlsx")
"""Endings of files in a folder of shards; ``.txt`` and ``.json`` often hold other things."""


def is_pattern(source: object) -> bool:
    """Return whether a source is a pattern of files, such as ``shards/*.csv``.

    Example:
        >>> is_pattern("shards/*.csv"), is_pattern("shards/a.csv")
        (True, False)
    """
    wild = isinstance(source, (str, Path)) and bool(set(str(source)) & set(WILD))
    return wild and not Path(str(source)).exists()


def shards_of(source: object) -> tuple[list[Path], Path | None] | None:
    """Return the shards that a source names, and the folder that their paths start from.

    That is the folder itself, the one before the first wildcard, or the one in which all files of
    a list lie; None if they lie in several. None in all if the source names no shards.

    Raises:
        InputError: a pattern or a list that names no existing file.
    """
    if isinstance(source, (list, tuple)):
        return _listed(source)
    if not isinstance(source, (str, Path)):
        return None
    if is_pattern(source):
        return _matching(Path(source))
    return _in_folder(Path(source))


def _listed(source: Sequence[object]) -> tuple[list[Path], Path | None]:
    files = [Path(p) for p in source if isinstance(p, (str, Path))]
    if not files or len(files) < len(source):
        raise InputError(f"a list of shards must hold paths of files, got {str(source)[:60]}")
    gone = [str(path) for path in files if not path.is_file()]
    if gone:
        raise InputError(
            f"{len(gone)} of {count(len(files), 'shard')} "
            f"{verb(len(gone), 'is no file', 'are no files')}: "
            f"{gone[:3]}"
        )
    folders = {path.resolve().parent for path in files}
    return files, folders.pop() if len(folders) == 1 else None


def _matching(pattern: Path) -> tuple[list[Path], Path]:
    plain = list(itertools.takewhile(lambda part: not set(part) & set(WILD), pattern.parts))
    folder = Path(*plain)
    try:
        found = sorted(folder.glob(str(Path(*pattern.parts[len(plain) :]))))
    except ValueError as error:
        raise InputError(f"{str(pattern)!r} is not a pattern of files: {error}") from None
    files = [path for path in found if path.is_file() and path.name[0] != "."]
    if not files:
        raise InputError(
            f"no file matches {str(pattern)!r}: * stands for any letters of a name, ? for one, and "
            f"[ab] for one of these"
        )
    return files, folder


def _in_folder(folder: Path) -> tuple[list[Path], Path] | None:
    """Return the shards of a folder without folders in it; any other may hold classes."""
    if not folder.is_dir():
        return None
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.name[0] not in "._")
    except OSError:
        return None  # reading it as a folder of classes says why
    shards = [entry for entry in entries if entry.suffix.lower() in ENDS]
    return None if not shards or any(entry.is_dir() for entry in entries) else (shards, folder)


def check_columns(shards: Sequence[Path], columns: Sequence[Sequence[str]]) -> None:
    """Raise an error that names two shards with different columns."""
    for path, own in zip(shards, columns, strict=True):
        if set(own) != set(columns[0]):
            raise InputError(
                f"the shards of a table must have the same columns, but "
                f"{sorted(set(own) ^ set(columns[0]))} are only in one of {shards[0]} and {path}; "
                f"name the files of one table alone"
            )


def joined(tables: Sequence[Dataset], shards: Sequence[Path]) -> Dataset:
    """Return the rows of all tables, which stay on disk where they are.

    A column that is empty, or of integers, in one shard takes the type of the others.

    Raises:
        InputError: a column whose types do not fit together.
    """
    from datasets import concatenate_datasets

    names = tables[0].column_names
    odd = [n for n in names if any(t.features[n] != tables[0].features[n] for t in tables)]
    for name in odd:
        _check_types(name, [table.features[name] for table in tables], shards)
    values = {name: [value for table in tables for value in table[name][:]] for name in odd}
    same = [name for name in names if name not in odd]
    if not same:
        return to_table(values)
    table = concatenate_datasets([table.select_columns(same) for table in tables])
    return with_columns(table, values).select_columns(names)


def _check_types(name: str, features: Sequence[Any], shards: Sequence[Path]) -> None:
    for path, feature in zip(shards, features, strict=True):
        if feature != features[0] and not _go_together(feature, features[0]):
            raise InputError(
                f"column {name!r} is {features[0]} in {shards[0]}, but {feature} in {path}; give "
                f"the shards of a table columns of one type"
            )


def _go_together(*features: Any) -> bool:
    """Return whether plain values, or lists of them, have a common type; classes have none."""
    import pyarrow
    from datasets import Features

    if not all(map(_is_plain, features)):
        return False
    schemas = [Features({"": one}).arrow_schema.remove_metadata() for one in features]
    try:
        pyarrow.unify_schemas(schemas, promote_options="permissive")
    except pyarrow.ArrowException:
        return False
    return True


def _is_plain(feature: Any) -> bool:
    own = getattr(feature, "feature", feature)  # of a list, what it is a list of
    return bool(getattr(own, "_type", "") == "Value" if own is feature else _is_plain(own))


def parts_of(shards: Sequence[Path]) -> list[str] | None:
    """Return the part of each shard if the names of all begin with one, and there are several.

    Example:
        >>> parts_of([Path("train-0.csv"), Path("train-1.csv"), Path("test.csv")])
        ['train', 'train', 'test']
    """
    starts = [re.split(r"[\W_\d]", path.name.lower())[0] for path in shards]
    parts = [SPLITS[start] for start in starts if start in SPLITS]
    return parts if len(parts) == len(shards) and len(set(parts)) > 1 else None
