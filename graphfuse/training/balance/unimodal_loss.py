"""Train each modality's own prediction beside the fused one."""

from __future__ import annotations

from torch import Tensor

from graphfuse.fusion import FusionOutput
from graphfuse.training.balance._method import (
    Balance,
    balance_methods,
    own_logits,
    own_losses,
    with_unimodal,
)
from graphfuse.training.labelled import Labelled


@balance_methods.register("unimodal_loss")
class UnimodalLoss(Balance):
    r"""Add the loss of each modality's own prediction, over the samples that have it.

    .. math:: L + \sum_m L_m

    As in multi-task training of late fusion (Wang et al. 2020, https://arxiv.org/abs/1905.12681,
    with all weights one). Unlike there, no head is added for the prediction of one modality: it is
    the strategy's ``modality_logits``, or what it predicts with the other modalities hidden.
    Strategies whose loss has these terms already, as those at the decision level, train as before.
    """

    def terms(
        self, terms: dict[str, Tensor], output: FusionOutput, labelled: Labelled
    ) -> dict[str, Tensor]:
        """Add one term a modality."""
        own = own_logits(self.strategy, output, labelled.batch)
        return with_unimodal(terms, own_losses(self.strategy, own, labelled))
