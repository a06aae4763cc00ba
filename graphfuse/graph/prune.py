"""The heaviest edges of a relation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from torch import Tensor

from graphfuse._strongest import kth_largest
from graphfuse.data import Batch, EdgeType, FusionDataset, RelationSpec, Schema, SparseEdges
from graphfuse.errors import InputError, check_integer
from graphfuse.graph.relation import Relation, build_relation, draw, nearest


class Prune(Relation):
    """Keep the heaviest edges of another relation: the top k per node, those above a threshold.

    Edge types keep their names. Edges without weight count as 1: ``top_k`` keeps all of them as
    ties, and so does a threshold up to 1. :class:`~graphfuse.data.SparseEdges` stay sparse.

    Args:
        relation: an instance, a name, a :class:`~graphfuse.data.RelationSpec` or
            ``{name: options}``.
        top_k: number of the heaviest edges of each edge type towards each node to keep; all ties
            with the k-th are kept.
        threshold: smallest weight of the edges to keep.

    Example:
        >>> import torch
        >>> from graphfuse.data import Modality, Sample, SparseEdges, collate
        >>> edges = SparseEdges(torch.tensor([[1, 2], [0, 0]]), torch.tensor([0.5, 2.0]))
        >>> batch = collate(
        ...     [Sample({"a": torch.ones(3, 1)}, edges={("a", "near", "a"): edges})],
        ...     Schema([Modality("a", (1,))]),
        ... )
        >>> relation = Prune({"given": {"types": [("a", "near", "a")]}}, top_k=1)
        >>> relation.edges(batch)["a", "near", "a"][0, :, 0]
        tensor([0., 0., 2.])
    """

    name = "prune"
    summary = "nodes along the heaviest edges of another relation"
    fits = True

    def __init__(
        self,
        relation: Relation | RelationSpec | str | Mapping[str, Any],
        top_k: int | None = None,
        threshold: float | None = None,
    ) -> None:
        super().__init__()
        if top_k is None and threshold is None:
            raise InputError("Prune needs top_k, threshold or both, got neither")
        if top_k is not None:
            check_integer("top_k", top_k, 1)
        if threshold is not None and not threshold > 0:
            raise InputError(f"threshold must be a weight above 0 or None, got {threshold}")
        self.relation = build_relation(relation)
        self.top_k, self.threshold = top_k, threshold

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments, the relation as ``{name: options}``."""
        return {
            "relation": {self.relation.name: self.relation.options()},
            "top_k": self.top_k,
            "threshold": self.threshold,
        }

    def fit(self, train: FusionDataset) -> Self:
        """Fit the relation."""
        self.relation.fit(train)
        return self

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return the types of the relation."""
        return self.relation.edge_types(schema)

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
        """Draw the heaviest edges of the relation, as index pairs if the relation does so."""
        return {
            t: self._heaviest_pairs(edges)
            if isinstance(edges, SparseEdges)
            else self._heaviest(edges)
            for t, edges in draw(self.relation, batch).items()
        }

    def _heaviest(self, edges: Tensor) -> Tensor:
        kept = edges > 0
        if self.threshold is not None:
            kept &= edges >= self.threshold
        if self.top_k is not None:
            kept = nearest(-edges.float(), kept, self.top_k)
        return edges * kept

    def _heaviest_pairs(self, edges: SparseEdges) -> SparseEdges:
        if edges.weight is None:
            every = self.threshold is None or self.threshold <= 1
            return edges if every else SparseEdges(edges.index[:, :0])
        index, weight = edges.index, edges.weight
        if self.threshold is not None:
            heavy = weight >= self.threshold
            index, weight = index[:, heavy], weight[heavy]
        if self.top_k is not None:
            rounded = weight.float()
            kept = rounded >= kth_largest(rounded, index[1], self.top_k)
            index, weight = index[:, kept], weight[kept]
        return SparseEdges(index, weight)
