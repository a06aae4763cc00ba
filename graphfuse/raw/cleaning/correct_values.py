"""Replace wrong values of columns by correct ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from graphfuse._progress import without_datasets_bars
from graphfuse._wording import count
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.cell import ItemRepair
from graphfuse.raw.cleaning.cleaner import Repair, cleaner
from graphfuse.raw.columns import TABLE
from graphfuse.raw.manifest import Manifest, is_empty
from graphfuse.raw.readers.items import Row


@cleaner("correct_values")
@dataclass(frozen=True)
class CorrectValues(Repair):
    """Replace wrong values by correct ones in any column: tables, labels, groups, texts.

    In tables, the values of new samples are corrected too.

    Args:
        values: ``{column: {old: new}}``; None as new value makes it missing. A number is written
            as a number or as text.

    Raises:
        UnknownNameError: there is no such column.
        InputError: a new value that is not of the column's type.

    Example:
        >>> from datasets import Dataset
        >>> from graphfuse.raw import Column
        >>> table = Dataset.from_dict({"age": [31.0, 999.0], "y": ["cat", "kat"]})
        >>> pets = Manifest(table, (Column("age", "number", "table"), Column("y", "label")))
        >>> step = CorrectValues({"age": {999: None}, "y": {"kat": "cat"}})
        >>> step.apply(pets).table.to_dict()
        {'age': [31.0, None], 'y': ['cat', 'cat']}
    """

    kind: ClassVar[str] = TABLE
    values: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)

    def check(self) -> None:
        """Raise an error unless values are corrections by column."""
        if not isinstance(self.values, Mapping):
            raise InputError(f"values must be {{column: {{old: new}}}}, got {self.values!r}")
        for name, pairs in self.values.items():
            if not isinstance(pairs, Mapping):
                raise InputError(f"corrections of {name!r} are {{old: new}}, got {pairs!r}")

    def apply(self, manifest: Manifest, progress: bool = True) -> Manifest:
        """Return the manifest with the values corrected, and the number of changes per column."""
        known = {column.name: column for column in manifest.columns}
        if not self.values:
            raise InputError("correct_values needs values={column: {old: new}}")
        for name, pairs in self.values.items():
            if name not in known:
                raise UnknownNameError("column", name, known)
            values = manifest.table[name][:]
            corrected = [self._correct(name, value) for value in values]
            rows = [row for row, (a, b) in enumerate(zip(values, corrected, strict=True)) if a != b]
            manifest = replace(manifest, table=_with_column(manifest, name, corrected))
            done = {_key(values[row]) for row in rows}
            unused = [old for old in pairs if _key(old) not in done]
            what = f"{name}: {count(len(rows), 'value')} corrected"
            if unused:
                what += f"; not found: {', '.join(map(repr, unused))}"
            manifest = self.note(manifest, what, rows)
        tables = [known[name].modality for name in self.values if known[name].modality]
        repaired = {m for m in tables if manifest.kind(m) == TABLE}
        repairs: dict[str, tuple[ItemRepair, ...]] = {
            m: (*manifest.repairs.get(m, ()), self) for m in repaired
        }
        return replace(manifest, repairs={**manifest.repairs, **repairs})

    def item(self, item: Any) -> Row:
        """Return a table's row with corrected values."""
        return {name: self._correct(name, value) for name, value in item.items()}

    def _correct(self, name: str, value: Any) -> Any:
        if name not in self.values or is_empty(value):
            return value
        for old, new in self.values[name].items():
            if _key(old) == _key(value):
                return _like(value, new, name)
        return value


def _like(value: Any, new: Any, column: str) -> Any:
    """Return the new value as a number where the old one is."""
    if new is None or not isinstance(value, float):
        return new
    try:
        return float(new)
    except (TypeError, ValueError):
        raise InputError(
            f"a correction of column {column!r} must be a number, got {new!r}"
        ) from None


def _key(value: Any) -> Any:
    """Return what two spellings of a value share: a number however it is written, or the text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value).strip()


def _with_column(manifest: Manifest, name: str, values: list[Any]) -> Any:
    """Return the table with other values in a column, in the same place."""
    from datasets import Dataset, Features, concatenate_datasets

    table = manifest.table
    try:
        corrected = Dataset.from_dict(
            {name: values}, features=Features({name: table.features[name]})
        )
    except (TypeError, ValueError) as error:
        raise InputError(
            f"a correction of column {name!r} must have its type, {table.features[name].dtype}: "
            f"{error}"
        ) from None
    order = table.column_names
    with without_datasets_bars():
        changed = concatenate_datasets([table.remove_columns(name), corrected], axis=1)
        return changed.select_columns(order)
