"""The raw features of each modality as one standardised vector per sample."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse.data import Batch, FusionDataset, Modality
from graphfuse.data.canonical import mean_nodes
from graphfuse.nn.readout import mean_of


class PooledFeatures(nn.Module):
    """Average each modality's raw nodes and standardise the means over the training samples.

    A feature that is constant in training is zero. Returns vectors [B, F], one per modality in the
    sorted order of names; the vector of a missing modality has no meaning.
    """

    def __init__(self, modalities: Sequence[Modality]) -> None:
        super().__init__()
        self.names = sorted(m.name for m in modalities)
        for m in modalities:
            self.register_buffer(module_key("centre", m.name), torch.zeros(m.features))
            self.register_buffer(module_key("factor", m.name), torch.ones(m.features))

    def fit(self, train: FusionDataset) -> list[Tensor]:
        """Fit centres and scales; return the training samples' vectors [n, F] in double."""
        vectors = []
        for m in self.names:
            means, present = mean_nodes(train.x[m]), train.x[m].counts > 0
            seen = means[present] if present.any() else means.new_zeros(1, means.shape[1])
            centre, spread = seen.mean(0), seen.std(0, correction=0)
            varies = spread > 1e-6 * centre.abs()
            factor = torch.where(varies, 1 / spread.where(varies, 1), 0)
            self.get_buffer(module_key("centre", m)).copy_(centre)
            self.get_buffer(module_key("factor", m)).copy_(factor)
            vectors.append((means - centre) * factor)
        return vectors

    def forward(self, batch: Batch) -> list[Tensor]:
        """Pool and standardise a batch."""
        vectors = []
        for m in self.names:
            centre = self.get_buffer(module_key("centre", m))
            nodes = batch.x[m].flatten(2).to(centre.dtype)
            mean = mean_of(nodes, batch.mask[m].unsqueeze(1)).squeeze(1)
            vectors.append((mean - centre) * self.get_buffer(module_key("factor", m)))
        return vectors
