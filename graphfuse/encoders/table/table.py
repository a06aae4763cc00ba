"""table: numbers, categories and dates of a row as one node, a node per column, or blocks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.data.dates import CYCLES, cyclic, days
from graphfuse.data.spec import StepSpec
from graphfuse.data.steps.impute import FILLS
from graphfuse.encoders.encoder import Encoder, EncoderInfo, Nodes, encoder
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Item

NODES = ("one", "columns")


@encoder(
    EncoderInfo(
        name="table",
        kind="table",
        title="numbers, categories and dates, with flags where they are missing",
        nodes="the row, a column, or a named block of columns",
        paper="Gorishniy et al. 2021, https://arxiv.org/abs/2106.11959",
    )
)
@dataclass(frozen=True)
class TableEncoder(Encoder):
    """Encode a row as numbers: each column has its own features, the same in every node.

    A number takes two places, its value and a flag; a category takes one per level, and a flag; a
    date its days since 2000, sine and cosine of each of its parts, and a flag. The flag is 1 where
    the cell is empty, and the other places are then 0, until step ``impute``, which :meth:`steps`
    names, fills them from the training part. An unknown level is all 0, without the flag. Empty
    cells may predict the label in a way that does not hold for new samples: with ``flags=False``
    the step removes the flags after it has filled the cells.

    Numbers are read in double precision and their centre is subtracted before they are cast to
    single precision, so that 1_700_000_050 and 1_700_000_051 stay different.

    With several nodes, each has the places of its own columns, 0 in the others, and a 1 in a place
    that only this node has. A linear layer that all nodes share thus gives each column a weight and
    a bias of its own, as the feature tokenizer of FT-Transformer does (Gorishniy et al., Revisiting
    Deep Learning Models for Tabular Data, 2021, https://arxiv.org/abs/2106.11959). Such nodes are
    as wide as the whole row: for thousands of columns, take few blocks. Nodes form a set. The
    order in which columns and levels are given carries no meaning: they are sorted by name.

    Args:
        numbers: columns of numbers.
        categories: the levels of each column of categories.
        dates: the parts of each column of dates that come back, of "month", "weekday" and "hour".
        centres: what is subtracted from the numbers, or days since 2000, of a column; 0 by default.
        nodes: "one", "columns", or ``{block: [columns]}`` with every column in one block.
        flags: whether flags stay once empty cells are filled.
        fill: "median" or "mean", with which empty cells of numbers and dates are filled.

    Example:
        >>> encoder = TableEncoder(numbers=["age"], categories={"sex": ["f", "m"]})
        >>> encoder.encode([{"age": 31.0, "sex": None}])[0].x  # age, flag, f, m, flag
        tensor([[31.,  0.,  0.,  0.,  1.]])
    """

    numbers: Sequence[str] = ()
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dates: Mapping[str, Sequence[str]] = field(default_factory=dict)
    centres: Mapping[str, float] = field(default_factory=dict)
    nodes: str | Mapping[str, Sequence[str]] = "one"
    flags: bool = True
    fill: str = "median"

    def __post_init__(self) -> None:
        if self.fill not in FILLS:
            raise UnknownNameError("fill", self.fill, FILLS)
        given: dict[str, Any] = {
            "numbers": _names("numbers", self.numbers),
            "categories": _named("categories", self.categories),
            "dates": _parts(self.dates),
            "centres": {str(name): float(self.centres[name]) for name in sorted(self.centres)},
        }
        if not isinstance(self.nodes, str):
            given["nodes"] = _named("nodes", self.nodes)
        elif self.nodes not in NODES:
            raise UnknownNameError("nodes (or blocks of columns by name)", self.nodes, NODES)
        for name, value in given.items():
            object.__setattr__(self, name, value)
        _unique("columns", [*self.numbers, *self.categories, *self.dates])
        if not self.columns:
            raise InputError(
                "a table encoder needs columns; give numbers=[...], categories={...}, dates={...}"
            )
        for name in self.centres:
            if name not in (*self.numbers, *self.dates):
                raise UnknownNameError("column of centres", name, (*self.numbers, *self.dates))
        self._check_blocks()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of their places."""
        return (*self.numbers, *self.categories, *self.dates)

    @property
    def features(self) -> int:
        """Places of all columns, and one per node if there are several."""
        return sum(self._sizes) + len(self.columns) + len(self.blocks)

    @property
    def pos_dim(self) -> int:
        """Return 0: columns have no order."""
        return 0

    @cached_property
    def blocks(self) -> dict[str, tuple[str, ...]]:
        """Columns of each node by its name; empty for a single node."""
        if isinstance(self.nodes, str):
            return {} if self.nodes == "one" else {name: (name,) for name in self.columns}
        return {name: tuple(own) for name, own in self.nodes.items()}

    @cached_property
    def layout(self) -> dict[str, dict[str, Any]]:
        """Where each column lies: "kind", "first" place, "size", place of "flag" and of "node".

        The kind of a date is "number". "node" is the place that is 1 in the node of the column,
        None for a single node.
        """
        owner = {column: k for k, own in enumerate(self.blocks.values()) for column in own}
        end, found = 0, dict[str, dict[str, Any]]()
        marks = sum(self._sizes) + len(self.columns)
        for column, size in zip(self.columns, self._sizes, strict=True):
            found[column] = {
                "kind": "category" if column in self.categories else "number",
                "first": end,
                "size": size,
                "flag": end + size,
                "node": marks + owner[column] if owner else None,
            }
            end += size + 1
        return found

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the nodes [N, features] of each row, and no positions.

        Raises:
            InputError: a row without one of the columns, or with a cell that is no number or date,
                or a number beyond single precision.
        """
        rows = [_row(item, self.columns) for item in items]
        x = np.zeros((len(rows), self.features), dtype=np.float32)
        values = np.stack([self._numbers(row) for row in rows]) if rows else x
        for k, column in enumerate(self.numbers):
            own, missing = self.layout[column], np.isnan(values[:, k])
            x[:, own["first"]] = np.where(missing, 0, values[:, k])
            x[:, own["flag"]] = missing
        for column, levels in self.categories.items():
            own, codes = self.layout[column], {level: i for i, level in enumerate(levels)}
            for row, vector in zip(rows, x, strict=True):
                if row[column] is None or row[column] != row[column]:
                    vector[own["flag"]] = 1
                elif str(row[column]) in codes:
                    vector[own["first"] + codes[str(row[column])]] = 1
        for column in self.dates:
            first, size = self.layout[column]["first"], self.layout[column]["size"]
            for row, vector in zip(rows, x, strict=True):
                date = self._date(column, row[column])
                vector[first : first + size] = date or 0.0
                vector[first + size] = date is None
        pos = torch.zeros(max(len(self.blocks), 1), 0)
        return [Nodes(self._split(row), pos) for row in torch.from_numpy(x)]

    def steps(self, modality: str) -> tuple[StepSpec, ...]:
        """Return the step ``impute``."""
        options = {"columns": self.layout, "fill": self.fill, "flags": self.flags}
        return (StepSpec("impute", {"modality": modality, **options}),)

    @property
    def _sizes(self) -> list[int]:
        levels = [len(own) for own in self.categories.values()]
        return [1] * len(self.numbers) + levels + [1 + 2 * len(p) for p in self.dates.values()]

    def _numbers(self, row: Mapping[str, Any]) -> np.ndarray:
        """Return numbers less their centres as float32, NaN where one is missing."""
        centres = [self.centres.get(column, 0.0) for column in self.numbers]
        try:
            return _float32([row[column] for column in self.numbers], centres)
        except (TypeError, ValueError):
            for column, centre in zip(self.numbers, centres, strict=True):  # one is to blame
                try:
                    _float32([row[column]], [centre])
                except (TypeError, ValueError):
                    raise InputError(_no_number(column, row[column])) from None
            raise

    def _date(self, column: str, cell: Any) -> list[float] | None:
        """Return a date as numbers, None where it is missing."""
        if cell is None or cell != cell:
            return None
        try:
            date = datetime.fromisoformat(cell)
        except (TypeError, ValueError):
            raise InputError(
                f"column {column!r} holds dates as 2026-01-31, None where one is missing; got "
                f"{cell!r}"
            ) from None
        parts = [value for part in self.dates[column] for value in cyclic(date, part)]
        return [days(date) - self.centres.get(column, 0.0), *parts]

    def _check_blocks(self) -> None:
        placed = [column for own in self.blocks.values() for column in own]
        for name, own in self.blocks.items():
            for column in own:
                if column not in self.columns:
                    raise UnknownNameError(f"column of block {name!r}", column, self.columns)
        _unique("columns of blocks", placed)
        left = sorted(set(self.columns) - set(placed))
        if self.blocks and left:
            raise InputError(
                f"every column must be in one block, but {left} are in none; add them to a "
                f"block, or take them out of numbers and categories"
            )

    @cached_property
    def _own(self) -> Tensor:
        """Places of each node [N, F], True where they are its own."""
        features = self.features
        mask = torch.zeros(len(self.blocks), features, dtype=torch.bool)
        for place in self.layout.values():
            node = place["node"] - features  # counted from the end, as marks are
            mask[node, place["first"] : place["flag"] + 1] = True
        return mask

    def _split(self, row: Tensor) -> Tensor:
        """Return a row [F] as nodes [N, F]."""
        if not self.blocks:
            return row.unsqueeze(0).clone()
        nodes = row.where(self._own, row.new_zeros(()))
        nodes[:, self.features - len(self.blocks) :] = torch.eye(len(self.blocks))
        return nodes


def _row(item: Item, columns: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise InputError(
            f"the item of a table encoder must be a row {{column: value}}, got "
            f"{type(item).__name__}"
        )
    lacking = [column for column in columns if column not in item]
    if lacking:
        raise InputError(
            f"a row has all columns of the table, None where a cell is empty; {lacking} are not "
            f"in a row of {sorted(item)}"
        )
    return item


def _no_number(column: str, cell: Any) -> str:
    if isinstance(cell, (int, float)) and math.isfinite(cell):
        return (
            f"column {column!r} holds {cell!r}, which overflows single precision (3.4e38); divide "
            f"the column by a power of ten, or take its logarithm"
        )
    return (
        f"column {column!r} holds finite numbers, None where one is missing; got {cell!r}; clean "
        f"it, or name it among the categories"
    )


def _float32(cells: list[Any], centres: list[float]) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = (np.array(cells, dtype=np.float64) - centres).astype(np.float32)
    if np.isinf(values).any():
        raise ValueError
    return values


def _parts(given: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, Mapping):
        raise InputError(f"dates must be {{column: [parts]}}, got {given!r}")
    for parts in given.values():
        for part in parts:
            if part not in CYCLES:
                raise UnknownNameError("part of a date", part, CYCLES)
    return {str(name): _names(f"dates[{name!r}]", given[name]) for name in sorted(given)}


def _names(what: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
        raise InputError(f"{what} must be a list of names, got {given!r}")
    names = sorted(str(name) for name in given)
    _unique(what, names)
    return tuple(names)


def _named(what: str, given: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, Mapping) or not all(len(own) for own in given.values()):
        raise InputError(f"{what} is {{name: [names]}}, none of them empty; got {given!r}")
    return {str(name): _names(f"{what}[{name!r}]", given[name]) for name in sorted(given)}


def _unique(what: str, names: Sequence[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise InputError(f"{what} must be unique, but {twice} occur twice")
