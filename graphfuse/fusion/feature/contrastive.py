"""Concatenation of vectors that are aligned across modalities."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from graphfuse.data import Batch, Schema
from graphfuse.fusion.feature.concat import Concat
from graphfuse.fusion.info import strategy
from graphfuse.fusion.losses import any_labelled, info_nce, mean_over_pairs
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import check_least, presence


@strategy(
    "contrastive",
    family="feature",
    summary="vectors aligned across modalities by InfoNCE, then a head",
    paper="Radford et al. 2021, https://arxiv.org/abs/2103.00020",
    modalities=2,
)
class Contrastive(Concat):
    r"""Concatenate the vectors, and train each modality's vector to identify the matching others.

    .. math:: \mathrm{loss} = \mathrm{task} + \text{weight} \cdot
        \mathrm{mean}_{m < n}\, \mathrm{InfoNCE}(v_m, v_n)

    with :func:`graphfuse.fusion.losses.info_nce` over the batch's samples that have both (van den
    Oord et al. 2018, https://arxiv.org/abs/1807.03748). Unlike in CLIP, encoders and head are
    trained together, the temperature is fixed, and the inputs of the head are the vectors before
    normalisation.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> model, batch = Contrastive(data.schema), data.batch(range(50))
        >>> sorted(model.loss(model(batch), batch))
        ['contrast', 'task']
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        temperature: float = 0.1,
        weight: float = 0.1,
    ) -> None:
        super().__init__(schema, hidden_channels, dropout)
        check_least(0.001, temperature=temperature)
        check_least(0, weight=weight)
        self.temperature, self.weight = temperature, weight

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return the task's loss and the weighted InfoNCE."""
        terms = super().loss(output, batch)
        vectors = output.embedding.view(-1, *self.stand_in.vectors.shape)
        measure = partial(info_nce, temperature=self.temperature)
        found = mean_over_pairs(measure, vectors, presence(batch))
        terms["contrast"] = self.weight * found * any_labelled(batch)
        return terms
