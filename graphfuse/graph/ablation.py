"""Ablations of a graph: the same model without edges, or with shuffled edges."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from graphfuse.data import Batch, EdgeType, SparseEdges
from graphfuse.data.edges import dense_edges, list_edges
from graphfuse.errors import InputError

ABLATIONS = ("no_edges", "shuffled_edges", "complete")
STEPS = 4
"""Number of steps along the edges to distinguish nodes with the same content."""


def shuffle_edges(batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
    """Return the batch's edges with the sources of each sample and edge type permuted.

    Every real source node takes over the outgoing edges of another one. A node keeps the number and
    the weights of its incoming edges, but they come from other nodes. The permutation depends on
    the sample's id, the edge type, the content of the nodes and, for nodes with equal content,
    their neighbours. It never depends on the position in the batch or the order of the nodes.

    Raises:
        InputError: the number of ids in the batch differs from the number of samples.
    """
    if batch.ids and len(batch.ids) != len(batch):
        raise InputError(
            f"a batch must have one id for each of its {len(batch)} samples, or none; "
            f"got {len(batch.ids)}"
        )
    content = {m: _content(batch, m) for m in batch.x}
    role = _roles(batch, content)
    return {t: _shuffle(batch, t, content[t[0]], role[t[0]]) for t in batch.edges}


def _shuffle(
    batch: Batch, edge_type: EdgeType, content: Tensor, role: Tensor
) -> Tensor | SparseEdges:
    real = batch.mask[edge_type[0]]
    orders = []
    for salt in ("from", "to"):
        ids = batch.ids or [""] * len(batch)
        seeds = torch.tensor([[_seed(identity, *edge_type, salt)] for identity in ids])
        seeds = seeds.to(content.device)
        # The role distinguishes nodes of equal content; its last bits are rounding errors.
        coarse = role.float().view(torch.int32).long() >> 8
        scrambled = [_mix(key ^ seeds) >> 1 for key in (content, _mix(coarse))]
        # Real nodes come first; padded ones keep their places after them.
        first = scrambled[0].masked_fill(~real, torch.iinfo(torch.long).max)
        orders.append(_order(first, scrambled[1], role))
    edges = batch.edges[edge_type]
    if isinstance(edges, SparseEdges):
        width = real.shape[1]
        new = torch.empty_like(orders[0]).scatter_(1, orders[1], orders[0])
        new += width * torch.arange(len(batch), device=new.device).unsqueeze(1)
        return SparseEdges(
            torch.stack([new.flatten()[edges.index[0]], edges.index[1]]), edges.weight
        )
    old = torch.empty_like(orders[0]).scatter_(1, orders[0], orders[1])
    dense = dense_edges(batch, edge_type)
    return dense.gather(1, old.unsqueeze(2).expand_as(dense))


def _order(*keys: Tensor) -> Tensor:
    """Sort the nodes [B, N] of each sample by the first key, and ties by the next key."""
    order = keys[-1].argsort(dim=1, stable=True)
    for key in keys[-2::-1]:
        order = order.gather(1, key.gather(1, order).argsort(dim=1, stable=True))
    return order


def _content(batch: Batch, m: str) -> Tensor:
    """Return a hash [B, N] of the features, position and attributes of each node."""
    parts = [batch.x[m].flatten(2)]
    if m in batch.pos:
        parts.append(batch.pos[m])
    parts += [values[m].unsqueeze(2) for _, values in sorted(batch.attrs.items()) if m in values]
    if batch.unit is not None and m in batch.unit:
        parts.append(batch.unit[m].unsqueeze(2))
    values = torch.cat([part.float() for part in parts], dim=2)
    bits = (values + 0.0).contiguous().view(torch.int32).long()
    place = torch.arange(1, bits.shape[2] + 1, device=bits.device)
    return _mix(_mix(bits + place * 0x632BE59BD9B4E019).sum(2))


def _roles(batch: Batch, content: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a number [B, N] that depends on the contents of the neighbours of each node.

    Contents are summed along edges of all types, in both directions. This is not a hash, so that
    the rounding of weights changes only the last bits of the number.
    """
    role = {m: _fraction(key).masked_fill(~batch.mask[m], 0) for m, key in content.items()}
    if not any(_has_ties(key, batch.mask[m]) for m, key in content.items()):
        return role  # all nodes have different contents
    links = []
    for s, relation, d in sorted(batch.edges):
        place, weight = list_edges(batch, (s, relation, d))
        source = place[:, 0] * role[s].shape[1] + place[:, 1]
        destination = place[:, 0] * role[d].shape[1] + place[:, 2]
        for start, end, salt in ((source, destination, "in"), (destination, source, "out")):
            factor = _fraction(torch.tensor(_seed(s, relation, d, salt))).to(source.device)
            amount = factor.expand(len(place)) if weight is None else factor * weight.double()
            links.append(((s, d) if salt == "in" else (d, s), start, end, amount))
    for _ in range(STEPS):
        spread = {m: values.clone() for m, values in role.items()}
        for (m, other), start, end, amount in links:
            spread[other].view(-1).index_add_(0, end, role[m].view(-1)[start] * amount)
        role = spread
    return role


def _has_ties(content: Tensor, real: Tensor) -> bool:
    """Return whether two real nodes of one sample have the same content."""
    place = torch.arange(content.shape[1], device=content.device)
    key = content.where(real, place).sort(dim=1).values
    return bool((key[:, 1:] == key[:, :-1]).any())


def _seed(*text: str) -> int:
    digest = hashlib.blake2b("\0".join(text).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _fraction(number: Tensor) -> Tensor:
    """Return 64-bit integers as numbers from 0.5 to 1.5."""
    return (number >> 11).double() * 2.0**-53 + 1


def _mix(number: Tensor) -> Tensor:
    """Scramble 64-bit integers (the finaliser of SplitMix64, Steele et al. 2014)."""
    number = (number ^ _shift(number, 30)) * -0x40A7B892E31B1A47
    number = (number ^ _shift(number, 27)) * -0x6B2FB644ECCEEE15
    return number ^ _shift(number, 31)


def _shift(number: Tensor, by: int) -> Tensor:
    """Shift right and fill with zeros, as for an unsigned number."""
    return (number >> by) & ((1 << (64 - by)) - 1)
