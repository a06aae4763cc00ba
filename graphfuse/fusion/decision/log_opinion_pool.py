"""Multiply the predictions of the modalities, each raised to a learned power."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Schema
from graphfuse.fusion.decision._decision import RULE_RATE, DecisionStrategy
from graphfuse.fusion.info import CLASSIFICATION, strategy
from graphfuse.fusion.output import FusionOutput


@strategy(
    "log_opinion_pool",
    family="decision",
    summary="product of the modalities' predictions with learned exponents",
    paper="Genest and Zidek 1986, https://doi.org/10.1214/ss/1177013825",
    tasks=(*CLASSIFICATION, "multilabel"),
    modalities=2,
)
class LogOpinionPool(DecisionStrategy):
    r"""Predict from each modality alone and multiply the probabilities with learned exponents.

    .. math:: p_k \propto \prod_m p_{mk}^{w_m}, \qquad w_m > 0

    over the present modalities. Exponents start at 1, which gives the product of experts (correct
    for modalities that are independent given the class). Unlike in the paper, they need not sum
    to 1: exponents of redundant modalities can shrink, and exponents of underconfident ones can
    grow. They are trained on the loss of the product with the single predictions fixed, so that
    the networks stay unimodal models. With several labels, each label has its own product.
    For regression, a product of normal densities is a weighted mean: use ``weighted_vote``.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> LogOpinionPool(data.schema).exponents
        {'a': 1.0, 'b': 1.0}
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        self.log_exponent = nn.Parameter(torch.zeros(len(schema.modalities)))

    @property
    def exponents(self) -> dict[str, float]:
        """Exponent of each modality."""
        found = (RULE_RATE * self.log_exponent).exp().tolist()
        return dict(zip(self.encoder.names, found, strict=True))

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Sum the weighted logits; softmax gives the same result as with log probabilities."""
        exponent = (RULE_RATE * self.log_exponent).exp() * present
        return (single * exponent.unsqueeze(2)).sum(1)

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return one loss term per modality and the loss of the product."""
        return {**super().loss(output, batch), "joint": self.rule_loss(output, batch)}
