"""Edges to the most similar nodes in a common space that is fitted on training data."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse.data import Batch, EdgeType, FusionDataset, Schema
from graphfuse.data.canonical import canonical_directions, mean_nodes
from graphfuse.errors import UnknownNameError, check_integer
from graphfuse.graph.relation import Pairs, Relation, nearest, node_features, real_pairs, widen

SPACES = ("cca", "standardised")


class Attention(Relation):
    """Join to each node the k nodes with the highest cosine similarity in a common space.

    Within a modality the space is its standardised features. Across modalities it is spanned by
    their canonical correlations (Hotelling 1936, https://doi.org/10.1093/biomet/28.3-4.321),
    fitted on the mean nodes of the training samples that have both. These edges are not learned
    with the model; the strategy ``graph:dynamic`` learns edges.

    Args:
        top_k: number of neighbours of each node; all ties with the k-th are kept.
        space: the space across modalities: "cca" or, if both have the same number of features,
            "standardised".
        components: number of canonical directions, at most the smaller number of features.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(50, 3, 4))
        >>> train = FusionDataset.from_arrays({"a": x, "b": x[:, :, :2]})
        >>> drawn = Attention(top_k=1).fit(train).edges(train.batch([0]))
        >>> drawn[("a", "attention", "b")].sum(1)
        tensor([[1, 1, 1]])
    """

    name = "attention"
    summary = "to the k most similar nodes in a common space"
    fits = True

    def __init__(
        self, top_k: int = 4, space: str = "cca", components: int = 8, pairs: Pairs = "all"
    ) -> None:
        super().__init__(pairs)
        check_integer("top_k", top_k, 1)
        check_integer("components", components, 1)
        if space not in SPACES:
            raise UnknownNameError("space", space, SPACES)
        self.top_k, self.space, self.components = top_k, space, components

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "top_k": self.top_k,
            "space": self.space,
            "components": self.components,
            "pairs": self.pairs,
        }

    def fit(self, train: FusionDataset) -> Self:
        """Fit means, deviations and, across modalities, canonical directions."""
        super().fit(train)
        pairs = self._pairs({m.name: m.features for m in train.schema.modalities})
        means = {}
        for m in sorted({m for pair in pairs for m in pair}):
            column = train.x[m]
            nodes = widen(column.values.flatten(1))
            centre = nodes.mean(0) if len(nodes) else nodes.new_zeros(nodes.shape[1])
            spread = nodes.std(0, correction=0) if len(nodes) else torch.ones_like(centre)
            self.store(("centre", m), centre)
            self.store(("spread", m), spread.where(spread > 1e-6 * centre.abs(), 1))
            means[m] = self._standardise(mean_nodes(column), m)
        for s, d in sorted({(min(pair), max(pair)) for pair in pairs}):
            if s != d and self.space == "cca":
                both = (train.x[s].counts > 0) & (train.x[d].counts > 0)
                count = min(self.components, means[s].shape[1], means[d].shape[1])
                left, right = canonical_directions(
                    [means[s], means[d]], both.unsqueeze(1).expand(-1, 2), count
                )
                self.store(("direction", s, d), left.to(self.recall("centre", s).dtype))
                self.store(("direction", d, s), right.to(self.recall("centre", d).dtype))
        return self

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return (source, "attention", destination) for the chosen pairs."""
        sizes = {m.name: m.features for m in schema.modalities}
        return tuple((s, self.name, d) for s, d in self._pairs(sizes))

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw edges to each node from its most similar nodes."""
        drawn: dict[EdgeType, Tensor] = {}
        for s, d in self._pairs({m: x.shape[2:].numel() for m, x in batch.x.items()}):
            source, destination = self._project(batch, s, d), self._project(batch, d, s)
            # Computed in double and rounded, so that equal nodes have equal similarities.
            similarity = (source @ destination.transpose(1, 2)).float()
            drawn[s, self.name, d] = nearest(-similarity, real_pairs(batch, s, d), self.top_k)
        return drawn

    def _pairs(self, sizes: dict[str, int]) -> list[tuple[str, str]]:
        if self.space == "cca":
            return self.select_pairs(sizes)
        return self.comparable_pairs(sizes, 'choose space="cca" or other pairs')

    def _standardise(self, nodes: Tensor, m: str) -> Tensor:
        centre = self.recall("centre", m)
        self.check_features(m, nodes.shape[-1], len(centre))
        return (nodes - centre) / self.recall("spread", m)

    def _project(self, batch: Batch, m: str, other: str) -> Tensor:
        nodes = self._standardise(node_features(batch, m), m).double()
        if m != other and self.space == "cca":
            nodes = nodes @ self.recall("direction", m, other).double()
        return F.normalize(nodes, dim=2)
