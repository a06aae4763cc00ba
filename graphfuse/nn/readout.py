"""The base class of readouts, the groups of nodes that they read out, and the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from graphfuse._registry import Registry
from graphfuse.errors import InputError

readouts: Registry[type[Readout]]


class Readout(nn.Module):
    """Base class of modules from the nodes of a graph, before and after the core, to one vector.

    There is one vector per group: a group is a whole sample or, if samples hold units, a unit. A
    subclass sets ``name`` and ``out_channels`` and implements ``forward(inputs, nodes, groups)``.
    """

    name: ClassVar[str]
    out_channels: int

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        readouts.add(cls.name, cls)

    def __init__(self, node_types: list[str], channels: int) -> None:
        super().__init__()
        self.node_types, self.channels = sorted(node_types), channels

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        nodes: Mapping[str, Tensor],
        groups: Mapping[str, Tensor],
    ) -> Tensor:
        """Read out nodes [B, N, D] by groups bool [B, U, N]; return [B, U, out_channels]."""
        raise InputError(f"{type(self).__name__} does not implement forward()")


readouts = Registry("readout", "graphfuse.nn")


def group_nodes(
    nodes: Mapping[str, Tensor],
    mask: Mapping[str, Tensor] | None,
    unit: Mapping[str, Tensor] | None = None,
    num_units: int | None = None,
) -> dict[str, Tensor]:
    """Return which nodes belong to which group, bool [B, U, N]; U = 1 without units.

    ``num_units`` is U; by default, U is one more than the largest unit of a node.
    """
    real = {
        name: x.new_ones(x.shape[:2], dtype=torch.bool) if mask is None else mask[name]
        for name, x in nodes.items()
    }
    if unit is None:
        return {name: rows.unsqueeze(1) for name, rows in real.items()}
    if num_units is None:
        num_units = 1 + max(int(rows.max()) if rows.numel() else 0 for rows in unit.values())
    groups = {}
    for name, rows in real.items():
        number = torch.arange(max(num_units, 1), device=rows.device).view(1, -1, 1)
        groups[name] = (unit[name].unsqueeze(1) == number) & rows.unsqueeze(1)
    return groups


def mean_of(nodes: Tensor, groups: Tensor) -> Tensor:
    """Return the mean of nodes [B, N, D] over each group [B, U, N]; zero for an empty one."""
    weight = groups.to(nodes.dtype)
    return weight @ nodes / weight.sum(2, keepdim=True).clamp(min=1)
