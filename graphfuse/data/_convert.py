"""Between batches and the graphs of PyTorch Geometric and networkx."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import networkx
import torch
from torch import Tensor

from graphfuse.data.edges import list_edges
from graphfuse.data.padded import Padded
from graphfuse.data.sample import EdgeType, Sample, SparseEdges
from graphfuse.errors import InputError

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

NOT_ATTRIBUTES = ("x", "pos", "unit", "y", "modality", "batch", "ptr", "num_nodes")
"""Names of a node's own values, which no attribute of a dataset can have in a graph."""


def to_pyg(batch: Padded) -> list[HeteroData]:
    """Implement :meth:`Batch.to_pyg`."""
    from torch_geometric.data import HeteroData

    edges = {edge_type: _split(batch, edge_type) for edge_type in batch.edges}
    graphs = []
    for i in range(len(batch)):
        data = HeteroData()
        rows = {}
        for name, mask in batch.mask.items():
            real = mask[i]
            rows[name] = real.cumsum(0) - 1
            for key, values in _node_values(batch, name).items():
                data[name][key] = values[i][real]
        for (source, relation, destination), parts in edges.items():
            index, weight = parts[i]
            store = data[source, relation, destination]
            store.edge_index = torch.stack([rows[source][index[0]], rows[destination][index[1]]])
            if weight is not None:
                store.edge_weight = weight
        if batch.y is not None:
            units = slice(i, i + 1) if batch.unit_mask is None else (i, batch.unit_mask[i])
            several = isinstance(batch.y, dict)
            data.y = {t: y[units] for t, y in batch.y.items()} if several else batch.y[units]
        if batch.ids:
            data.id = batch.ids[i]
        if batch.domain is not None and batch.domain[i] is not None:
            data.domain = batch.domain[i]
        graphs.append(data)
    return graphs


def to_networkx(batch: Padded, i: int) -> networkx.MultiDiGraph:
    """Implement :meth:`Batch.to_networkx`."""
    graph: networkx.MultiDiGraph = networkx.MultiDiGraph(id=batch.ids[i] if batch.ids else "")
    for name, mask in batch.mask.items():
        rest = _node_values(batch, name)
        x = rest.pop("x")
        for row in mask[i].nonzero()[:, 0].tolist():
            node = {key: values[i, row].tolist() for key, values in rest.items()}
            graph.add_node((name, row), modality=name, x=x[i, row].numpy(force=True), **node)
    for edge_type in batch.edges:
        source, relation, destination = edge_type
        index, weight = _split(batch, edge_type)[i]
        weights = [1.0] * index.shape[1] if weight is None else weight.tolist()
        for (s, d), w in zip(index.T.tolist(), weights, strict=True):
            graph.add_edge((source, s), (destination, d), key=relation, relation=relation, weight=w)
    return graph


def samples_from_pyg(graphs: Sequence[HeteroData]) -> Iterator[Sample]:
    """Read one sample from each graph.

    From the nodes ``x``, ``pos``, ``unit`` and, as attributes, every other integer ``[N]``; from
    the edges ``edge_index`` and ``edge_weight``; from the graph ``y``, ``id`` and ``domain``.
    """
    for number, data in enumerate(graphs):
        x, pos, unit = {}, {}, {}
        attrs = dict[str, dict[str, Tensor]]()
        for name in data.node_types:
            if "x" not in data[name]:
                raise InputError(
                    f"graph {number}: node type {name!r} has no features; "
                    f"set data[{name!r}].x to a tensor [N, F]"
                )
            x[name] = data[name].x
            if data[name].get("pos") is not None:
                pos[name] = data[name].pos
            if data[name].get("unit") is not None:
                unit[name] = data[name].unit
            for key, values in data[name].items():
                if key not in NOT_ATTRIBUTES and _is_attribute(values, len(x[name])):
                    attrs.setdefault(key, {})[name] = values
        edges = dict[EdgeType, Tensor | SparseEdges]()
        for edge_type in data.edge_types:
            store = data[edge_type]
            weight = store.get("edge_weight")
            edges[edge_type] = (
                store.edge_index if weight is None else SparseEdges(store.edge_index, weight)
            )
        y = data.get("y", None)
        if not unit:  # one label a sample, in a row of its own
            y = {t: _only(label) for t, label in y.items()} if isinstance(y, dict) else _only(y)
        identity, domain = data.get("id", None), data.get("domain", None)
        yield Sample(
            x,
            y,
            pos,
            attrs,
            edges,
            unit or None,
            domain=domain if isinstance(domain, str) else None,
            id=str(number if identity is None else identity),
        )


def _split(batch: Padded, edge_type: EdgeType) -> list[tuple[Tensor, Tensor | None]]:
    """Return the edges of each sample: rows of both ends [2, E], and the weights [E] if any."""
    place, weight = list_edges(batch, edge_type)
    if not len(batch):
        return []
    bounds = place[:, 0].bincount(minlength=len(batch)).cumsum(0)[:-1].tolist()
    places = place[:, 1:].tensor_split(bounds)
    weights = [None] * len(batch) if weight is None else weight.tensor_split(bounds)
    return [(own.T, w) for own, w in zip(places, weights, strict=True)]


def _node_values(batch: Padded, m: str) -> dict[str, Tensor]:
    """Return what nodes of a modality have by name: x, pos, unit and attributes."""
    for attribute in batch.attrs:
        if attribute in NOT_ATTRIBUTES:
            raise InputError(
                f"attribute {attribute!r} has a name that graphs use otherwise, as they do "
                f"{', '.join(NOT_ATTRIBUTES)}; rename it in attrs"
            )
    return dict(batch.node_values(m))


def _is_attribute(values: Any, nodes: int) -> bool:
    whole = isinstance(values, Tensor) and values.dtype in (torch.int32, torch.int64)
    return whole and values.shape == (nodes,)


def _only(label: Any) -> Any:
    single = isinstance(label, Tensor) and label.dim() and label.shape[0] == 1
    return label.squeeze(0) if single else label
