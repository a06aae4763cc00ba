"""Checks that a conv can be exported and compiled: torch.export, ONNX, torch.compile."""

from __future__ import annotations

import copy
import importlib.util
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import MissingDependencyError
from graphfuse.testing._graph import Graph, close, to_sparse

Run = Callable[..., Mapping[str, Tensor]]


def check_export(conv: nn.Module, graph: Graph) -> None:
    """Check one exported program, and its ONNX conversion, on batches and graphs of every size.

    Checks run in float32. Without the packages of ``graphfuse[onnx]``, ONNX is left out with a
    warning.
    """
    conv = copy.deepcopy(conv).float()
    graph = _to_single(graph)
    program = _export(conv, graph)
    runs: dict[str, tuple[Run, float]] = {"torch.export": (program.module(), 1e-5)}
    missing = [p for p in ("onnx", "onnxscript", "onnxruntime") if not importlib.util.find_spec(p)]
    if missing:
        reason = MissingDependencyError(missing[0], "onnx", "The check of a conv's ONNX export")
        warnings.warn(f"{reason}; it is left out", stacklevel=2)
    else:
        runs["ONNX"] = (_to_onnx(program, list(conv(*graph))), 1e-4)
    for what, given in _edge_cases(graph).items():
        for kind, (run, tolerance) in runs.items():
            close(conv(*given), run(*given), f"{kind}, same result on {what}", tolerance)


def check_compile(conv: nn.Module, graph: Graph) -> None:
    """Check that torch.compile compiles it to one program for batches of any size.

    This checks forward and backward pass, with dense and sparse edges. Before torch 2.10, sparse
    edges need ``torch._dynamo.config.capture_dynamic_output_shape_ops = True``, which is set here.
    """
    fewer = _take(graph, [1, 0, 3])
    for what, form in (("dense", dict), ("sparse", to_sparse)):
        torch.compiler.reset()
        compiled = torch.compile(conv, backend="eager", fullgraph=True, dynamic=True)
        promise = f"torch.compile compiles it to one program, with {what} edges"
        capture = torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True)
        # Sizes that happen to be equal here would otherwise have to stay equal.
        apart = torch.fx.experimental._config.patch(  # type: ignore[attr-defined]
            use_duck_shape=False
        )
        with _promised(promise), capture, apart:
            close(_learn(conv, graph, form), _learn(compiled, graph, form), promise)
        promise = f"torch.compile does not recompile for fewer samples, with {what} edges"
        with _promised(promise), torch.compiler.set_stance("fail_on_recompile"):
            close(_learn(conv, fewer, form), _learn(compiled, fewer, form), promise)
    torch.compiler.reset()


@contextmanager
def _promised(promise: str) -> Iterator[None]:
    """Prefix errors of torch with the requirement; warnings are ignored."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"{promise}: {error}") from error


def _to_single(graph: Graph) -> Graph:
    x, edges, mask = graph
    return (
        {n: nodes.float() for n, nodes in x.items()},
        {t: e.float() if e.is_floating_point() else e for t, e in edges.items()},
        mask,
    )


def _take(graph: Graph, samples: Sequence[int], nodes: slice = slice(None)) -> Graph:
    x, edges, mask = graph
    return (
        {n: rows[samples][:, nodes] for n, rows in x.items()},
        {t: e[samples][:, nodes, nodes] for t, e in edges.items()},
        {n: real[samples][:, nodes] for n, real in mask.items()},
    )


def _edge_cases(graph: Graph) -> dict[str, Graph]:
    x, edges, mask = graph
    bare = x, {t: torch.zeros_like(e) for t, e in edges.items()}, mask
    there = torch.arange(len(mask["text"])).unsqueeze(1) > 0
    absent = {n: real & there & (n != "text") for n, real in mask.items()}
    return {
        "padded samples": graph,
        "nodes without edges": bare,
        "one sample of one node a type": _take(graph, [0], slice(1)),
        "one sample of one node a type, without edges": _take(bare, [0], slice(1)),
        "a sample without nodes, and a type that is padding alone": (x, edges, absent),
    }


def _export(conv: nn.Module, graph: Graph) -> torch.export.ExportedProgram:
    x, edges, _ = graph
    batch = torch.export.Dim("batch", min=1, max=4096)
    dims = {n: torch.export.Dim(f"nodes_{i}", min=1, max=4096) for i, n in enumerate(x)}
    nodes = {n: {0: batch, 1: dims[n]} for n in x}
    pairs = {(s, r, d): {0: batch, 1: dims[s], 2: dims[d]} for s, r, d in edges}
    shapes = (nodes, pairs, nodes)
    with _promised("torch.export with any number of samples and nodes"), torch.no_grad():
        return torch.export.export(conv, graph, dynamic_shapes=shapes)


def _to_onnx(program: torch.export.ExportedProgram, names: Sequence[str]) -> Run:
    """Return a function that runs the program in onnxruntime and is called like the conv."""
    import onnxruntime

    with _promised("torch.export's program as ONNX"):
        exported = torch.onnx.export(program, dynamo=True, verbose=False)
        model = cast("torch.onnx.ONNXProgram", exported).model_proto
        session = onnxruntime.InferenceSession(model.SerializeToString())

    def run(*graph: Mapping[Any, Tensor]) -> dict[str, Tensor]:
        given = [tensor.numpy() for part in graph for tensor in part.values()]
        inputs = {i.name: value for i, value in zip(session.get_inputs(), given, strict=True)}
        results = session.run(None, inputs)
        return {n: torch.from_numpy(nodes) for n, nodes in zip(names, results, strict=True)}

    return run


def _learn(
    run: Run,
    graph: Graph,
    form: Callable[[dict[EdgeType, Tensor]], Mapping[EdgeType, Tensor | SparseEdges]],
) -> dict[str, Tensor]:
    """Return the output nodes and the gradients of the input nodes."""
    x, edges, mask = graph
    leaves = {n: nodes.clone().requires_grad_() for n, nodes in x.items()}
    out = run(leaves, form(edges), mask)
    torch.autograd.backward(torch.stack([nodes.square().sum() for nodes in out.values()]).sum())
    gradients = {
        f"{n} (gradient)": leaf.grad for n, leaf in leaves.items() if leaf.grad is not None
    }
    return {**out, **gradients}
