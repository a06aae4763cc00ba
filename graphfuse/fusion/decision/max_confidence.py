"""Use the prediction of the most confident modality."""

from __future__ import annotations

from torch import Tensor

from graphfuse.fusion.decision._decision import DecisionStrategy
from graphfuse.fusion.info import CLASSIFICATION, strategy


@strategy(
    "max_confidence",
    family="decision",
    summary="prediction of the most confident modality",
    paper="Kittler et al. 1998, https://doi.org/10.1109/34.667881",
    tasks=(*CLASSIFICATION, "multilabel"),
    modalities=2,
)
class MaxConfidence(DecisionStrategy):
    r"""Predict from each modality alone; the most confident of those present decides.

    .. math:: p = p_{m^*}, \qquad m^* = \arg\max_m \max_k p_{mk}

    Equally confident modalities are averaged. Each of several labels is decided by the modality
    whose probability is farthest from one half. The paper's max rule takes the largest probability
    of each class, which gives the same winner but not a distribution.

    Example:
        >>> import torch
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> single = torch.tensor([[[0.9, 0.1], [0.2, 0.8]]]).log()
        >>> MaxConfidence(data.schema).combine(single, torch.ones(1, 2).bool()).exp()
        tensor([[0.9000, 0.1000]])
    """

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Return the prediction of the most confident present modality."""
        shares = self.probabilities(single)
        if self.schema.target.is_classification:
            sureness = shares.amax(2, keepdim=True)
        else:
            sureness = (shares - 0.5).abs()
        here = present.unsqueeze(2)
        sureness = sureness.masked_fill(~here, -1)
        surest = (sureness == sureness.amax(1, keepdim=True)) & here
        return self.to_logits((shares * surest).sum(1) / surest.sum(1).clamp(min=1), present)
