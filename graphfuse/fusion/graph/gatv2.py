"""Graph fusion with GATv2."""

from __future__ import annotations

from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS


@strategy(
    "graph:gatv2",
    family="graph",
    summary="additive attention, one softmax per edge type",
    paper="Brody et al. 2022, https://arxiv.org/abs/2105.14491",
    ablations=ABLATIONS,
)
class GraphGATv2(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.DenseGATv2Conv`.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(GraphGATv2(data.schema).prepare(data)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    conv = "gatv2"
