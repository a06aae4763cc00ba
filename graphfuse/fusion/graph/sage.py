"""Graph fusion with GraphSAGE."""

from __future__ import annotations

from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS


@strategy(
    "graph:sage",
    family="graph",
    summary="means of neighbours, normalised, one map per edge type",
    paper="Hamilton et al. 2017, https://arxiv.org/abs/1706.02216",
    ablations=ABLATIONS,
)
class GraphSAGE(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.DenseSAGEConv`.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(GraphSAGE(data.schema).prepare(data)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    conv = "sage"
