"""Tell the kinds of a table's columns from their names and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphfuse.data.numbers import number
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.columns import CONTENT, KINDS, MEDIA, SPLITS, TABLE, Column
from graphfuse.raw.readers.files import kind_of_files
from graphfuse.raw.tables.copies import copies
from graphfuse.raw.tables.typed import parsed, typed, with_columns

if TYPE_CHECKING:
    from datasets import Dataset

NAMES = {
    "label": ("label", "labels", "class", "target", "y"),
    "split": ("split", "subset", "partition", "fold"),
    "group": ("group", "speaker", "subject", "patient", "participant"),
    "id": ("id", "uid", "uuid", "key", "sample", "index"),
}
"""Names of columns that say something about a sample, the likeliest first; ``_id`` may follow."""

FACTS = ("filename", "file_name", "filesize", "file_size", "format", "width", "height", "duration")
"""Names of columns that tell of a file, not of its content, and that labels leak through."""

FEW = 50
"""Different values that a column of categories may have."""

EMPTY = "no value in any row"
"""Why a column is skipped that holds nothing."""

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
    found |= copies(found, values, overrides)
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
    if _are_parts(parts, role):
        return "split", f"values are {', '.join(sorted(parts))}"
    if role and role != "split" and not _is_content(name, role, full):
        strange = _mostly_numbers(full) if role == "label" else ""
        return role, f"called {name!r}" + (strange and f"; {strange}")
    kind, why = _tell_content(name, full)
    if role == "split" and kind in ("number", "category"):
        listed = ", ".join(sorted(parts)[:3])
        return "skip", (
            f"called {name!r}, but {listed} are no parts (train, validation, test); "
            f"--column {name}=group keeps each together, {name}={kind} makes it an input"
        )
    return kind, why


def _are_parts(values: set[str], role: str | None) -> bool:
    known = values <= set(SPLITS)
    return known and ("train" in {SPLITS[v] for v in values} or role == "split")


def tells_split(table: Dataset) -> bool:
    """Tell whether a column names the part of each row."""
    texts = {name: _values(table, name) or [] for name in table.column_names}
    full = {n: {str(v).strip().lower() for v in own if v} for n, own in texts.items()}
    return any(values and _are_parts(values, _role(name)) for name, values in full.items())


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
    return kind_of_files(name, texts) is not None or (role != "label" and words > 3)


def _tell_content(name: str, full: list[Any]) -> tuple[str, str]:
    first = full[0]
    if isinstance(first, (list, tuple)):
        return _tell_list(name, full)
    if isinstance(first, dict):
        return "skip", "nested values"
    if isinstance(first, bool):
        return "category", "true or false"
    texts = [str(v).strip() for v in full]
    files = kind_of_files(name, texts)
    if files:
        return files
    if all(number(v) is not None for v in full) and not _are_codes(texts):
        return "number", "every value is a number"
    if all(DATE.fullmatch(text) for text in texts):
        return "skip", "dates; as kind time they split the data, as a category they may leak"
    if all(text.startswith("[") for text in texts) and (lists := parsed(texts)):
        return _tell_list(name, lists)
    return _tell_text(texts)


def _tell_list(name: str, full: list[Any]) -> tuple[str, str]:
    flat = [v for value in full for v in value if v is not None]
    if flat and all(isinstance(v, str) for v in flat):
        return kind_of_files(name, flat) or ("text", "lists of texts")
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
