"""Speed of the graph convs beside PyTorch Geometric's: python -m benchmarks.convs [--quick].

Batches of 64 samples, 128 features, 4 heads, three node types with an edge type between any two of
them. Dense, sparse and PyG run in turn in one process on one thread, forward and forward +
backward to the weights; ratios are of medians. ``floor`` is the time of the dense conv's matrix
products, those of its backward pass counted too, at the machine's rate for a large square product
(1,024 on a CPU, 8,192 on a GPU). ``peak_mb`` is the most memory at once during forward + backward,
without inputs, weights and their gradients (``benchmarks._memory``).

Each conv stands beside the PyG conv with the same weights and result, ``typed_attention``, which
PyG does not have, beside ``HGTConv``. ``DenseRGATConv`` is left out: ``RGATConv`` copies a matrix
for each edge, 53 GB at the first size. ``--compiled`` adds ``torch.compile`` of the dense conv.

Where there is a GPU it runs there, in single precision and in bfloat16, timed by the GPU's events
over several sets of inputs in turn, and writes a result file of its own.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
import torch_geometric.nn as pyg
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from benchmarks._machine import cuda_seconds, interleave, product_rate, wall_seconds, write
from benchmarks._memory import peak_bytes
from graphfuse import nn as ours
from graphfuse.data import EdgeType, SparseEdges

SAMPLES, CHANNELS, HEADS = 64, 128, 4
SIZES = ((49, 32, 32), (8, 8, 8), (1, 1, 1))
DENSITIES = (1.0, 0.1)
SETS = 32  # of inputs on a GPU: of the first size more than a cache of 50 MB holds, in bfloat16 too
NAMES = ["image", "speech", "text"]
TYPES: list[EdgeType] = [(s, "to", d) for s, d in itertools.product(NAMES, NAMES)]
METADATA = (NAMES, TYPES)


@dataclass(frozen=True)
class Place:
    """Where and how precisely convs run, and how fast matrix products are there."""

    device: str
    dtype: torch.dtype
    rate: float

    @classmethod
    def all(cls) -> list[Place]:
        """Return the GPU in two precisions, or the CPU where there is none."""
        if not torch.cuda.is_available():
            return [cls("cpu", torch.float32, product_rate())]
        kinds = (torch.float32, torch.bfloat16)
        return [cls("cuda", kind, product_rate(8192, "cuda", kind)) for kind in kinds]

    @property
    def precision(self) -> str:
        """The name of the precision."""
        return str(self.dtype).removeprefix("torch.")


@dataclass(frozen=True)
class Graphs:
    """One batch in every form that a conv takes."""

    x: dict[str, Tensor]
    dense: dict[EdgeType, Tensor]
    sparse: dict[EdgeType, SparseEdges]
    flat: dict[str, Tensor]
    index: dict[EdgeType, Tensor]
    together: Tensor
    joined: Tensor
    kind: Tensor
    members: Tensor

    @classmethod
    def random(cls, sizes: tuple[int, ...], density: float, seed: int = 0) -> Graphs:
        """Draw nodes and edges."""
        random = torch.Generator().manual_seed(seed)
        x = {
            name: torch.randn(SAMPLES, size, CHANNELS, generator=random)
            for name, size in zip(NAMES, sizes, strict=True)
        }
        dense, index, joined, kind = {}, {}, [], []
        start = dict(zip(NAMES, (0, SAMPLES * sizes[0], SAMPLES * sum(sizes[:2])), strict=True))
        for number, (s, r, d) in enumerate(TYPES):
            ns, nd = x[s].shape[1], x[d].shape[1]
            dense[s, r, d] = torch.rand(SAMPLES, ns, nd, generator=random) < density
            sample, i, j = dense[s, r, d].nonzero().T
            index[s, r, d] = torch.stack([sample * ns + i, sample * nd + j])
            joined.append(index[s, r, d] + torch.tensor([[start[s]], [start[d]]]))
            kind.append(torch.full((len(sample),), number))
        flat = {name: nodes.flatten(0, 1) for name, nodes in x.items()}
        together, pairs, kinds = (
            torch.cat(list(flat.values())),
            torch.cat(joined, 1),
            torch.cat(kind),
        )
        return cls(
            x,
            dense,
            {t: SparseEdges(e) for t, e in index.items()},
            flat,
            index,
            together,
            pairs,
            kinds,
            stars(pairs, kinds, len(together)),
        )

    def to(self, place: Place) -> Graphs:
        """Return the same on a device, with nodes in its precision."""
        return Graphs(
            **{field.name: _to(getattr(self, field.name), place) for field in fields(self)}
        )


def stars(pairs: Tensor, kinds: Tensor, nodes: int) -> Tensor:
    """Return node and hyperedge of each member of a hyperedge, which is a node and its sources."""
    star = kinds * nodes + pairs[1]
    own = star.unique()
    return torch.cat([torch.stack([pairs[0], star]), torch.stack([own % nodes, own])], dim=1)


def _to(given: Any, place: Place) -> Any:
    if isinstance(given, dict):
        return {key: _to(value, place) for key, value in given.items()}
    if isinstance(given, SparseEdges) or not given.is_floating_point():
        return given.to(place.device)
    return given.to(place.device, place.dtype)


def hetero(make: Callable[[], nn.Module]) -> nn.Module:
    """Return one PyG conv an edge type, summed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pyg.HeteroConv({t: make() for t in TYPES}, aggr="sum")


