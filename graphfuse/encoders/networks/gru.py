"""gru: a recurrent network over the nodes of a modality, in the order of their positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from graphfuse.data import Modality
from graphfuse.encoders.networks.network import Encoded, Network, network
from graphfuse.errors import InputError, check_integer


@network("gru")
class GRU(Network):
    """Read nodes forwards and backwards with gated recurrent units.

    After Cho et al. 2014, https://arxiv.org/abs/1406.1078, and Schuster and Paliwal 1997,
    https://doi.org/10.1109/78.650093. Nodes are read in the order of their positions, whatever row
    they stand in; those at one position are read as their mean. Each node becomes the states of
    both directions at its place, and keeps its position.

    Args:
        channels: features of each direction; a node gets twice as many.
        layers: number of stacked recurrent layers.

    Raises:
        InputError: the modality has no positions.

    Example:
        >>> made = GRU(Modality("speech", (80,), pos_dim=1), channels=8)
        >>> x, pos = torch.rand(2, 5, 80), torch.rand(2, 5, 1)
        >>> made(x, torch.ones(2, 5).bool(), pos).x.shape
        torch.Size([2, 5, 16])
    """

    keeps_nodes = True

    def __init__(self, modality: Modality, channels: int = 32, layers: int = 1) -> None:
        super().__init__(modality)
        check_order(modality, "gru")
        self.features, self.pos_dim = 2 * channels, modality.pos_dim
        self.gru = make_gru(modality.features, channels, layers)

    def forward(self, x: Tensor, mask: Tensor, pos: Tensor | None) -> Encoded:
        """Encode nodes [B, N, *shape] at positions [B, N, P]."""
        pos = check_pos(pos, self.modality)
        nodes = read_in_order(self.gru, x.flatten(2).to(self.dtype), mask, pos)
        return Encoded(nodes, mask, pos)


def check_order(modality: Modality, network: str) -> None:
    """Raise an error for nodes without positions, which have no order."""
    if not modality.pos_dim:
        raise InputError(
            f"network {network!r} reads nodes in the order of their positions, and those of "
            f"modality {modality.name!r} have none; give pos, or choose another network"
        )


def check_pos(pos: Tensor | None, modality: Modality) -> Tensor:
    """Return the positions; raise an error if a call has left them out."""
    if pos is None:
        raise InputError(
            f"nodes of modality {modality.name!r} are read in the order of their positions, and "
            f"came without; call the network with x, mask and pos [B, N, {modality.pos_dim}]"
        )
    return pos


def make_gru(inputs: int, channels: int, layers: int) -> nn.GRU:
    """Return gated recurrent units of both directions."""
    check_integer("channels of a recurrent network", channels, 1)
    check_integer("layers of a recurrent network", layers, 1)
    return nn.GRU(inputs, channels, layers, batch_first=True, bidirectional=True)


def read_in_order(gru: nn.GRU, x: Tensor, mask: Tensor, pos: Tensor) -> Tensor:
    """Return the state of ``gru`` at each node [B, N, F], zero at padded nodes."""
    step = steps_of(pos, mask)
    batch, length = len(x), int(step.max()) + 1
    row = (step + length * torch.arange(batch, device=x.device).unsqueeze(1))[mask]
    result = x.new_zeros(*mask.shape, 2 * gru.hidden_size)
    if not len(row):
        return result
    count = x.new_zeros(batch * length).index_add(0, row, x.new_ones(len(row)))
    total = x.new_zeros(batch * length, x.shape[2]).index_add(0, row, x[mask])
    mean = (total / count.clamp(min=1).unsqueeze(1)).view(batch, length, -1)
    lengths = (count.view(batch, length) > 0).sum(1)
    there = lengths > 0
    packed = pack_padded_sequence(
        mean[there], lengths[there].cpu(), batch_first=True, enforce_sorted=False
    )
    read, _ = pad_packed_sequence(gru(packed)[0], batch_first=True, total_length=length)
    steps = x.new_zeros(batch, length, read.shape[2])
    steps[there] = read
    result[mask] = steps.flatten(0, 1)[row]
    return result


def steps_of(pos: Tensor, mask: Tensor) -> Tensor:
    """Return the step at which each node [B, N] is read, the same for nodes at one position.

    Positions of several coordinates are in the order of the first, then of the second, and so on.
    That of a padded node is 0 and means nothing.

    Example:
        >>> pos = torch.tensor([[[3.0], [1.0], [3.0], [0.0]]])
        >>> steps_of(pos, torch.tensor([[True, True, True, False]]))
        tensor([[1, 0, 1, 0]])
    """
    order = torch.arange(mask.shape[1], device=mask.device).expand(mask.shape)
    for key in [*reversed(pos.unbind(2)), (~mask).to(pos.dtype)]:
        order = order.gather(1, key.gather(1, order).argsort(dim=1, stable=True))
    real = mask.gather(1, order)
    place = pos.gather(1, order.unsqueeze(2).expand_as(pos))
    new = torch.ones_like(mask)
    new[:, 1:] = (place[:, 1:] != place[:, :-1]).any(2)
    step = (new & real).cumsum(1) - 1
    return torch.empty_like(step).scatter(1, order, step).masked_fill(~mask, 0)
