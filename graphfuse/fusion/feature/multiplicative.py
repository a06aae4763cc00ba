"""Multiplicative interactions: each modality determines the linear map of the next one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import FillMissing, PooledStrategy


@strategy(
    "multiplicative",
    family="feature",
    summary="multiplicative interaction layers, one modality after the other",
    paper="Jayakumar et al. 2020, https://openreview.net/forum?id=rylnK6VtDH",
    modalities=2,
)
class Multiplicative(PooledStrategy):
    r"""Predict from multiplicative interactions of the modalities.

    .. math:: f(x, z) = z^\top \mathbb{W} x + z^\top U + V x + b

    with a full tensor :math:`\mathbb{W}` of ``hidden_channels`` cubed weights. More than two
    modalities are chained in the order of their names, :math:`h_m = f_m(h_{m-1}, v_m)` with
    :math:`h_1 = v_1`. A missing modality is replaced by a learned vector, so that its step is a
    learned linear map.

    The paper has two inputs; the chain and the layer norm after each step are added here.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(Multiplicative(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 64]
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        steps = len(schema.modalities) - 1
        self.stand_in = FillMissing(len(schema.modalities), hidden_channels)
        self.steps = nn.ModuleList(Interaction(hidden_channels) for _ in range(steps))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_channels) for _ in range(steps))

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Combine one modality after the other."""
        fused: Tensor
        fused, *others = self.stand_in(vectors, present).unbind(1)
        for step, norm, vector in zip(self.steps, self.norms, others, strict=True):
            fused = norm(step(fused, vector))
        return fused


class Interaction(nn.Module):
    """The multiplicative interaction layer of two vectors [B, channels]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.both = nn.Bilinear(channels, channels, channels, bias=False)
        self.each = nn.Linear(2 * channels, channels)
        nn.init.normal_(self.both.weight, std=1 / channels)  # unit variance in, unit variance out

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the sum of the products of both inputs and the terms linear in each."""
        out: Tensor = self.both(x, z) + self.each(torch.cat([x, z], dim=1))
        return out
