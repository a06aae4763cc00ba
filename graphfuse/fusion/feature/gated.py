"""Gates that weigh the modalities, feature by feature."""

from __future__ import annotations

from torch import Tensor, nn

from graphfuse.data import Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import FillMissing, ModalityLinear, PooledStrategy, masked_softmax


@strategy(
    "gated",
    family="feature",
    summary="gated multimodal unit: each feature is a gated mixture of the modalities",
    paper="Arevalo et al. 2017, https://arxiv.org/abs/1702.01992",
    modalities=2,
)
class Gated(PooledStrategy):
    r"""Predict from a mixture of the modalities with one gate per feature and modality.

    .. math:: h_m = \tanh(W_m v_m), \qquad
        z = \mathrm{softmax}_{\,m\ \mathrm{present}}\big(G_m [v_1, \dots, v_M]\big), \qquad
        h = \sum_m z_m \odot h_m

    With two modalities these are the paper's gates :math:`z` and :math:`1 - z`. With more, each
    modality has its own sigmoid in the paper; here the gates of a feature still sum to one over the
    present modalities. In the input of the gates, a missing modality is replaced by a learned
    vector.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(Gated(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 64]
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        modalities = len(schema.modalities)
        self.stand_in = FillMissing(modalities, hidden_channels)
        self.inner = ModalityLinear(modalities, hidden_channels, hidden_channels)
        self.gate = nn.Linear(modalities * hidden_channels, modalities * hidden_channels)

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Mix the vectors."""
        scores: Tensor = self.gate(self.stand_in(vectors, present).flatten(1)).view_as(vectors)
        gates = masked_softmax(scores, present.unsqueeze(2))
        inner: Tensor = self.inner(vectors).tanh()
        return (gates * inner).sum(1)
