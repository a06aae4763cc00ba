"""impute: fill the empty cells of a table with a typical value of the training part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.steps._modality import nodes_of, with_nodes
from graphfuse.data.steps.step import Step, step
from graphfuse.errors import InputError, UnknownNameError

FILLS = ("median", "mean")
LAYOUT = ("kind", "first", "size", "flag", "node")


@step("impute")
@dataclass
class Impute(Step):
    """Fill numbers with their median or mean, categories with the most frequent level.

    Both are measured on the cells of the training part that are not empty. If a column is empty in
    the whole training part, a number becomes 0 and a category has no level. Of equally frequent
    levels the first is used. A level that the training part does not have is unknown, all 0.

    Args:
        modality: the modality of a table, as encoder ``table`` makes it.
        columns: where each column lies in a node, as ``TableEncoder.layout`` says.
        fill: "median" or "mean", for numbers.
        flags: whether to keep the features that flag empty cells.

    Example:
        >>> age = {"kind": "number", "first": 0, "size": 1, "flag": 1, "node": None}
        >>> data = FusionDataset.from_arrays({"table": np.array([[31.0, 0], [0, 1], [35, 0]])})
        >>> Impute("table", {"age": age}).fit(data).transform(data).batch([1]).x["table"]
        tensor([[[33.,  1.]]])
    """

    encodes: ClassVar[bool] = True

    modality: str
    columns: Mapping[str, Mapping[str, Any]]
    fill: str = "median"
    flags: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fill not in FILLS:
            raise UnknownNameError("fill", self.fill, FILLS)
        for name, place in self.columns.items():
            if sorted(place) != sorted(LAYOUT) or place["kind"] not in ("number", "category"):
                raise InputError(
                    f"column {name!r} lies at {dict(place)}; a layout has {', '.join(LAYOUT)}, and "
                    f"encoder 'table' gives it by encoder.layout"
                )

    def measure(self, train: FusionDataset) -> dict[str, Tensor]:
        """Return the values for empty cells, "fill" [F], and which features occur, "seen" [F]."""
        values = self._nodes(train, None)
        fill, seen = values.new_zeros(values.shape[1]), values.new_ones(values.shape[1])
        for place in self.columns.values():
            own = slice(place["first"], place["first"] + place["size"])
            full = values[:, place["flag"]] == 0
            if place["node"] is not None:
                full &= values[:, place["node"]] == 1
            cells = values[full, own].double()
            if place["kind"] == "category":
                counts = cells.sum(0)
                seen[own] = (counts > 0).to(seen.dtype)
                fill[own] = _most_frequent(counts).to(fill.dtype)
            elif len(cells):
                usual = np.median if self.fill == "median" else np.mean
                fill[own] = torch.from_numpy(usual(cells.numpy(), axis=0)).to(fill.dtype)
        return {"fill": fill, "seen": seen}

    def apply(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset with cells filled; its nodes are narrower without flags."""
        fill, seen = self.state["fill"], self.state["seen"]
        values = self._nodes(dataset, len(fill)) * seen
        for place in self.columns.values():
            own = slice(place["first"], place["first"] + place["size"])
            empty = values[:, place["flag"]] == 1
            values[:, own] = fill[own].where(empty.unsqueeze(1), values[:, own])
        if not self.flags:
            flags = {place["flag"] for place in self.columns.values()}
            values = values[:, [k for k in range(len(fill)) if k not in flags]]
        return with_nodes(dataset, self.modality, values)

    def _nodes(self, dataset: FusionDataset, width: int | None) -> Tensor:
        values = nodes_of(dataset, self.modality, width, self.name)
        for name, place in self.columns.items():
            last = max(place["first"] + place["size"] - 1, place["flag"], place["node"] or 0)
            if last >= values.shape[1]:
                raise InputError(
                    f"column {name!r} lies at {dict(place)}, but modality {self.modality!r} has "
                    f"{values.shape[1]} features; give the layout of the encoder that made them"
                )
        return values


def _most_frequent(counts: Tensor) -> Tensor:
    """Return 1 for the first of the most frequent levels [L], all 0 if there is none."""
    usual = torch.zeros_like(counts)
    if len(counts) and counts.max() > 0:
        usual[int((counts == counts.max()).nonzero()[0])] = 1
    return usual
