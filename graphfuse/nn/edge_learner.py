"""Edges between the most similar nodes, by a similarity that is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse._strongest import strongest
from graphfuse.data import EdgeType
from graphfuse.errors import InputError


class EdgeLearner(nn.Module):
    r"""Join to each node the most similar nodes of every type, by a weighted cosine similarity.

    From IDGL (Chen et al. 2020, https://arxiv.org/abs/2006.13009). For a node :math:`i` of type
    :math:`t` and a node :math:`j` of type :math:`s`,

    .. math::
        w_{ji} = \max\Big(0, \frac{1}{P} \sum_{p=1}^{P}
            \cos(u_{sp} \odot x_j,\; u_{tp} \odot x_i)\Big)

    where the :math:`u` are learned: P per node type, initially the same for all types. Only the
    ``top_k`` heaviest edges from each type are kept, with all ties. A node is not joined to itself.
    Weights are differentiable, so that the similarity is trained through the edges that are kept.

    The paper has one type of nodes, applies a threshold instead of the top k, and mixes the learned
    graph with the given one. Here the given edges are used in addition to the learned ones.

    The similarities of all pairs are dense, whatever the size of a sample. With the gradient, they
    take some 20 bytes per pair of nodes: 0.3 GB for one sample with 2,000 nodes in each of two
    modalities.

    Args:
        channels: number of features of a node, the same for all types.
        node_types: names of the node types, in any order.
        top_k: number of neighbours of a node from each type.
        perspectives: P, the number of cosines that are averaged.

    Shapes:
        - ``x``: ``{node type: [B, N, channels]}``, ``mask``: ``{node type: bool [B, N]}`` or None
        - output: ``{(source, "learned", destination): weights [B, Ns, Nd]}`` for all pairs

    Example:
        >>> learner = EdgeLearner(4, ["a"], top_k=1)
        >>> learner({"a": torch.tensor([[[1.0, 1, 0, 0], [2.0, 2, 0, 0], [0, 0, 1.0, 1]]])})[
        ...     "a", "learned", "a"
        ... ].detach().round(decimals=3)
        tensor([[[0., 1., 0.],
                 [1., 0., 0.],
                 [0., 0., 0.]]])
    """

    def __init__(
        self, channels: int, node_types: Sequence[str], top_k: int = 4, perspectives: int = 4
    ) -> None:
        super().__init__()
        if channels < 1 or top_k < 1 or perspectives < 1:
            raise InputError(
                f"channels, top_k and perspectives must be at least 1, got channels={channels}, "
                f"top_k={top_k}, perspectives={perspectives}"
            )
        self.node_types, self.top_k = sorted(node_types), top_k
        self.edge_types: list[EdgeType] = [
            (s, "learned", d) for s in self.node_types for d in self.node_types
        ]
        start = 1 + 0.1 * torch.randn(perspectives, channels)
        self.weight = nn.ParameterDict(
            {module_key(t): nn.Parameter(start.clone()) for t in self.node_types}
        )

    def forward(
        self, x: Mapping[str, Tensor], mask: Mapping[str, Tensor] | None = None
    ) -> dict[EdgeType, Tensor]:
        """Draw the edges."""
        if sorted(x) != self.node_types:
            raise InputError(
                f"EdgeLearner needs nodes of the types {self.node_types}, got {sorted(x)}"
            )
        seen = {}
        for t in self.node_types:
            nodes = x[t].to(torch.promote_types(x[t].dtype, torch.float32)).unsqueeze(2)
            weighted = nodes * self.weight[module_key(t)].to(nodes.dtype)
            seen[t] = F.normalize(weighted, dim=3).flatten(2) / weighted.shape[2] ** 0.5
        return {(s, r, d): self._draw(seen, mask, s, d).to(x[d].dtype)
                for s, r, d in self.edge_types}  # fmt: skip

    def _draw(
        self, seen: Mapping[str, Tensor], mask: Mapping[str, Tensor] | None, s: str, d: str
    ) -> Tensor:
        similarity = seen[d] @ seen[s].transpose(1, 2)
        allowed = similarity > 0
        if mask is not None:
            allowed = allowed & mask[s].unsqueeze(1) & mask[d].unsqueeze(2)
        if s == d:
            number = torch.arange(similarity.shape[1], device=similarity.device)
            allowed = allowed & (number.unsqueeze(1) != number)
        keep = allowed.sum(2, keepdim=True).clamp(max=self.top_k)
        return (similarity * strongest(similarity, allowed, keep)).transpose(1, 2)
