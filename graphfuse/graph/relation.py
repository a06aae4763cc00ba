"""The base class of relations: the pairs of modalities that they join, fitting, and options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse._registry import Registry
from graphfuse.data import Batch, EdgeType, FusionDataset, RelationSpec, Schema, SparseEdges
from graphfuse.data.edges import dense_edges, real_ones
from graphfuse.errors import InputError, NotFittedError, UnknownNameError

Pairs = str | Sequence[tuple[str, str]]
"""Which modalities a relation joins: "all", "within", "across", or (source, destination) pairs."""

relations: Registry[type[Relation]]

FITTED = module_key("fitted")
"""Prefix of the names of buffers with fitted tensors."""


class Relation(nn.Module):
    """A rule that draws typed edges between the nodes of one sample.

    To add a relation, write a file with a subclass that sets ``name`` and ``summary`` and
    implements :meth:`edge_types` and :meth:`edges`. If it is fitted on training data, override
    :meth:`fit`: call this method first, then keep fitted tensors with :meth:`store`. Constructor
    arguments are JSON data and are kept as attributes of the same names.
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
        self.pairs = pairs if isinstance(pairs, str) else _pairs(pairs)

    def fit(self, train: FusionDataset) -> Self:
        """Fit the relation on training data, and remove everything that was fitted before."""
        for key in [key for key in self._buffers if key.startswith(FITTED)]:
            del self._buffers[key]
        return self

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return the types of the edges that this relation can draw on data of that schema."""
        raise InputError(f"{type(self).__name__} does not implement edge_types()")

    def edges(self, batch: Batch) -> Mapping[EdgeType, Tensor | SparseEdges]:
        """Draw the edges of a batch: bool or weights [B, Ns, Nd], none at padded nodes.

        For large samples, they are :class:`~graphfuse.data.SparseEdges`.
        """
        raise InputError(f"{type(self).__name__} does not implement edges()")

    def spec(self) -> RelationSpec:
        """Return name and options as JSON data, from which the relation can be rebuilt."""
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
            return list(self.pairs)
        return [
            (s, d)
            for s in names
            for d in names
            if self.pairs == "all" or (s == d) == (self.pairs == "within")
        ]

    def timed_pairs(self, units: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the pairs of modalities with a time in the same unit.

        Raises:
            InputError: a pair is given explicitly, but its units differ.
        """
        chosen = self.select_pairs(units)
        fitting = [(s, d) for s, d in chosen if s == d or units[s] == units[d]]
        if not isinstance(self.pairs, str) and len(fitting) < len(chosen):
            raise InputError(
                f"{type(self).__name__} compares times, but the positions of the pairs {chosen} "
                f"have the units {dict(units)}; convert them to one unit, or leave the pair out"
            )
        return fitting

    def comparable_pairs(self, sizes: Mapping[str, int], remedy: str) -> list[tuple[str, str]]:
        """Return the pairs with equal numbers of features; raise an error for other given pairs."""
        chosen = self.select_pairs(sizes)
        fitting = [(s, d) for s, d in chosen if sizes[s] == sizes[d]]
        if not isinstance(self.pairs, str) and len(fitting) < len(chosen):
            raise InputError(
                f"{type(self).__name__} needs the same number of features in both modalities, got "
                f"{dict(sizes)} for pairs {chosen}; {remedy}"
            )
        return fitting

    def check_features(self, m: str, given: int, fitted: int) -> None:
        """Raise an error if nodes have another number of features than the fitted ones."""
        if given != fitted:
            raise InputError(
                f"{type(self).__name__} was fitted on nodes of {m!r} with {fitted} features, got "
                f"{given}; fit it on training data of the same shape"
            )

    def store(self, key: Sequence[str], value: Tensor) -> None:
        """Keep a fitted tensor as a buffer."""
        # A copy, because a view would keep the whole tensor alive and could not be saved.
        self.register_buffer(module_key("fitted", *key), value.clone())

    def recall(self, *key: str) -> Tensor:
        """Return a fitted tensor, at least as float32; raise an error if it is not fitted."""
        value = self._buffers.get(module_key("fitted", *key))
        if value is None:
            raise NotFittedError(
                f"{type(self).__name__} is not fitted for {key}; call fit(train) with training "
                f"data that has these modalities before drawing edges"
            )
        return widen(value) if value.is_floating_point() else value

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        # The shapes of fitted tensors are known only after the fit, so any shape is accepted.
        for full in state_dict:
            if full.startswith(prefix + FITTED):
                self.register_buffer(full[len(prefix) :], torch.empty_like(state_dict[full]))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


relations = Registry("relation", "graphfuse.graph", entry_points="graphfuse.relations")


