"""Concatenate raw nodes, before any encoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import check_sizes, head
from graphfuse.fusion.strategy import Strategy
from graphfuse.nn.readout import mean_of


@strategy(
    "concat_early",
    family="feature",
    summary="concatenation of the mean raw node of each modality, before any encoder",
    paper="Baltrusaitis et al. 2019, https://arxiv.org/abs/1705.09406",
    modalities=2,
)
class ConcatEarly(Strategy):
    """Predict by one network from the concatenated raw features of all modalities.

    The features of a modality are the mean of its raw nodes. There is no encoder per modality, and
    positions are not used. A missing modality is replaced by learned features.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> ConcatEarly(data.schema).encoder[0].in_features
        16
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema)
        check_sizes(hidden_channels, dropout)
        features = [m.features for m in schema.modalities]
        self.absent = nn.ParameterList(torch.zeros(size) for size in features)
        self.encoder = nn.Sequential(
            nn.Linear(sum(features), hidden_channels),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_channels, hidden_channels),
            nn.LayerNorm(hidden_channels),
        )
        self.head = head(hidden_channels, hidden_channels, schema.outputs, dropout)

    def features(self, batch: Batch) -> Tensor:
        """Return the concatenated mean raw nodes, [B, features of all modalities]."""
        found = []
        for name, absent in zip(self.schema.names, self.absent, strict=True):
            mask = batch.mask[name]
            nodes = batch.x[name].flatten(2).to(absent.dtype)
            mean = mean_of(nodes, mask.unsqueeze(1)).squeeze(1)
            found.append(torch.where(mask.any(1, keepdim=True), mean, absent))
        return torch.cat(found, dim=1)

    def forward(self, batch: Batch) -> FusionOutput:
        """Concatenate, encode, predict."""
        embedding = self.encoder(self.features(batch))
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
