"""Encode the features and the position of each node to one hidden vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse.data import Modality
from graphfuse.nn._typed import mask_nodes

WAVELENGTHS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


def encode_position(pos: Tensor, dtype: torch.dtype) -> Tensor:
    """Return sines and cosines of positions [B, N, P] at six wavelengths, [B, N, 12 P].

    Wavelengths range from 2 to 64 in the units of ``pos`` (after Vaswani et al. 2017,
    https://arxiv.org/abs/1706.03762). Angles are computed in the precision of ``pos``, but at least
    in single precision: in half precision, angles are random from about the hundredth step on.
    """
    pos = pos.to(torch.promote_types(pos.dtype, torch.float32))
    angle = pos.unsqueeze(3) * (2 * torch.pi / pos.new_tensor(WAVELENGTHS))
    return torch.cat([angle.sin(), angle.cos()], dim=3).flatten(2).to(dtype)


class NodeEncoder(nn.Module):
    r"""Encode the nodes of all modalities to one size, each modality by its own small network.

    .. math:: h = W_2\,\mathrm{gelu}\big((1 + a(p)) \odot W_1 x + b(p)\big)

    where :math:`a, b` are linear in the encoded position :math:`p`, and absent if nodes have no
    position. The position scales and shifts the features as in FiLM (Perez et al. 2018,
    https://arxiv.org/abs/1709.07871). All strategies use this encoder, so that they differ only in
    their fusion.

    Shapes:
        - ``x``: ``{modality: [B, N, *shape]}``, ``pos``: ``{modality: [B, N, P]}``
        - output: ``{modality: [B, N, hidden]}``, zero at padded nodes

    Example:
        >>> encoder = NodeEncoder([Modality("image", (48,), pos_dim=2)], 16)
        >>> x, pos = {"image": torch.rand(2, 9, 48)}, {"image": torch.rand(2, 9, 2)}
        >>> list(encoder(x, pos, {"image": torch.ones(2, 9).bool()})["image"].shape)
        [2, 9, 16]
    """

    def __init__(
        self, modalities: Sequence[Modality], hidden_channels: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.modalities = sorted(modalities, key=lambda m: m.name)
        self.inner, self.position, self.outer = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        for m in self.modalities:
            key = module_key(m.name)
            self.inner[key] = nn.Linear(m.features, hidden_channels)
            if m.pos_dim:
                encoded = 2 * len(WAVELENGTHS) * m.pos_dim
                self.position[key] = nn.Linear(encoded, 2 * hidden_channels)
            self.outer[key] = nn.Linear(hidden_channels, hidden_channels)
        self.dropout = nn.Dropout(dropout)

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the weights."""
        return next(self.parameters()).dtype

    def forward(
        self, x: Mapping[str, Tensor], pos: Mapping[str, Tensor], mask: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Encode every node; features are cast to the precision of the weights."""
        hidden = {}
        for m in self.modalities:
            key = module_key(m.name)
            nodes = self.inner[key](x[m.name].flatten(2).to(self.dtype))
            if m.pos_dim:
                place = encode_position(pos[m.name], nodes.dtype)
                scale, shift = self.position[key](place).chunk(2, dim=2)
                nodes = nodes * (1 + scale) + shift
            nodes = self.outer[key](self.dropout(nn.functional.gelu(nodes)))
            hidden[m.name] = mask_nodes(nodes, mask, m.name)
        return hidden
