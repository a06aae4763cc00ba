"""Graph fusion with GCNII."""

from __future__ import annotations

from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS


@strategy(
    "graph:gcnii",
    family="graph",
    summary="graph convolution with initial residual and identity map",
    paper="Chen et al. 2020, https://arxiv.org/abs/2007.02133",
    ablations=ABLATIONS,
)
class GraphGCNII(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.DenseGCN2Conv`.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(GraphGCNII(data.schema).prepare(data)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    conv = "gcn2"
