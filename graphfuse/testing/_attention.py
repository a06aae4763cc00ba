"""Checks of the attention weights of a conv."""

from __future__ import annotations

import torch
from torch import Tensor

from graphfuse.nn import EdgeAttention, HeadedConv
from graphfuse.testing._graph import NODES, SAMPLES, TYPES, Graph, close, require, to_sparse

PROMISE = "attention weights"


def check_attention(conv: HeadedConv, graph: Graph) -> None:
    """Check the attention weights of a graph with weighted edges and padded nodes."""
    x, edges, mask = graph
    real = {(s, r, d): mask[s].unsqueeze(2) & mask[d].unsqueeze(1) for s, r, d in TYPES}
    random = torch.Generator().manual_seed(3)
    drawn = {
        t: (e * (0.2 + torch.rand(e.shape, generator=random).double())).where(real[t], 1)
        for t, e in edges.items()
    }
    found = conv.attention_weights(x, drawn, mask).weights
    require(list(found) == sorted(TYPES), f"{PROMISE} are there for all edge types, sorted")
    dense = {t: part for t, part in found.items() if isinstance(part, Tensor)}
    require(len(dense) == len(found), f"{PROMISE} of dense edges are tensors")
    for t, part in dense.items():
        shape = (SAMPLES, conv.heads, NODES[t[0]], NODES[t[2]])
        require(part.shape == shape, f"{PROMISE} of {t} are {shape}, got {tuple(part.shape)}")
        none = ~(edges[t] & real[t]).unsqueeze(1).expand(shape)
        require(not bool(part[none].any()), f"{PROMISE} are zero where no real nodes are joined")
    _check_sums(conv, graph, dense)
    listed = conv.attention_weights(x, to_sparse(drawn), mask).weights
    forms = all(isinstance(part, EdgeAttention) for part in listed.values())
    require(forms, f"{PROMISE} of SparseEdges are EdgeAttention")
    spread = {
        str(t): _spread(part, dense[t])
        for t, part in listed.items()
        if isinstance(part, EdgeAttention)
    }
    expected = {str(t): part for t, part in dense.items()}
    close(expected, spread, f"{PROMISE} of sparse edges are those of dense ones")


def _check_sums(conv: HeadedConv, graph: Graph, found: dict[tuple[str, str, str], Tensor]) -> None:
    _, edges, mask = graph
    pointing = {name: [t for t in TYPES if t[2] == name] for name in NODES}
    alone = conv.softmax_per_edge_type
    for group in [[t] for t in TYPES] if alone else [types for types in pointing.values() if types]:
        total = torch.stack([found[t].sum(2) for t in group]).sum(0)
        joined = torch.stack([(edges[t] & mask[t[0]].unsqueeze(2)).any(1) for t in group]).any(0)
        one = (joined & mask[group[0][2]]).double().unsqueeze(1)
        sums = bool(((total - one).abs() < 1e-9).all())
        require(sums, f"{PROMISE} sum to 1 at a node with edges, here over those of {group}")


def _spread(part: EdgeAttention, like: Tensor) -> Tensor:
    """Return attention along listed edges as [B, H, Ns, Nd]; duplicate edges are summed."""
    sources, destinations = like.shape[2:]
    source, at = part.index
    place = source // sources, source % sources, at % destinations
    spread = torch.zeros_like(like).permute(0, 2, 3, 1)
    return spread.index_put(place, part.weight, accumulate=True).permute(0, 3, 1, 2)
