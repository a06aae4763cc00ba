"""The base class of strategies that fuse with one weight per modality."""

from __future__ import annotations

from torch import Tensor, nn

from graphfuse.errors import InputError
from graphfuse.fusion.parts import PooledStrategy, masked_softmax


class WeightedStrategy(PooledStrategy):
    r"""Fuse by a weighted sum; the weights are a softmax over the present modalities.

    .. math:: z = \sum_m \alpha_m v_m, \qquad \alpha = \mathrm{softmax}_{\,m\ \mathrm{present}}(s)

    A subclass implements :meth:`score`. A sample without any modality has :math:`z = 0`.
    """

    def score(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Return scores [B, M] of vectors [B, M, hidden]; scores of missing ones are ignored."""
        raise InputError(f"{type(self).__name__} does not implement score()")

    def weights(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Return the weights [B, M] of vectors [B, M, hidden]; missing ones get zero."""
        return masked_softmax(self.score(vectors, present), present)

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Add the vectors up by their weights."""
        return (self.weights(vectors, present).unsqueeze(2) * vectors).sum(1)


def additive_score(in_channels: int, hidden_channels: int) -> nn.Sequential:
    r"""Return the network :math:`q^\top \tanh(W x + b)` from vectors to one score each.

    :math:`q` starts at zero, so that attention starts with equal weights and first learns what
    the samples have in common.
    """
    query = nn.Linear(hidden_channels, 1, bias=False)
    nn.init.zeros_(query.weight)
    return nn.Sequential(nn.Linear(in_channels, hidden_channels), nn.Tanh(), query)
