"""Infer the kinds of the columns of a table, from their names and values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphfuse._wording import count, verb
from graphfuse.data.numbers import Style, read_numbers
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.columns import CONTENT, KINDS, MEDIA, TABLE, TABULAR, Column, Skipped
from graphfuse.raw.tables.build import with_columns
from graphfuse.raw.tables.copies import copies
from graphfuse.raw.tables.kinds import convert, infer, media, split
from graphfuse.raw.tables.kinds.values import ROLE_NAMES, Inferred, Values

if TYPE_CHECKING:
    from datasets import Dataset

FACTS = ("filename", "file_name", "filesize", "file_size", "format", "width", "height", "duration")
"""Names of columns with facts about a file, not its content, which labels leak through."""

TRIED = 200
"""Cells of a column that show whether the numbers of a table have decimal commas."""


def recognise(
    table: Dataset,
    given: Mapping[str, str],
    known: Mapping[str, str],
    task: str | None = None,
) -> tuple[Dataset, tuple[Column, ...]]:
    """Return the table with every column in the type of its kind, and the columns.

    ``given`` overrides kinds, ``{name: kind}`` or ``{name: "modality:kind"}``; ``known`` are the
    kinds of columns that the source made itself.

    Raises:
        UnknownNameError: an override of an unknown column, or with an unknown kind.
        InputError: an override that the values do not fit.
    """
    overrides = {name: _override(name, value, table) for name, value in given.items()}
    values = _values(table, task)
    found = {}
    for name in table.column_names:
        if name in overrides:
            found[name] = Inferred(overrides[name][1], "as given")
        elif name in known:
            found[name] = Inferred(known[name], "from the folder")
        elif name in values:
            found[name] = infer(values[name])
        else:
            found[name] = media.infer_feature(name, table.features[name]) or infer(Values(name, []))
    found |= _one_label(found, overrides)
    found |= copies(found, {name: own.cells for name, own in values.items()}, overrides)
    found |= _facts_of_files(found, overrides)
    found |= _shared_ids(found, values, overrides)
    modalities = _modalities(found, {n: m for n, (m, _) in overrides.items() if m})
    columns = [Column(n, f.kind, modalities[n], f.why, f.skipped) for n, f in found.items()]
    cells = {}
    for place, column in enumerate(columns):
        if column.kind != "skip" and column.name in values:
            converted = convert(column, values[column.name])
            cells[column.name] = converted.cells
            columns[place] = replace(column, form=converted.form, cautions=converted.cautions)
    return with_columns(table, cells), tuple(columns)


def names_split(table: Dataset) -> bool:
    """Return whether a column names the part of each row."""
    return any(values.full and split.infer(values) for values in _values(table, None).values())


def _override(name: str, value: str, table: Dataset) -> tuple[str, str]:
    if name not in table.column_names:
        raise UnknownNameError("column", name, table.column_names)
    modality, colon, kind = str(value).rpartition(":")
    if kind not in KINDS:
        raise UnknownNameError(f"kind of column {name!r}", kind, KINDS)
    if colon and (not modality or kind not in CONTENT):
        raise InputError(
            f"column {name!r} must be given as kind or modality:kind, got {value!r}; kind is "
            f"one of {', '.join(CONTENT)}"
        )
    return modality, kind


def _values(table: Dataset, task: str | None) -> dict[str, Values]:
    """Return the cells of columns by name, without those of files or their bytes."""
    names = [n for n in table.column_names if not media.infer_feature(n, table.features[n])]
    cells = {name: list(table[name][:]) for name in names}
    style = Style.COMMA if any(map(_has_decimal_comma, cells.values())) else Style.POINT
    return {name: Values(name, own, style, task) for name, own in cells.items()}


def _has_decimal_comma(cells: list[Any]) -> bool:
    """Return whether a column holds numbers that can only be read with a decimal comma."""
    texts = [cell for cell in cells[:TRIED] if isinstance(cell, str)]
    if not any("," in text for text in texts):
        return False
    found = read_numbers(texts)
    return found.style is Style.COMMA and found.count > found.strange.total() and (
        not found.ambiguous
    )  # fmt: skip


def _one_label(
    found: Mapping[str, Inferred],
    overrides: Mapping[str, Any],
) -> dict[str, Inferred]:
    """Keep one label of several; others, and what is called after the label, would leak it."""
    labels = [name for name, own in found.items() if own.kind == "label"]
    rank = ROLE_NAMES["label"].index
    inferred = [name for name in labels if name not in overrides]
    inferred.sort(key=lambda n: rank(n.strip().lower().removesuffix("_id")))
    chosen = [name for name in labels if name in overrides] or inferred[:1]
    changed = {}
    for name, own in found.items():
        words = re.split(r"[^a-z]+", name.lower())
        if name in overrides or name in chosen or not chosen:
            continue
        if own.kind == "label" or (own.kind in CONTENT and {"label", "target"} & set(words)):
            why = f"may be the label {chosen[0]!r} in another form"
            changed[name] = Inferred("skip", why, Skipped.LABEL_FORM)
    return changed


def _facts_of_files(
    found: Mapping[str, Inferred], overrides: Mapping[str, Any]
) -> dict[str, Inferred]:
    if not any(column.kind in MEDIA for column in found.values()):
        return {}
    why = "a fact of the file, not of what it shows; labels may leak through it"
    return {
        name: Inferred("skip", why, Skipped.FILE_FACT)
        for name, column in found.items()
        if name.lower() in FACTS and name not in overrides and column.kind not in MEDIA
    }


def _shared_ids(
    found: Mapping[str, Inferred],
    values: Mapping[str, Values],
    overrides: Mapping[str, Any],
) -> dict[str, Inferred]:
    """Take the likeliest id; one that many rows share names groups of them."""
    changed = {}
    ids = [n for n, own in found.items() if own.kind == "id" and n not in overrides]
    ids.sort(key=lambda n: ROLE_NAMES["id"].index(n.strip().lower().removesuffix("_id")))
    taken = any(own.kind == "id" and n in overrides for n, own in found.items())
    for name in ids:
        cells = values[name].cells if name in values else []
        different = len({str(cell) for cell in cells})
        if different <= 0.9 * len(cells):
            changed[name] = Inferred(
                "group",
                f"{count(len(cells), 'row')} {verb(len(cells), 'shares', 'share')} "
                f"{count(different, 'id')}",
            )
        elif taken:
            changed[name] = Inferred("skip", "there is another id", Skipped.SECOND_ID)
        else:
            taken = True
    return changed


def _modalities(found: Mapping[str, Inferred], given: Mapping[str, str]) -> dict[str, str]:
    """Return the modality of each column: its name without number (photo_1) and kind (a_path)."""
    names = {}
    for name, own in found.items():
        if own.kind not in CONTENT:
            names[name] = ""
        elif name in given:
            names[name] = given[name]
        else:
            names[name] = TABLE if own.kind in TABULAR else _stem(name)
    kinds: dict[str, set[str]] = {}
    for name, modality in names.items():
        kinds.setdefault(modality, set()).add(_group(found[name].kind))
    return {
        name: f"{modality} ({found[name].kind})"
        if modality
        and name not in given
        and len(kinds[modality]) > 1
        and modality != _group(found[name].kind)
        else modality
        for name, modality in names.items()
    }


def _group(kind: str) -> str:
    return TABLE if kind in TABULAR else kind


def _stem(name: str) -> str:
    stem = re.sub(r"[_\- ]?\d+$", "", name)
    stem = re.sub(r"[_\- ](path|file|filename|file_name)$", "", stem, flags=re.IGNORECASE)
    return stem or name
