"""Graph fusion with multi-head attention along typed edges."""

from __future__ import annotations

from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS


@strategy(
    "graph:typed_attention",
    family="graph",
    summary="attention along edges with one learned scalar per head and edge type",
    paper="Lv et al. 2021, https://arxiv.org/abs/2112.14936",
    ablations=ABLATIONS,
)
class GraphTypedAttention(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.TypedAttentionConv`.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(GraphTypedAttention(data.schema).prepare(data)(data.batch([0])).logits.shape)
        [1, 2]
    """

    conv = "typed_attention"
