"""What a graph is worth: the same model without its edges, or with its edges shuffled."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from graphfuse.data import Batch, EdgeType, SparseEdges
from graphfuse.data._convert import dense_edges

ABLATIONS = ("no_edges", "shuffled_edges", "complete")


def shuffle_edges(batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
    """Return the batch's edges with the sources of each sample and edge type permuted.

    Every real source node takes over the outgoing edges of another one, so that a node keeps the
    number and the weights of its incoming edges and loses their meaning. The permutation depends
    on the sample's id, the edge type and the features of its nodes, never on the place in a batch
    or the order of the nodes.
    """
    return {t: _shuffle(batch, t) for t in batch.edges}


def _shuffle(batch: Batch, edge_type: EdgeType) -> Tensor:
    dense = dense_edges(batch, edge_type)
    source = edge_type[0]
    keys = _node_keys(batch, source)
    order = []
    for salt in ("from", "to"):
        seeds = torch.tensor([_seed(identity, edge_type, salt) for identity in batch.ids])
        mixed = _mix(keys ^ seeds.to(keys.device).unsqueeze(1))
        # Real nodes first: padded ones keep their places behind them.
        mixed = (mixed >> 1).masked_fill(~batch.mask[source], torch.iinfo(torch.long).max)
        order.append(mixed.argsort(dim=1, stable=True))
    permutation = torch.empty_like(order[0]).scatter_(1, order[0], order[1])
    return dense.gather(1, permutation.unsqueeze(2).expand_as(dense))


def _seed(identity: str, edge_type: EdgeType, salt: str) -> int:
    text = "\0".join((identity, *edge_type, salt))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)


def _node_keys(batch: Batch, m: str) -> Tensor:
    """Return a number [B, N] that is made of the bits of a node's features and position."""
    x = batch.x[m].flatten(2).float()
    if m in batch.pos:
        x = torch.cat([x, batch.pos[m].float()], dim=2)
    bits = (x + 0.0).contiguous().view(torch.int32).long()
    place = torch.arange(1, bits.shape[2] + 1, device=bits.device)
    return _mix(_mix(bits + place * 0x632BE59BD9B4E019).sum(2))


def _mix(number: Tensor) -> Tensor:
    """Scramble 64-bit integers (the finaliser of SplitMix64, Steele et al. 2014)."""
    number = (number ^ _shift(number, 30)) * -0x40A7B892E31B1A47
    number = (number ^ _shift(number, 27)) * -0x6B2FB644ECCEEE15
    return number ^ _shift(number, 31)


def _shift(number: Tensor, by: int) -> Tensor:
    """Shift right and fill with zeros, as for an unsigned number."""
    return (number >> by) & ((1 << (64 - by)) - 1)
