"""Edges between contents that occur together in training samples more often than by chance."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor
from torch.nn import functional as F

from graphfuse.data import Batch, EdgeType, FusionDataset, Schema
from graphfuse.errors import InputError, check_integer
from graphfuse.graph.relation import (
    Pairs,
    Relation,
    nearest,
    node_features,
    real_pairs,
    rounding,
    widen,
)

FIT_ON_AT_MOST = 20_000
TIE = 1e-6
"""Tolerance for equally near centres, as a share of the spread of all centres."""


class CoOccurrence(Relation):
    r"""Weight edges by the positive pointwise mutual information of the two nodes' codes.

    .. math:: w_{ab} = \max(0, \log \frac{p(a, b)}{p(a)\,p(b)})

    where :math:`p(a)` is the share of training samples that hold a node with code :math:`a`, and
    :math:`p(a, b)` the share that hold both (within a modality: on two different nodes), among
    samples that have both modalities. A node's code is the nearest of a codebook of k-means
    centres, fitted on the training nodes of its modality (the lowest of those that are nearest up
    to a millionth of the spread of all), or a discrete attribute that it comes with. Pairs that
    are no more frequent than by chance are not joined. After Church and Hanks (1990), "Word
    association norms", https://aclanthology.org/J90-1003.

    Args:
        codes: maximum size of the codebook of each modality; it is smaller if there are fewer
            different nodes, or if k-means leaves centres without nodes.
        ids: name of an attribute that is used as the code instead. Negative values mean no code;
            nodes with a value that no training node has are not joined.
        top_k: number of the heaviest edges towards each node to keep, with ties; None keeps all.

    Example:
        >>> x = np.repeat(np.eye(2), 4, axis=0)
        >>> train = FusionDataset.from_arrays({"a": x, "b": x})
        >>> relation = CoOccurrence(pairs="across").fit(train)
        >>> weight = relation.edges(train.batch([0]))[("a", "co_occurrence", "b")]
        >>> round(weight.item(), 3)  # log 2: each code says which of two the other is
        0.693
    """

    name = "co_occurrence"
    summary = "nodes whose codes occur together in training samples more often than by chance"
    fits = True

    def __init__(
        self,
        codes: int = 32,
        ids: str | None = None,
        top_k: int | None = None,
        pairs: Pairs = "all",
    ) -> None:
        super().__init__(pairs)
        check_integer("codes", codes, 2)
        if top_k is not None:
            check_integer("top_k", top_k, 1)
        if not isinstance(ids, str | None):
            raise InputError(f"ids of co_occurrence must be the name of an attribute, got {ids!r}")
        self.codes, self.ids, self.top_k = codes, ids, top_k

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"codes": self.codes, "ids": self.ids, "top_k": self.top_k, "pairs": self.pairs}

    def fit(self, train: FusionDataset) -> Self:
        """Fit the codebooks and count which codes occur together in training samples."""
        super().fit(train)
        counts = {}
        pairs = self.select_pairs(train.schema.names)
        for m in sorted({m for pair in pairs for m in pair}):
            column = train.x[m]
            if self.ids is None:
                nodes = widen(column.values.flatten(1))
                self.store(("centres", m), self._codebook(nodes))
                codes, size = self._nearest_centre(nodes, m)
            else:
                ids = _attribute(train.attrs.get(self.ids, {}), self.ids, m)
                self.store(("ids", m), torch.unique(ids[ids >= 0]))
                codes, size = self._known_id(ids, m)
            owner = torch.repeat_interleave(torch.arange(len(train)), column.counts)
            seen = torch.zeros(len(train), size + 1)
            seen.index_put_((owner, codes), torch.ones(()), accumulate=True)
            counts[m] = seen[:, :size]
        for s, d in pairs:
            self.store(("ppmi", s, d), _ppmi(counts[s], counts[d], s == d))
        return self

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return (source, "co_occurrence", destination) for the chosen pairs."""
        return tuple((s, self.name, d) for s, d in self.select_pairs(schema.names))

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw edges weighted by the mutual information in nats."""
        pairs = self.select_pairs(batch.x)
        codes = {m: self._batch_codes(batch, m) for m in sorted({m for p in pairs for m in p})}
        drawn: dict[EdgeType, Tensor] = {}
        for s, d in pairs:
            # A last row and column of zeros, for padding and codes not seen in training data.
            ppmi = F.pad(self.recall("ppmi", s, d), (0, 1, 0, 1))
            flat = (codes[s] * ppmi.shape[1]).unsqueeze(2) + codes[d].unsqueeze(1)
            weight = ppmi.view(-1).index_select(0, flat.view(-1)).view(flat.shape)
            if s == d:
                weight.diagonal(dim1=1, dim2=2).zero_()
            if self.top_k is not None:
                weight *= nearest(-weight, real_pairs(batch, s, d), self.top_k)
            drawn[s, self.name, d] = weight
        return drawn

    def _codebook(self, nodes: Tensor) -> Tensor:
        if not len(nodes):
            return nodes.new_zeros(1, nodes.shape[1])
        # In sorted order, so that the codebook does not depend on the order of samples or nodes,
        # and one of those that differ by rounding only.
        values = nodes.double()
        steps = (values / (_tolerance(values) or 1)).round()
        centres = different = values.numpy()[np.unique(steps.numpy(), axis=0, return_index=True)[1]]
        if len(different) > self.codes:
            if len(different) > FIT_ON_AT_MOST:
                different = np.random.default_rng(0).permutation(different)[:FIT_ON_AT_MOST]
            means = MiniBatchKMeans(self.codes, n_init=3, random_state=0, batch_size=1024)
            centres = means.fit(different).cluster_centers_
        found = torch.from_numpy(centres)
        # Centres without a node are left out, and so are those that k-means put upon others.
        owned = torch.unique(_codes(torch.from_numpy(different), found))
        return found[owned].to(nodes.dtype)

    def _nearest_centre(self, nodes: Tensor, m: str) -> tuple[Tensor, int]:
        centres = self.recall("centres", m)
        self.check_features(m, nodes.shape[-1], centres.shape[-1])
        return _codes(nodes.double(), centres.double()), len(centres)

    def _known_id(self, ids: Tensor, m: str) -> tuple[Tensor, int]:
        known = self.recall("ids", m)
        place = torch.searchsorted(known, ids.contiguous())
        padded = F.pad(known, (0, 1), value=-1)
        return place.where((padded[place] == ids) & (ids >= 0), len(known)), len(known)

    def _batch_codes(self, batch: Batch, m: str) -> Tensor:
        if self.ids is None:
            codes, none = self._nearest_centre(node_features(batch, m), m)
        else:
            ids = _attribute(batch.attrs.get(self.ids, {}), self.ids, m)
            codes, none = self._known_id(ids, m)
        return codes.masked_fill(~batch.mask[m], none)


def _codes(nodes: Tensor, centres: Tensor) -> Tensor:
    """Return the code [...] of nodes [..., F], in double: the lowest among the nearest centres.

    One counts as nearest that is further away by no more than :func:`_tolerance`.
    """
    tolerance, squares, own = _tolerance(centres), centres.square().sum(1), nodes.square().sum(-1)
    rank = squares.sub(nodes @ centres.mT, alpha=2)
    least, code = rank.min(-1)
    slack = rounding(squares, own, nodes.shape[-1])
    distance = (least + own + slack).clamp(min=0).sqrt()
    limit = least + slack + tolerance * (2 * distance + tolerance)
    within = rank <= limit.unsqueeze(-1)
    if bool((unsure := within.sum(-1) != 1).any()):
        # By differences, as those do not depend on the nodes beside this one.
        mode = "donot_use_mm_for_euclid_dist"
        exact = torch.cdist(nodes[unsure], centres, compute_mode=mode)
        near = exact <= exact.amin(-1, keepdim=True) + tolerance
        code[unsure] = near.int().argmax(-1)
    return code


def _tolerance(points: Tensor) -> float:
    """Return the distance that means nothing: a node encoded in another batch moves by less."""
    return TIE * float(points.std(0, correction=0).norm())


def _attribute(values: dict[str, Tensor] | Any, ids: str, m: str) -> Tensor:
    if m not in values:
        raise InputError(
            f"CoOccurrence(ids={ids!r}) needs that attribute on the nodes of {m!r}, which do not "
            f"have it; pass attrs={{{ids!r}: {{{m!r}: ...}}}} or leave ids out"
        )
    codes: Tensor = values[m]
    return codes


def _ppmi(source: Tensor, destination: Tensor, within: bool) -> Tensor:
    both = ((source.sum(1) > 0) & (destination.sum(1) > 0)).nonzero()[:, 0]
    has_source, has_destination = (source[both] > 0).float(), (destination[both] > 0).float()
    together = has_source.T @ has_destination
    if within:
        together.fill_diagonal_(0)
        together += torch.diag((source[both] > 1).float().sum(0))
    total = max(len(both), 1)
    expected = has_source.sum(0).unsqueeze(1) * has_destination.sum(0).unsqueeze(0) / total
    lift = together / expected.clamp(min=torch.finfo(torch.float).tiny)
    return lift.clamp(min=1).log()
