"""tables: a folder with one table of numbers per modality, joined by an id, and one of labels."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphfuse._wording import count, verb
from graphfuse.data.convert.format import register_format
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.delimited import sniff, split_separator_line
from graphfuse.data.ids import SPLITS
from graphfuse.data.in_memory import build_dataset
from graphfuse.data.numbers import MISSING, number, read_numbers
from graphfuse.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv")
LABELS = ("labels", "label", "targets", "target", "y")
"""Names that the table of labels goes by, without the ending."""

MOST_LEVELS = 50
"""Values that a column of categories may have; more are names or texts."""


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )


@register_format(
    "tables",
    source="folder",
    summary="one CSV or TSV per modality and labels.csv, joined by an id column; omics, MONAI",
    fits=lambda folder: bool(_files(folder)),
)
def read_tables(
    content: Path,
    *,
    id: str | None = None,  # noqa: A002 - as it is written on the command line
    labels: str | None = None,
    label: str | None = None,
    task: str | None = None,
    fill: float | str | None = None,
) -> FusionDataset:
    """Return a dataset with one sample per labelled row and one node per modality.

    Modalities are named after their files. A row that a table lacks, or that is all empty, is a
    missing modality. Rows without a row of
    labels are left out, as are labels without any other row. A column of categories, none of them a
    number, becomes a 0 or 1 for each; all are 0 where it is empty. The table of labels may have the
    columns "split" (train, validation, test) and "group". Among names of classes, ``None`` and
    ``NA`` are names; among numbers they are missing labels, as empty cells always are.

    Args:
        content: the folder.
        id: column that joins the tables; the first one, where all tables have the same, else.
        labels: the table of labels; the one that is called labels, label, targets, target or y.
        label: its column to predict, several separated by commas; the only one, else.
        task: "binary", "multiclass" or "regression"; inferred from the labels by default.
        fill: number for empty cells in rows that are not all empty; by default, the median of the
            training part of each fold.

    Raises:
        InputError: ids that occur twice or match nowhere, cells that are no numbers, and files
            that are no tables; columns and files are named.
        UnknownNameError: a table or column that is not there.
    """
    tables = {path.stem: path for path in _files(content)}
    if len(tables) < len(_files(content)):
        raise InputError(f"{content} holds a .csv and a .tsv of the same name; rename one of them")
    chosen = _labels_table(tables, labels)
    if len(tables) < 2:
        raise InputError(
            f"{content} holds no table but {tables[chosen].name}; a folder has one table per "
            f"modality beside the labels"
        )
    headers = {name: _header(path) for name, path in tables.items()}
    key = _id_column(headers, id)
    frames = {name: _read(path, key, as_text=name == chosen) for name, path in tables.items()}
    annotated = frames.pop(chosen)
    arrays = {}
    for name, frame in frames.items():
        _check_ids(name, frame, annotated, chosen)
        arrays[name] = _numbers(tables[name].name, frame, fill)
    there = annotated.index.isin([i for frame in arrays.values() for i in frame.index])
    if not there.all():
        logger.warning("%d ids of %s are in no other table, and left out", sum(~there), chosen)
    annotated = annotated[there]
    targets = _target_columns(annotated, label, tables[chosen].name)
    return build_dataset(
        {name: frame.reindex(annotated.index).to_numpy() for name, frame in arrays.items()},
        {target: _labels(annotated[target]) for target in targets},
        task=task,
        ids=list(annotated.index),
        groups=annotated["group"].to_numpy() if "group" in annotated else None,
        splits=_splits(annotated["split"]) if "split" in annotated else None,
    )


def _labels_table(tables: Mapping[str, Path], given: str | None) -> str:
    if given is not None:
        name = Path(given).stem if Path(given).suffix.lower() in SUFFIXES else given
        if name not in tables:
            raise UnknownNameError("table of labels", given, tables)
        return name
    found = [name for name in tables if name.lower() in LABELS]
    if len(found) != 1:
        raise InputError(
            f"there must be one table of labels, called {', '.join(LABELS)}; got "
            f"{found or sorted(tables)}; name it: labels=NAME"
        )
    return found[0]


def _header(path: Path) -> list[str]:
    return [str(name) for name in _parse(path, nrows=0).columns]


def _parse(path: Path, **options: Any) -> pd.DataFrame:
    import pandas as pd

    try:
        with path.open(encoding="utf-8") as file:
            named, start = split_separator_line(file.read(20_000))
        separator = named or ("\t" if path.suffix.lower() == ".tsv" else sniff(start))
        above = 0 if named is None else 1
        frame: pd.DataFrame = pd.read_csv(path, sep=separator, skiprows=above, **options)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise InputError(f"{path} is not a readable table in UTF-8: {error}") from None
    return frame


def _id_column(headers: Mapping[str, list[str]], given: str | None) -> str:
    if given is not None:
        for name, header in headers.items():
            if given not in header:
                raise InputError(f"table {name!r}: {UnknownNameError('column', given, header)}")
        return given
    first = {header[0] for header in headers.values() if header}
    if len(first) != 1:
        raise InputError(
            f"tables are joined by their first column, which must have the same name in all; "
            f"they begin with { ({name: header[:1] for name, header in headers.items()}) }; name "
            f"it: id=NAME"
        )
    return first.pop()


def _read(path: Path, key: str, *, as_text: bool = False) -> pd.DataFrame:
    text = {"dtype": str, "keep_default_na": False, "na_values": [""]}
    frame = _parse(path, **(text if as_text else {"dtype": {key: str}}))
    if empty := int(frame[key].isna().sum()):
        raise InputError(
            f"{path.name}: {count(empty, 'row')} {verb(empty, 'has', 'have')} no id in column "
            f"{key!r}; fill them in"
        )
    twice = frame[key][frame[key].duplicated()]
    if len(twice):
        raise InputError(
            f"{path.name}: {count(len(twice), 'row')} "
            f"{verb(len(twice), 'repeats', 'repeat')} an id of column {key!r}, such as "
            f"{twice.iloc[0]!r}; each sample has one row per table, so merge or rename them"
        )
    return frame.set_index(key)


def _check_ids(name: str, frame: pd.DataFrame, annotated: pd.DataFrame, labels: str) -> None:
    """Raise an error if a table has no id of the labels; warn of those without a label."""
    common = frame.index.isin(annotated.index)
    if not common.any():
        hint = (
            "the ids are its columns: transpose it, so that a sample is a row"
            if annotated.index.isin(frame.columns).any()
            else "write ids the same way in all tables"
        )
        raise InputError(
            f"tables {name!r} and {labels!r} have no id in common: {list(frame.index[:3])} and "
            f"{list(annotated.index[:3])}; {hint}"
        )
    if not common.all():
        gone = int(sum(~common))
        logger.warning(
            "%s: %s without a label %s left out", name, count(gone, "row"), verb(gone, "is", "are")
        )


def _numbers(file: str, frame: pd.DataFrame, fill: float | str | None) -> pd.DataFrame:
    """Return the numbers of the rows that are not all empty."""
    if not len(frame.columns):
        raise InputError(f"{file} has no column beside its id")
    frame = _coded(file, _plain(file, frame.dropna(how="all"))).astype(np.float64)
    infinite = [c for c in frame.columns if np.isinf(frame[c]).any()]
    if infinite:
        raise InputError(
            f"{file}: infinite values in columns {infinite[:5]}; replace or remove them"
        )
    holes = frame.isna().sum()
    if fill is not None:
        return frame.fillna(_number(fill))
    if int(holes.sum()):
        columns = list(holes[holes > 0].index)
        logger.warning(
            "%s: %d empty cells in %d columns, %s, are filled by the training part of each fold",
            file, int(holes.sum()), len(columns), columns[:5],
        )  # fmt: skip
    return frame


def _plain(file: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with numbers in place of texts that write them, such as "1,5" or "?"."""
    frame = frame.copy()
    for column in frame.columns:
        if frame[column].dtype.kind in "biuf":
            continue
        cells = [None if cell != cell else cell for cell in frame[column]]
        read = read_numbers(cells)
        if read.count and not read.strange:
            frame[column] = read.values
            if read.ambiguous:
                logger.warning(
                    "%s: column %r is read with a %s; %r may mean either",
                    file, column, read.style, read.ambiguous,
                )  # fmt: skip
    return frame


