"""Graph fusion with the heterogeneous graph transformer."""

from __future__ import annotations

from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS


@strategy(
    "graph:hgt",
    family="graph",
    summary="heterogeneous graph transformer over nodes of all modalities",
    paper="Hu et al. 2020, https://arxiv.org/abs/2003.01332",
    ablations=ABLATIONS,
)
class GraphHGT(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.DenseHGTConv`.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(GraphHGT(data.schema).prepare(data)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    conv = "hgt"
