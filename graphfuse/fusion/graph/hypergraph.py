"""Graph fusion with hyperedges and a high-frequency branch."""

from __future__ import annotations

from graphfuse.fusion.graph._core import GraphStrategy
from graphfuse.fusion.info import strategy
from graphfuse.graph import ABLATIONS


@strategy(
    "graph:hypergraph",
    family="graph",
    summary="hyperedges of modality, sample and neighbourhood, and signed edges for differences",
    paper="Chen et al. 2023, https://doi.org/10.1109/CVPR52729.2023.01036",
    ablations=ABLATIONS,
)
class GraphHypergraph(GraphStrategy):
    """Fuse nodes with :class:`~graphfuse.nn.M3NetConv`, after M3Net.

    As there, the nodes of a modality and those of a sample form hyperedges, and a second branch
    passes the differences of neighbours with signed weights. Unlike there, the edges of the
    relations add further hyperedges, the second branch runs along these edges instead of within
    all hyperedges, and the branches are summed in every layer instead of at the end. Without edges
    ("no_edges"), the hyperedges of modality and sample remain.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(GraphHypergraph(data.schema).prepare(data)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    conv = "m3net"
