"""Modal-temporal attention graph: edges typed by modality pair and order in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphfuse.data import RelationSpec, Schema
from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS, Relation, Temporal, build_relation, default_relations


@strategy(
    "graph:mtag",
    family="graph",
    summary="edges typed by modality pair and past, present or future; weak ones pruned",
    paper="Yang et al. 2021, https://arxiv.org/abs/2010.11985",
    ablations=ABLATIONS,
)
class GraphMTAG(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.DenseMTGATConv`, then average all of them.

    All nodes whose position is a time in the same unit (``Modality.pos_unit``) are joined to each
    other. These edges are typed by the modalities at both ends and by whether the source is before,
    simultaneous with or after the destination. They replace the edges that the given or default
    relations would draw among these modalities. Relations with other modalities are kept; without
    times, all relations are kept. If a temporal relation across modalities is given, which draws
    edges of the same types, its edges are used with its window.

    The paper aligns two modalities of different length before it compares their steps. Here times
    are compared directly. Layers have feed-forward networks and norms, as in all graph strategies.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/lagged", n=50)
        >>> GraphMTAG(data.schema).edge_types[:3]
        (('a', 'future', 'a'), ('a', 'future', 'b'), ('a', 'past', 'a'))
    """

    conv = "mtgat"

    def __init__(
        self,
        schema: Schema,
        relations: Sequence[Relation | RelationSpec | str | Mapping[str, Any]] | None = None,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        num_layers: int = 2,
        heads: int = 4,
        readout: str = "mean",
        ablation: str | None = None,
        checkpoint: bool = False,
    ) -> None:
        wanted = default_relations(schema) if relations is None else relations
        built = [build_relation(relation) for relation in wanted]
        timed = {m.name for m in schema.modalities if m.pos_dim == 1}
        if timed:
            temporal = [r for r in built if isinstance(r, Temporal)]
            across = any(s != d for r in temporal for s, _, d in r.edge_types(schema))
            drawn = temporal if across else [Temporal()]
            pairs = {(s, d) for s, _, d in Temporal().edge_types(schema)}
            others = [r for r in built if not _joins_only(pairs, r, schema)]
            built = [*drawn, *others]
        super().__init__(
            schema, built, hidden_channels, dropout, num_layers, heads, readout, ablation
        )
        self.core.checkpoint = checkpoint


def _joins_only(pairs: set[tuple[str, str]], relation: Relation, schema: Schema) -> bool:
    """Whether all edges of a relation join these pairs of modalities."""
    return all((s, d) in pairs for s, _, d in relation.edge_types(schema))