def convs() -> dict[str, tuple[nn.Module, nn.Module, Callable[[Graphs], object]]]:
    """Return the dense conv, its PyG counterpart and that one's forward, by name."""
    hgt = pyg.HGTConv(CHANNELS, CHANNELS, METADATA, HEADS)
    rgcn = pyg.RGCNConv(CHANNELS, CHANNELS, len(TYPES))
    both = (CHANNELS, CHANNELS)
    sage = hetero(lambda: pyg.SAGEConv(both, CHANNELS, normalize=True))
    gat = hetero(lambda: pyg.GATv2Conv(both, CHANNELS // HEADS, HEADS, add_self_loops=False))
    transformer = hetero(lambda: pyg.TransformerConv(both, CHANNELS // HEADS, HEADS))
    gcn = pyg.GCN2Conv(CHANNELS, 0.1, 0.5, 1)
    hypergraph = pyg.HypergraphConv(CHANNELS, CHANNELS)
    return {
        "hgt": (ours.DenseHGTConv.from_pyg(hgt), hgt, lambda g: hgt(g.flat, g.index)),
        "typed_attention": (
            ours.TypedAttentionConv(CHANNELS, CHANNELS, METADATA, HEADS),
            hgt,
            lambda g: hgt(g.flat, g.index),
        ),
        "rgcn": (
            ours.DenseRGCNConv.from_pyg(rgcn, METADATA),
            rgcn,
            lambda g: rgcn(g.together, g.joined, g.kind),
        ),
        "sage": (ours.DenseSAGEConv.from_pyg(sage), sage, lambda g: sage(g.flat, g.index)),
        "gatv2": (ours.DenseGATv2Conv.from_pyg(gat), gat, lambda g: gat(g.flat, g.index)),
        "transformer": (
            ours.DenseTransformerConv.from_pyg(transformer),
            transformer,
            lambda g: transformer(g.flat, g.index),
        ),
        "gcn2": (
            ours.DenseGCN2Conv.from_pyg(gcn, METADATA),
            gcn,
            lambda g: gcn(g.together, g.together, g.joined),
        ),
        "hypergraph": (
            ours.DenseHypergraphConv.from_pyg(hypergraph, METADATA),
            hypergraph,
            lambda g: hypergraph(g.together, g.members, num_edges=len(TYPES) * len(g.together)),
        ),
    }


def backward(output: object) -> None:
    """Go back from the mean square of whatever a conv returned."""
    parts = output.values() if isinstance(output, Mapping) else [output]
    torch.stack([part.square().mean() for part in parts]).sum().backward()


def count(conv: nn.Module, g: Graphs) -> tuple[int, int]:
    """Return the operations in matrix products of a forward, and of a forward and backward.

    The nodes need no gradient, so that a backward has less than twice the products of a forward.
    """
    counts = []
    for run in (conv, lambda x, edges: backward(conv(x, edges))):
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
            run(g.x, g.dense)
        counts.append(int(counter.get_total_flops()))
    return counts[0], counts[1]


def measure(
    name: str, sizes: tuple[int, ...], density: float, place: Place, seconds: float, compiled: bool
) -> dict[str, Any]:
    """Return one row: times in milliseconds, ratios and the distance to the floor."""
    dense, theirs, reference = convs()[name]
    for conv in (dense, theirs):
        conv.to(place.device, place.dtype)
    count_of_sets, clock = (SETS, cuda_seconds) if place.device == "cuda" else (1, wall_seconds)
    sets = [Graphs.random(sizes, density, seed).to(place) for seed in range(count_of_sets)]
    sides: dict[str, Callable[[Graphs], object]] = {
        "dense": lambda g: dense(g.x, g.dense),
        "sparse": lambda g: dense(g.x, g.sparse),
        "pyg": reference,
    }
    if compiled:
        torch.compiler.reset()  # or else, after a few sizes, the programs would run eagerly
        fast = torch.compile(dense, dynamic=False, fullgraph=True)
        sides["compiled"] = lambda g: fast(g.x, g.dense)

    def forward(side: str) -> Callable[[], object]:
        turn = itertools.cycle(sets)

        def run() -> object:
            with torch.no_grad():
                return sides[side](next(turn))

        return run

    def both(side: str) -> Callable[[], object]:
        turn = itertools.cycle(sets)
        return lambda: backward(sides[side](next(turn)))

    ahead = interleave({side: forward(side) for side in sides}, seconds, 5, clock)
    back = interleave({side: both(side) for side in sides}, seconds, 5, clock)
    g, rate = sets[0], place.rate
    flops, both_flops = count(dense, g)
    inputs = [part for field in fields(g) for part in tree_leaves(getattr(g, field.name))]
    inputs = [part.index if isinstance(part, SparseEdges) else part for part in inputs]
    weights = {"dense": dense, "sparse": dense, "pyg": theirs}
    peaks = {
        side: peak_bytes(both(side), [*inputs, *conv.parameters()])
        for side, conv in weights.items()
    }
    row: dict[str, Any] = {
        "conv": name, "nodes": list(sizes), "density": density, "flops": flops,
        "both_flops": both_flops, "precision": place.precision,
        "floor_ms": round(1e3 * flops / rate, 3),
        "forward_ms": {side: round(1e3 * t, 3) for side, t in ahead.items()},
        "both_ms": {side: round(1e3 * t, 3) for side, t in back.items()},
        "peak_mb": {side: round(peak / 1e6, 2) for side, peak in peaks.items()},
        "forward_ratio": round(ahead["pyg"] / ahead["dense"], 2),
        "both_ratio": round(back["pyg"] / back["dense"], 2),
        "forward_over_floor": round(ahead["dense"] * rate / flops, 2),
        "both_over_floor": round(back["dense"] * rate / both_flops, 2),
    }  # fmt: skip
    return row


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs; nothing is written")
    parser.add_argument(
        "--compiled", action="store_true", help="with torch.compile (slow to start)"
    )
    parser.add_argument("--convs", help="names, comma-separated")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", category=UserWarning)
    places = Place.all()
    chosen = arguments.convs.split(",") if arguments.convs else list(convs())
    seconds = 0.3 if arguments.quick else 1.0
    rows = []
    for place in places:
        print(f"{place.device}, {place.precision}: {place.rate / 1e9:.0f} GFLOP/s in products")
        print(header(arguments.compiled))
        for name, sizes, density in itertools.product(chosen, SIZES, DENSITIES):
            row = measure(name, sizes, density, place, seconds, arguments.compiled)
            rows.append(row)
            print(line(row), flush=True)
    if not arguments.quick and not arguments.convs:
        rates = {place.precision: round(place.rate / 1e9, 1) for place in places}
        name = "convs" if places[0].device == "cpu" else f"convs-{places[0].device}"
        write(name, rows, matrix_product_gflops=rates)


def header(compiled: bool) -> str:
    """Return the head of the table.

    ``x`` is times PyG's speed, ``sp`` with sparse edges, ``co`` compiled; ``/f`` times the floor.
    """
    names = ["density", "fwd x", "f+b x", "fwd /f", "f+b /f", "f+b sp", "MB", "MB sp", "MB PyG"]
    names += ["fwd co", "f+b co"] if compiled else []
    return f"{'conv':16}{'nodes':>14}" + "".join(f"{name:>8}" for name in names)


def line(row: Mapping[str, Any]) -> str:
    """Return a row of the table that is printed."""
    ratios = [row["forward_ratio"], row["both_ratio"], row["forward_over_floor"]]
    ratios += [row["both_over_floor"], row["both_ms"]["pyg"] / row["both_ms"]["sparse"]]
    numbers = [*ratios, *row["peak_mb"].values()]
    if "compiled" in row["both_ms"]:
        numbers += [row[what]["pyg"] / row[what]["compiled"] for what in ("forward_ms", "both_ms")]
    start = f"{row['conv']:16}{tuple(row['nodes'])!s:>14}{row['density']:8}"
    return start + "".join(f"{number:8.1f}" for number in numbers)


if __name__ == "__main__":
    main()
