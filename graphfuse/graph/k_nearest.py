"""Edges from the nearest nodes by chosen features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse.data import Batch, EdgeType, Schema
from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.graph.relation import Pairs, Relation, nearest, node_features, real_pairs, rounding

METRICS = ("euclidean", "cosine")


class KNearest(Relation):
    """Join to each node its k nearest nodes of the source modality, with all ties at the k-th.

    Args:
        k: number of neighbours of each node.
        on: the features used for distances, ``{modality: slice or (start, stop)}``; only the
            modalities named here take part. By default all features of all modalities are used.
        metric: "euclidean" or "cosine".
        pairs: which modalities to join. Two modalities can be joined if their distances use the
            same number of features; "all" and "across" leave other pairs out.

    Example:
        >>> from graphfuse.data import Modality, Sample, collate
        >>> batch = collate(
        ...     [Sample({"a": torch.tensor([[0.0], [1.0], [5.0]])})], Schema([Modality("a", (1,))])
        ... )
        >>> KNearest(k=1).edges(batch)[("a", "k_nearest", "a")].nonzero()[:, 1:].tolist()
        [[0, 1], [1, 0], [1, 2]]
    """

    name = "k_nearest"
    summary = "each node to its k nearest nodes, by chosen features"

    def __init__(
        self,
        k: int = 4,
        on: Mapping[str, slice | Sequence[int]] | None = None,
        metric: str = "euclidean",
        pairs: Pairs = "all",
    ) -> None:
        super().__init__(pairs)
        check_integer("k", k, 1)
        if metric not in METRICS:
            raise UnknownNameError("metric", metric, METRICS)
        self.k, self.metric = k, metric
        if on is not None and not isinstance(on, Mapping):
            raise InputError(f"on must be {{modality: slice or (start, stop)}}, got {on!r}")
        self.on = None if on is None else {m: _bounds(m, part) for m, part in on.items()}

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"k": self.k, "on": self.on, "metric": self.metric, "pairs": self.pairs}

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return (source, "k_nearest", destination) for pairs with equally many features."""
        sizes = {m.name: m.features for m in schema.modalities}
        return tuple((s, self.name, d) for s, d in self._pairs(sizes))

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw the edges of each node's neighbours towards it."""
        pairs = self._pairs({m: x.shape[2:].numel() for m, x in batch.x.items()})
        features = {m: self._features(batch, m) for pair in pairs for m in pair}
        squares = {m: x.square().sum(2).masked_fill(~batch.mask[m], 0) for m, x in features.items()}
        return {
            (s, self.name, d): _nearest(
                features[s],
                features[d],
                (squares[s], squares[d]),
                real_pairs(batch, s, d),
                self.k,
            )
            for s, d in pairs
        }

    def _pairs(self, sizes: Mapping[str, int]) -> list[tuple[str, str]]:
        looked_at = dict(sizes)
        for m, (start, stop) in (self.on or {}).items():
            if m not in sizes:
                raise UnknownNameError("modality in on=", m, sizes)
            looked_at[m] = len(range(*slice(start, stop).indices(sizes[m])))
            if not looked_at[m]:
                raise InputError(
                    f"KNearest uses features {start}:{stop} of {m!r}, which has only {sizes[m]}"
                )
        if self.on is not None:
            looked_at = {m: looked_at[m] for m in self.on}
        return self.comparable_pairs(
            looked_at, "choose comparable features with on={modality: (start, stop)}"
        )

    def _features(self, batch: Batch, m: str) -> Tensor:
        x = node_features(batch, m)
        if self.on is not None:
            start, stop = self.on[m]
            x = x[:, :, start:stop]
        x = x.double()
        return F.normalize(x, dim=2) if self.metric == "cosine" else x


def _nearest(
    source: Tensor, destination: Tensor, squares: tuple[Tensor, Tensor], allowed: Tensor, k: int
) -> Tensor:
    """Return the same as :func:`nearest`, bool [B, Ns, Nd], mostly without computing distances.

    The input is nodes in double precision [B, N, F] and their squared lengths [B, N]. Dot products
    rank neighbours several times faster than differences, but only differences give equal distances
    for equal nodes. So differences are used for the samples where rounding might change the result.
    """
    if source.shape[1] <= k:
        return allowed
    rank = torch.baddbmm(squares[0].unsqueeze(2), source, destination.mT, alpha=-2)
    rank.masked_fill_(~allowed, torch.inf)
    kth, next_one = rank.topk(k + 1, dim=1, largest=False).values[:, -2:].unbind(1)
    near = (rank <= kth.unsqueeze(1)) & allowed
    unsure = (next_one - kth <= rounding(*squares, source.shape[2])).any(1)
    if bool(unsure.any()):
        mode = "donot_use_mm_for_euclid_dist"
        distance = torch.cdist(source[unsure], destination[unsure], compute_mode=mode)
        near[unsure] = nearest(distance, allowed[unsure], k)
    return near


def _bounds(m: str, part: slice | Sequence[int]) -> tuple[int | None, int | None]:
    if isinstance(part, slice) and part.step in (None, 1):
        return part.start, part.stop
    if not isinstance(part, slice) and len(part) == 2:
        return part[0], part[1]
    raise InputError(f"on[{m!r}] must be a slice without a step or (start, stop), got {part!r}")
