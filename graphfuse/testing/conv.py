"""Checks of a dense conv: requirements for every layer over typed nodes and edges."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import FusionError
from graphfuse.nn import HeadedConv
from graphfuse.testing._attention import check_attention
from graphfuse.testing._graph import (
    CHANNELS,
    NODES,
    SAMPLES,
    TYPES,
    Graph,
    close,
    random_graph,
    require,
    to_sparse,
)
from graphfuse.testing._programs import check_compile, check_export

OUT = 8

MakeConv = Callable[[tuple[list[str], list[EdgeType]], dict[str, int], int], nn.Module]


def check_conv(make: MakeConv, *, export: bool = True) -> None:
    """Check a conv that ``make(metadata, in_channels, out_channels)`` builds.

    The checks cover shapes, precision and zeros at padded nodes; the order of dictionaries and
    metadata; permuted nodes; a batch against single samples, whatever other samples lack; random
    values at padded nodes; wider padding; nodes without edges, samples without nodes and types
    without rows; edges and their weights, including weights that underflow in the nodes' precision;
    sparse against dense edges; gradients; bfloat16 and autocast to it; state_dict; and, for a conv
    that scores its edges, attention weights.

    With ``export``, they also check one program for any number of samples and nodes:
    ``torch.compile`` without graph breaks, forward and backward, with dense and sparse edges;
    ``torch.export``; and its conversion to ONNX, whose results in onnxruntime must agree to 1e-4 in
    float32, including nodes without edges and samples without nodes. ONNX needs
    ``pip install 'graphfuse[onnx]'``; without it, ONNX is left out with a warning.

    Raises:
        AssertionError: a requirement is not met; the message names it.

    Example:
        >>> from graphfuse.nn import DenseHGTConv
        >>> check_conv(lambda metadata, i, o: DenseHGTConv(i, o, metadata), export=False)
    """
    metadata = (sorted(NODES), TYPES)
    conv = _new(make, metadata)
    graph = random_graph()
    _check_shapes(conv, graph)
    _check_order(make, graph)
    _check_permuted_nodes(conv, graph)
    _check_isolation(conv, graph)
    _check_padding(conv, graph)
    _check_empty(conv, graph)
    _check_edges(conv, graph)
    _check_gradients(conv, graph)
    _check_precision_and_state(make, conv, graph)
    _check_errors(conv, graph)
    if isinstance(conv, HeadedConv) and type(conv).score is not HeadedConv.score:
        check_attention(conv, graph)
    if export:
        fewer = _thin_out(graph)
        check_compile(conv, fewer)
        check_export(conv, fewer)


def _new(make: MakeConv, metadata: tuple[list[str], list[EdgeType]], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return make(metadata, dict(CHANNELS), OUT).double().eval()


def _check_shapes(conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    out = conv(x, edges, mask)
    require(sorted(out) == sorted(NODES), f"every node type is in the output, got {sorted(out)}")
    for name, nodes in out.items():
        shape = (SAMPLES, NODES[name], OUT)
        require(nodes.shape == shape, f"output of {name!r} is {shape}, got {tuple(nodes.shape)}")
        require(nodes.dtype == x[name].dtype, "the output has the precision of the nodes")
        require(not bool(nodes[~mask[name]].any()), f"padded nodes of {name!r} come out as zero")
    full = {name: torch.ones_like(rows) for name, rows in mask.items()}
    close(conv(x, edges), conv(x, edges, full), "no mask means that every node is real")


def _check_order(make: MakeConv, graph: Graph) -> None:
    x, edges, mask = graph
    expected = _new(make, (sorted(NODES), TYPES))(x, edges, mask)
    conv = _new(make, (sorted(NODES, reverse=True), TYPES[::-1]))

    def turned(mapping: Mapping[object, Tensor]) -> dict[object, Tensor]:
        return dict(reversed(list(mapping.items())))

    got = conv(turned(x), turned(edges), turned(mask))  # type: ignore[arg-type]
    close(expected, got, "the order of metadata and dictionaries has no effect")


def _check_permuted_nodes(conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    order = {
        n: torch.randperm(s, generator=torch.Generator().manual_seed(1)) for n, s in NODES.items()
    }
    out = conv(x, edges, mask)
    moved = conv(
        {n: nodes[:, order[n]] for n, nodes in x.items()},
        {(s, r, d): e[:, order[s]][:, :, order[d]] for (s, r, d), e in edges.items()},
        {n: rows[:, order[n]] for n, rows in mask.items()},
    )
    close({n: nodes[:, order[n]] for n, nodes in out.items()}, moved, "permuted nodes, same result")


def _check_isolation(conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    out = conv(x, edges, mask)
    for i in range(SAMPLES):
        one = slice(i, i + 1)
        alone = conv(
            {n: nodes[one] for n, nodes in x.items()},
            {t: e[one] for t, e in edges.items()},
            {n: rows[one] for n, rows in mask.items()},
        )
        close(
            {n: nodes[one] for n, nodes in out.items()},
            alone,
            "a sample does not depend on others in its batch",
        )


def _check_padding(conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    out = conv(x, edges, mask)
    dirty = {n: nodes.masked_fill(~mask[n].unsqueeze(2), 1e3) for n, nodes in x.items()}
    everywhere = {
        t: e | ~(mask[t[0]].unsqueeze(2) & mask[t[2]].unsqueeze(1)) for t, e in edges.items()
    }
    close(out, conv(dirty, everywhere, mask), "padded nodes and their edges have no effect")
    wide = conv(
        {n: nn.functional.pad(nodes, (0, 0, 0, 3)) for n, nodes in x.items()},
        {t: nn.functional.pad(e, (0, 3, 0, 3)) for t, e in edges.items()},
        {n: nn.functional.pad(rows, (0, 3)) for n, rows in mask.items()},
    )
    close(out, {n: nodes[:, : NODES[n]] for n, nodes in wide.items()}, "wider padding, same result")


def _check_empty(conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    none = {t: torch.zeros_like(e) for t, e in edges.items()}
    out = conv(x, none, mask)
    for nodes in out.values():
        require(bool(nodes.isfinite().all()), "without edges everything is finite")
    close(out, conv(x, {}, mask), "a missing edge type counts as one without edges")
    nothing = {n: nodes[:0] for n, nodes in x.items()}
    for form in (dict, to_sparse):
        given = form({t: e[:0] for t, e in edges.items()})
        for name, nodes in conv(nothing, given, {n: rows[:0] for n, rows in mask.items()}).items():
            shape = (0, NODES[name], OUT)
            require(nodes.shape == shape, f"no samples give {shape}, got {tuple(nodes.shape)}")
    _check_no_rows(conv, graph)
    blank = {n: torch.zeros_like(rows) for n, rows in mask.items()}
    for nodes in conv(x, edges, blank).values():
        require(not bool(nodes.any()), "samples without a node come out as zeros, not NaN")


def _check_no_rows(conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    expected = conv(x, {}, {**mask, "text": torch.zeros_like(mask["text"])})
    fewer = {n: 0 if n == "text" else size for n, size in NODES.items()}
    nodes = {n: x[n][:, :size] for n, size in fewer.items()}
    drawn = {(s, r, d): edges[s, r, d][:, : fewer[s], : fewer[d]] for s, r, d in TYPES[1:3]}
    for form in (dict, to_sparse):
        out = conv(nodes, form(drawn), {n: mask[n][:, :size] for n, size in fewer.items()})
        rest = {n: expected[n][:, :size] for n, size in fewer.items()}
        close(out, rest, "a type without rows counts as one without nodes")


def _check_edges(conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    out = conv(x, edges, mask)
    close(out, conv(x, {t: e.double() for t, e in edges.items()}, mask), "bool edges weigh 1")
    sparse = to_sparse(edges)
    close(out, conv(x, sparse, mask), "sparse edges, same result as dense")
    twice = {
        t: SparseEdges(torch.cat([e.index, e.index[:, ::2]], dim=1)) for t, e in sparse.items()
    }
    close(out, conv(x, twice, mask), "an edge that is listed twice is one edge")
    for edge_type in TYPES:
        name = edge_type[2]
        bare = conv(x, {t: e for t, e in edges.items() if t != edge_type}, mask)[name]
        require(not torch.allclose(bare, out[name]), f"edges {edge_type} make a difference")
    random = torch.Generator().manual_seed(2)
    weights = {
        t: e * (0.2 + torch.rand(e.shape, generator=random, dtype=torch.float64))
        for t, e in edges.items()
    }
    weighted = conv(x, weights, mask)
    different = any(not torch.allclose(weighted[n], out[n]) for n in NODES)
    require(different, "weights of edges make a difference")
    close(
        weighted, conv(x, to_sparse(weights), mask), "weighted sparse edges, same result as dense"
    )
    for tiny in (1e-60, 1e-300):
        for nodes in conv(x, {t: e * tiny for t, e in edges.items()}, mask).values():
            require(bool(nodes.isfinite().all()), "tiny weights give finite results")
    _check_tiny_weights(conv.float(), graph)
    conv.double()


def _check_tiny_weights(conv: nn.Module, graph: Graph) -> None:
    """Check that an edge with a tiny weight passes messages between its two nodes only."""
    x, edges, mask = graph
    single = {n: nodes.float() for n, nodes in x.items()}
    given = {t: e * 1e-60 for t, e in edges.items()}
    lonely = ~(edges[TYPES[2]].any(2) & mask["text"])  # texts that name nothing
    moved = {**single, "text": single["text"] + 100.0 * lonely.unsqueeze(2)}
    only = {TYPES[2]: given[TYPES[2]]}
    before, after = conv(single, only, mask)["image"], conv(moved, only, mask)["image"]
    distance = float((before - after).detach().abs().max())
    require(distance == 0, f"tiny weights join no other nodes: they differ by {distance:.2g}")


def _check_gradients(conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    leaves = {n: nodes.clone().requires_grad_() for n, nodes in x.items()}
    conv.zero_grad()
    weights = {t: e.double().requires_grad_() for t, e in edges.items()}
    sum(nodes.square().sum() for nodes in conv(leaves, weights, mask).values()).backward()
    for edge_type, weight in weights.items():
        if weight.grad is not None:
            require(bool(weight.grad.isfinite().all()), f"gradient of {edge_type} is finite")
    for name, parameter in conv.named_parameters():
        if parameter.grad is not None:
            require(bool(parameter.grad.isfinite().all()), f"gradient of {name} is finite")
    for name, leaf in leaves.items():
        if leaf.grad is None:
            raise AssertionError(f"the nodes of {name!r} get a gradient")
        require(bool(leaf.grad.isfinite().all()), f"gradient of {name!r} is finite")
        require(bool(leaf.grad.any()), f"the nodes of {name!r} get a gradient")
        require(not bool(leaf.grad[~mask[name]].any()), "no gradient reaches a padded node")
    require(
        any(p.grad is not None and bool(p.grad.any()) for p in conv.parameters()), "weights learn"
    )


def _check_precision_and_state(make: MakeConv, conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    out = conv(x, edges, mask)
    other = _new(make, (sorted(NODES), TYPES), seed=1)
    buffer = io.BytesIO()
    torch.save(conv.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    close(out, other(x, edges, mask), "a state_dict contains everything")
    small = other.to(torch.bfloat16)({n: nodes.bfloat16() for n, nodes in x.items()}, edges, mask)
    for name, nodes in small.items():
        near = torch.allclose(nodes.double(), out[name], atol=0.15, rtol=0.1)
        require(nodes.dtype == torch.bfloat16 and near, "bfloat16 gives nearly the same")
    other = other.to(torch.float32)
    single = {n: nodes.float().requires_grad_() for n, nodes in x.items()}
    with torch.autocast("cpu", torch.bfloat16):
        mixed = other(single, edges, mask)
    for name, nodes in mixed.items():
        near = torch.allclose(nodes.double(), out[name], atol=0.15, rtol=0.1)
        require(near, "autocast to bfloat16 gives nearly the same")
    total = torch.stack([nodes.float().square().sum() for nodes in mixed.values()]).sum()
    torch.autograd.backward(total)
    learned = [
        leaf.grad is not None and bool(leaf.grad.isfinite().all()) for leaf in single.values()
    ]
    require(all(learned), "under autocast the nodes get a finite gradient")


def _check_errors(conv: nn.Module, graph: Graph) -> None:
    x, edges, mask = graph
    wrong: list[tuple[str, tuple[Any, ...]]] = [
        ("an unknown edge type", (x, {("text", "nmaes", "image"): edges[TYPES[2]]}, mask)),
        ("a wrong shape of edges", (x, {TYPES[0]: edges[TYPES[0]][:, :2]}, mask)),
        ("a missing node type", ({"text": x["text"]}, {}, mask)),
        ("a wrong number of features", ({**x, "text": x["text"][..., :2]}, edges, mask)),
        ("a mask that lacks a type", (x, edges, {"text": mask["text"]})),
        ("a mask of numbers", (x, edges, {n: rows.double() for n, rows in mask.items()})),
        ("edges of integers", (x, {t: e.long() for t, e in edges.items()}, mask)),
        ("another number of samples", ({**x, "text": x["text"][:2]}, {}, mask)),
        ("nodes of another precision", ({n: nodes.float() for n, nodes in x.items()}, {}, mask)),
    ]
    named = TYPES[2]
    for bad in (-1.0, torch.nan, torch.inf):
        index = to_sparse({named: edges[named]})[named].index
        listed = SparseEdges(index, torch.full_like(index[0], bad, dtype=torch.float64))
        weights = torch.where(edges[named], bad, 0.0).double()
        wrong.append((f"a weight of {bad}", (x, {named: weights}, mask)))
        wrong.append((f"a weight of {bad} in SparseEdges", (x, {named: listed}, mask)))
    for what, given in wrong:
        try:
            conv(*given)
        except FusionError:
            continue
        raise AssertionError(f"{what} is an error of graphfuse.errors")


def _thin_out(graph: Graph) -> Graph:
    """Return half the edge types, to save time: weights and bool for images, bool for texts.

    Nodes of the third type have no edges.
    """
    x, edges, mask = graph
    near, names, follows = TYPES[0], TYPES[2], TYPES[3]
    return x, {near: edges[near], names: edges[names] * 0.7, follows: edges[follows]}, mask
