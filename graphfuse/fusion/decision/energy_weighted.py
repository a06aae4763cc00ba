"""Average the logits of the modalities, weighted by the confidence of each in the sample."""

from __future__ import annotations

from torch import Tensor

from graphfuse.data import Batch
from graphfuse.fusion.decision._decision import DecisionStrategy
from graphfuse.fusion.info import CLASSIFICATION, strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import masked_softmax

RANKING_WEIGHT = 0.1


@strategy(
    "energy_weighted",
    family="decision",
    summary="mean of the modalities' logits, weighted by their energy in each sample (QMF)",
    paper="Zhang et al. 2023, https://arxiv.org/abs/2306.02050",
    tasks=CLASSIFICATION,
    modalities=2,
)
class EnergyWeighted(DecisionStrategy):
    r"""Predict from each modality alone and average the logits by their free energy.

    .. math::
        z = \sum_m w_m z_m, \qquad w = \mathrm{softmax}_m(c_m), \qquad
        c_m = \log \sum_k \exp z_{mk}

    over the present modalities, where :math:`-c_m` is the energy. The paper's weights are linear in
    the energy (:math:`0.1\, c_m` in its code). A positive energy then reverses the vote of a
    modality, which cannot happen with a softmax.

    The loss has one term per modality, the loss of the average, which also trains the networks,
    and a tenth of a ranking term that makes :math:`c_m` follow the quality of the sample. For
    pairs of samples where the modality gives sample :math:`i` a higher probability of its label
    than sample :math:`j`, :math:`p_i > p_j`, the term is

    .. math:: \max\big(0,\; p_i - p_j - (c_{mi} - c_{mj})\big)

    averaged over such pairs in the batch. The paper ranks each sample against one other, by its
    loss averaged over past epochs and scaled to [0, 1]. Here this loss is one minus the probability
    of the label at this step, which needs no memory.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> model, batch = EnergyWeighted(data.schema), data.batch(range(50))
        >>> sorted(model.loss(model(batch), batch))
        ['joint', 'ranking:a', 'ranking:b', 'unimodal:a', 'unimodal:b']
    """

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Average the logits by weight."""
        weight = masked_softmax(single.logsumexp(2), present)
        return (single * weight.unsqueeze(2)).sum(1)

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return two loss terms per modality, over its samples, and the loss of the average."""
        terms = super().loss(output, batch)
        for m, logits in (output.modality_logits or {}).items():
            ranking = ranking_loss(logits, self.only_with(m, batch).y)
            terms[f"ranking:{m}"] = RANKING_WEIGHT * ranking
        return {**terms, "joint": self.task_loss(output.logits, batch)}


def ranking_loss(logits: Tensor, y: Tensor) -> Tensor:
    """Return how much the confidences contradict the order of the labels' probabilities.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0]])  # equally sure, one right and one wrong
        >>> ranking_loss(z, torch.tensor([0, 1]))  # 0.731 - 0.269
        tensor(0.4621)
    """
    known = y >= 0
    confidence = logits[known].logsumexp(1)
    success = logits[known].detach().softmax(1).gather(1, y[known].unsqueeze(1)).squeeze(1)
    wanted = success.unsqueeze(1) - success
    short = (wanted - (confidence.unsqueeze(1) - confidence)).relu()
    better = wanted > 0
    return (short * better).sum() / better.sum().clamp(min=1)
