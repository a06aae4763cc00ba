"""The edges of several relations under one type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, EdgeType, FusionDataset, RelationSpec, Schema
from graphfuse.errors import InputError
from graphfuse.graph._listed import draw_dense
from graphfuse.graph.relation import Relation, build_relation


class Union(Relation):
    """Merge the edges of several relations: two nodes are joined where one of them joins them.

    A graph core then has one set of weights for them. Where weights meet, the largest counts; an
    edge without weight counts as 1.

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
    summary = "where one of several relations does"
    fits = True

    def __init__(
        self, relations: Sequence[Relation | RelationSpec | str | Mapping[str, Any]]
    ) -> None:
        super().__init__()
        built = [build_relation(relation) for relation in relations]
        if not built:
            raise InputError("a Union has at least one relation, got none")
        built.sort(key=lambda relation: repr(relation.spec()))
        self.relations = nn.ModuleList(built)

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
        """(source, "union", destination) for every pair that one of the relations joins."""
        pairs = {(s, d) for relation in self for s, _, d in relation.edge_types(schema)}
        return tuple((s, self.name, d) for s, d in sorted(pairs))

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw the edges of all relations."""
        drawn: dict[EdgeType, Tensor] = {}
        for relation in self:
            for (s, _, d), edges in draw_dense(relation, batch).items():
                merged = drawn.get((s, self.name, d), torch.zeros_like(edges))
                drawn[s, self.name, d] = torch.maximum(*_alike(merged, edges))
        return drawn


def _alike(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    dtype = torch.promote_types(a.dtype, b.dtype)
    return a.to(dtype), b.to(dtype)
