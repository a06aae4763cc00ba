"""Fuse by the outer product of all modalities without computing it."""

from __future__ import annotations

from torch import Tensor, nn

from graphfuse.data import Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import FillMissing, ModalityLinear, PooledStrategy, check_least


@strategy(
    "low_rank_tensor",
    family="feature",
    summary="outer product of all modalities through weights of low rank",
    paper="Liu et al. 2018, https://arxiv.org/abs/1806.00064",
    modalities=2,
)
class LowRankTensor(PooledStrategy):
    r"""Predict from a linear map of the modalities' outer product, in factors of low rank.

    .. math:: z = \sum_{r=1}^{R} \bigodot_m W_m^r \begin{bmatrix} v_m \\ 1 \end{bmatrix}

    which is what ``tensor`` computes with a weight of rank :math:`R` = ``rank``, at a cost that is
    linear in the number of modalities instead of exponential. A missing modality is replaced by a
    learned vector.

    The weights of the appended ones start at one instead of at random. The product then starts with
    features of single modalities and of pairs, not only with products of all modalities.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(LowRankTensor(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 64]
    """

    def __init__(
        self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1, rank: int = 4
    ) -> None:
        super().__init__(schema, hidden_channels, dropout)
        check_least(1, rank=rank)
        modalities = len(schema.modalities)
        self.rank = rank
        self.stand_in = FillMissing(modalities, hidden_channels)
        self.factors = ModalityLinear(modalities, hidden_channels, rank * hidden_channels)
        nn.init.ones_(self.factors.bias)

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Multiply the factors of the modalities, then sum over ranks."""
        factors: Tensor = self.factors(self.stand_in(vectors, present))
        return factors.view(*vectors.shape[:2], self.rank, -1).prod(1).sum(1)
