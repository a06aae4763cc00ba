"""Speed of batching and graph building: python -m benchmarks.batches [--quick].

``dataset.batch`` of 64 samples beside PyTorch Geometric's ``Batch.from_data_list`` of 64 ready-made
``HeteroData``, of nodes alone and with the edges of 4 nearest neighbours, both with labels, ids and
positions; and ``GraphBuilder`` with k-nearest, co-occurrence and temporal relations beside a loop
over samples that draws the same edges with networkx and numpy, one graph at a time, with the same
fitted codebooks. ``floor`` is one gather of the features alone, which no batch can do without.

In turn in one process on one thread, so that every call finds the caches as the other side left
them, as a batch between two steps of training does; ratios are of medians.
"""

from __future__ import annotations

import argparse
from typing import Any

import networkx
import numpy as np
import torch
from torch_geometric.data import Batch as PygBatch

from benchmarks._machine import interleave, write
from graphfuse.data import FusionDataset
from graphfuse.graph import CoOccurrence, GraphBuilder, KNearest, Temporal

SAMPLES = 64
NAMES = ("image", "speech", "text")
CASES = (((49, 32, 32), 128), ((8, 8, 8), 32))
NEIGHBOURS, WINDOW = 4, 2.0


def make(sizes: tuple[int, ...], channels: int, n: int = 256) -> FusionDataset:
    """Draw a dataset whose nodes have a time."""
    random = np.random.default_rng(0)
    x = {m: random.normal(size=(n, k, channels)) for m, k in zip(NAMES, sizes, strict=True)}
    pos = {
        m: np.broadcast_to(np.arange(k, dtype=float)[None, :, None], (n, k, 1))
        for m, k in zip(NAMES, sizes, strict=True)
    }
    return FusionDataset.from_arrays(x, random.integers(0, 2, n), pos=pos, name="random")


def one_by_one(dataset: FusionDataset, rows: np.ndarray, builder: GraphBuilder) -> list[Any]:
    """Draw the edges of each sample in turn, as code without a batch axis does."""
    relation = next(r for r in builder if isinstance(r, CoOccurrence))
    centres = {m: relation.recall("centres", m).numpy() for m in NAMES}
    ppmi = {(s, d): relation.recall("ppmi", s, d).numpy() for s in NAMES for d in NAMES}
    graphs = []
    for i in rows:
        sample = dataset[int(i)]
        x = {m: nodes.numpy() for m, nodes in sample.x.items()}
        time = {m: pos[:, 0].numpy() for m, pos in sample.pos.items()}
        code = {
            m: np.linalg.norm(x[m][:, None] - centres[m][None], axis=2).argmin(1) for m in NAMES
        }
        graph = networkx.MultiDiGraph()
        for m in NAMES:
            graph.add_nodes_from((m, k) for k in range(len(x[m])))
        for s in NAMES:
            for d in NAMES:
                distance = np.linalg.norm(x[s][:, None] - x[d][None], axis=2)
                if s == d:
                    np.fill_diagonal(distance, np.inf)
                near = np.argsort(distance, axis=0)[:NEIGHBOURS]
                graph.add_edges_from(
                    ((s, int(a)), (d, b)) for b in range(near.shape[1]) for a in near[:, b]
                )
                weight = ppmi[s, d][code[s]][:, code[d]]
                graph.add_weighted_edges_from(
                    ((s, int(a)), (d, int(b)), float(weight[a, b]))
                    for a, b in np.argwhere(weight > 0)
                    if s != d or a != b
                )
                lead = time[d][None] - time[s][:, None]
                graph.add_edges_from(
                    ((s, int(a)), (d, int(b)))
                    for a, b in np.argwhere(np.abs(lead) <= WINDOW)
                    if s != d or a != b
                )
        graphs.append(graph)
    return graphs


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs; nothing is written")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for sizes, channels in CASES:
        dataset = make(sizes, channels)
        picked = np.random.default_rng(1).permutation(len(dataset))[:SAMPLES]
        joined = GraphBuilder([KNearest(NEIGHBOURS)]).fit(dataset).attach(dataset)
        bare, graphs = (d.batch(picked).to_pyg() for d in (dataset, joined))
        features = torch.randn(len(dataset), sum(sizes) * channels)
        chosen = torch.from_numpy(picked)
        seconds = 0.5 if arguments.quick else 3.0
        batching = interleave(
            {
                "floor": lambda f=features, c=chosen: f.index_select(0, c),
                "ours": lambda d=dataset, p=picked: d.batch(p),
                "pyg": lambda g=bare: PygBatch.from_data_list(g),
                "ours_with_edges": lambda d=joined, p=picked: d.batch(p),
                "pyg_with_edges": lambda g=graphs: PygBatch.from_data_list(g),
            },
            seconds,
        )
        builder = GraphBuilder([KNearest(NEIGHBOURS), CoOccurrence(), Temporal(WINDOW)])
        builder.fit(dataset)
        building = interleave(
            {
                "ours": lambda d=dataset, p=picked, b=builder: b.transform(d.batch(p)),
                "loop": lambda d=dataset, p=picked, b=builder: one_by_one(d, p, b),
            },
            seconds,
            least=3,
        )
        row = {
            "nodes": list(sizes),
            "channels": channels,
            "batch_ms": {k: round(1e3 * t, 3) for k, t in batching.items()},
            "batch_ratio": round(batching["pyg"] / batching["ours"], 1),
            "batch_ratio_with_edges": round(
                batching["pyg_with_edges"] / batching["ours_with_edges"], 1
            ),
            "batch_ratio_of_floor": round(batching["pyg"] / batching["floor"], 1),
            "graph_ms": {k: round(1e3 * t, 3) for k, t in building.items()},
            "graph_ratio": round(building["loop"] / building["ours"], 1),
        }
        rows.append(row)
        print(f"{sizes}, {channels} features, times the other side's speed:")
        print(f"  batches {row['batch_ratio']} (a bare gather {row['batch_ratio_of_floor']}), "
              f"with edges {row['batch_ratio_with_edges']}, graphs {row['graph_ratio']}",
              row["batch_ms"], row["graph_ms"])  # fmt: skip
    if not arguments.quick:
        write("batches", rows)


if __name__ == "__main__":
    main()
