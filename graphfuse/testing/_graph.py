"""The small typed graph for checks of convs, and the comparison of results."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from graphfuse.data import EdgeType, SparseEdges

TYPES: list[EdgeType] = [
    ("image", "near", "image"),
    ("image", "shows", "text"),
    ("text", "names", "image"),
    ("text", "follows", "text"),
    ("text", "precedes", "text"),
    ("a.b", "tags", "image"),
]
NODES = {"image": 5, "text": 3, "a.b": 2}
CHANNELS = {"image": 6, "text": 8, "a.b": 4}
SAMPLES = 4

Graph = tuple[dict[str, Tensor], dict[EdgeType, Tensor], dict[str, Tensor]]
"""Nodes, edges and mask."""


def random_graph(seed: int = 0) -> Graph:
    """Return padded samples with bool edges, in float64; the first lacks nothing."""
    random = torch.Generator().manual_seed(seed)
    x, mask = {}, {}
    for name, size in NODES.items():
        counts = torch.randint(0, size + 1, (SAMPLES, 1), generator=random)
        counts[0] = size
        mask[name] = torch.arange(size).unsqueeze(0) < counts
        nodes = torch.randn(SAMPLES, size, CHANNELS[name], generator=random, dtype=torch.float64)
        x[name] = nodes * mask[name].unsqueeze(2)
    edges = {
        (s, r, d): (torch.rand(SAMPLES, NODES[s], NODES[d], generator=random) < 0.5)
        & mask[s].unsqueeze(2)
        & mask[d].unsqueeze(1)
        for s, r, d in TYPES
    }
    return x, edges, mask


def to_sparse(edges: Mapping[EdgeType, Tensor]) -> dict[EdgeType, SparseEdges]:
    """Return dense edges as index pairs, with their weights unless they are bool."""
    sparse = {}
    for edge_type, dense in edges.items():
        sample, source, destination = (dense > 0).nonzero().T
        _, sources, destinations = dense.shape
        rows = torch.stack([sample * sources + source, sample * destinations + destination])
        weight = dense[sample, source, destination] if dense.is_floating_point() else None
        sparse[edge_type] = SparseEdges(rows, weight)
    return sparse


def close(
    a: Mapping[str, Tensor], b: Mapping[str, Tensor], promise: str, tolerance: float = 1e-12
) -> None:
    """Raise an error that names the requirement unless all nodes are equal."""
    for name in a:
        distance = float((a[name] - b[name]).detach().abs().max()) if a[name].numel() else 0.0
        if not distance <= tolerance:
            raise AssertionError(f"{promise}: nodes of {name!r} differ by {distance:.2g}")


def require(condition: bool, promise: str) -> None:
    """Raise an error that names the requirement unless it is met."""
    if not condition:
        raise AssertionError(promise)
