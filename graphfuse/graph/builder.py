"""A combination of relations: fitted on training data, then drawn for any batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Self

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, EdgeType, FusionDataset, RelationSpec, Schema, SparseEdges
from graphfuse.data.edges import list_edges
from graphfuse.data.ragged import Ragged, offsets_of
from graphfuse.errors import InputError, NotFittedError
from graphfuse.graph.relation import Relation, build_relations

CHUNK = 512


class GraphBuilder(nn.Module):
    """Draw the edges of several relations; a builder is part of a model and saved with it.

    Args:
        relations: instances, :class:`~graphfuse.data.RelationSpec`, names, or ``{name: options}``,
            in any order.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/binding", n=20)
        >>> builder = GraphBuilder(data.relations).fit(data)
        >>> sorted(builder.transform(data.batch([0, 1])).edges)
        [('a', 'k_nearest', 'b'), ('b', 'k_nearest', 'a')]
    """

    is_fitted: Tensor

    def __init__(
        self, relations: Sequence[Relation | RelationSpec | str | Mapping[str, Any]]
    ) -> None:
        super().__init__()
        self.relations = nn.ModuleList(build_relations(relations))
        self.register_buffer("is_fitted", torch.tensor(False))

    def __iter__(self) -> Iterator[Relation]:
        return (relation for relation in self.relations if isinstance(relation, Relation))

    def specs(self) -> list[RelationSpec]:
        """Return the names and options of the relations as JSON data."""
        return [relation.spec() for relation in self]

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return the sorted edge types that can be drawn on data of that schema.

        Raises:
            InputError: two relations draw edges of the same type.
        """
        types = sorted(t for relation in self for t in relation.edge_types(schema))
        for first, second in pairwise(types):
            if first == second:
                raise InputError(f"two relations draw edges of type {first}; leave one of them out")
        return tuple(types)

    def fit(self, train: FusionDataset) -> Self:
        """Fit every relation on the training data.

        Raises:
            InputError: two relations draw edges of the same type.
        """
        self.edge_types(train.schema)
        for relation in self:
            relation.fit(train)
        self.is_fitted.fill_(True)
        return self

    @torch.no_grad()
    def edges(self, batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
        """Draw all edges of a batch."""
        if not self.is_fitted:
            raise NotFittedError(
                "this GraphBuilder is not fitted; call builder.fit(train) with the training part, "
                "or strategy.prepare(train), first"
            )
        return {t: edges for relation in self for t, edges in relation.edges(batch).items()}

    def transform(self, batch: Batch) -> Batch:
        """Return the batch with its edges replaced by the drawn ones."""
        return replace(batch, edges=self.edges(batch))

    def attach(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset with its edges drawn and stored, so that they are drawn only once."""
        parts: dict[EdgeType, list[tuple[Tensor, Tensor | None]]] = {}
        for start in range(0, len(dataset), CHUNK):
            graph = self.transform(dataset.batch(range(start, min(start + CHUNK, len(dataset)))))
            for edge_type in graph.edges:
                place, weight = list_edges(graph, edge_type)
                place[:, 0] += start
                parts.setdefault(edge_type, []).append((place, weight))
        return dataset.with_edges({t: _to_columns(p, len(dataset)) for t, p in parts.items()})


def _to_columns(
    parts: Sequence[tuple[Tensor, Tensor | None]], samples: int
) -> tuple[Ragged, Tensor | None]:
    """Join lists of (sample, source, destination) and weights into index rows and weights."""
    place = torch.cat([place for place, _ in parts])
    counts = torch.bincount(place[:, 0], minlength=samples)
    index = Ragged(place[:, 1:].contiguous(), offsets_of(counts))
    if all(weight is None for _, weight in parts):
        return index, None
    weights = [torch.ones(len(place)) if weight is None else weight for place, weight in parts]
    return index, torch.cat(weights)


def default_relations(schema: Schema, edge_types: Sequence[EdgeType] = ()) -> list[RelationSpec]:
    """Return the default relations for data of a schema.

    If samples have edges, these are used. Otherwise, the default relations are co-occurrence and
    attention across modalities, neighbours on the grid for nodes on a grid, and steps to the next
    time for nodes with a time. With one modality, attention within it is used.

    Example:
        >>> from graphfuse.data import Modality
        >>> schema = Schema([Modality("image", (3,), pos_dim=2), Modality("text", (4,), pos_dim=1)])
        >>> [spec.name for spec in default_relations(schema)]
        ['co_occurrence', 'attention', 'spatial', 'temporal']
    """
    if edge_types:
        return [RelationSpec("given", {"types": sorted(edge_types)})]
    if len(schema.modalities) == 1:
        specs = [RelationSpec("attention", {"pairs": "within"})]
    else:
        specs = [
            RelationSpec("co_occurrence", {"pairs": "across"}),
            RelationSpec("attention", {"pairs": "across"}),
        ]
    if any(m.pos_dim > 1 for m in schema.modalities):
        specs.append(RelationSpec("spatial"))
    if any(m.pos_dim == 1 for m in schema.modalities):
        specs.append(RelationSpec("temporal", {"window": 1, "pairs": "within"}))
    return specs
