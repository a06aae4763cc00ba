"""Checks of PyTorch Geometric convs whose weights a dense conv takes over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from graphfuse._pyg import import_pyg
from graphfuse.data import EdgeType
from graphfuse.errors import InputError

if TYPE_CHECKING:
    from torch_geometric.nn import MessagePassing

    from graphfuse.nn._typed import HeadedConv

ConvType = TypeVar("ConvType", bound="HeadedConv")


def check_conv(
    taker: type, conv: MessagePassing, kind: type[MessagePassing], *, aggr: str, **options: Any
) -> None:
    """Raise an error unless a conv computes the same as the class ``taker``.

    ``aggr`` is the aggregation that it must have, ``options`` are the attributes.
    """
    import_pyg()
    from torch_geometric.nn.resolver import aggregation_resolver

    own, theirs = taker.__name__, kind.__name__
    if not isinstance(conv, kind):
        raise InputError(f"{own} takes the weights of {theirs}, got {type(conv).__name__}")
    found = {option: getattr(conv, option) for option in ("flow", *options)}
    expected = {"flow": "source_to_target", **options}
    if type(conv.aggr_module) is not type(aggregation_resolver(aggr)):
        found["aggr"], expected["aggr"] = conv.aggr, aggr
    for option, value in expected.items():
        if found[option] != value:
            raise InputError(
                f"{own} has {option}={value!r}, but the {theirs} has {found[option]!r}"
            )
    if any(is_lazy(parameter) for parameter in conv.parameters()):
        raise InputError(f"the {theirs} has lazy sizes; run it once on data before converting it")


def check_hetero_conv(
    taker: type,
    conv: nn.Module,
    kind: type[MessagePassing],
    *,
    aggr: str,
    same: Sequence[str],
    **options: Any,
) -> dict[EdgeType, Any]:
    """Return the convs of a ``HeteroConv`` with sum aggregation, by edge type, after checking each.

    They must have equal values of the attributes ``same``.
    """
    import_pyg()
    from torch_geometric.nn import HeteroConv

    name = taker.__name__
    if not isinstance(conv, HeteroConv):
        raise InputError(
            f"{name} takes the weights of a HeteroConv of {kind.__name__}, got "
            f"{type(conv).__name__}"
        )
    if conv.aggr != "sum":
        raise InputError(f"{name} sums over edge types, but the HeteroConv has aggr={conv.aggr!r}")
    singles: dict[EdgeType, Any] = dict(conv.convs.items())
    for single in singles.values():
        check_conv(taker, single, kind, aggr=aggr, **options)
    for option in same:
        found = {edge_type: getattr(single, option) for edge_type, single in singles.items()}
        if len(set(found.values())) > 1:
            raise InputError(
                f"{name} has the same {option} for all edge types, but the HeteroConv has {found}"
            )
    return singles


def new_headed(
    taker: type[ConvType], singles: Mapping[EdgeType, Any], source: str, destination: str
) -> ConvType:
    """Return a new dense conv with the sizes, heads, device and precision of convs with heads.

    ``source`` and ``destination`` are their attributes for the linear maps of the two ends.
    """
    sizes: dict[str, int] = {}
    for (start, _, end), single in singles.items():
        sizes |= {
            start: getattr(single, source).in_channels,
            end: getattr(single, destination).in_channels,
        }
    first = next(iter(singles.values()))
    total = first.heads * first.out_channels
    dense = taker(sizes, total, (list(sizes), list(singles)), first.heads)
    weight = getattr(first, source).weight
    return dense.to(weight.device, weight.dtype)


def copy_linear(own: nn.Linear, theirs: nn.Module) -> None:
    """Copy the weights of a linear map; a missing bias is zero."""
    with torch.no_grad():
        own.weight.copy_(theirs.weight)  # type: ignore[arg-type]
        if theirs.bias is None:
            own.bias.zero_()
        else:
            own.bias.copy_(theirs.bias)  # type: ignore[arg-type]
