"""Parts of strategies with attention between nodes: tokens, a transformer block, a readout."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Modality
from graphfuse.errors import check_heads
from graphfuse.fusion.parts import check_sizes
from graphfuse.nn import NodeEncoder
from graphfuse.nn.readout import mean_of


class NodeTokens(nn.Module):
    """Encode and normalise every node and add a learned vector for its modality.

    Returns nodes [B, N, hidden] and masks of the real nodes, bool [B, N], one of each per
    modality, sorted by name.
    """

    def __init__(
        self, modalities: Sequence[Modality], hidden_channels: int, dropout: float
    ) -> None:
        super().__init__()
        check_sizes(hidden_channels, dropout)
        self.names = sorted(m.name for m in modalities)
        self.encoder = NodeEncoder(modalities, hidden_channels, dropout)
        self.norm = nn.LayerNorm(hidden_channels)
        self.kind = nn.Parameter(torch.empty(len(self.names), hidden_channels))
        nn.init.normal_(self.kind, std=0.02)

    def forward(self, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """Encode a batch."""
        hidden = self.encoder(batch.x, batch.pos, batch.mask)
        nodes = [self.norm(hidden[m]) + kind for m, kind in zip(self.names, self.kind, strict=True)]
        return nodes, [batch.mask[m] for m in self.names]


class AttentionBlock(nn.Module):
    r"""Update nodes by attention, then one by one: a transformer layer with norms in front.

    .. math:: h \leftarrow h + \mathrm{attention}(\mathrm{norm}(h), \mathrm{norm}(s)), \qquad
        h \leftarrow h + \mathrm{ffn}(\mathrm{norm}(h))

    Sources [B, S, C] may be the nodes [B, N, C] themselves; ``mask``, bool [B, S], marks the real
    ones. Where there are none, the first step does not change the nodes.
    """

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        check_heads("hidden_channels", channels, heads)
        # One norm for both sides: the maps to queries and to keys that follow are not shared.
        self.norm = nn.LayerNorm(channels)
        self.attention = nn.MultiheadAttention(channels, heads, dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.feedforward = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, 2 * channels),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * channels, channels),
            nn.Dropout(dropout),
        )

    def forward(self, nodes: Tensor, sources: Tensor, mask: Tensor) -> Tensor:
        """Update the nodes."""
        query = self.norm(nodes)
        key = query if sources is nodes else self.norm(sources)
        # A finite number replaces minus infinity, so that a row without sources has no NaN.
        minus_infinity = torch.finfo(key.dtype).min / 2
        logit = torch.zeros_like(mask, dtype=key.dtype).masked_fill(~mask, minus_infinity)
        message, _ = self.attention(query, key, key, key_padding_mask=logit, need_weights=False)
        nodes = nodes + self.dropout(message) * mask.any(1).view(-1, 1, 1)
        updated: Tensor = nodes + self.feedforward(nodes)
        return updated


class ModalityMeans(nn.Module):
    """Average the nodes of each modality and concatenate the means, [B, M * channels].

    A missing modality is replaced by a learned vector.
    """

    def __init__(self, modalities: int, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.absent = nn.Parameter(torch.zeros(modalities, channels))

    def forward(self, nodes: Sequence[Tensor], masks: Sequence[Tensor]) -> Tensor:
        """Read out the nodes [B, N, channels] of each modality; masks are bool [B, N]."""
        vectors, present = average(nodes, masks)
        return torch.where(present.unsqueeze(2), self.norm(vectors), self.absent).flatten(1)


def average(nodes: Sequence[Tensor], masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the mean of each modality's real nodes [B, M, C] and a mask of present ones [B, M]."""
    means = [mean_of(h, mask.unsqueeze(1)) for h, mask in zip(nodes, masks, strict=True)]
    return torch.cat(means, dim=1), torch.stack([mask.any(1) for mask in masks], dim=1)
