"""Average the predictions of the modalities with learned weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Schema
from graphfuse.fusion.decision._decision import RULE_RATE, DecisionStrategy
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import masked_softmax


@strategy(
    "weighted_vote",
    family="decision",
    summary="mean of the modalities' predictions with learned weights",
    paper="Jacobs 1995, https://doi.org/10.1162/neco.1995.7.5.867",
    modalities=2,
)
class WeightedVote(DecisionStrategy):
    r"""Predict from each modality alone and average the probabilities with learned weights.

    .. math:: p_k = \frac{\sum_m w_m p_{mk}}{\sum_m w_m}, \qquad w_m \ge 0, \quad \sum_m w_m = 1

    with sums over the present modalities. This is the paper's linear opinion pool. Weights start
    equal and are trained on the loss of the mixture with the single predictions fixed, so that the
    networks stay unimodal models. They are trained on the same samples as the networks, so that a
    modality that overfits gets too much weight. For regression, numbers are averaged.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> WeightedVote(data.schema).weights
        {'a': 0.5, 'b': 0.5}
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        self.score = nn.Parameter(torch.zeros(len(schema.modalities)))

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each modality for samples that have all modalities."""
        found = (RULE_RATE * self.score).softmax(0).tolist()
        return dict(zip(self.encoder.names, found, strict=True))

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Mix probabilities."""
        weight = masked_softmax(RULE_RATE * self.score.expand(present.shape), present)
        return self.to_logits((self.probabilities(single) * weight.unsqueeze(2)).sum(1), present)

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return one loss term per modality and the loss of the mixture."""
        return {**super().loss(output, batch), "joint": self.rule_loss(output, batch)}
