"""Train a prediction from each modality in addition to the fused one."""

from __future__ import annotations

from torch import Tensor

from graphfuse.fusion import FusionOutput
from graphfuse.training.balance._method import (
    Balance,
    unimodal_logits,
    unimodal_losses,
    with_unimodal,
)
from graphfuse.training.balance.registry import balance_methods
from graphfuse.training.mixed_batch import MixedBatch


@balance_methods.register("unimodal_loss")
class UnimodalLoss(Balance):
    r"""Add the loss of the prediction from each modality, over the samples that have it.

    .. math:: L + \sum_m L_m

    This follows the multi-task training of late fusion (Wang et al. 2020,
    https://arxiv.org/abs/1905.12681) with all weights one. Unlike there, no head is added for the
    prediction from one modality: it is the strategy's ``modality_logits``, or its prediction with
    the other modalities hidden. Strategies whose loss already has these terms, such as
    decision-level strategies, are not changed.
    """

    def terms(
        self, terms: dict[str, Tensor], output: FusionOutput, mixed: MixedBatch
    ) -> dict[str, Tensor]:
        """Add one term per modality."""
        logits = unimodal_logits(self.strategy, output, mixed.batch)
        return with_unimodal(terms, unimodal_losses(self.strategy, logits, mixed))
