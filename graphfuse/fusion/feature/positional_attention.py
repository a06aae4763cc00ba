"""Weigh each node by its content and its position."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse.data import Batch, Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import check_sizes, head, masked_softmax
from graphfuse.fusion.strategy import Strategy
from graphfuse.nn import NodeEncoder
from graphfuse.nn.node_encoder import WAVELENGTHS, encode_position


@strategy(
    "positional_attention",
    family="feature",
    summary="attention pooling over all nodes, by content and position",
    paper="Ilse et al. 2018, https://arxiv.org/abs/1802.04712",
    modalities=2,
    positions=True,
)
class PositionalAttention(Strategy):
    r"""Predict from a weighted mean of all nodes; weights depend on content and position.

    .. math:: z = \sum_n \alpha_n h_n, \qquad
        \alpha = \mathrm{softmax}_n\big(q^\top \tanh(W h_n + P_m\, e(p_n) + b) - \log N_m\big)

    over the nodes of all modalities, where :math:`h_n` is an encoded node, :math:`e(p_n)` its
    position in sines and cosines (absent if the modality has no positions) and :math:`N_m` the
    number of nodes of its modality. With equal scores, modalities have equal weights, whatever
    their number of nodes.

    The paper pools by content only; position and :math:`N_m` are added here.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> batch = data.batch([0, 1, 2])
        >>> weights = PositionalAttention(data.schema).weights(batch)
        >>> bool(torch.allclose(sum(w.sum(1) for w in weights.values()), torch.ones(3)))
        True
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema)
        check_sizes(hidden_channels, dropout)
        self.nodes = NodeEncoder(schema.modalities, hidden_channels, dropout)
        self.content = nn.Linear(hidden_channels, hidden_channels)
        self.place = nn.ModuleDict(
            {
                module_key(m.name): nn.Linear(
                    2 * len(WAVELENGTHS) * m.pos_dim, hidden_channels, bias=False
                )
                for m in schema.modalities
                if m.pos_dim
            }
        )
        self.query = nn.Linear(hidden_channels, 1, bias=False)
        nn.init.zeros_(self.query.weight)  # equal weights at the start
        self.norm = nn.LayerNorm(hidden_channels)
        self.head = head(hidden_channels, hidden_channels, schema.outputs, dropout)

    def weights(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weight of each node, ``{modality: [B, N]}``; they sum to 1 in each sample."""
        return self._weigh(self.nodes(batch.x, batch.pos, batch.mask), batch)

    def forward(self, batch: Batch) -> FusionOutput:
        """Encode nodes, pool, predict."""
        hidden = self.nodes(batch.x, batch.pos, batch.mask)
        weights = self._weigh(hidden, batch)
        pooled = [weights[m].unsqueeze(1) @ hidden[m] for m in weights]
        embedding = self.norm(torch.cat(pooled, dim=1).sum(1))
        return FusionOutput(self.rescale(self.head(embedding)), embedding)

    def _weigh(self, hidden: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        scores, masks = [], []
        for name, nodes in hidden.items():
            inner = self.content(nodes)
            if module_key(name) in self.place:
                place = encode_position(batch.pos[name], inner.dtype)
                inner = inner + self.place[module_key(name)](place)
            count = batch.mask[name].sum(1, keepdim=True).clamp(min=1)
            scores.append(self.query(inner.tanh()).squeeze(2) - count.to(inner.dtype).log())
            masks.append(batch.mask[name])
        weights = masked_softmax(torch.cat(scores, dim=1), torch.cat(masks, dim=1))
        parts = torch.split(weights, [nodes.shape[1] for nodes in hidden.values()], dim=1)
        return dict(zip(hidden, parts, strict=True))
