"""One node per modality, with edges that are learned for each sample."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, EdgeType, Schema
from graphfuse.errors import UnknownNameError
from graphfuse.fusion.info import strategy
from graphfuse.fusion.losses import any_labelled, info_nce, mean_over_pairs
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import FillMissing, ModalityEncoder, check_least, head, presence
from graphfuse.fusion.strategy import Strategy
from graphfuse.nn import GraphFusion

ABLATIONS = ("no_edges", "complete")


@strategy(
    "graph:clarga",
    family="graph",
    summary="attention over a graph of modalities that is learned for each sample, with InfoNCE",
    paper="Patapati 2025, https://arxiv.org/abs/2512.11901",
    modalities=2,
    ablations=ABLATIONS,
)
class GraphCLARGA(Strategy):
    r"""Fuse one vector per modality with graph attention on a learned graph per sample.

    Let :math:`v_m` be the mean of a modality's encoded nodes, or a learned vector if the modality
    is missing. The graph joins all modalities, each with itself too, by the weights

    .. math:: w_{mn} = \mathrm{softmax}_m\left(\frac{(K v_m) \cdot (Q v_n)}{\sqrt{d}}\right),
        \qquad \mathrm{loss} = \mathrm{task} + \text{weight} \cdot
        \mathrm{mean}_{m < n}\, \mathrm{InfoNCE}(u_m, u_n)

    and :class:`~graphfuse.nn.DenseRGATConv` passes messages along it. :math:`u_m` is the input of
    the first layer, compared over the samples of a batch that have both modalities.

    This follows the abstract of the paper, not its formulas. Taken from it are one graph per
    sample, weighted by attention over the modalities' features, multi-head graph attention along
    the graph, a learned replacement of a missing modality (a mask there) and the task's loss plus
    InfoNCE. Added here are the formula for :math:`w`, edges between all pairs (the cost of the
    paper is less than quadratic in the number of modalities), a learned vector for a missing
    modality, attention that depends on the pair of modalities, the layers around it, the readout,
    the temperature and the weight of the loss.

    Nodes of the graph are modalities, so that neither relations between nodes within them nor the
    edges of a batch are used. The ablations leave out the edges ("no_edges") or their weights
    ("complete"); there is nothing to shuffle.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> model, batch = GraphCLARGA(data.schema), data.batch(range(50))
        >>> sorted(model.loss(model(batch), batch))
        ['contrast', 'task']
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        num_layers: int = 2,
        heads: int = 4,
        temperature: float = 0.1,
        weight: float = 0.1,
        ablation: str | None = None,
    ) -> None:
        super().__init__(schema)
        if ablation not in (None, *ABLATIONS):
            raise UnknownNameError("ablation", ablation, ABLATIONS)
        check_least(0.001, temperature=temperature)
        check_least(0, weight=weight)
        self.ablation, self.temperature, self.weight = ablation, temperature, weight
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        names = self.encoder.names
        self.stand_in = FillMissing(len(names), hidden_channels)
        self.query = nn.Linear(hidden_channels, hidden_channels, bias=False)
        self.key = nn.Linear(hidden_channels, hidden_channels, bias=False)
        types = [(s, "learned", d) for s in names for d in names]
        channels = dict.fromkeys(names, hidden_channels)
        self.core = GraphFusion(
            channels, hidden_channels, (names, types), "rgat", num_layers, heads, "concat"
        )
        self.head = head(self.core.out_channels, hidden_channels, schema.outputs, dropout)

    def edges(self, vectors: Tensor) -> dict[EdgeType, Tensor]:
        """Return the weights of each sample's edges between vectors [B, M, hidden]."""
        if self.ablation == "no_edges":
            return {}
        scores = self.key(vectors) @ self.query(vectors).transpose(1, 2)
        weight = (scores / vectors.shape[2] ** 0.5).softmax(1)
        if self.ablation == "complete":
            weight = torch.ones_like(weight)
        names = self.encoder.names
        return {
            (s, "learned", d): weight[:, i : i + 1, j : j + 1]
            for i, s in enumerate(names)
            for j, d in enumerate(names)
        }

    def forward(self, batch: Batch) -> FusionOutput:
        """Encode, join the modalities, predict."""
        vectors = self.stand_in(*self.encoder(batch))
        nodes = {m: vectors[:, i : i + 1] for i, m in enumerate(self.encoder.names)}
        embedding, _ = self.core(nodes, self.edges(vectors))
        return FusionOutput(self.rescale(self.head(embedding)), embedding)

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return the task's loss and the weighted InfoNCE."""
        terms = super().loss(output, batch)
        # The readout concatenates each modality before and after the core.
        parts = output.embedding.view(len(output.embedding), len(self.encoder.names), 2, -1)
        measure = partial(info_nce, temperature=self.temperature)
        found = mean_over_pairs(measure, parts[:, :, 0], presence(batch))
        terms["contrast"] = self.weight * found * any_labelled(batch)
        return terms
