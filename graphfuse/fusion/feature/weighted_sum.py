"""Sum the modalities with learned weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Schema
from graphfuse.fusion.feature._weighted import WeightedStrategy
from graphfuse.fusion.info import strategy


@strategy(
    "weighted_sum",
    family="feature",
    summary="weighted sum of the modalities, with the same learned weights for every sample",
    paper="Baltrusaitis et al. 2019, https://arxiv.org/abs/1705.09406",
    modalities=2,
)
class WeightedSum(WeightedStrategy):
    r"""Predict from a weighted sum whose weights are learned and the same for every sample.

    .. math:: z = \sum_m \alpha_m v_m, \qquad \alpha_m \ge 0, \quad \sum_m \alpha_m = 1

    If a modality is missing, the weights of the others are rescaled to sum to one.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> present = torch.tensor([[True, True], [False, True]])
        >>> WeightedSum(data.schema).weights(torch.ones(2, 2, 64), present).tolist()
        [[0.5, 0.5], [0.0, 1.0]]
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        self.scores = nn.Parameter(torch.zeros(len(schema.modalities)))

    def score(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Return the learned scores."""
        return self.scores.expand(len(vectors), -1)
