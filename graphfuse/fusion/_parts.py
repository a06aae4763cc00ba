"""Small modules that strategies are put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Modality
from graphfuse.errors import InputError
from graphfuse.nn import NodeEncoder
from graphfuse.nn.readout import mean_of


class ModalityEncoder(nn.Module):
    """Encode the nodes of each modality and average them: one vector a modality.

    Returns vectors [B, M, hidden] in the order of ``names`` and what is present, bool [B, M]; a
    missing modality's vector is zero.
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
        present = torch.stack([batch.mask[m].any(1) for m in self.names], dim=1)
        return self.norm(pooled) * present.unsqueeze(2), present


def head(in_channels: int, hidden_channels: int, outputs: int, dropout: float) -> nn.Sequential:
    """Return the network from an embedding to logits that all strategies end in."""
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(in_channels, hidden_channels),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(hidden_channels, outputs),
    )


def check_sizes(hidden_channels: int, dropout: float) -> None:
    """Raise an error at sizes no network can have."""
    if hidden_channels < 1 or not 0 <= dropout < 1:
        raise InputError(
            f"hidden_channels is at least 1 and dropout in [0, 1), got "
            f"hidden_channels={hidden_channels}, dropout={dropout}"
        )


def mean_present(values: Tensor, present: Tensor) -> Tensor:
    """Return the mean of [B, M, C] over present modalities [B, M]; zero where none is."""
    weight = present.to(values.dtype).unsqueeze(2)
    return (values * weight).sum(1) / weight.sum(1).clamp(min=1)


def by_name(values: Tensor, names: Sequence[str]) -> Mapping[str, Tensor]:
    """Return [B, M, C] as ``{name: [B, C]}``."""
    return {name: values[:, i] for i, name in enumerate(names)}
