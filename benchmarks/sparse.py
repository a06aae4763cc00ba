"""From which size on sparse edges pay: python -m benchmarks.sparse [--quick].

One node type, one edge type, a batch of 4 samples with 128 features and 4 heads, where each node
has 8 neighbours at random. The same edges are given dense and as ``SparseEdges``, in turn in one
process on one thread, forward and backward. ``pays from`` is the least number of nodes at which the
sparse path is the quicker one there and at every larger size.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks._machine import interleave, write
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._typed import convs

SAMPLES, CHANNELS, HEADS, NEIGHBOURS = 4, 128, 4, 8
SIZES = (64, 128, 256, 512, 1024, 2048)
EDGE: EdgeType = ("a", "near", "a")


def learn(conv: nn.Module, nodes: torch.Tensor, edges: Any) -> Callable[[], None]:
    """Return what runs the conv forward and backward."""

    def run() -> None:
        conv({"a": nodes}, {EDGE: edges})["a"].square().mean().backward()

    return run


def measure(name: str, size: int, seconds: float) -> dict[str, Any]:
    """Return the milliseconds of both ways at one number of nodes."""
    random = torch.Generator().manual_seed(0)
    nodes = torch.randn(SAMPLES, size, CHANNELS, generator=random)
    rows = torch.arange(SAMPLES * size)
    sent = torch.rand(SAMPLES * size, size, generator=random).topk(min(NEIGHBOURS, size)).indices
    source = (sent + (rows // size * size).unsqueeze(1)).flatten()
    sparse = SparseEdges(torch.stack([source, rows.repeat_interleave(sent.shape[1])]))
    sparse = sparse.coalesce(size, size)
    conv = convs.get(name).for_layer(CHANNELS, (["a"], [EDGE]), HEADS, 0)
    dense = sparse.to_dense(SAMPLES, size, size)
    sides = {"dense": learn(conv, nodes, dense), "sparse": learn(conv, nodes, sparse)}
    times = interleave(sides, seconds, least=3)
    return {"conv": name, "nodes": size, **{s: round(1e3 * t, 2) for s, t in times.items()}}


def pays_from(rows: list[dict[str, Any]]) -> int | None:
    """Return the least size from which the sparse way is the quicker one; None if at none."""
    found = None
    for row in sorted(rows, key=lambda row: -row["nodes"]):
        if row["sparse"] >= row["dense"]:
            break
        found = int(row["nodes"])
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs; nothing is written")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'conv':18}" + "".join(f"{size:>8}" for size in SIZES) + "   dense / sparse by nodes")
    rows, pays = [], {}
    for name in convs.names():
        found = [measure(name, size, 0.1 if arguments.quick else 0.5) for size in SIZES]
        rows += found
        pays[name] = pays_from(found)
        ratios = "".join(f"{row['dense'] / row['sparse']:8.2f}" for row in found)
        print(f"{name:18}{ratios}   pays from {pays[name]}", flush=True)
    if not arguments.quick:
        write("sparse", rows, neighbours=NEIGHBOURS, pays_from=pays)


if __name__ == "__main__":
    main()
