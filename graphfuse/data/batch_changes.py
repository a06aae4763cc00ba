"""Change the nodes and edges of a batch: drop some, hide modalities, mix samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from graphfuse.data.batch import Batch, Edges
from graphfuse.data.edges import dense_edges
from graphfuse.data.sample import SparseEdges

Seeds = Sequence[Sequence[int]]
"""What is drawn for each sample of a batch depends on its numbers here alone."""


def drop_nodes(batch: Batch, rate: float, seeds: Seeds) -> Batch:
    """Return the batch with each node dropped with a probability, but never all of a modality.

    No modality becomes missing: if all its nodes would be left out, one drawn at random stays.
    Edges keep their tensors: whatever reads them leaves those at masked nodes out. After DropNode
    (Feng et al. 2020, https://arxiv.org/abs/2005.11079), whose nodes are zero and not scaled here,
    as they count as missing.

    Example:
        >>> batch = Batch({"a": torch.ones(1, 8, 2)}, {"a": torch.ones(1, 8).bool()})
        >>> left = drop_nodes(batch, 0.5, [[0]]).mask["a"].sum()
        >>> 1 <= int(left) < 8
        True
    """
    x, mask = dict(batch.x), dict(batch.mask)
    for number, m in enumerate(sorted(batch.x)):
        lots = _lots(batch.mask[m], seeds, number)
        kept = mask[m] & (lots >= rate)
        last = lots.masked_fill(~mask[m], -1).argmax(1, keepdim=True)
        mask[m] = kept | (torch.zeros_like(kept).scatter_(1, last, True) & mask[m])
        x[m] = batch.x[m] * mask[m].view(*mask[m].shape, *[1] * (batch.x[m].dim() - 2))
    return replace(batch, x=x, mask=mask)


def drop_edges(batch: Batch, rate: float, seeds: Seeds) -> Batch:
    """Return the batch with each edge dropped with a probability.

    After DropEdge (Rong et al. 2020, https://arxiv.org/abs/1907.10903), with each edge on its own
    rather than a share of them.

    Example:
        >>> edges = {("a", "to", "a"): torch.ones(1, 9, 9).bool()}
        >>> batch = Batch({"a": torch.ones(1, 9, 2)}, {"a": torch.ones(1, 9).bool()}, edges=edges)
        >>> left = drop_edges(batch, 0.5, [[0]]).edges["a", "to", "a"].sum()
        >>> 20 < int(left) < 60
        True
    """
    edges: Edges = {}
    for number, t in enumerate(sorted(batch.edges)):
        edges_of_type = batch.edges[t]
        if isinstance(edges_of_type, SparseEdges):
            sample = edges_of_type.index[0] // batch.mask[t[0]].shape[1]
            kept = _lots_of_rows(sample, seeds, number) >= rate
            weight = None if edges_of_type.weight is None else edges_of_type.weight[kept]
            edges[t] = SparseEdges(edges_of_type.index[:, kept], weight)
        else:
            dense = dense_edges(batch, t)
            kept = torch.zeros(dense.shape, dtype=torch.bool, device=dense.device)
            sample, source, destination = (dense != 0).nonzero(as_tuple=True)
            kept[sample, source, destination] = _lots_of_rows(sample, seeds, number) >= rate
            edges[t] = dense * kept
    return replace(batch, edges=edges)


def mix(batch: Batch, order: Tensor, share: float) -> tuple[Batch, dict[str, Tensor]]:
    r"""Return the batch with each sample moved towards another, and who moved in each modality.

    .. math:: x_i \leftarrow (1 - s)\, x_i + s\, \mathrm{mean}_j\, x'_j

    for the nodes i of a sample and j of sample ``order[sample]``, in each modality that both have;
    so the mean of a modality's nodes becomes :math:`(1 - s) \bar x + s \bar x'`, as in mixup (Zhang
    et al. 2018, https://arxiv.org/abs/1710.09412), whatever the numbers of nodes and their order.
    Structure, positions and edges stay those of the sample, so that s is best at most a half
    (Berthelot et al. 2019, https://arxiv.org/abs/1905.02249). Labels are left to the loss: it is
    :math:`1 - s` times that for the own label and s times that for the other.

    Example:
        >>> batch = Batch({"a": torch.tensor([[[0.0]], [[1.0]]])}, {"a": torch.ones(2, 1).bool()})
        >>> mix(batch, torch.tensor([1, 0]), 0.25)[0].x["a"].flatten()
        tensor([0.2500, 0.7500])
    """
    x = dict(batch.x)
    mixed = {}
    for m, values in batch.x.items():
        mask = batch.mask[m]
        mixed[m] = mask.any(1) & mask.any(1)[order] & values.is_floating_point()
        if not values.is_floating_point():
            continue
        real = mask.view(*mask.shape, *[1] * (values.dim() - 2))
        mean = (values * real).sum(1) / real.sum(1).clamp(min=1)
        moved = torch.lerp(values, mean[order].unsqueeze(1).expand_as(values), share)
        x[m] = torch.where(mixed[m].view(-1, *[1] * (values.dim() - 1)) & real, moved, values)
    return replace(batch, x=x), mixed


def hide(batch: Batch, gaps: Mapping[str, Tensor]) -> Batch:
    """Return the batch without the modalities that ``gaps``, bool [B] per modality, marks.

    Edges keep their tensors: whatever reads them leaves those at masked nodes out.
    """
    mask, x = dict(batch.mask), dict(batch.x)
    for m, gap in gaps.items():
        shown = ~gap.to(batch.device)
        mask[m] = mask[m] & shown.unsqueeze(1)
        x[m] = x[m] * mask[m].view(*mask[m].shape, *[1] * (x[m].dim() - 2))
    return replace(batch, x=x, mask=mask)


def only(batch: Batch, modality: str) -> Batch:
    """Return the batch with every other modality hidden."""
    everywhere = torch.ones(len(batch), dtype=torch.bool)
    return hide(batch, {m: everywhere for m in batch.x if m != modality})


def _lots(mask: Tensor, seeds: Seeds, number: int) -> Tensor:
    """Draw a number in [0, 1) for each real node, [B, N]; padding changes none of them."""
    lots = torch.zeros(mask.shape, dtype=torch.float64)
    place = mask.cpu()
    for row, own in enumerate(seeds):
        count = int(place[row].sum())
        drawn = np.random.default_rng([*own, number, 0]).random(count)
        lots[row, place[row]] = torch.from_numpy(drawn)
    return lots.to(mask.device)


def _lots_of_rows(sample: Tensor, seeds: Seeds, number: int) -> Tensor:
    """Draw a number in [0, 1) for each edge, [E], of the given samples, which come in order."""
    counts = torch.bincount(sample, minlength=len(seeds)).tolist()
    drawn = [
        np.random.default_rng([*own, number, 1]).random(count)
        for own, count in zip(seeds, counts, strict=True)
    ]
    lots = torch.from_numpy(np.concatenate(drawn)).to(sample.device)
    return torch.empty_like(lots).scatter_(0, sample.argsort(stable=True), lots)
