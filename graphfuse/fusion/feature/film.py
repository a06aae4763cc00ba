"""Scale and shift each modality depending on the others."""

from __future__ import annotations

from torch import Tensor

from graphfuse.data import Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import ModalityLinear, PooledStrategy


@strategy(
    "film",
    family="feature",
    summary="each modality scaled and shifted depending on the others",
    paper="Perez et al. 2018, https://arxiv.org/abs/1709.07871",
    modalities=2,
)
class FiLM(PooledStrategy):
    r"""Predict from a sum of the modalities; the others scale and shift the features of each.

    .. math:: z = \sum_m (1 + \gamma_m) \odot v_m + \beta_m, \qquad
        (\gamma_m, \beta_m) = W_m \bar v_{-m} + b_m

    where :math:`\bar v_{-m}` is the mean of the other present modalities and the sum is over the
    present modalities. If a sample has only one modality, it is neither scaled nor shifted.

    In the paper, text modulates the feature maps of an image network, layer by layer. Here every
    modality modulates every other, once.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(FiLM(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 64]
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        self.modulate = ModalityLinear(len(schema.modalities), hidden_channels, 2 * hidden_channels)

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Modulate, then sum."""
        known = present.to(vectors.dtype).unsqueeze(2)
        vectors = vectors * known
        others = known.sum(1, keepdim=True) - known
        mean = (vectors.sum(1, keepdim=True) - vectors) / others.clamp(min=1)
        modulation: Tensor = self.modulate(mean) * (others > 0)
        scale, shift = modulation.chunk(2, dim=2)
        return ((vectors * (1 + scale) + shift) * known).sum(1)
