"""Speed of the graph convs beside PyTorch Geometric's: python -m benchmarks.convs [--quick].

Batches of 64 samples, 128 features, 4 heads, three node types with an edge type between any two of
them. Dense, sparse and PyG run in turn in one process on one thread, forward and forward +
backward; ratios are of medians. ``floor`` is the time of the dense conv's matrix products at the
machine's rate for a 1,024 x 1,024 product. ``peak_mb`` is the most memory at once during forward +
backward, without inputs, weights and their gradients (``benchmarks._memory``). ``compiled`` is
``torch.compile`` of the dense conv.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch_geometric.nn as pyg
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks._machine import interleave, product_rate, write
from benchmarks._memory import peak_bytes
from graphfuse import nn as ours
from graphfuse.data import EdgeType, SparseEdges

SAMPLES, CHANNELS, HEADS = 64, 128, 4
SIZES = ((49, 32, 32), (8, 8, 8), (1, 1, 1))
DENSITIES = (1.0, 0.1)
NAMES = ["image", "speech", "text"]
TYPES: list[EdgeType] = [(s, "to", d) for s, d in itertools.product(NAMES, NAMES)]
METADATA = (NAMES, TYPES)


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

    @classmethod
    def random(cls, sizes: tuple[int, ...], density: float) -> Graphs:
        """Draw nodes and edges."""
        random = torch.Generator().manual_seed(0)
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
        return cls(
            x,
            dense,
            {t: SparseEdges(e) for t, e in index.items()},
            flat,
            index,
            torch.cat(list(flat.values())),
            torch.cat(joined, dim=1),
            torch.cat(kind),
        )


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
    gcn = pyg.GCN2Conv(CHANNELS, 0.1, 0.5, 1)
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
        "gcn2": (
            ours.DenseGCN2Conv.from_pyg(gcn, METADATA),
            gcn,
            lambda g: gcn(g.together, g.together, g.joined),
        ),
    }


def backward(output: object) -> None:
    """Go back from the mean square of whatever a conv returned."""
    parts = output.values() if isinstance(output, Mapping) else [output]
    torch.stack([part.square().mean() for part in parts]).sum().backward()


def count(conv: nn.Module, g: Graphs) -> int:
    """Return the floating-point operations of the matrix products of a forward."""
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        conv(g.x, g.dense)
    return int(counter.get_total_flops())


def measure(
    name: str, sizes: tuple[int, ...], density: float, rate: float, seconds: float, compiled: bool
) -> dict[str, Any]:
    """Return one row: times in milliseconds, ratios and the distance to the floor."""
    dense, theirs, reference = convs()[name]
    g = Graphs.random(sizes, density)
    sides: dict[str, Callable[[], object]] = {
        "dense": lambda: dense(g.x, g.dense),
        "sparse": lambda: dense(g.x, g.sparse),
        "pyg": lambda: reference(g),
    }
    if compiled:
        fast = torch.compile(dense, dynamic=False)
        sides["compiled"] = lambda: fast(g.x, g.dense)

    def forward(side: str) -> Callable[[], object]:
        def run() -> object:
            with torch.no_grad():
                return sides[side]()

        return run

    def both(side: str) -> Callable[[], object]:
        return lambda: backward(sides[side]())

    ahead = interleave({side: forward(side) for side in sides}, seconds)
    back = interleave({side: both(side) for side in sides}, seconds)
    flops = count(dense, g)
    inputs = [*g.x.values(), *g.dense.values(), *(e.index for e in g.sparse.values())]
    inputs += [*g.index.values(), g.together, g.joined, g.kind]
    weights = {"dense": dense, "sparse": dense, "pyg": theirs}
    peaks = {
        side: peak_bytes(both(side), [*inputs, *conv.parameters()])
        for side, conv in weights.items()
    }
    row: dict[str, Any] = {
        "conv": name, "nodes": list(sizes), "density": density, "flops": flops,
        "floor_ms": round(1e3 * flops / rate, 3),
        "forward_ms": {side: round(1e3 * t, 3) for side, t in ahead.items()},
        "both_ms": {side: round(1e3 * t, 3) for side, t in back.items()},
        "peak_mb": {side: round(peak / 1e6, 2) for side, peak in peaks.items()},
        "forward_ratio": round(ahead["pyg"] / ahead["dense"], 2),
        "both_ratio": round(back["pyg"] / back["dense"], 2),
        "forward_over_floor": round(ahead["dense"] * rate / flops, 2),
        "both_over_floor": round(back["dense"] * rate / (3 * flops), 2),
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
    rate = product_rate()
    chosen = arguments.convs.split(",") if arguments.convs else list(convs())
    print(f"matrix products: {rate / 1e9:.0f} GFLOP/s, one thread")
    header = (
        "conv",
        "nodes",
        "density",
        "fwd x",
        "f+b x",
        "/floor",
        "/floor",
        "sparse",
        "MB",
        "sparse",
        "PyG",
    )
    print("{:16}{:>14}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>9}{:>9}{:>9}".format(*header))
    rows = []
    for name, sizes, density in itertools.product(chosen, SIZES, DENSITIES):
        seconds = 0.3 if arguments.quick else 1.0
        row = measure(name, sizes, density, rate, seconds, arguments.compiled)
        rows.append(row)
        sparse = row["both_ms"]["pyg"] / row["both_ms"]["sparse"]
        print(f"{name:16}{sizes!s:>14}{density:8}{row['forward_ratio']:8.1f}{row['both_ratio']:8.1f}"
              f"{row['forward_over_floor']:8.1f}{row['both_over_floor']:8.1f}{sparse:8.1f}"
              + "".join(f"{peak:9.1f}" for peak in row["peak_mb"].values()),
              flush=True)  # fmt: skip
    if not arguments.quick and not arguments.convs:
        write("convs", rows, matrix_product_gflops=round(rate / 1e9, 1))


if __name__ == "__main__":
    main()