def _coded(file: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a column of 0 and 1 for each value of a column of categories."""
    import pandas as pd

    texts = [c for c in frame.columns if frame[c].dtype.kind not in "biuf"]
    for column in texts:
        levels = frame[column].dropna().astype(str).unique()
        numbers = [level for level in levels if read_numbers([level]).count]
        if numbers or len(levels) > MOST_LEVELS:
            raise InputError(
                f"{file}: column {column!r} must hold only numbers or at most {MOST_LEVELS} "
                f"categories, but {len(levels)} values, {len(numbers)} of them numbers, such as "
                f"{', '.join(map(repr, levels[:3]))}; write numbers without a "
                f"unit, give categories names, or leave the column out"
            )
    return pd.get_dummies(frame, columns=texts) if texts else frame


def _number(fill: float | str) -> float:
    try:
        number = float(fill)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise InputError(f"fill must be a finite number, got {fill!r}")
    return number


def _labels(column: pd.Series) -> np.ndarray:
    """Return labels as numbers, NaN where one is missing, if they are; else as names.

    The log counts missing labels, and names classes that are called like a missing value.
    """
    import pandas as pd

    numbers = [number(cell) for cell in column]
    named = column.str.strip().str.lower().isin(MISSING)
    if None not in numbers and not named.all():
        labels = np.array(numbers, dtype=float)
    else:
        labels = column.to_numpy(dtype=object)
        for name, samples in column[named].value_counts().items():
            logger.warning(
                "labels %r: %s of class %r; empty these cells if the name means that the label is "
                "missing", column.name, count(samples, "sample"), name,
            )  # fmt: skip
    if missing := int(pd.isna(labels).sum()):
        logger.warning(
            "labels %r: %d of %s have no label", column.name, missing, count(len(column), "sample")
        )
    return labels


def _target_columns(annotated: pd.DataFrame, label: str | None, file: str) -> list[str]:
    columns = [c for c in annotated.columns if c not in ("split", "group")]
    wanted = label.split(",") if label else columns
    for name in wanted:
        if name not in annotated.columns:
            raise UnknownNameError(f"column of {file}", name, columns)
    if not wanted or (label is None and len(wanted) > 1):
        raise InputError(
            f"{file}: there must be one column beside id, split and group, which is the label, "
            f"got {columns}; name the label, or several separated by commas: label=NAME"
        )
    return wanted


def _splits(given: pd.Series) -> list[str]:
    strange = given[~given.astype(str).str.lower().isin(SPLITS)]
    if len(strange):
        raise InputError(
            f"column 'split' must be train, validation or test in each row, got "
            f"{strange.iloc[0]!r} at {strange.index[0]!r}"
        )
    return [SPLITS[part] for part in given.str.lower()]
