"""Graph fusion with relational graph convolutions."""

from __future__ import annotations

from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS


@strategy(
    "graph:rgcn",
    family="graph",
    summary="means of neighbours, one linear map per edge type",
    paper="Schlichtkrull et al. 2018, https://arxiv.org/abs/1703.06103",
    ablations=ABLATIONS,
)
class GraphRGCN(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.DenseRGCNConv`.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(GraphRGCN(data.schema).prepare(data)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    conv = "rgcn"
