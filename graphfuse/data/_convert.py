"""Batches as graphs of PyTorch Geometric and networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx
import torch
from torch import Tensor

from graphfuse._pyg import import_pyg
from graphfuse.data.edges import list_edges
from graphfuse.data.padded import Padded
from graphfuse.data.sample import EdgeType
from graphfuse.errors import InputError

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

NOT_ATTRIBUTES = ("x", "pos", "unit", "y", "modality", "batch", "ptr", "num_nodes")
"""Names of a node's own values, which no attribute of a dataset can have in a graph."""


def to_pyg(batch: Padded) -> list[HeteroData]:
    """Implement :meth:`Batch.to_pyg`."""
    import_pyg()
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
                f"attribute {attribute!r} cannot be exported, because graphs reserve the names "
                f"{', '.join(NOT_ATTRIBUTES)}; rename it in attrs"
            )
    return dict(batch.node_values(m))
