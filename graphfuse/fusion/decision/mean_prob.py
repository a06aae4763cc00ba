"""Average the predictions of the modalities."""

from __future__ import annotations

from torch import Tensor

from graphfuse.fusion.decision._decision import DecisionStrategy
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import mean_present


@strategy(
    "mean_prob",
    family="decision",
    summary="mean of the modalities' predictions",
    paper="Kittler et al. 1998, https://doi.org/10.1109/34.667881",
    modalities=2,
)
class MeanProb(DecisionStrategy):
    """Predict from each modality alone and average the probabilities of the present modalities.

    For regression, numbers are averaged. A sample without any modality gets a uniform prediction.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> output = MeanProb(data.schema)(data.batch([0, 1, 2]))
        >>> sorted(output.modality_logits)
        ['a', 'b']
    """

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Average probabilities."""
        return self.to_logits(mean_present(self.probabilities(single), present), present)