def draw(relation: Relation, batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
    """Return the edges that a relation draws between real nodes, each pair of nodes once."""
    drawn = replace(batch, edges=dict(relation.edges(batch)))
    return {
        t: real_ones(batch, t, edges) if isinstance(edges, SparseEdges) else dense_edges(drawn, t)
        for t, edges in drawn.edges.items()
    }


def times_of(data: Schema | Batch) -> dict[str, str]:
    """Return the modalities whose position is a time, and its unit, empty if unknown."""
    if isinstance(data, Schema):
        return {m.name: m.pos_unit for m in data.modalities if m.pos_dim == 1}
    return {m: data.pos_unit.get(m, "") for m, pos in data.pos.items() if pos.shape[2] == 1}


def real_pairs(batch: Batch, source: str, destination: str) -> Tensor:
    """Return bool [B, Ns, Nd]: both nodes are real, and within a modality not the same one."""
    joined = batch.mask[source].unsqueeze(2) & batch.mask[destination].unsqueeze(1)
    if source == destination:
        joined.diagonal(dim1=1, dim2=2).fill_(False)
    return joined


def widen(values: Tensor) -> Tensor:
    """Return values as float32 or higher, which all operations of relations support."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def node_features(batch: Batch, m: str) -> Tensor:
    """Return the features of nodes, flattened to [B, N, F], as float32 or more."""
    return widen(batch.x[m].flatten(2))


Place = tuple[Tensor, Tensor]
"""Positions of nodes [P, B, N], coordinates first, and by how much each may be rounded."""


def displacement(source: Place, destination: Place) -> tuple[Tensor, Tensor]:
    """Return the offset of each destination from each source, [P, B, Ns, Nd], and its least length.

    Steps of 0.1 are not exactly 0.1 in any precision. The least length is the length minus the
    rounding of both positions; compare it with a limit. The rounding depends only on the two
    positions, not on the precision that they were converted to.
    """
    (start, start_rounding), (end, end_rounding) = source, destination
    way = end.unsqueeze(2) - start.unsqueeze(3)
    least = way.abs().double().sub_(start_rounding.unsqueeze(3)).sub_(end_rounding.unsqueeze(2))
    return way, least


def places(pos: Tensor) -> Place:
    """Return positions [B, N, P] in the widest type of their kind, and an ulp of those rounded."""
    pos = pos.movedim(2, 0).contiguous()  # reductions over coordinates are sums of whole planes
    if not pos.is_floating_point():
        return pos.long(), torch.zeros_like(pos, dtype=torch.double)
    exact, ulp = pos.double(), torch.finfo(pos.dtype).eps
    # A double that fits in float32 was most likely converted. Whole numbers are not rounded.
    coarse = exact == exact.float()
    relative = torch.where(coarse, max(ulp, torch.finfo(torch.float).eps), ulp)
    return exact, exact.abs() * relative.masked_fill(exact == exact.round(), 0)


def rounding(sources: Tensor, destinations: Tensor, features: int) -> Tensor:
    """Return the difference of squared distances that rounding cannot reverse, [..., Nd].

    This bound holds for products and differences. It is computed from squared lengths in double
    precision, [..., Ns] and [..., Nd].
    """
    reach = destinations.sqrt() + sources.amax(-1, keepdim=True).sqrt()
    return reach.square_().mul_(4 * (features + 4) * torch.finfo(reach.dtype).eps)


def nearest(distance: Tensor, allowed: Tensor, k: int) -> Tensor:
    """Return the k nearest allowed sources of each destination, with ties, as bool [B, Ns, Nd]."""
    distance = distance.masked_fill(~allowed, torch.inf)
    k = min(k, distance.shape[1])
    kth = distance.topk(k, dim=1, largest=False).values[:, -1:]
    return (distance <= kth) & allowed


def build_relation(given: Relation | RelationSpec | str | Mapping[str, Any]) -> Relation:
    """Return a relation from an instance, a spec, a name, or ``{name: options}``."""
    try:
        built: Relation = relations.build(given, Relation, RelationSpec.of)
    except TypeError as error:  # a required option is missing
        spec = RelationSpec.of(given)
        raise InputError(f"relation {spec.name!r} with {dict(spec.options)}: {error}") from None
    return built


def build_relations(
    given: Iterable[Relation | RelationSpec | str | Mapping[str, Any]],
) -> list[Relation]:
    """Return relations, at least one, in a fixed order."""
    one = isinstance(given, str | Mapping | Relation) or not isinstance(given, Iterable)
    built = [] if one else [build_relation(relation) for relation in given]
    if not built:
        raise InputError(
            f"relations must be a list with at least one relation; each is an instance, a name or "
            f"{{name: {{option: value}}}}; got {given!r}"
        )
    return sorted(built, key=lambda relation: repr(relation.spec()))


def plain(value: Any) -> Any:
    """Return settings as JSON data: relations by name, numpy numbers as Python numbers.

    Raises:
        InputError: a value cannot be represented in JSON.

    Example:
        >>> from graphfuse.graph import KNearest
        >>> plain({"relations": [KNearest(k=2)]})["relations"][0]["k_nearest"]["k"]
        2
    """
    if isinstance(value, Relation | RelationSpec):
        spec = value.spec() if isinstance(value, Relation) else value
        return {spec.name: plain(dict(spec.options))}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise InputError(
        f"settings must be numbers, text, relations, or lists and mappings of these; got {value!r}"
    )


def _pairs(given: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    pairs = set()
    for pair in given if isinstance(given, Iterable) else [given]:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise InputError(
                f"pairs must be 'all', 'within', 'across' or a list of (source, destination) "
                f"modalities, got {pair!r} among {given!r}"
            )
        pairs.add((pair[0], pair[1]))
    return sorted(pairs)
