"""The attention weights of a conv."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from graphfuse.data import EdgeType, SparseEdges


@dataclass(frozen=True)
class EdgeAttention:
    """Attention along listed edges: ``index`` [2, E] as in ``SparseEdges``, ``weight`` [E, H]."""

    index: Tensor
    weight: Tensor


@dataclass(frozen=True)
class AttentionWeights:
    """The attention weights of a conv's edges, by edge type in sorted order.

    For dense edges they are ``[B, H, Ns, Nd]``, zero where there is no edge. For ``SparseEdges``
    they are an :class:`EdgeAttention`, in which each edge occurs once. Edges that start or end at a
    padded node have no weight. Weights at a node sum to 1 over its incoming edges of each edge type
    ("gatv2", "transformer") or of all edge types together (the other convs).

    Example:
        >>> import torch
        >>> from graphfuse.nn import DenseHGTConv
        >>> near = ("a", "near", "a")
        >>> conv = DenseHGTConv(4, 8, (["a"], [near]), heads=2)
        >>> found = conv.attention_weights({"a": torch.rand(1, 3, 4)}, {near: torch.ones(1, 3, 3)})
        >>> list(found.weights[near].shape), list(found.mean_heads()[near].shape)
        ([1, 2, 3, 3], [1, 3, 3])
    """

    weights: dict[EdgeType, Tensor | EdgeAttention]

    def mean_heads(self) -> dict[EdgeType, Tensor | SparseEdges]:
        """Return the mean over heads in the form of edges: [B, Ns, Nd] or ``SparseEdges``."""
        return {
            t: found.mean(1)
            if isinstance(found, Tensor)
            else SparseEdges(found.index, found.weight.mean(1))
            for t, found in self.weights.items()
        }
