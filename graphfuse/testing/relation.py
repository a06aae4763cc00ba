"""Checks of a relation: requirements for every rule that draws edges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace

import torch
from torch import Tensor

from graphfuse.data import (
    Batch,
    EdgeType,
    FusionDataset,
    Modality,
    Sample,
    Schema,
    SparseEdges,
)
from graphfuse.graph import Relation

SCHEMA = Schema(
    (
        Modality("image", (5,), pos_dim=2),
        Modality("speech", (4,), pos_dim=1),
        Modality("text", (5,), pos_dim=1),
    )
)
GIVEN = (("speech", "follows", "speech"), ("text", "names", "image"))
SAMPLES = 30


def check_relation(relation: Relation) -> None:
    """Check a relation on data with modalities image (grid), speech and text (time).

    In this data, some nodes are equal, so that neighbours tie. Samples have edges ("speech",
    "follows", "speech") and, with weights, ("text", "names", "image"). Nodes have an attribute
    "word".

    The checks cover edge types that agree with ``edge_types``; bool edges or weights of at least 0,
    dense or :class:`~graphfuse.data.SparseEdges`; no edges at padded nodes; the order of nodes,
    samples and modalities; a single sample against a batch; fitted tensors in state_dict and
    options in JSON; and half precision.

    Raises:
        AssertionError: a requirement is not met; the message names it.

    Example:
        >>> from graphfuse.graph import Complete
        >>> check_relation(Complete())
    """
    dataset = _dataset()
    relation = relation.fit(dataset)
    edges = _draw(relation, dataset.batch(range(SAMPLES)))
    for i in range(SAMPLES):
        one = dataset.batch([i])
        for (s, r, d), drawn in _draw(relation, one).items():
            width = one.mask[s].shape[1], one.mask[d].shape[1]
            part = edges[s, r, d][i : i + 1, : width[0], : width[1]]
            _same(
                {(s, r, d): part},
                {(s, r, d): drawn},
                "a sample does not depend on others in its batch",
            )
    for drawn in _draw(relation, dataset.batch([])).values():
        _require(not len(drawn), "a batch without samples has edges without samples")
    _check_padding(relation, dataset, edges)
    _check_order(relation, dataset, edges)
    _check_copies(relation, dataset, edges)


def _dataset() -> FusionDataset:
    random = torch.Generator().manual_seed(0)
    samples = []
    for number in range(SAMPLES):
        x, pos, words = {}, {}, {}
        for m in SCHEMA.modalities:
            count = int(torch.randint(0 if number else 1, 8, (), generator=random))
            if count:
                kinds = torch.randn(1 + count // 2, *m.shape, generator=random)
                x[m.name] = kinds[torch.randint(0, len(kinds), (count,), generator=random)]
                pos[m.name] = torch.randint(0, 4, (count, m.pos_dim), generator=random).float()
                words[m.name] = torch.randint(0, 7, (count,), generator=random)
        edges: dict[EdgeType, Tensor | SparseEdges] = {}
        for s, r, d in GIVEN:
            if s in x and d in x:
                joined = torch.rand(len(x[s]), len(x[d]), generator=random) < 0.4
                index = joined.nonzero().T
                weight = 0.5 + torch.rand(index.shape[1], generator=random)
                edges[s, r, d] = index if r == "follows" else SparseEdges(index, weight)
        samples.append(Sample(x, None, pos, {"word": words}, edges, id=str(number)))
    return FusionDataset.from_samples(samples, SCHEMA)


def _require(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(promise)


def _draw(relation: Relation, batch: Batch) -> dict[EdgeType, Tensor]:
    """Return the edges of a batch, dense, after checking them."""
    edges = relation.edges(batch)
    announced = sorted(relation.edge_types(SCHEMA))
    _require(sorted(edges) == announced, f"edges have the types of edge_types(), {announced}")
    return {edge_type: _dense(batch, edge_type, drawn) for edge_type, drawn in edges.items()}


def _dense(batch: Batch, edge_type: EdgeType, drawn: Tensor | SparseEdges) -> Tensor:
    source, destination = batch.mask[edge_type[0]], batch.mask[edge_type[2]]
    shape = (len(batch), source.shape[1], destination.shape[1])
    values: Tensor | None
    if isinstance(drawn, SparseEdges):
        ends = zip(drawn.index, (source, destination), strict=True)
        inside = all(bool(((rows >= 0) & (rows < mask.numel())).all()) for rows, mask in ends)
        _require(inside, "the index of SparseEdges counts through the nodes, sample * N + node")
        sample = [rows // size for rows, size in zip(drawn.index, shape[1:], strict=True)]
        _require(bool((sample[0] == sample[1]).all()), "an edge stays in its sample")
        values, dense = drawn.weight, drawn.to_dense(*shape)
    else:
        _require(isinstance(drawn, Tensor), "edges are a tensor or SparseEdges")
        _require(drawn.shape == shape, f"edges are [B, Ns, Nd], {shape}")
        values = dense = drawn
    if values is not None and values.dtype != torch.bool:
        sound = values.is_floating_point() and bool((values.isfinite() & (values >= 0)).all())
        _require(sound, "edges are bool or weights in [0, inf)")
    real = source.unsqueeze(2) & destination.unsqueeze(1)
    _require(not bool((dense > 0)[~real].any()), "there are no edges at padded nodes")
    return dense


def _same(a: Mapping[EdgeType, Tensor], b: Mapping[EdgeType, Tensor], promise: str) -> None:
    for edge_type, drawn in a.items():
        other = b[edge_type]
        close = torch.allclose(drawn.double(), other.double(), atol=1e-6, rtol=0)
        _require(drawn.dtype == other.dtype and close, f"{promise}: {edge_type} differ")


def _rebuild(relation: Relation) -> Relation:
    """Return an unfitted relation with the same options, after a round trip through JSON."""
    plain = json.loads(json.dumps(asdict(relation.spec())))
    return type(relation)(**plain["options"])


def _check_padding(
    relation: Relation, dataset: FusionDataset, edges: Mapping[EdgeType, Tensor]
) -> None:
    batch = dataset.batch(range(SAMPLES))
    padded = {m: ~mask for m, mask in batch.mask.items()}
    dirty = replace(
        batch,
        x={m: x.masked_fill(padded[m].unsqueeze(2), 7) for m, x in batch.x.items()},
        pos={m: pos.masked_fill(padded[m].unsqueeze(2), 1) for m, pos in batch.pos.items()},
        attrs={
            name: {m: value.masked_fill(padded[m], 3) for m, value in values.items()}
            for name, values in batch.attrs.items()
        },
    )
    _same(edges, _draw(relation, dirty), "padded nodes have no effect")


def _check_order(
    relation: Relation, dataset: FusionDataset, edges: Mapping[EdgeType, Tensor]
) -> None:
    orders = [
        {
            m: torch.randperm(len(n), generator=torch.Generator().manual_seed(i))
            for m, n in s.x.items()
        }
        for i, s in enumerate(dataset)
    ]
    mixed = [_reorder(sample, order) for sample, order in zip(dataset, orders, strict=True)]
    permuted = FusionDataset.from_samples(mixed[::-1], SCHEMA)
    fresh = _rebuild(relation).fit(permuted)
    for label, fitted in (("", relation), (" (fit included)", fresh)):
        got = _draw(fitted, permuted.batch(range(SAMPLES)[::-1]))
        for (s, r, d), drawn in edges.items():
            for i, order in enumerate(orders):
                if s in order and d in order:
                    part = drawn[i][order[s]][:, order[d]]
                    other = got[s, r, d][i, : len(order[s]), : len(order[d])]
                    promise = f"the order of nodes, samples and modalities has no effect{label}"
                    _same({(s, r, d): part}, {(s, r, d): other}, promise)


def _reorder(sample: Sample, order: Mapping[str, Tensor]) -> Sample:
    """Return the sample with its nodes in another order, its modalities and edges in reverse."""
    place = {m: rows.argsort() for m, rows in order.items()}
    edges: dict[EdgeType, Tensor | SparseEdges] = {}
    for (s, r, d), given in reversed(sample.edges.items()):
        if s not in place or d not in place:
            continue
        index = given.index if isinstance(given, SparseEdges) else given
        index = torch.stack([place[s][index[0]], place[d][index[1]]]).flip(1)
        weight = given.weight if isinstance(given, SparseEdges) else None
        edges[s, r, d] = index if weight is None else SparseEdges(index, weight.flip(0))
    return replace(
        sample,
        x={m: sample.x[m][order[m]] for m in reversed(sample.x)},
        pos={m: sample.pos[m][order[m]] for m in reversed(sample.pos)},
        attrs={"word": {m: v[order[m]] for m, v in sample.attrs["word"].items()}},
        edges=edges,
    )


def _check_copies(
    relation: Relation, dataset: FusionDataset, edges: Mapping[EdgeType, Tensor]
) -> None:
    copy = _rebuild(relation)
    copy.load_state_dict(relation.state_dict())
    batch = dataset.batch(range(SAMPLES))
    _same(edges, _draw(copy, batch), "options and state_dict contain everything")
    try:
        _draw(copy.to(torch.bfloat16), batch.to(torch.bfloat16))
    except RuntimeError as error:
        raise AssertionError(f"edges are drawn in half precision too: {error}") from error
