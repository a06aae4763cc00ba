"""Between batches and the graphs of PyTorch Geometric and networkx."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import networkx
import torch
from torch import Tensor

from graphfuse.data.sample import EdgeType, Sample, SparseEdges
from graphfuse.errors import InputError

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

    from graphfuse.data.batch import Batch


def to_pyg(batch: Batch) -> list[HeteroData]:
    """Implement :meth:`Batch.to_pyg`."""
    from torch_geometric.data import HeteroData

    edges = {edge_type: dense_edges(batch, edge_type) for edge_type in batch.edges}
    graphs = []
    for i in range(len(batch)):
        data = HeteroData()
        rows = {}
        for name, mask in batch.mask.items():
            real = mask[i]
            rows[name] = real.cumsum(0) - 1
            data[name].x = batch.x[name][i][real]
            if name in batch.pos:
                data[name].pos = batch.pos[name][i][real]
            for attribute, values in batch.attrs.items():
                if name in values:
                    data[name][attribute] = values[name][i][real]
            if batch.unit is not None and name in batch.unit:
                data[name].unit = batch.unit[name][i][real]
        for (source, relation, destination), dense in edges.items():
            index, weight = _index_and_weight(dense[i])
            store = data[source, relation, destination]
            store.edge_index = torch.stack([rows[source][index[0]], rows[destination][index[1]]])
            if weight is not None:
                store.edge_weight = weight
        if batch.y is not None and not isinstance(batch.y, dict):
            data.y = batch.y[i : i + 1]
        if batch.ids:
            data.id = batch.ids[i]
        graphs.append(data)
    return graphs


def to_networkx(batch: Batch, i: int) -> networkx.MultiDiGraph:
    """Implement :meth:`Batch.to_networkx`."""
    graph: networkx.MultiDiGraph = networkx.MultiDiGraph(id=batch.ids[i] if batch.ids else "")
    for name, mask in batch.mask.items():
        for row in mask[i].nonzero()[:, 0].tolist():
            node: dict[str, Any] = {"modality": name, "x": batch.x[name][i, row].numpy(force=True)}
            if name in batch.pos:
                node["pos"] = batch.pos[name][i, row].tolist()
            graph.add_node((name, row), **node)
    for edge_type in batch.edges:
        source, relation, destination = edge_type
        dense = dense_edges(batch, edge_type)[i]
        index, weight = _index_and_weight(dense)
        weights = [1.0] * index.shape[1] if weight is None else weight.tolist()
        for (s, d), w in zip(index.T.tolist(), weights, strict=True):
            graph.add_edge((source, s), (destination, d), key=relation, relation=relation, weight=w)
    return graph


def samples_from_pyg(graphs: Sequence[HeteroData]) -> Iterator[Sample]:
    """Read one sample from each graph: ``x``, ``pos``, edges and weights, ``y``, ``id``."""
    for number, data in enumerate(graphs):
        x, pos, edges = {}, {}, dict[EdgeType, Tensor | SparseEdges]()
        for name in data.node_types:
            if "x" not in data[name]:
                raise InputError(
                    f"graph {number}: node type {name!r} has no features; "
                    f"set data[{name!r}].x to a tensor [N, F]"
                )
            x[name] = data[name].x
            if data[name].get("pos") is not None:
                pos[name] = data[name].pos
        for edge_type in data.edge_types:
            store = data[edge_type]
            weight = store.get("edge_weight")
            edges[edge_type] = (
                store.edge_index if weight is None else SparseEdges(store.edge_index, weight)
            )
        y = data.get("y", None)
        if isinstance(y, Tensor):
            y = y.squeeze(0) if y.dim() and y.shape[0] == 1 else y
        identity = data.get("id", None)
        yield Sample(x, y, pos, edges=edges, id=str(number if identity is None else identity))


def dense_edges(batch: Batch, edge_type: EdgeType) -> Tensor:
    """Edges of one type as a tensor [B, Ns, Nd], False or 0 at padded nodes."""
    source, _, destination = edge_type
    edges = batch.edges[edge_type]
    sources, destinations = batch.mask[source], batch.mask[destination]
    if isinstance(edges, SparseEdges):
        edges = edges.to_dense(len(batch), sources.shape[1], destinations.shape[1])
    return edges * (sources.unsqueeze(2) & destinations.unsqueeze(1))


def _index_and_weight(dense: Tensor) -> tuple[Tensor, Tensor | None]:
    index = (dense > 0).nonzero().T
    weight = None if dense.dtype == torch.bool else dense[index[0], index[1]]
    return index, weight
