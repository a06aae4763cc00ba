"""Multiply the predictions of the single modalities, each to a learned power."""

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
    summary="product of the single modalities' predictions with learned exponents",
    paper="Genest and Zidek 1986, https://doi.org/10.1214/ss/1177013825",
    tasks=(*CLASSIFICATION, "multilabel"),
    modalities=2,
)
class LogOpinionPool(DecisionStrategy):
    r"""Predict from each modality alone and multiply the probabilities, to one learned power each.

    .. math:: p_k \propto \prod_m p_{mk}^{w_m}, \qquad w_m > 0

    over the modalities present. Exponents start at 1, the product of experts (right for modalities
    that are independent given the class), and need not add up to 1 as the paper's do: those of
    modalities that repeat each other can shrink, those of modalities that are too cautious can
    grow. They learn by the loss of the product, in which the single predictions are held fixed, so
    that the networks stay unimodal models. With several labels, each is multiplied alone.
    For regression a product of normal densities is a weighted mean: ``weighted_vote``.

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
        """Add the weighted logits up: for a softmax as good as logarithms of probabilities."""
        exponent = (RULE_RATE * self.log_exponent).exp() * present
        return (single * exponent.unsqueeze(2)).sum(1)

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return one term per modality and that of the product."""
        return {**super().loss(output, batch), "joint": self.rule_loss(output, batch)}
