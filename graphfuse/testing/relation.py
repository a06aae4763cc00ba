"""Checks of a relation: what every rule that draws edges owes its user."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace

import torch
from torch import Tensor

from graphfuse.data import EdgeType, FusionDataset, Modality, RelationSpec, Sample, Schema
from graphfuse.graph import Relation, build_relation

SCHEMA = Schema(
    (
        Modality("image", (5,), pos_dim=2),
        Modality("speech", (4,), pos_dim=1),
        Modality("text", (5,), pos_dim=1),
    )
)
SAMPLES = 30


def check_relation(relation: Relation) -> None:
    """Check a relation on data with modalities image (grid), speech and text (time).

    Types as announced; bool or weights of at least 0; nothing at padded nodes; the order of nodes,
    samples and modalities; a sample on its own against a batch; the fit by state_dict and the
    options by JSON.

    Raises:
        AssertionError: with a sentence that says which promise is broken.

    Example:
        >>> from graphfuse.graph import Complete
        >>> check_relation(Complete())
    """
    dataset = _dataset()
    relation = relation.fit(dataset)
    batch = dataset.batch(range(SAMPLES))
    edges = relation.edges(batch)
    announced = sorted(relation.edge_types(SCHEMA))
    _require(sorted(edges) == announced, f"edges are of the types announced, {announced}")
    for (s, _, d), drawn in edges.items():
        shape = (SAMPLES, batch.mask[s].shape[1], batch.mask[d].shape[1])
        _require(drawn.shape == shape, f"edges are [B, Ns, Nd], {shape}")
        sound = drawn.dtype == torch.bool or bool((drawn.isfinite() & (drawn >= 0)).all())
        _require(sound, "edges are bool or weights in [0, inf)")
        real = batch.mask[s].unsqueeze(2) & batch.mask[d].unsqueeze(1)
        _require(not bool((drawn > 0)[~real].any()), "there are no edges at padded nodes")
    for i in range(SAMPLES):
        one = dataset.batch([i])
        alone = relation.edges(one)
        for (s, r, d), drawn in alone.items():
            width = one.mask[s].shape[1], one.mask[d].shape[1]
            part = edges[s, r, d][i : i + 1, : width[0], : width[1]]
            _same({(s, r, d): part}, {(s, r, d): drawn}, "a sample is on its own in a batch")
    _check_order(relation, dataset, edges)
    _check_copies(relation, dataset, edges)


def _dataset() -> FusionDataset:
    random = torch.Generator().manual_seed(0)
    samples = []
    for number in range(SAMPLES):
        x, pos, words = {}, {}, {}
        for m in SCHEMA.modalities:
            count = int(torch.randint(0 if number else 1, 6, (), generator=random))
            if count:
                x[m.name] = torch.randn(count, *m.shape, generator=random)
                pos[m.name] = torch.randint(0, 4, (count, m.pos_dim), generator=random).float()
                words[m.name] = torch.randint(0, 7, (count,), generator=random)
        samples.append(Sample(x, None, pos, {"word": words}, id=str(number)))
    return FusionDataset.from_samples(samples, SCHEMA)


def _require(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(promise)


def _same(a: Mapping[EdgeType, Tensor], b: Mapping[EdgeType, Tensor], promise: str) -> None:
    for edge_type, drawn in a.items():
        other = b[edge_type]
        close = torch.allclose(drawn.double(), other.double(), atol=1e-6, rtol=0)
        _require(drawn.dtype == other.dtype and close, f"{promise}: {edge_type} differ")


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
    mixed = [
        replace(
            sample,
            x={m: sample.x[m][order[m]] for m in reversed(sample.x)},
            pos={m: sample.pos[m][order[m]] for m in reversed(sample.pos)},
            attrs={"word": {m: v[order[m]] for m, v in sample.attrs["word"].items()}},
        )
        for sample, order in zip(dataset, orders, strict=True)
    ]
    permuted = FusionDataset.from_samples(mixed[::-1], SCHEMA)
    fresh = build_relation(relation.spec()).fit(permuted)
    for label, fitted in (("", relation), (" (fit included)", fresh)):
        got = fitted.edges(permuted.batch(range(SAMPLES)[::-1]))
        for (s, r, d), drawn in edges.items():
            for i, order in enumerate(orders):
                if s in order and d in order:
                    part = drawn[i][order[s]][:, order[d]]
                    other = got[s, r, d][i, : len(order[s]), : len(order[d])]
                    promise = f"the order of nodes, samples and modalities is free{label}"
                    _same({(s, r, d): part}, {(s, r, d): other}, promise)


def _check_copies(
    relation: Relation, dataset: FusionDataset, edges: Mapping[EdgeType, Tensor]
) -> None:
    plain = json.loads(json.dumps(asdict(relation.spec())))
    copy = build_relation(RelationSpec(**plain))
    copy.load_state_dict(relation.state_dict())
    _same(edges, copy.edges(dataset.batch(range(SAMPLES))), "options and state_dict carry all")
