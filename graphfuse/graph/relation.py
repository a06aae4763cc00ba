"""What all relations share: which modality pairs they join, what they fit, how they are named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse._registry import Registry
from graphfuse.data import Batch, EdgeType, FusionDataset, RelationSpec, Schema
from graphfuse.errors import InputError, NotFittedError, UnknownNameError

Pairs = str | Sequence[tuple[str, str]]
"""Which modalities a relation joins: "all", "within", "across", or (source, destination) pairs."""

relations: Registry[type[Relation]]


class Relation(nn.Module):
    """A rule that draws typed edges between the nodes of one sample.

    To add one, write a file with a subclass that sets ``name``, ``paper`` and implements
    :meth:`edge_types` and :meth:`edges`; override :meth:`fit` if it learns from training data and
    keep what it learns with :meth:`store`. Constructor arguments are plain data and are kept as
    attributes of the same name.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    fits: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__:
            relations.add(cls.name, cls)

    def __init__(self, pairs: Pairs = "all") -> None:
        super().__init__()
        if isinstance(pairs, str) and pairs not in ("all", "within", "across"):
            raise UnknownNameError("choice of pairs", pairs, ("all", "within", "across"))
        self.pairs = pairs if isinstance(pairs, str) else [(s, d) for s, d in pairs]

    def fit(self, train: FusionDataset) -> Self:
        """Learn what there is to learn from training data; most relations need nothing."""
        return self

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return the types of the edges that this relation may draw on data of that schema."""
        raise InputError(f"{type(self).__name__} does not say which edge types it draws")

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw the edges of a batch, bool or weights [B, Ns, Nd]; none at padded nodes."""
        raise InputError(f"{type(self).__name__} does not say how it draws edges")

    def spec(self) -> RelationSpec:
        """Return name and options as plain data, from which the relation can be built again."""
        return RelationSpec(self.name, self.options())

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"pairs": self.pairs}

    def extra_repr(self) -> str:
        """Show the options."""
        return ", ".join(f"{key}={value!r}" for key, value in self.options().items())

    def select_pairs(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """Return the (source, destination) pairs among the given modalities, sorted."""
        names = sorted(names)
        if not isinstance(self.pairs, str):
            for end in (end for pair in self.pairs for end in pair):
                if end not in names:
                    raise UnknownNameError(f"modality in the pairs of {self.name!r}", end, names)
            return sorted(self.pairs)
        return [
            (s, d)
            for s in names
            for d in names
            if self.pairs == "all" or (s == d) == (self.pairs == "within")
        ]

    def store(self, key: Sequence[str], value: Tensor) -> None:
        """Keep a fitted tensor as a buffer."""
        self.register_buffer(module_key("fitted", *key), value)

    def recall(self, *key: str) -> Tensor:
        """Return a fitted tensor; an error says to fit first."""
        value = self._buffers.get(module_key("fitted", *key))
        if value is None:
            raise NotFittedError(
                f"{type(self).__name__} is not fitted for {key}; call fit(train) with training "
                f"data that has these modalities before drawing edges"
            )
        return value

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        # Fitted tensors have shapes known only after the fit, so take them as they come.
        start = prefix + module_key("fitted")
        for full in state_dict:
            if full.startswith(start):
                self.register_buffer(full[len(prefix) :], torch.empty_like(state_dict[full]))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


relations = Registry("relation", "graphfuse.graph")


def real_pairs(batch: Batch, source: str, destination: str) -> Tensor:
    """Return bool [B, Ns, Nd]: both nodes are real, and within a modality not the same one."""
    joined = batch.mask[source].unsqueeze(2) & batch.mask[destination].unsqueeze(1)
    if source == destination:
        joined &= ~torch.eye(joined.shape[1], dtype=torch.bool, device=joined.device)
    return joined


def displacement(batch: Batch, source: str, destination: str) -> tuple[Tensor, Tensor]:
    """Return the way from each source to each destination, [P, B, Ns, Nd], and its least length.

    Steps of 0.1 are not exactly 0.1 in any precision. The least length is what is left once the
    rounding of both positions is taken off: compare that with a limit. Rounding depends on the two
    positions alone, and not on the precision that they were converted to.
    """
    # Coordinates first: reductions over them are then sums of whole planes.
    start, start_rounding = _position(batch.pos[source].movedim(2, 0).contiguous().unsqueeze(3))
    end, end_rounding = _position(batch.pos[destination].movedim(2, 0).contiguous().unsqueeze(2))
    way = end - start
    return way, way.abs().double().sub_(start_rounding).sub_(end_rounding)


def _position(pos: Tensor) -> tuple[Tensor, Tensor]:
    """Return positions in the widest type of their kind, and an ulp of those that are rounded."""
    if not pos.is_floating_point():
        return pos.long(), torch.zeros_like(pos, dtype=torch.double)
    exact, ulp = pos.double(), torch.finfo(pos.dtype).eps
    # In double, what fits in float32 was most likely made there. Whole numbers are not rounded.
    coarse = exact == exact.float()
    relative = torch.where(coarse, max(ulp, torch.finfo(torch.float).eps), ulp)
    return exact, exact.abs() * relative.masked_fill(exact == exact.round(), 0)


def nearest(distance: Tensor, allowed: Tensor, k: int) -> Tensor:
    """Return bool [B, Ns, Nd]: the k nearest allowed sources of each destination, with all ties."""
    distance = distance.masked_fill(~allowed, torch.inf)
    k = min(k, distance.shape[1])
    kth = distance.topk(k, dim=1, largest=False).values[:, -1:]
    return (distance <= kth) & allowed


def build_relation(given: Relation | RelationSpec | str | Mapping[str, Any]) -> Relation:
    """Return a relation from an instance, a spec, a name, or ``{name: options}``."""
    if isinstance(given, Relation):
        return given
    if isinstance(given, str):
        given = RelationSpec(given)
    if isinstance(given, Mapping):
        if len(given) != 1:
            raise InputError(f"a relation is {{name: options}} with one name, got {dict(given)!r}")
        name, options = next(iter(given.items()))
        given = RelationSpec(name, options or {})
    cls = relations.get(given.name)
    try:
        return cls(**given.options)
    except TypeError as error:
        raise InputError(f"relation {given.name!r} with {dict(given.options)}: {error}") from None
