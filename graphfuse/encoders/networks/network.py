"""Base of encoder networks: modules from a modality's raw nodes to encoded nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from graphfuse._registry import Registry
from graphfuse.data import Modality, Schema
from graphfuse.data.spec import NetworkSpec
from graphfuse.errors import InputError

CHUNK = 32
"""Raw nodes that go through a network together where no gradient is wanted: memory is the limit."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Encoded nodes of one modality.

    Shapes:
        - ``x`` [B, N', F], zero at padded nodes; ``mask`` bool [B, N']; ``pos`` [B, N', P'] or
          None where the nodes form a set.
    """

    x: Tensor
    mask: Tensor
    pos: Tensor | None


class Network(nn.Module):
    """A module from the raw nodes of one modality to encoded nodes.

    To add one, write a file with a subclass, decorate it with ``network``, set ``features`` and
    ``pos_dim`` in its constructor, which takes the raw modality and plain options, and implement
    :meth:`forward`. Padded nodes must have no effect, and in evaluation mode samples must not
    affect each other.
    """

    name: ClassVar[str]
    keeps_nodes: ClassVar[bool] = False
    """Whether each raw node becomes the node of the same number, so that given edges still hold."""
    features: int
    """Number of features F of an encoded node."""
    pos_dim: int
    """Number of coordinates P' of its position."""
    rate: float = 1.0
    """Its learning rate as a share of the recipe's; less than 1 where weights are pretrained."""

    def __init__(self, modality: Modality) -> None:
        super().__init__()
        self.modality = modality

    @property
    def encoded(self) -> Modality:
        """The modality after encoding."""
        unit = self.modality.pos_unit if self.pos_dim == self.modality.pos_dim else ""
        return Modality(self.modality.name, (self.features,), self.pos_dim, pos_unit=unit)

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the weights."""
        return next(p.dtype for p in self.parameters() if p.is_floating_point())

    def saved_options(self) -> dict[str, Any]:
        """Return additional options, with which a saved model needs no other weights."""
        return {}

    @classmethod
    def check_saved(cls, options: Mapping[str, Any]) -> None:
        """Raise an error if options of a saved model name weights outside of its folder."""

    def forward(self, x: Tensor, mask: Tensor, pos: Tensor | None) -> Encoded:
        """Encode raw nodes ``[B, N, *shape]`` with mask [B, N] and positions [B, N, P], if any."""
        raise InputError(f"{type(self).__name__} does not say how to encode")


NetworkType = TypeVar("NetworkType", bound=type[Network])
networks: Registry[type[Network]] = Registry("encoder network", "graphfuse.encoders.networks")
"""Networks by name; the registry fills itself from the files of this folder."""


def network(name: str) -> Callable[[NetworkType], NetworkType]:
    """Register a network class under a name."""
    return networks.register(name)


def create_network(given: Any, modality: Modality) -> Network:
    """Create the network of a raw modality: a name or ``{name: {option: value}}``.

    ``"timm:resnet18"`` is short for ``{"timm": {"model": "resnet18"}}``.

    Raises:
        UnknownNameError: no such network or option.
        InputError: nodes of a shape that the network does not take.

    Example:
        >>> create_network({"cnn": {"channels": 16}}, Modality("image", (3, 32, 32))).encoded
        Modality(name='image', shape=(16,), pos_dim=2)
    """
    spec = network_spec(given, modality.name)
    network: Network = networks.create(spec.name, modality, **spec.options)
    return network


def network_spec(given: Any, modality: str) -> NetworkSpec:
    """Return the network that was given for a modality, with a model after a colon as option."""
    return NetworkSpec.of(given, f"the encoder network of {modality!r}").with_model()


def check_saved_networks(given: Mapping[str, Any]) -> None:
    """Raise an error if the networks of a saved model read weights outside of its folder."""
    for m, one in given.items():
        spec = network_spec(one, m)
        networks.get(spec.name).check_saved(spec.options)


def create_networks(given: Any, schema: Schema) -> dict[str, Network]:
    """Create the networks of those modalities of a schema that ``{modality: network}`` names."""
    if not isinstance(given, Mapping):
        raise InputError(f"encoders must be {{modality: network}}, got {given!r}")
    schema.check_names(given)
    return {m: create_network(given[m], schema[m]) for m in schema.names if m in given}


def encoded_schema(schema: Schema, made: Mapping[str, Network]) -> Schema:
    """Return the schema of data after encoding.

    Example:
        >>> schema = Schema([Modality("a", (3, 8, 8)), Modality("b", (5,))])
        >>> encoded_schema(schema, create_networks({"a": "cnn"}, schema))["a"].shape
        (64,)
    """
    modalities = (made[m.name].encoded if m.name in made else m for m in schema.modalities)
    return Schema(tuple(modalities), schema.targets)


def on_real_nodes(
    compute: Callable[[Tensor], Tensor], x: Tensor, mask: Tensor, shape: tuple[int, int]
) -> Tensor:
    """Apply ``compute`` to the real nodes of ``x``; return [B, N * cells, F].

    It takes raw nodes [K, *raw] to [K, cells, F] of that shape, some at a time where no gradient
    is wanted. Padded nodes are zero.
    """
    real = x[mask]
    parts = [real] if torch.is_grad_enabled() else list(torch.split(real, CHUNK))
    if not len(real):
        return x.new_zeros(len(x), x.shape[1] * shape[0], shape[1], dtype=torch.float32)
    done = torch.cat([compute(part) for part in parts])
    placed = done.new_zeros(*mask.shape, *shape)
    placed[mask] = done
    return placed.flatten(1, 2)
