"""Multiply every feature of every modality with every feature of the others."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Schema
from graphfuse.errors import InputError
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import FillMissing, ModalityLinear, PooledStrategy, check_least

MOST = 16
"""Largest number of modalities; each of them at least doubles the outer product."""
LIMIT = 2**MOST
"""Largest size of the outer product of one sample."""
COMFORT = 4_096
"""Largest size of the outer product with the default size of the reduced vectors."""


@strategy(
    "tensor",
    family="feature",
    summary="outer product of all modalities, each with a one appended",
    paper="Zadeh et al. 2017, https://arxiv.org/abs/1707.07250",
    modalities=2,
    at_most=MOST,
)
class TensorFusion(PooledStrategy):
    r"""Predict from the outer product of all modalities.

    .. math:: z = \mathrm{gelu}\Big(W \,\mathrm{vec}\Big(
        \bigotimes_m \begin{bmatrix} 1 \\ \tanh(R_m v_m) \end{bmatrix}\Big) + b\Big)

    It contains the products of features of every subset of the modalities. With M modalities and
    d = ``reduced_channels`` features after :math:`R_m`, the product has :math:`(1 + d)^M` numbers.
    By default d is 16, or less if the product would have more than 4,096 numbers. A missing
    modality is replaced by a learned vector.

    In the paper, the subnetworks of the modalities end in few features. Here :math:`R_m` reduces
    them, and tanh bounds the products.

    Raises:
        InputError: the product has more than 65,536 numbers per sample, as it always does with
            more than 16 modalities.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> TensorFusion(data.schema, reduced_channels=7).project.in_features
        64
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        reduced_channels: int | None = None,
    ) -> None:
        super().__init__(schema, hidden_channels, dropout)
        modalities = len(schema.modalities)
        reduced = default_size(modalities) if reduced_channels is None else reduced_channels
        check_least(1, reduced_channels=reduced)
        size = (1 + reduced) ** modalities
        if size > LIMIT:
            raise InputError(
                f"the outer product of {modalities} modalities with reduced_channels={reduced} has "
                f"{size:,} numbers per sample; the limit is {LIMIT:,}. Lower reduced_channels, "
                f"leave modalities out, or use low_rank_tensor, whose cost grows linearly with "
                f"the number of modalities"
            )
        self.stand_in = FillMissing(modalities, hidden_channels)
        self.reduce = ModalityLinear(modalities, hidden_channels, reduced)
        self.project = nn.Linear(size, hidden_channels)

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Reduce, multiply out, project."""
        reduced = self.reduce(self.stand_in(vectors, present)).tanh()
        factors = nn.functional.pad(reduced, (1, 0), value=1.0)
        product, *others = factors.unbind(1)
        for factor in others:
            product = torch.einsum("bi,bj->bij", product, factor).flatten(1)
        return nn.functional.gelu(self.project(product))


def default_size(modalities: int) -> int:
    """Return the size of the reduced vectors: 16, or the most that gives no more than COMFORT."""
    return next((d for d in range(16, 1, -1) if (1 + d) ** modalities <= COMFORT), 1)
