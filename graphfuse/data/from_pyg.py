"""Read samples from the graphs of PyTorch Geometric."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from graphfuse._wording import verb
from graphfuse.data._convert import NOT_ATTRIBUTES
from graphfuse.data.sample import EdgeType, Sample, SparseEdges
from graphfuse.errors import InputError

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from torch_geometric.data import Data, HeteroData

NODE, EDGE = "node", ("node", "edge", "node")
"""Modality and edge type of a homogeneous graph."""
EDGE_KEYS = ("edge_index", "edge_weight", "edge_attr", "e_id")
WHOLE = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def samples_from_pyg(graphs: Iterable[HeteroData | Data]) -> Iterator[Sample]:
    """Read one sample from each graph.

    From the nodes ``x``, ``pos``, ``unit`` and, as attributes, every other integer ``[N]``;
    from the edges ``edge_index`` and one weight, ``edge_weight`` or ``edge_attr``; from the graph
    ``y``, ``id`` and ``domain``. A homogeneous ``Data`` has the one modality "node" and the edge
    type ``("node", "edge", "node")``. Labels on the nodes of the only node type make each node a
    unit.

    Raises:
        InputError: an entry is not a graph, or a node or edge tensor does not fit a sample.
    """
    from torch_geometric.data import Batch, Data, HeteroData

    if isinstance(graphs, Batch):
        graphs = graphs.to_data_list()
    if isinstance(graphs, Data | HeteroData | Tensor) or not isinstance(graphs, Iterable):
        raise InputError(
            f"graphs must be a list of HeteroData or Data, one per sample, got "
            f"{type(graphs).__name__!r}"
        )
    dropped = set[str]()
    for number, data in enumerate(graphs):
        if not isinstance(data, Data | HeteroData):
            raise InputError(
                f"graphs must be a list of HeteroData or Data, one per sample; entry {number} is "
                f"{type(data).__name__!r}"
            )
        yield _sample(data, number)
        dropped |= _features_of_graph(data)
    if dropped:
        logger.warning(
            "%s of the graphs as a whole %s left out, as only nodes have features; to keep them, "
            "make them nodes: data['graph'].x = value.view(1, -1)",
            ", ".join(map(repr, sorted(dropped))), verb(len(dropped), "is", "are"),
        )  # fmt: skip


def _sample(data: HeteroData | Data, number: int) -> Sample:
    who = f"graph {number}"
    homogeneous = not hasattr(data, "node_types")
    nodes = {NODE: data} if homogeneous else {name: data[name] for name in data.node_types}
    edges = {EDGE: data} if homogeneous else {t: data[t] for t in data.edge_types}
    x = {name: _features(store, name, who) for name, store in nodes.items()}
    pos = {name: store.pos for name, store in nodes.items() if store.get("pos") is not None}
    unit = {name: store.unit for name, store in nodes.items() if store.get("unit") is not None}
    ends = {t: _edges(store, t, who) for t, store in edges.items() if _has_edges(store, t, who)}
    y = data.get("y", None)
    labelled = [name for name in nodes if _has_node_labels(data, name, x, homogeneous)]
    if labelled and not unit:
        if len(nodes) > 1 or (y is not None and not homogeneous):
            raise InputError(
                f"{who}: nodes of type {labelled[0]!r} have labels, which are read only if the "
                f"graph has one node type and no label of its own; set data.y and delete "
                f"data[{labelled[0]!r}].y, or keep the labelled node type alone"
            )
        y = nodes[labelled[0]].y
        unit = {labelled[0]: torch.arange(len(x[labelled[0]]))}
    elif not unit:  # the label of a graph has a row of its own
        y = {t: _only(label) for t, label in y.items()} if isinstance(y, dict) else _only(y)
    identity, domain = data.get("id", None), data.get("domain", None)
    return Sample(
        x,
        y,
        pos,
        _attributes(nodes, x, homogeneous, who),
        ends,
        unit or None,
        domain=domain,
        id=str(number if identity is None else identity),
    )


def _features(store: Any, name: str, who: str) -> Tensor:
    x = store.get("x", None)
    if not isinstance(x, Tensor) or not x.dim():
        raise InputError(
            f"{who}: node type {name!r} has no features; set x of these nodes to a tensor [N, F], "
            f"got {type(x).__name__!r}"
        )
    return x


def _has_node_labels(data: Any, name: str, x: Mapping[str, Tensor], homogeneous: bool) -> bool:
    y = data.get("y", None) if homogeneous else data[name].get("y", None)
    if not isinstance(y, Tensor) or not y.dim():
        return False
    return not homogeneous or len(y) == len(x[name]) > 1


def _attributes(
    nodes: Mapping[str, Any], x: Mapping[str, Tensor], homogeneous: bool, who: str
) -> dict[str, dict[str, Tensor]]:
    attrs = dict[str, dict[str, Tensor]]()
    for name, store in nodes.items():
        for key, values in store.items():
            known = key in NOT_ATTRIBUTES or (homogeneous and _is_of_edges(store, key))
            if known or not isinstance(values, Tensor) or values.shape[:1] != (len(x[name]),):
                continue
            if values.dim() > 1 or values.dtype not in WHOLE:
                raise InputError(
                    f"{who}: {key!r} of node type {name!r} is {values.dtype} of shape "
                    f"{list(values.shape)}; attributes are one integer per node. Append it to "
                    f"the features, torch.cat([x, {key}.view(len(x), -1)], 1), or delete it"
                )
            attrs.setdefault(key, {})[name] = values.long()
    return attrs


def _has_edges(store: Any, edge_type: EdgeType, who: str) -> bool:
    index = store.get("edge_index", None)
    if index is None and (store.get("adj_t", None) is not None or edge_type != EDGE):
        raise InputError(f"{who}: edges {edge_type} have no edge_index; set it to a tensor [2, E]")
    return index is not None


def _edges(store: Any, edge_type: EdgeType, who: str) -> Tensor | SparseEdges:
    index = store.edge_index
    if not isinstance(index, Tensor) or index.dim() != 2:
        raise InputError(f"{who}: edge_index of edges {edge_type} is a tensor [2, E]")
    given = {key: store.get(key, None) for key in ("edge_weight", "edge_attr")}
    weights = {key: values for key, values in given.items() if values is not None}
    others = [k for k, v in store.to_dict().items() if k not in EDGE_KEYS and isinstance(v, Tensor)]
    if edge_type == EDGE:
        others = [key for key in others if _is_of_edges(store, key)]
    if len(weights) > 1 or others:
        raise InputError(
            f"{who}: edges {edge_type} carry {[*weights, *others]}, of which one weight per edge "
            f"is read; keep edge_weight or edge_attr of shape [E], and delete the others"
        )
    for key, weight in weights.items():
        if not isinstance(weight, Tensor) or tuple(weight.shape[1:]) not in ((), (1,)):
            shape = list(weight.shape) if isinstance(weight, Tensor) else type(weight).__name__
            raise InputError(
                f"{who}: {key} of edges {edge_type} is one weight per edge, [E] or [E, 1], got "
                f"{shape}; choose one feature, or make an edge type of each"
            )
        return SparseEdges(index, weight.reshape(-1))
    return index


def _features_of_graph(data: Data | HeteroData) -> set[str]:
    """Return the names of features of a graph as a whole, which a sample does not have."""
    homogeneous = not hasattr(data, "node_types")
    values = (data if homogeneous else data._global_store).to_dict()
    return {
        key
        for key, value in values.items()
        if isinstance(value, Tensor)
        and value.is_floating_point()
        and key not in NOT_ATTRIBUTES
        and not (homogeneous and (_is_of_edges(data, key) or data.is_node_attr(key)))
    }


def _is_of_edges(data: Any, key: str) -> bool:
    """Return whether a value of a homogeneous graph belongs to its edges."""
    return key in EDGE_KEYS or bool(data.is_edge_attr(key))


def _only(label: Any) -> Any:
    """Return the label of a graph without the dimension of graphs, and of targets if it is one."""
    if not isinstance(label, Tensor) or not label.dim():
        return label
    if label.numel() == 1:
        return label.reshape(())
    return label.squeeze(0) if label.shape[0] == 1 else label
