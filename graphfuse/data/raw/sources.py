"""Where manifests come from: tables in files, folders, and data sets of Hugging Face."""

from __future__ import annotations

import copy
import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse.data.raw._arrow import mapped, stored
from graphfuse.data.raw._delimited import read_delimited
from graphfuse.data.raw._folder import read_folder
from graphfuse.data.raw._shards import check_columns, joined, parts_of, shards_of
from graphfuse.data.raw.columns import CONTENT, SPLITS
from graphfuse.data.raw.manifest import Manifest
from graphfuse.data.raw.read import similar, table_text
from graphfuse.data.raw.recognise import recognise, tells_split
from graphfuse.data.raw.typed import to_table, with_columns
from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError, check_whole

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict

logger = logging.getLogger(__name__)

LINES = (".jsonl", ".ndjson", ".json")
TEXTS = (".csv", ".tsv", ".txt", ".tab")
PARQUET = (".parquet", ".pq")


def read_manifest(
    source: (
        str
        | Path
        | Sequence[str | Path]
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
    r"""Read raw samples, one a row, and tell what their columns hold; no file of a cell is opened.

    Args:
        source: a CSV, TSV, JSON Lines or Parquet file, or several of one kind and with the same
            columns: a folder of these alone, a pattern (``shards/*.csv``) or a list; a folder with
            a folder a class, whose files of one stem are one sample (parts such as ``train`` and
            ``test`` may lie above the classes); a ``datasets.Dataset`` or ``DatasetDict``, or a
            stream of these (``IterableDataset``), which is read through once and kept on disk; or
            a data set's name on the Hugging Face hub.
        columns: what columns hold where it is not as told from names and values: ``{name: kind}``,
            or ``{name: "modality:kind"}`` to name the modality as well.
        name: of the data; that of the file or folder if left out.
        root: folder that paths start from and never leave; that of the file if left out, of a
            pattern the one before the first wildcard, and none for a list from several folders. A
            ``Dataset`` brings its own if a program made it in memory; one that was read from files
            may name any file, and brings none but the cache of downloads of Hugging Face.
        task: "binary", "multiclass", "multilabel" or "regression"; told from the labels if left
            out.
        split: the one part of a ``DatasetDict`` or a data set on the hub that is read; all parts
            if left out, and they become the column ``split``.
        limit: read only the first so many rows; of a stream and of a data set on the hub those of
            each part, and only these are fetched.
        encoding: of a CSV or TSV file that is neither UTF-8 nor UTF-16 with a byte order mark.

    Where the names of several files all begin with their part (``train-0.parquet``), and no
    column tells it, it becomes the column ``split``.

    Columns ``photo_1`` and ``photo_2`` are one modality; so are several paths in a cell
    (``a.png;b.png``, or a list in JSON). An empty cell is a missing modality. The ids of a column
    that names them are made unique. See :meth:`Manifest.describe` for what was told and why.

    Raises:
        InputError: a source that cannot be read, is empty, has rows of unequal length or a column
            name twice, or no column that becomes nodes.
        UnknownNameError: an override of a column or with a kind that there is not.
        MissingDependencyError: the package ``datasets`` is not installed.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "pets.csv"
        >>> _ = file.write_text("id,photo,age,label\n007,a.png,3,cat\n008,b.png,2,dog\n")
        >>> [(column.name, column.kind) for column in read_manifest(file).columns]
        [('id', 'id'), ('photo', 'image'), ('age', 'number'), ('label', 'label')]
    """
    if limit is not None:
        check_whole("limit", limit, 1)
    if columns is not None and not isinstance(columns, Mapping):
        raise InputError(f"columns is {{name: kind}}, got {columns!r}")
    for option, value in {"name": name, "encoding": encoding, "split": split, "root": root}.items():
        if not isinstance(value, str | Path | None):
            raise InputError(f"{option} is a text, got {value!r}")
    try:
        import datasets
    except ImportError:
        raise MissingDependencyError("datasets", "encoders", "reading raw samples") from None
    own_root: Path | None = None
    known: dict[str, str] = {}
    shards = shards_of(source)
    if shards is not None:
        table, own_root = _read_shards(shards[0], encoding, columns or {}), shards[1]
        own_name = "data" if own_root is None else own_root.resolve().name
    elif isinstance(source, (str, Path)):
        path = Path(source)
        if path.is_dir():
            table, own_root = datasets.Dataset.from_dict(read_folder(path)), path
            known = {n: n for n in table.column_names}
        elif path.is_file():
            table, own_root = _read_file(path, encoding), path.parent
        elif _is_path(str(source)):
            raise InputError(f"there is no file or folder {path}{similar(path)}")
        else:
            table, limit = _one_table(_from_hub(str(source), split, limit), None), None
        whole = path.resolve()
        own_name = str(source) if own_root is None else whole.name if path.is_dir() else whole.stem
    elif isinstance(source, (datasets.Dataset, datasets.DatasetDict)):
        table, own_name = _one_table(source, split), "data"
    elif isinstance(source, (datasets.IterableDataset, datasets.IterableDatasetDict)):
        table, own_name = _one_table(_kept(source, split, limit), split), "data"
        limit = None
    else:
        raise InputError(
            f"raw samples come from a file, a folder, a datasets.Dataset or a name on the hub; got "
            f"{type(source).__name__}"
        )
    given = isinstance(source, (datasets.Dataset, datasets.DatasetDict))
    made_here = given and not _is_from_files(table)
    table = _undecoded(table)
    if root is None and own_root is None:
        own_root = _common_folder(table, made_here)
    if limit is not None:
        table = table.select(range(min(limit, len(table))))
    if not len(table):
        raise InputError(f"{own_name} has columns {table.column_names}, but no row")
    table, found = recognise(table, columns or {}, known)
    if not any(column.kind in CONTENT for column in found):
        raise InputError(
            f"{own_name} has no column that becomes nodes ({', '.join(CONTENT)}), only "
            f"{', '.join(f'{c.name!r} ({c.kind}: {c.why})' for c in found)}; say what one holds "
            f"with columns={{name: kind}} (--column name=kind)"
        )
    return Manifest(
        table=table,
        columns=found,
        root=own_root if root is None else Path(root),
        name=own_name if name is None else name,
        task=task,
    )


def _is_path(source: str) -> bool:
    """Tell a path from the name of a data set on the hub."""
    ends = Path(source).suffix.lower() in (*TEXTS, *LINES, *PARQUET)
    return ends or not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", source) or source[0] in "./"


def _read_file(path: Path, encoding: str | None) -> Dataset:
    from datasets import Dataset

    suffix = path.suffix.lower()
    if suffix in TEXTS:
        header, rows = read_delimited(path, encoding)
        _check_names(header, path.name)
        return Dataset.from_dict(
            {name: [row[place] for row in rows] for place, name in enumerate(header)}
        )
    if suffix in LINES:
        return to_table(_read_lines(path, encoding))
    if suffix in PARQUET:
        return _read_parquet(path)
    raise InputError(
        f"{path.name}: raw samples are read from {', '.join((*TEXTS, *LINES, *PARQUET))}; got a "
        f"file that ends in {suffix!r}"
    )


def _read_shards(
    shards: Sequence[Path], encoding: str | None, columns: Mapping[str, str]
) -> Dataset:
    """Return the rows of all shards; the parts that they are called after become a column."""
    for path in shards:
        if _format(path) != _format(shards[0]):
            raise InputError(
                f"the shards of a table are files of one kind, but there are {shards[0]} and "
                f"{path}; name one kind, as 'folder/*{shards[0].suffix}'"
            )
    tables = [_read_file(path, encoding) for path in shards]
    check_columns(shards, [table.column_names for table in tables])
    parts = parts_of(shards)
    told = any(str(kind) == "split" for kind in columns.values())
    if parts and not told and not any(map(tells_split, tables)):
        tables = [_as_part(table, part) for table, part in zip(tables, parts, strict=True)]
    return joined(tables, shards)


def _format(path: Path) -> tuple[str, ...] | None:
    """Return the ends of files that are read as this one is, None if it is not read at all."""
    return next((e for e in (TEXTS, LINES, PARQUET) if path.suffix.lower() in e), None)


def _check_names(names: list[str], where: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"{where} has more than one column called {', '.join(map(repr, twice))}; give each "
            f"column a name of its own"
        )


def _read_lines(path: Path, encoding: str | None) -> dict[str, list[Any]]:
    lines = table_text(path, encoding).split("\n")
    rows = [_json_row(line, number, path.name) for number, line in enumerate(lines, 1)]
    halves = [n for n, line in enumerate(lines) if "\\ud" in line.lower() and _is_half(rows[n])]
    if halves:
        logger.warning(
            "%s: %d lines hold half a character (a lone surrogate), the first is line %d; it is "
            "read as \ufffd", path.name, len(halves), halves[0] + 1,
        )  # fmt: skip
    for n in halves:
        whole = json.dumps(rows[n], ensure_ascii=False).encode("utf-16", "surrogatepass")
        rows[n] = json.loads(whole.decode("utf-16", "replace"))
    full = [row for row in rows if row is not None]
    names = dict.fromkeys(name for row in full for name in row)
    return {name: _uniform([row.get(name) for row in full]) for name in names}


def _is_half(row: dict[str, Any] | None) -> bool:
    """Tell whether a row holds a surrogate alone, which JSON can write and no text can hold."""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _json_row(line: str, number: int, where: str) -> dict[str, Any] | None:
    if not line.strip():
        return None
    try:
        row = json.loads(line, object_pairs_hook=_checked(where, number))
    except (RecursionError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{where}, line {number} is no JSON: {error}; one object a line") from None
    if not isinstance(row, dict):
        raise InputError(
            f"{where}, line {number} is no object {{column: value}}, but {line[:40]!r}"
        )
    return row


def _checked(where: str, number: int) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        _check_names([key for key, _ in found], f"{where}, line {number}")
        return dict(found)

    return pairs


def _uniform(values: list[Any]) -> list[Any]:
    """Return values of one type, as Arrow holds them: as text where they are of several."""
    types = {type(v) for v in values if v is not None}
    if len(types) <= 1:
        return values if types != {dict} else [None if v is None else json.dumps(v) for v in values]
    if types == {int, float}:
        return [None if v is None else float(v) for v in values]
    return [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]


def _read_parquet(path: Path) -> Dataset:
    import pyarrow
    import pyarrow.parquet
    from datasets import Dataset

    try:
        schema = pyarrow.parquet.read_schema(path)
        _check_names(schema.names, path.name)
        if "binary" in str(schema.types):  # other columns are read whole to tell their kinds
            return mapped(path)
        return Dataset(pyarrow.parquet.read_table(path))
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"{path.name} is no readable Parquet file: {error}") from None


def _from_hub(name: str, split: str | None, limit: int | None) -> Dataset | DatasetDict:
    """Load a data set from the hub; none of its own code is run."""
    import datasets

    load = datasets.load_dataset if limit is None else _load_streamed(limit)
    try:
        return load(name, split=split)
    except Exception as error:  # of the hub, the network, or the files: many classes
        raise InputError(
            f"{name!r} is no file or folder here, and no data set that the Hugging Face hub gives: "
            f"{type(error).__name__}: {error}"
        ) from None


def _load_streamed(limit: int) -> Any:
    import datasets

    def load(name: str, split: str | None) -> Dataset | DatasetDict:
        return _kept(datasets.load_dataset(name, split=split, streaming=True), split, limit)

    return load


def _kept(stream: Any, split: str | None, limit: int | None) -> Dataset | DatasetDict:
    """Return what a stream, or each part of one, holds; pictures and sounds are not decoded."""
    from datasets import DatasetDict

    if isinstance(stream, Mapping):
        chosen = {split: stream[split]} if split in stream else stream
        return DatasetDict({part: _kept(own, None, limit) for part, own in chosen.items()})
    for name, feature in (stream.features or {}).items():
        stream = stream.cast_column(name, _plain(feature))
    return stored(stream, limit)


def _one_table(source: Any, split: str | None) -> Dataset:
    """Return one table; the parts of a ``DatasetDict`` become the column ``split``."""
    from datasets import Dataset, concatenate_datasets

    if isinstance(source, Dataset):
        return source
    if split is not None:
        if split not in source:
            raise UnknownNameError("split", split, source)
        return source[split]
    strange = [part for part in source if part.lower() not in SPLITS]
    if strange and len(source) > 1:
        raise InputError(
            f"the data has parts {sorted(source)}, of which {strange} are none of train, "
            f"validation and test; choose one with split="
        )
    if len(source) == 1:
        return next(iter(source.values()))
    return concatenate_datasets([_as_part(own, SPLITS[p.lower()]) for p, own in source.items()])


def _as_part(table: Dataset, part: str) -> Dataset:
    """Return the table with the column ``split``."""
    if "split" in table.column_names:
        table = table.rename_column("split", "split (own)")
    return with_columns(table, {"split": [part] * len(table)})


def _undecoded(table: Dataset) -> Dataset:
    """Return the table with pictures and sounds as paths or bytes, and classes by name."""
    from datasets import Dataset, concatenate_datasets

    for name, feature in table.features.items():
        plain = _plain(feature)
        table = table if plain is feature else table.cast_column(name, plain)  # copies no bytes
    named = {
        name: [_class_names(feature, value) for value in table[name][:]]
        for name, feature in table.features.items()
        if hasattr(getattr(feature, "feature", feature), "int2str")
    }
    if not named:
        return table
    return concatenate_datasets(
        [table.remove_columns(list(named)), Dataset.from_dict(named)], axis=1
    )


def _class_names(feature: Any, value: Any) -> Any:
    """Return the name of a class, or a list of names, for its number; None where it has none."""
    if isinstance(value, list):
        return [_class_names(feature.feature, one) for one in value]
    return None if value is None or value < 0 else feature.int2str(value)


def _plain(feature: Any) -> Any:
    """Return the feature of pictures, sounds and films that are not decoded, else the same."""
    if getattr(feature, "decode", False):
        feature = copy.copy(feature)
        feature.decode = False
    elif getattr(getattr(feature, "feature", None), "decode", False):
        feature = copy.copy(feature)
        feature.feature = _plain(feature.feature)
    return feature


def _is_from_files(table: Dataset) -> bool:
    return bool(table.cache_files or table.info.builder_name)


def _common_folder(table: Dataset, trusted: bool) -> Path | None:
    """Return the folder of all files that a table of pictures or sounds names without bytes.

    None where it is not trusted, unless they lie where Hugging Face downloads to.
    """
    import pyarrow.compute as pc
    from datasets import config
    from huggingface_hub import constants

    paths: list[str] = []
    for name, feature in table.features.items():
        if getattr(feature, "_type", "") in ("Image", "Audio", "Video"):
            column = table.with_format("arrow")[name][:]
            alone = column.filter(pc.is_null(pc.struct_field(column, "bytes")))
            paths += [p for p in pc.struct_field(alone, "path").to_pylist() if p]
    if not paths:
        return None
    folder = Path(os.path.commonpath([Path(p).resolve().parent for p in paths]))
    caches = [Path(cache).resolve() for cache in (config.HF_DATASETS_CACHE, constants.HF_HUB_CACHE)]
    return folder if trusted or any(map(folder.is_relative_to, caches)) else None
