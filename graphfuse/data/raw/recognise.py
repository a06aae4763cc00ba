"""Tell the kinds of a table's columns from their names and values, and give them that type."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from graphfuse.data.raw._delimited import MISSING, number
from graphfuse.data.raw.columns import CONTENT, KINDS, MEDIA, TABLE, Column
from graphfuse.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from datasets import Dataset

IMAGE = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".svg", ".ppm", ".pgm")
AUDIO = (".wav", ".flac", ".ogg", ".oga", ".mp3", ".opus", ".aif", ".aiff", ".au", ".m4a")
VIDEO = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v")
SUFFIXES = {
    **dict.fromkeys(IMAGE, "image"),
    **dict.fromkeys(AUDIO, "audio"),
    **dict.fromkeys(VIDEO, "video"),
    **dict.fromkeys((".npy", ".csv", ".tsv"), "series"),
    **dict.fromkeys((".txt", ".md"), "text"),
}
"""What a file holds, by the end of its name."""

NAMES = {
    "label": ("label", "labels", "class", "target", "y"),
    "split": ("split", "subset", "partition", "fold", "part"),
    "group": ("group", "speaker", "subject", "patient", "participant"),
    "id": ("id", "uid", "uuid", "key", "sample", "index"),
}
"""Names of columns that say something about a sample, the likeliest first; ``_id`` may follow."""

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval"), "test"),
}
"""Names of the parts of a split, as they are found, and as graphfuse calls them."""

FACTS = ("filename", "file_name", "filesize", "file_size", "format", "width", "height", "duration")
"""Names of columns that tell of a file, not of its content, and that labels leak through."""

FEW = 50
"""Different values that a column of categories may have."""

EMPTY = "no value in any row"
"""Why a column is skipped that holds nothing."""

ONE_VALUE = ("category", "label", "split", "time", "group", "id")
"""Kinds of which a cell holds one value; a label may be a list of several."""

DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?")


def recognise(
    table: Dataset, given: Mapping[str, str], known: Mapping[str, str]
) -> tuple[Dataset, tuple[Column, ...]]:
    """Return the table with every column in the type of its kind, and the columns.

    ``given`` overrides kinds, ``{name: kind}`` or ``{name: "modality:kind"}``; ``known`` are the
    kinds of columns that the source made itself.

    Raises:
        UnknownNameError: an override of a column or with a kind that there is not.
        InputError: an override that the values do not fit.
    """
    overrides = {name: _override(name, value, table) for name, value in given.items()}
    values = {name: _values(table, name) for name in table.column_names}
    found = {}
    for name in table.column_names:
        if name in overrides:
            found[name] = (overrides[name][1], "as told")
        elif name in known:
            found[name] = (known[name], "from the folder")
        else:
            feature = table.features[name]
            found[name] = _kind_of_feature(name, feature) or _tell(name, values[name] or [])
    found |= _one_label(found, overrides)
    found |= _facts_of_files(found, overrides)
    found |= _shared_ids(found, values, overrides)
    modalities = _modalities(found, {n: m for n, (m, _) in overrides.items() if m})
    columns = tuple(Column(n, kind, modalities[n], why) for n, (kind, why) in found.items())
    cells = {
        column.name: typed(column, own)
        for column in columns
        if (own := values[column.name]) is not None and column.kind != "skip"
    }
    return with_columns(table, cells), columns


def _override(name: str, value: str, table: Dataset) -> tuple[str, str]:
    if name not in table.column_names:
        raise UnknownNameError("column", name, table.column_names)
    modality, colon, kind = str(value).rpartition(":")
    if kind not in KINDS:
        raise UnknownNameError(f"kind of column {name!r}", kind, KINDS)
    if colon and (not modality or kind not in CONTENT):
        raise InputError(
            f"column {name!r} is told to be {value!r}; write kind, or modality:kind where kind is "
            f"one of {', '.join(CONTENT)}"
        )
    return modality, kind


def _values(table: Dataset, name: str) -> list[Any] | None:
    """Return the cells of a column, None where they are files or their bytes, and stay as is."""
    if _kind_of_feature(name, table.features[name]):
        return None
    return list(table[name][:])


def _kind_of_feature(name: str, feature: Any) -> tuple[str, str] | None:
    own = getattr(feature, "feature", feature)  # of a list, what it is a list of
    kind = getattr(own, "_type", "")
    if kind in ("Image", "Audio", "Video"):
        return kind.lower(), f"of type {kind}"
    if getattr(own, "dtype", "") in ("binary", "large_binary"):
        heard = any(word in name.lower() for word in ("audio", "sound", "speech", "voice", "wav"))
        return "audio" if heard else "image", f"bytes in a column called {name!r}"
    return None


def _tell(name: str, values: list[Any]) -> tuple[str, str]:
    """Tell the kind of a column from its name and values, and say why."""
    full = [v for v in values if not (v is None or v == "" or v != v)]
    if not full:
        return "skip", EMPTY
    if name.strip() == "" or name.lower().startswith(("unnamed", "__index_level")):
        return "skip", "a column without a name"
    role = _role(name)
    parts = {str(v).strip().lower() for v in full}
    if parts <= set(SPLITS) and ("train" in {SPLITS[p] for p in parts} or role == "split"):
        return "split", f"values are {', '.join(sorted(parts))}"
    if role and role != "split" and not _is_content(name, role, full):
        strange = _mostly_numbers(full) if role == "label" else ""
        return role, f"called {name!r}" + (strange and f"; {strange}")
    return _tell_content(name, full)


def _role(name: str) -> str | None:
    plain = name.strip().lower()
    for role, names in NAMES.items():
        if plain in names or (plain.endswith("_id") and plain.removesuffix("_id") in names):
            return role
    return None


def _is_content(name: str, role: str, full: list[Any]) -> bool:
    """Tell a subject line from a subject, and a target that is a picture from a class."""
    texts = [value for value in full if isinstance(value, str)]
    if len(texts) < len(full):
        return False
    words = sum(len(text.split()) for text in texts) / len(texts)
    return _kind_of_files(name, texts) is not None or (role != "label" and words > 3)


def _tell_content(name: str, full: list[Any]) -> tuple[str, str]:
    first = full[0]
    if isinstance(first, (list, tuple)):
        return _tell_list(name, full)
    if isinstance(first, dict):
        return "skip", "nested values"
    if isinstance(first, bool):
        return "category", "true or false"
    texts = [str(v).strip() for v in full]
    files = _kind_of_files(name, texts)
    if files:
        return files
    if all(number(v) is not None for v in full) and not _are_codes(texts):
        return "number", "every value is a number"
    if all(DATE.fullmatch(text) for text in texts):
        return "skip", "dates; as kind time they split the data, as a category they may leak"
    if all(text.startswith("[") for text in texts) and (lists := _parsed(texts)):
        return _tell_list(name, lists)
    return _tell_text(texts)


def _tell_list(name: str, full: list[Any]) -> tuple[str, str]:
    flat = [v for value in full for v in value if v is not None]
    if flat and all(isinstance(v, str) for v in flat):
        return _kind_of_files(name, flat) or ("text", "lists of texts")
    if flat and all(isinstance(v, (int, float, list, tuple)) for v in flat):
        return "series", "lists of numbers"
    return "skip", "nested values"


def _tell_text(texts: list[str]) -> tuple[str, str]:
    different = len(set(texts))
    words = sum(len(text.split()) for text in texts) / len(texts)
    if different <= min(FEW, max(2, len(texts) // 2)) and different < len(texts) and words <= 3:
        return "category", f"{different} different values"
    if words <= 1 and different > 0.9 * len(texts) and _are_codes(texts):
        return "skip", "a code of its own in nearly every row"
    return "text", _mostly_numbers(texts) or (
        f"{words:.0f} words a value, {different} different values"
    )


def _mostly_numbers(values: Sequence[Any]) -> str:
    """Name the first value that is no number where most others are; nothing otherwise."""
    strange = [value for value in values if number(value) is None]
    numbers = len(values) - len(strange)
    if not strange or numbers <= 0.5 * len(values):
        return ""
    return f"{numbers} of {len(values)} values are numbers, but {str(strange[0])[:20]!r} is not"


def _are_codes(texts: Sequence[str]) -> bool:
    """Tell codes such as 007 or a3f9 from numbers and words."""
    with_zero = any(re.fullmatch(r"0\d+", text) for text in texts)
    digits = sum(any(c.isdigit() for c in t) and number(t) is None for t in texts)
    return with_zero or digits > 0.8 * len(texts)


def _kind_of_files(name: str, texts: Sequence[str]) -> tuple[str, str] | None:
    """Tell what files the values name, if at least four of five do; a GIF may be a film."""
    split = [part for text in texts for part in _paths(text)]
    kinds = Counter(SUFFIXES.get(_suffix(part), "") for part in split)
    kinds.pop("", None)
    if not kinds:
        return None
    if kinds.keys() <= {"image", "video"} and ("video" in kinds or "video" in name.lower()):
        kinds = Counter({"video": kinds.total()})
    kind, count = kinds.most_common(1)[0]
    if count < 0.8 * len(split):
        return None
    ends = sorted({_suffix(part) for part in split if SUFFIXES.get(_suffix(part)) == kind})
    return kind, f"paths that end in {', '.join(ends[:3])}"


def _suffix(text: str) -> str:
    if len(text) > 1000 or "\n" in text:
        return ""
    return PurePosixPath(text.replace("\\", "/")).suffix.lower()


def _paths(text: str) -> list[str]:
    """Return the paths of a cell that names several, as "a.png;b.png", each with a known end."""
    for separator in (";", "|"):
        parts = [part.strip() for part in text.split(separator)]
        if len(parts) > 1 and all(_suffix(part) in SUFFIXES for part in parts):
            return parts
    return [text]


def _one_label(
    found: Mapping[str, tuple[str, str]],
    overrides: Mapping[str, Any],
) -> dict[str, tuple[str, str]]:
    """Keep one label of several; others, and what is called after the label, would leak it."""
    told = [n for n, (kind, _) in found.items() if kind == "label" and n in overrides]
    rank = NAMES["label"].index
    guessed = [n for n, (kind, _) in found.items() if kind == "label" and n not in overrides]
    guessed.sort(key=lambda n: rank(n.strip().lower().removesuffix("_id")))
    chosen = told or guessed[:1]
    changed = {}
    for name, (kind, _) in found.items():
        words = re.split(r"[^a-z]+", name.lower())
        if name in overrides or name in chosen or not chosen:
            continue
        if kind == "label" or (kind in CONTENT and {"label", "target"} & set(words)):
            changed[name] = ("skip", f"may be the label {chosen[0]!r} in another form")
    return changed


def _facts_of_files(
    found: Mapping[str, tuple[str, str]], overrides: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    if not any(kind in MEDIA for kind, _ in found.values()):
        return {}
    return {
        name: ("skip", "a fact of the file, not of what it shows; labels leak through such")
        for name, (kind, _) in found.items()
        if name.lower() in FACTS and name not in overrides and kind not in MEDIA
    }


def _shared_ids(
    found: Mapping[str, tuple[str, str]],
    values: Mapping[str, list[Any] | None],
    overrides: Mapping[str, Any],
) -> dict[str, tuple[str, str]]:
    """Take the likeliest id; one that many rows share names groups of them."""
    changed = {}
    ids = [n for n, (kind, _) in found.items() if kind == "id" and n not in overrides]
    ids.sort(key=lambda n: NAMES["id"].index(n.strip().lower().removesuffix("_id")))
    taken = any(kind == "id" and n in overrides for n, (kind, _) in found.items())
    for name in ids:
        own = values[name] or []
        different = len({str(v) for v in own})
        if different <= 0.9 * len(own):
            changed[name] = ("group", f"{len(own)} rows share {different} ids")
        elif taken:
            changed[name] = ("skip", "there is another id")
        else:
            taken = True
    return changed


def _modalities(found: Mapping[str, tuple[str, str]], told: Mapping[str, str]) -> dict[str, str]:
    """Name the modality of each column: of its number (photo_1) and kind (photo_path) the rest."""
    names = {}
    for name, (kind, _) in found.items():
        if kind not in CONTENT:
            names[name] = ""
        elif name in told:
            names[name] = told[name]
        else:
            names[name] = TABLE if kind in ("number", "category") else _stem(name)
    kinds: dict[str, set[str]] = {}
    for name, modality in names.items():
        kinds.setdefault(modality, set()).add(_group(found[name][0]))
    return {
        name: f"{modality} ({found[name][0]})"
        if modality
        and name not in told
        and len(kinds[modality]) > 1
        and modality != _group(found[name][0])
        else modality
        for name, modality in names.items()
    }


def _group(kind: str) -> str:
    return TABLE if kind in ("number", "category") else kind


def _stem(name: str) -> str:
    stem = re.sub(r"[_\- ]?\d+$", "", name)
    stem = re.sub(r"[_\- ](path|file|filename|file_name)$", "", stem, flags=re.IGNORECASE)
    return stem or name


def typed(column: Column, values: list[Any]) -> list[Any]:
    """Return the values in the type of the column's kind.

    Example:
        >>> typed(Column("size", "category", "table"), [4, None])
        ['4', None]

    Raises:
        InputError: a value that is no number in a column of these, or one that holds several where
            one is expected.
    """
    if column.kind in ONE_VALUE:
        _check_single(column, values)
    if column.kind == "number":
        return _numbers(column.name, values)
    if column.kind == "category":
        return [None if _is_empty(v) else _text(v) for v in values]
    if column.kind in MEDIA:
        return [_files(v) for v in values]
    if column.kind == "text":
        return _texts(column.name, values)
    if column.kind == "series":
        return [_listed(v) for v in values]
    if column.kind == "split":
        return [SPLITS.get(str(v).strip().lower(), v) if v is not None else None for v in values]
    if column.kind == "id":
        return _unique(values)
    if column.kind == "group":
        return [None if _is_empty(v) else _text(v) for v in values]
    return _labels(values)


def _check_single(column: Column, values: list[Any]) -> None:
    """Raise an error where a cell holds several values, but those of a label that has several."""
    for row, value in enumerate(values):
        lists = column.kind == "label" and isinstance(value, list)
        inner = value if lists else [value]
        if any(isinstance(one, (dict, list)) for one in inner):
            also = ", or a list of these" if column.kind == "label" else ""
            raise InputError(
                f"column {column.name!r} of kind {column.kind!r} has one value a row{also}, but "
                f"row {row} holds {str(value)[:60]}; make columns of what is nested, or skip it"
            )


def _numbers(name: str, values: list[Any]) -> list[float]:
    numbers = [number(value) for value in values]
    bad = [f"{values[row]!r} in row {row}" for row, v in enumerate(numbers) if v is None]
    if bad:
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise InputError(
            f"column {name!r} is told to hold numbers, but there is {', '.join(bad[:5])}{more}; "
            f"empty these cells, or make it a category"
        )
    return [v for v in numbers if v is not None]


def _is_empty(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def _files(value: Any) -> Any:
    """Return the paths of a cell as a list; lists, and structs of path and bytes, stay."""
    if not isinstance(value, str):
        return value
    listed = _listed(value)
    return listed if isinstance(listed, list) else _paths(value.strip()) if value.strip() else None


def _texts(name: str, values: list[Any]) -> list[Any]:
    """Return texts as they are, the paths of text files as ``{"path"}``, to tell them apart."""
    texts = [v.strip() for v in values if isinstance(v, str) and v.strip()]
    files = _kind_of_files(name, texts)
    if files and files[0] == "text":
        return [None if _is_empty(v) else [{"path": p} for p in _paths(v.strip())] for v in values]
    if texts and _parsed(texts):
        return [None if _is_empty(v) else _listed(v) for v in values]
    return [v if v is None or isinstance(v, (str, list, dict)) else _text(v) for v in values]


def _listed(value: Any) -> Any:
    """Return the list that a cell writes as JSON, any other value as it is."""
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _parsed(texts: Sequence[str]) -> list[Any] | None:
    lists = [_listed(text) for text in texts]
    return lists if all(isinstance(value, list) for value in lists) else None


def _unique(values: list[Any]) -> list[str]:
    """Return ids as text; the second row of an id is marked so, and a row without one numbered.

    Example:
        >>> _unique(["007", "007", None])
        ['007', '007 (2)', 'row 2']
    """
    seen: Counter[str] = Counter()
    names: list[str] = []
    taken = {_text(v) for v in values if not _is_empty(v)}
    for row, value in enumerate(values):
        name = f"row {row}" if _is_empty(value) else _text(value)
        seen[name] += 1
        while seen[name] > 1 and (again := f"{name} ({seen[name]})") in taken:
            seen[name] += 1
        names.append(name if seen[name] == 1 else again)
    return names


def _labels(values: list[Any]) -> list[Any]:
    """Return labels as numbers where all are, with a fraction or written as whole numbers."""
    full = [v for v in values if not _is_empty(v)]
    if full and all(isinstance(v, str) for v in full):
        lists = _parsed(full)
        if lists:
            return [None if _is_empty(v) else [_text(one) for one in _listed(v)] for v in values]
        missing = [v for v in full if v.strip().lower() in MISSING]
        if len(missing) < len(full):
            numbers = [number(v) for v in values]
            codes = any(re.fullmatch(r"0\d+", v.strip()) for v in full)
            if None not in numbers and not codes:
                return [None if v is None or math.isnan(v) else v for v in numbers]
        return [None if _is_empty(v) else v.strip() for v in values]
    if any(isinstance(v, str) for v in full):
        return [None if _is_empty(v) else _text(v) for v in values]
    return values if full else [None] * len(values)


def to_table(columns: Mapping[str, list[Any]]) -> Dataset:
    """Return columns of values as a table.

    Raises:
        InputError: values of a column that Arrow does not hold together.
    """
    import pyarrow
    from datasets import Dataset

    try:
        return Dataset.from_dict(dict(columns))
    except (pyarrow.ArrowException, OverflowError, TypeError, UnicodeError):
        for name, values in columns.items():
            try:
                Dataset.from_dict({name: values})
            except (pyarrow.ArrowException, OverflowError, TypeError, UnicodeError) as error:
                raise InputError(
                    f"column {name!r} holds values that do not go together: {error}; give all its "
                    f"rows values of one kind: texts, numbers up to 64 bits, or lists of as many "
                    f"levels"
                ) from None
        raise


def with_columns(table: Dataset, columns: Mapping[str, list[Any]]) -> Dataset:
    """Return the table with other cells in the given columns, which it need not have."""
    from datasets import concatenate_datasets

    rest = [name for name in table.column_names if name not in columns]
    if not columns:
        return table
    made = to_table(columns)
    return concatenate_datasets([table.select_columns(rest), made], axis=1) if rest else made
