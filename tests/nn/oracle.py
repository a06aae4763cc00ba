"""Random typed graphs, in the form our convs take and in the form PyTorch Geometric takes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class TypedBatch:
    metadata: tuple[list[str], list[tuple[str, str, str]]]
    channels: dict[str, int]
    x: dict[str, Tensor]
    mask: dict[str, Tensor]
    edges: dict[tuple[str, str, str], Tensor]

    def flat(self) -> tuple[dict[str, Tensor], dict[tuple[str, str, str], Tensor]]:
        """Real nodes of all samples below each other, and edges between their rows.

        Every node and edge type is present, in metadata order, which is what HGTConv needs.
        """
        names, types = self.metadata
        row = {n: (self.mask[n].flatten().cumsum(0) - 1).view_as(self.mask[n]) for n in names}
        x = {n: self.x[n][self.mask[n]] for n in names}
        index = {}
        for s, r, d in types:
            real = self.mask[s].unsqueeze(2) & self.mask[d].unsqueeze(1)
            edges = self.edges.get((s, r, d), torch.zeros_like(real)) & real
            sample, source, destination = edges.nonzero().T
            index[s, r, d] = torch.stack([row[s][sample, source], row[d][sample, destination]])
        return x, index


def together(batch: TypedBatch) -> tuple[Tensor, Tensor, Tensor]:
    """Nodes of all types below each other, edges between their rows, and each edge's type."""
    x, index = batch.flat()
    names, types = batch.metadata
    start = dict(zip(names, torch.tensor([0] + [len(x[n]) for n in names]).cumsum(0), strict=False))
    edges = [index[t] + torch.stack([start[t[0]], start[t[2]]]).unsqueeze(1) for t in types]
    kind = [torch.full((e.shape[1],), number) for number, e in enumerate(edges)]
    return torch.cat([x[n] for n in names]), torch.cat(edges, dim=1), torch.cat(kind)


def spread(x: Tensor, members: Tensor, weight: Tensor) -> Tensor:
    """D^-1 H W B^-1 H^T x, with H from (node, hyperedge) pairs [2, M]."""
    incidence = x.new_zeros(len(x), len(weight))
    incidence.index_put_((members[0], members[1]), x.new_ones(()), accumulate=True)
    means = incidence.T @ x / incidence.sum(0).clamp(min=1).unsqueeze(1)
    total = (incidence * weight).sum(1, keepdim=True)
    return (incidence * weight) @ means / total.where(total > 0, 1)


def random_batch(
    seed: int, *, density: float | None = None, samples: int = 5, width: int | None = None
) -> TypedBatch:
    random = torch.Generator().manual_seed(seed)

    def integer(low: int, high: int) -> int:
        return int(torch.randint(low, high, (), generator=random))

    names = ["text", "image", "a_b", "speech"][: integer(1, 5)]
    pairs = list(itertools.product(names, ["near", "past"], names))
    chosen = torch.randperm(len(pairs), generator=random)[: integer(1, len(pairs) + 1)]
    types = [pairs[i] for i in chosen]
    channels = {n: integer(2, 9) for n in names}
    if integer(0, 2) or width:
        channels = dict.fromkeys(names, width or 8)
    sizes = {n: integer(1, 7) for n in names}
    x, mask = {}, {}
    for n in names:
        counts = torch.randint(0, sizes[n] + 1, (samples, 1), generator=random)  # 0: missing
        mask[n] = torch.arange(sizes[n]).unsqueeze(0) < counts
        x[n] = torch.randn(samples, sizes[n], channels[n], generator=random, dtype=torch.float64)
        x[n] *= mask[n].unsqueeze(2)
    edges = {}
    for s, r, d in types:
        share = torch.rand((), generator=random) if density is None else density
        edges[s, r, d] = torch.rand(samples, sizes[s], sizes[d], generator=random) < share
    return TypedBatch((names, types), channels, x, mask, edges)
