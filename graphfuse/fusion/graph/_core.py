"""The base class of graph strategies: edges, their ablations, the core and the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

from torch import Tensor

from graphfuse.data import Batch, EdgeType, FusionDataset, RelationSpec, Schema, SparseEdges
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import check_sizes, head
from graphfuse.fusion.strategy import Strategy
from graphfuse.graph import (
    ABLATIONS,
    GraphBuilder,
    Relation,
    default_relations,
    shuffle_edges,
)
from graphfuse.nn import GraphFusion, NodeEncoder


class GraphStrategy(Strategy):
    """Encode nodes, fuse them along the edges, predict from the readout.

    If a batch already has edges of a relation, they are used. Otherwise, the strategy's own
    :class:`GraphBuilder` draws them. A subclass sets ``conv``.

    Args:
        relations: the relations that draw the edges, in any form that :class:`GraphBuilder`
            accepts; by default :func:`graphfuse.graph.default_relations`.
        ablation: None, "no_edges", "shuffled_edges" or "complete".
        checkpoint: whether to save memory by computing the layers again in the backward pass, as
            in :class:`~graphfuse.nn.GraphFusion`; useful for large samples.
    """

    conv: ClassVar[str]

    def __init__(
        self,
        schema: Schema,
        relations: Sequence[Relation | RelationSpec | str | Mapping[str, Any]] | None = None,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        num_layers: int = 2,
        heads: int = 4,
        readout: str = "concat",
        ablation: str | None = None,
        checkpoint: bool = False,
    ) -> None:
        super().__init__(schema)
        check_sizes(hidden_channels, dropout)
        if ablation not in (None, *ABLATIONS):
            raise UnknownNameError("ablation", ablation, ABLATIONS)
        self.ablation = ablation
        if ablation == "complete":
            relations = ["complete"]
        self.builder = GraphBuilder(default_relations(schema) if relations is None else relations)
        self.edge_types = self.builder.edge_types(schema)
        if not self.edge_types:
            raise InputError(
                f"the relations {[r.spec().name for r in self.builder]} cannot draw edges between "
                f"the modalities {list(schema.names)}; choose other relations with relations="
            )
        self.encoder = NodeEncoder(schema.modalities, hidden_channels, dropout)
        self.core = GraphFusion(
            dict.fromkeys(schema.names, hidden_channels),
            hidden_channels,
            (schema.names, self.core_types()),
            conv=self.conv,
            num_layers=num_layers,
            heads=heads,
            readout=readout,
            checkpoint=checkpoint,
        )
        self.head = head(self.core.out_channels, hidden_channels, schema.outputs, dropout)

    def options(self) -> dict[str, Any]:
        """Return the options of the strategy, including the relations of its builder."""
        given = super().options()
        return {**given, "relations": self.builder.specs()} if "relations" in given else given

    def core_types(self) -> tuple[EdgeType, ...]:
        """Return the types of all edges that the core may use; here those of the relations."""
        return self.edge_types

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Fit the graph builder."""
        super().prepare(train, validation)
        self.builder.fit(train)
        return self

    def precompute(self, dataset: FusionDataset) -> FusionDataset:
        """Draw the edges once."""
        return self.builder.attach(dataset)

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
        """Return the edges that the core uses for this batch, after the ablation."""
        if self.ablation == "no_edges":
            return {}
        if self.ablation == "complete":
            return {**self.builder.edges(batch)}
        # Edges of types that the relations do not draw are another graph's.
        edges = {t: e for t, e in batch.edges.items() if t in self.edge_types}
        if not self.builder.is_fitted:
            self.builder.edges(batch)  # says that it has to be fitted first
        for relation in self.builder:
            if batch.edges.keys().isdisjoint(relation.edge_types(self.schema)):
                edges |= relation.edges(batch)
        if self.ablation == "shuffled_edges":
            return shuffle_edges(replace(batch, edges=edges))
        return edges

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from the graph."""
        hidden = self.encoder(batch.x, batch.pos, batch.mask)
        embedding, _ = self.core(hidden, self.edges(batch), batch.mask)
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
