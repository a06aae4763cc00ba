"""Graph fusion with relational graph attention."""

from __future__ import annotations

from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS


@strategy(
    "graph:rgat",
    family="graph",
    summary="additive attention, one softmax across edge types",
    paper="Busbridge et al. 2019, https://arxiv.org/abs/1904.05811",
    ablations=ABLATIONS,
)
class GraphRGAT(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.DenseRGATConv`.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(GraphRGAT(data.schema).prepare(data)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    conv = "rgat"
