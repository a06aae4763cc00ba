"""The base class of encoders, which turn raw items into nodes, and their registries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

import torch
from torch import Tensor

from graphfuse._registry import Registry, options_of
from graphfuse.data.spec import EncoderSpec, StepSpec
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Item


@dataclass(frozen=True, eq=False)
class Nodes:
    """Features [N, F] of an item's nodes, or raw nodes ``[N, *shape]``; positions [N, P]."""

    x: Tensor
    pos: Tensor


@dataclass(frozen=True)
class EncoderInfo:
    """Description of an encoder in lists, reports and docs."""

    name: str
    kind: str
    """What is encoded, "image", "audio", "video", "text", "series" or "table"."""
    title: str
    nodes: str
    """What a node is, and its position."""
    paper: str = ""
    needs: str = ""
    """The extra of graphfuse that must be installed, if any."""


@dataclass(frozen=True)
class Encoder(ABC):
    """Turns raw items into nodes; a frozen dataclass whose fields are its options.

    An encoder is never fitted. The nodes of an item depend only on this item, so every item is
    encoded once for all folds. Operations that are fitted on a training part are steps, named by
    :meth:`steps`. Weights are loaded at the first use.
    """

    info: ClassVar[EncoderInfo]
    batch_size: ClassVar[int] = 32
    """Items that are encoded together; fewer where they are large."""
    device: ClassVar[str] = "cpu"
    """Where networks compute; set by :meth:`to`. Nodes always come back to the CPU."""
    dtype: ClassVar[torch.dtype] = torch.float32
    """Of its nodes; integers where it only prepares raw nodes for a network."""
    version: ClassVar[int] = 1
    """Raised whenever the nodes of the same item and options change."""
    raw: ClassVar[bool] = False
    """Whether its nodes are raw, so that augmentation may change them while a network learns."""

    @property
    @abstractmethod
    def features(self) -> int:
        """Number of features F of a node, the product of a raw node's shape."""

    @property
    @abstractmethod
    def pos_dim(self) -> int:
        """Number of coordinates P of a node's position; 0 where the nodes form a set."""

    @abstractmethod
    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the nodes of each item, in :attr:`dtype`.

        Every item has at least one node, except items without the content, such as films without
        sound.
        """

    def prepare(self, item: Item) -> Item:
        """Return the item after the preparation for :meth:`encode`, such as resizing.

        Preparing an item twice changes nothing. Threads may prepare the next items while the
        network computes; ``encode`` prepares items that are not prepared yet.
        """
        return item

    @property
    def has_network(self) -> bool:
        """Whether a network computes the nodes, on :attr:`device`."""
        return False

    def to(self, device: str) -> Self:
        """Compute on a device from now on, ``"auto"`` for CUDA if available; return the encoder.

        Raises:
            InputError: there is no such device here.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            torch.empty(0, device=device)
        except (AssertionError, RuntimeError, TypeError) as error:
            reason = str(error).partition("\n")[0]
            raise InputError(
                f"device {device!r} cannot be used here: {reason}; take device='cpu'"
            ) from None
        object.__setattr__(self, "device", device)  # no option: it does not determine the nodes
        return self

    @property
    def options(self) -> dict[str, Any]:
        """Options by name."""
        return options_of(self)

    def steps(self, modality: str) -> tuple[StepSpec, ...]:
        """Return the steps for its nodes, which are fitted on a training part."""
        return ()

    def identity(self) -> dict[str, Any]:
        """Return all that determines the nodes of an item, as plain data.

        An encoder with weights adds their checksum.
        """
        version = {} if self.version == 1 else {"version": self.version}
        return {
            "kind": self.info.kind,
            "name": self.info.name,
            "options": self.options,
            **version,
        }


EncoderType = TypeVar("EncoderType", bound=type[Encoder])
KINDS = ("audio", "image", "series", "table", "text", "video")

encoders: dict[str, Registry[type[Encoder]]] = {
    kind: Registry(
        f"{kind} encoder",
        f"graphfuse.encoders.{kind}",
        entry_points="graphfuse.encoders",
    )
    for kind in KINDS
}
"""Registries of the encoders of each kind; each fills itself from the files of its folder."""


def encoder(info: EncoderInfo) -> Callable[[EncoderType], EncoderType]:
    """Register an encoder class under its kind and name."""

    def with_info(made: EncoderType) -> EncoderType:
        made.info = info
        return made

    return encoders[info.kind].register(info.name, with_info)


def list_encoders(kind: str | None = None) -> list[EncoderInfo]:
    """Return the descriptions of the encoders of one kind, or of all."""
    if kind is not None and kind not in KINDS:
        raise UnknownNameError("kind of encoder", kind, KINDS)
    kinds = KINDS if kind is None else (kind,)
    return [encoders[k].get(name).info for k in kinds for name in encoders[k].names()]


def create_encoder(kind: str, name: str, **options: Any) -> Encoder:
    """Create an encoder by kind of item and name; ``"timm:resnet18"`` is short for ``model=``.

    Raises:
        UnknownNameError: no such kind, encoder or option.
        InputError: a value that the option does not take.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of encoder", kind, KINDS)
    spec = EncoderSpec(name, options).with_model()
    built: Encoder = encoders[kind].create(spec.name, **spec.options)
    return built


def plain_options(read: Mapping[str, Any]) -> dict[str, Any]:
    """Return options that were read from JSON, with tuples in place of lists.

    Example:
        >>> plain_options({"numbers": ["age"]})
        {'numbers': ('age',)}
    """
    return {name: _with_tuples(value) for name, value in read.items()}


def _with_tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_with_tuples(one) for one in value)
    if isinstance(value, Mapping):
        return plain_options(value)
    return value
