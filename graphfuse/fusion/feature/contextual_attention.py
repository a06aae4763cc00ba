"""Weigh each modality given the modalities before it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Schema
from graphfuse.fusion.feature._weighted import WeightedStrategy, additive_score
from graphfuse.fusion.info import strategy


@strategy(
    "contextual_attention",
    family="feature",
    summary="one weight per modality, given a recurrent context of the modalities before it",
    paper="Hori et al. 2017, https://arxiv.org/abs/1701.03126",
    modalities=2,
)
class ContextualAttention(WeightedStrategy):
    r"""Predict from a weighted sum; each weight depends on the modalities before it.

    Modalities are visited in the order of their names, starting from a learned context:

    .. math:: s_m = q^\top \tanh(W v_m + U c_{m-1} + b), \qquad
        c_m = \mathrm{GRU}(v_m, c_{m-1}), \qquad
        z = \sum_m \mathrm{softmax}(s)_m\, v_m

    A missing modality does not change the context and has weight zero.

    As in the paper, weights over modalities depend on a recurrent state. There it is the state of a
    sentence decoder, the same for all modalities. Here it is a summary of the modalities before, so
    that no decoder is needed, and :math:`W, b` are shared.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(ContextualAttention(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 64]
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        self.start = nn.Parameter(torch.zeros(hidden_channels))
        self.cell = nn.GRUCell(hidden_channels, hidden_channels)
        self.scorer = additive_score(2 * hidden_channels, hidden_channels)

    def score(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Score each vector given the context, then update the context."""
        context = self.start.expand(len(vectors), -1)
        scores = []
        for vector, known in zip(vectors.unbind(1), present.unbind(1), strict=True):
            scores.append(self.scorer(torch.cat([vector, context], dim=1)))
            context = torch.where(known.unsqueeze(1), self.cell(vector, context), context)
        return torch.cat(scores, dim=1)
