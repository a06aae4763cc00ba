"""Let the single modalities vote."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse.fusion.decision._decision import DecisionStrategy
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import mean_present


@strategy(
    "majority_vote",
    family="decision",
    summary="one vote per modality; the median for regression",
    paper="Kittler et al. 1998, https://doi.org/10.1109/34.667881",
    modalities=2,
)
class MajorityVote(DecisionStrategy):
    r"""Predict from each modality alone; the class with most votes of present modalities wins.

    .. math:: p_k = \frac{v_k + \bar p_k}{n + 1}

    where :math:`v_k` of the :math:`n` present modalities vote for class :math:`k` and
    :math:`\bar p_k` is their mean probability, which acts as one more vote that is split between
    the classes. It never overturns a majority and breaks ties, so that two modalities that disagree
    reach a decision (the paper leaves ties open). Each of several labels is voted on separately.
    For regression the result is the median, which is the mean for two modalities.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> votes = torch.tensor([[[3.0, 0.0], [0.0, 1.0]]])  # one for each of two classes
        >>> MajorityVote(data.schema).combine(votes, torch.ones(1, 2).bool()).argmax(1)
        tensor([0])
    """

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Count votes; the mean probability breaks ties."""
        if self.schema.task == "regression":
            # Half precision has no quantiles.
            known = single.to(torch.promote_types(single.dtype, torch.float32))
            known = known.masked_fill(~present.unsqueeze(2), float("nan"))
            median = torch.nanquantile(known, 0.5, dim=1).to(single.dtype)
            return torch.where(present.any(1, keepdim=True), median, 0)
        shares = self.probabilities(single)
        if self.schema.target.is_classification:
            votes = F.one_hot(single.argmax(2), single.shape[2])
        else:
            votes = single > 0
        count = (votes * present.unsqueeze(2)).sum(1)
        voters = present.sum(1, keepdim=True)
        return self.to_logits((count + mean_present(shares, present)) / (voters + 1), present)
