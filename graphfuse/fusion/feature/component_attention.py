"""Weigh each modality by the contents of its vector."""

from __future__ import annotations

from torch import Tensor

from graphfuse.data import Schema
from graphfuse.fusion.feature._weighted import WeightedStrategy, additive_score
from graphfuse.fusion.info import strategy


@strategy(
    "component_attention",
    family="feature",
    summary="one weight per modality, predicted from its vector",
    paper="Yang et al. 2016, https://aclanthology.org/N16-1174",
    modalities=2,
)
class ComponentAttention(WeightedStrategy):
    r"""Predict from a weighted sum of the modalities; each weight depends on the modality's vector.

    .. math:: z = \sum_m \alpha_m v_m, \qquad
        \alpha = \mathrm{softmax}_{\,m\ \mathrm{present}}\big(q^\top \tanh(W v_m + b)\big)

    The paper attends over words and sentences; here the components are modalities.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(ComponentAttention(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 64]
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        self.scorer = additive_score(hidden_channels, hidden_channels)

    def score(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Score each vector separately."""
        scores: Tensor = self.scorer(vectors).squeeze(2)
        return scores
