"""Multiply low-rank projections of the modalities, pair by pair."""

from __future__ import annotations

from torch import Tensor

from graphfuse.data import Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import FillMissing, ModalityLinear, PooledStrategy, check_least


@strategy(
    "bilinear",
    family="feature",
    summary="bilinear products of all pairs of modalities, Tucker with a low-rank core",
    paper="Ben-Younes et al. 2017, https://arxiv.org/abs/1705.06676",
    modalities=2,
)
class Bilinear(PooledStrategy):
    r"""Predict from MUTAN's products, summed over the pairs of modalities.

    .. math:: z = \sum_{m < k} \sum_{r=1}^{R} (M_m^r\, t_m) \odot (M_k^r\, t_k), \qquad
        t_m = \tanh(W_m v_m)

    where :math:`W_m` are the factors of a Tucker decomposition. Its core has rank at most
    :math:`R` = ``rank``, and its last factor is the first layer of the head. A missing modality is
    replaced by a learned vector.

    The paper has two modalities. With more, a modality has the same factors in all its pairs, so
    that the cost is linear in the number of modalities.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(Bilinear(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 64]
    """

    def __init__(
        self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1, rank: int = 5
    ) -> None:
        super().__init__(schema, hidden_channels, dropout)
        check_least(1, rank=rank)
        modalities = len(schema.modalities)
        self.rank = rank
        self.stand_in = FillMissing(modalities, hidden_channels)
        self.reduce = ModalityLinear(modalities, hidden_channels, hidden_channels)
        self.core = ModalityLinear(modalities, hidden_channels, rank * hidden_channels)

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Sum the products of all pairs: half of the squared sum minus the sum of the squares."""
        reduced = self.reduce(self.stand_in(vectors, present)).tanh()
        factors: Tensor = self.core(reduced).view(*vectors.shape[:2], self.rank, -1)
        pairs = factors.sum(1).square() - factors.square().sum(1)
        return pairs.sum(1) / 2
