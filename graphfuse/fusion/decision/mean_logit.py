"""Average the logits of the modalities."""

from __future__ import annotations

from torch import Tensor

from graphfuse.fusion.decision._decision import DecisionStrategy
from graphfuse.fusion.info import CLASSIFICATION, strategy
from graphfuse.fusion.parts import mean_present


@strategy(
    "mean_logit",
    family="decision",
    summary="mean of the modalities' logits",
    paper="Kittler et al. 1998, https://doi.org/10.1109/34.667881",
    tasks=(*CLASSIFICATION, "multilabel"),
    modalities=2,
)
class MeanLogit(DecisionStrategy):
    r"""Predict from each modality alone and average the logits of the present modalities.

    .. math:: p_k \propto \prod_m p_{mk}^{1/n}

    over the :math:`n` present modalities. This is the geometric mean of their probabilities. The
    paper's product rule has exponent 1 and divides by the class frequencies. For regression, use
    ``mean_prob``, the mean of the outputs.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> output = MeanLogit(data.schema)(data.batch([0, 1, 2]))
        >>> a, b = output.modality_logits.values()
        >>> bool(((a + b) / 2 - output.logits).abs().max() < 1e-6)
        True
    """

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Average logits."""
        return mean_present(single, present)
