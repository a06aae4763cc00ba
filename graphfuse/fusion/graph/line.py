"""Graph fusion along a chain of neighbours."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from graphfuse.data import Batch, EdgeType, Schema, SparseEdges
from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS


@strategy(
    "graph:line",
    family="graph",
    summary="heterogeneous graph transformer along a chain of neighbours in time",
    paper="Krishnan et al. 2023, https://arxiv.org/abs/2312.03756",
    positions=True,
    ablations=ABLATIONS,
)
class GraphLine(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.DenseHGTConv` along :class:`~graphfuse.graph.Line`.

    Each node is joined to the one before and the one after it in its modality, and to the nearest
    in time of each other modality. This strategy tests how small a graph can be. LineConGraphs
    joins each utterance of a conversation to the previous and the next one; a line for every
    modality, the links between them and the conv are added here. The strategy uses this relation
    only, and takes only its edges from a batch. A node receives messages from nodes up to as many
    steps away as there are layers, 3 by default. Nodes without positions are read out, but are not
    joined to other nodes.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/lagged", n=50)
        >>> list(GraphLine(data.schema).prepare(data)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    conv = "hgt"

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        num_layers: int = 3,
        heads: int = 4,
        readout: str = "concat",
        ablation: str | None = None,
        checkpoint: bool = False,
    ) -> None:
        super().__init__(
            schema, ["line"], hidden_channels, dropout, num_layers, heads, readout, ablation
        )
        self.core.checkpoint = checkpoint

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
        """Return the edges of the chain, ablation included."""
        drawn = {t: edges for t, edges in batch.edges.items() if t in self.edge_types}
        return super().edges(replace(batch, edges=drawn))
