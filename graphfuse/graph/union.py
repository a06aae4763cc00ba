"""The edges of several relations under one type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, EdgeType, FusionDataset, RelationSpec, Schema, SparseEdges
from graphfuse.graph.relation import Relation, build_relations, draw


class Union(Relation):
    """Merge the edges of several relations: two nodes are joined if any relation joins them.

    A graph core then has one set of weights for all of them. If several edges have weights, the
    largest is used; an edge without weight counts as 1. Edges are
    :class:`~graphfuse.data.SparseEdges` if all relations draw sparse edges.

    Args:
        relations: instances, names, :class:`~graphfuse.data.RelationSpec` or ``{name: options}``;
            their order carries no meaning.

    Example:
        >>> import torch
        >>> from graphfuse.data import Modality, Sample, collate
        >>> time = torch.arange(3.0).unsqueeze(1)
        >>> batch = collate(
        ...     [Sample({"a": time**2}, pos={"a": time})], Schema([Modality("a", (1,), pos_dim=1)])
        ... )
        >>> relation = Union([{"k_nearest": {"k": 1}}, {"temporal": {"window": 1}}])
        >>> relation.edges(batch)["a", "union", "a"].int()
        tensor([[[0, 1, 0],
                 [1, 0, 1],
                 [0, 1, 0]]], dtype=torch.int32)
    """

    name = "union"
    summary = "nodes that any of several relations joins"
    fits = True

    def __init__(
        self, relations: Sequence[Relation | RelationSpec | str | Mapping[str, Any]]
    ) -> None:
        super().__init__()
        self.relations = nn.ModuleList(build_relations(relations))

    def __iter__(self) -> Iterator[Relation]:
        return (relation for relation in self.relations if isinstance(relation, Relation))

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments, each relation as ``{name: options}``."""
        return {"relations": [{relation.name: relation.options()} for relation in self]}

    def fit(self, train: FusionDataset) -> Self:
        """Fit every relation."""
        for relation in self:
            relation.fit(train)
        return self

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return (source, "union", destination) for every pair that one of the relations joins."""
        pairs = {(s, d) for relation in self for s, _, d in relation.edge_types(schema)}
        return tuple((s, self.name, d) for s, d in sorted(pairs))

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
        """Draw the edges of all relations, as index pairs if all of them draw index pairs."""
        drawn: dict[EdgeType, Tensor | SparseEdges] = {}
        for relation in self:
            for (s, _, d), edges in draw(relation, batch).items():
                sizes = len(batch), batch.mask[s].shape[1], batch.mask[d].shape[1]
                edge_type = (s, self.name, d)
                drawn[edge_type] = (
                    _merge(drawn[edge_type], edges, sizes) if edge_type in drawn else edges
                )
        return drawn


def _merge(
    a: Tensor | SparseEdges, b: Tensor | SparseEdges, sizes: tuple[int, int, int]
) -> Tensor | SparseEdges:
    """Return the edges of both, with the larger weight."""
    if isinstance(a, SparseEdges) and isinstance(b, SparseEdges):
        index, weight = torch.cat([a.index, b.index], dim=1), None
        if a.weight is not None or b.weight is not None:
            weight = torch.cat([_weights(a), _weights(b)])
        return SparseEdges(index, weight).coalesce(*sizes[1:], reduce="amax")
    a, b = (e.to_dense(*sizes) if isinstance(e, SparseEdges) else e for e in (a, b))
    dtype = torch.promote_types(a.dtype, b.dtype)
    return torch.maximum(a.to(dtype), b.to(dtype))


def _weights(edges: SparseEdges) -> Tensor:
    """Return the weights, True where edges have none, which becomes 1 beside others."""
    if edges.weight is None:
        return torch.ones_like(edges.index[0], dtype=torch.bool)
    return edges.weight
