"""Rows of unequal length, kept as values [total, ...] plus offsets [n + 1]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Ragged:
    """``values[offsets[i]:offsets[i + 1]]`` is row i."""

    values: Tensor
    offsets: Tensor

    @classmethod
    def from_rows(cls, rows: Sequence[Tensor]) -> Ragged:
        """Concatenate tensors [N_i, ...]."""
        counts = torch.tensor([len(row) for row in rows], dtype=torch.long)
        return cls(torch.cat(list(rows)), offsets_of(counts))

    def __len__(self) -> int:
        return self.offsets.shape[0] - 1

    def __getitem__(self, i: int) -> Tensor:
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    @property
    def counts(self) -> Tensor:
        """Length of each row."""
        return self.offsets.diff()

    @cached_property
    def width(self) -> int:
        """Length of every row, or 0 where rows are not equally long."""
        counts = self.counts
        return int(counts[0]) if len(counts) and bool((counts == counts[0]).all()) else 0

    def take(self, rows: Tensor) -> Ragged:
        """Return the given rows, in that order."""
        position, _ = self.positions(rows)
        return Ragged(self.values[position], offsets_of(self.counts[rows]))

    def positions(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return where the values of the given rows lie, and which of the rows each belongs to."""
        counts = self.counts[rows]
        owner = torch.repeat_interleave(torch.arange(len(rows)), counts)
        first = self.offsets[rows] - (counts.cumsum(0) - counts)
        return torch.arange(len(owner)) + first[owner], owner


@dataclass(frozen=True)
class Padding:
    """How the given rows of a ragged array lie in a padded one of width N >= 1.

    ``mask`` is [B, N]; ``flat`` says where values lie, [B, N], or, taken from ``whole``
    rows of the same length, which of them, [B].
    """

    flat: Tensor
    mask: Tensor
    full: bool
    whole: int = 0

    @classmethod
    def of(cls, offsets: Tensor, rows: Tensor, width: int = 0) -> Padding:
        """Lay the rows out; if all have this width, they are copied whole."""
        if width and rows.shape[0]:
            mask = torch.ones(rows.shape[0], width, dtype=torch.bool)
            return cls(rows, mask, full=True, whole=offsets.shape[0] - 1)
        first = offsets[rows]
        counts = offsets[rows + 1] - first
        width = max(int(counts.max()), 1) if len(rows) else 1
        column = torch.arange(width)
        mask = column < counts.unsqueeze(1)
        return cls(first.unsqueeze(1) + column, mask, full=bool(mask.all()))

    def apply(self, values: Tensor, fill: float = 0) -> Tensor:
        """Gather values [total, ...] into [B, N, ...]."""
        shape = values.shape[1:]
        if self.whole:
            return values.view(self.whole, self.mask.shape[1], *shape).index_select(0, self.flat)
        if not len(values):
            return values.new_full((*self.mask.shape, *shape), fill)
        flat = self.flat.clamp(max=len(values) - 1)
        padded = values.index_select(0, flat.view(-1)).view(*flat.shape, *shape)
        if not self.full:
            padded[~self.mask] = fill
        return padded


def offsets_of(counts: Tensor) -> Tensor:
    """Return [n + 1] offsets for rows of the given lengths."""
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])
