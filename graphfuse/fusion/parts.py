"""Building blocks of strategies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Modality, Schema
from graphfuse.errors import InputError
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.strategy import Strategy
from graphfuse.nn import NodeEncoder
from graphfuse.nn.readout import mean_of


class ModalityEncoder(nn.Module):
    """Encode the nodes of each modality and average them: one vector per modality.

    Returns vectors [B, M, hidden] in the order of ``names`` and a mask of the present modalities,
    bool [B, M]. The vector of a missing modality is zero.
    """

    def __init__(
        self, modalities: Sequence[Modality], hidden_channels: int, dropout: float
    ) -> None:
        super().__init__()
        check_sizes(hidden_channels, dropout)
        self.names = sorted(m.name for m in modalities)
        self.nodes = NodeEncoder(modalities, hidden_channels, dropout)
        self.norm = nn.LayerNorm(hidden_channels)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Encode a batch."""
        hidden = self.nodes(batch.x, batch.pos, batch.mask)
        pooled = torch.cat(
            [mean_of(hidden[m], batch.mask[m].unsqueeze(1)) for m in self.names], dim=1
        )
        present = presence(batch, self.names)
        return self.norm(pooled) * present.unsqueeze(2), present


class PooledStrategy(Strategy):
    """Encode and pool each modality, fuse the vectors, predict once.

    This is the base class of strategies that use one vector per modality. A subclass implements
    :meth:`fuse` and, if the fused vector does not have the hidden size, :meth:`width`.
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema)
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        self.head = head(self.width(hidden_channels), hidden_channels, schema.outputs, dropout)

    def width(self, hidden_channels: int) -> int:
        """Return the size of the fused vector."""
        return hidden_channels

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Fuse vectors [B, M, hidden] into [B, width]; ``present`` is a bool mask [B, M]."""
        raise InputError(f"{type(self).__name__} does not implement fuse()")

    def forward(self, batch: Batch) -> FusionOutput:
        """Encode, fuse, predict."""
        embedding = self.fuse(*self.encoder(batch))
        return FusionOutput(self.rescale(self.head(embedding)), embedding)


class FillMissing(nn.Module):
    """Replace the vector of each missing modality by a learned one.

    Takes vectors [B, M, channels] and a mask of the present modalities, bool [B, M].
    """

    def __init__(self, modalities: int, channels: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.zeros(modalities, channels))

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Fill the gaps."""
        return torch.where(present.unsqueeze(2), vectors, self.vectors)


class ModalityLinear(nn.Module):
    """One linear map per modality: vectors [B, M, in_channels] to [B, M, out_channels]."""

    def __init__(self, modalities: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        bound = in_channels**-0.5
        weight = torch.empty(modalities, in_channels, out_channels)
        self.weight = nn.Parameter(weight.uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(modalities, out_channels))

    def forward(self, vectors: Tensor) -> Tensor:
        """Map each modality by its own weights."""
        return torch.einsum("bmi,mio->bmo", vectors, self.weight) + self.bias


def head(in_channels: int, hidden_channels: int, outputs: int, dropout: float) -> nn.Sequential:
    """Return the network from an embedding to logits, the last part of every strategy."""
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(in_channels, hidden_channels),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(hidden_channels, outputs),
    )


def check_sizes(hidden_channels: int, dropout: float) -> None:
    """Raise an error for sizes that no network can have."""
    if hidden_channels < 1 or not 0 <= dropout < 1:
        raise InputError(
            f"hidden_channels must be at least 1 and dropout in [0, 1), got "
            f"hidden_channels={hidden_channels}, dropout={dropout}"
        )


def check_least(least: float, **options: float) -> None:
    """Raise an error for an option below its minimum."""
    for name, value in options.items():
        if not value >= least:
            raise InputError(f"{name} must be at least {least}, got {name}={value}")


def masked_softmax(scores: Tensor, mask: Tensor, dim: int = 1) -> Tensor:
    """Return the softmax of ``scores`` over the entries where ``mask`` is True; zero elsewhere.

    Where ``mask`` is False everywhere along ``dim``, all weights are zero.
    """
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~mask, lowest).softmax(dim) * mask


def presence(batch: Batch, names: Iterable[str] | None = None) -> Tensor:
    """Return which modalities each sample has, bool [B, M]; by default all, sorted by name."""
    names = sorted(batch.mask) if names is None else names
    return torch.stack([batch.mask[m].any(1) for m in names], dim=1)


def per_modality(nets: nn.ModuleList, vectors: Tensor) -> Tensor:
    """Apply one network per modality to the vector of that modality: [B, M, C] to [B, M, D]."""
    return torch.stack([net(vectors[:, i]) for i, net in enumerate(nets)], dim=1)


def mean_present(values: Tensor, present: Tensor) -> Tensor:
    """Return the mean of [B, M, C] over present modalities [B, M]; zero where none is."""
    weight = present.to(values.dtype).unsqueeze(2)
    return (values * weight).sum(1) / weight.sum(1).clamp(min=1)
