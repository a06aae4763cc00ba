"""A picture of one sample's graph: nodes by modality, edges by relation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from graphfuse.data import Batch, EdgeType
from graphfuse.data.edges import dense_edges

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which colour-blind readers can distinguish.
NODE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
EDGE_COLOURS = ("#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#999999", "#0072B2", "#E69F00")
MARKERS = ("o", "s", "^", "D", "P", "X", "v")
MOST_EDGES = 150
"""In a graph with more edges, only edges into one node of each modality are drawn."""
STRONGEST = 6
"""Maximum number of edges of one type into such a node."""
APART = 1.9
"""Distance between the centres of neighbouring modalities; their nodes take up 1.1."""


def draw(batch: Batch, i: int = 0, path: str | Path | None = None) -> Figure:
    """Draw the graph of sample ``i``; with ``path``, also save it (the suffix gives the format).

    Nodes with two coordinates are placed on their grid, other nodes in the order of their rows.
    Edges are coloured by relation, and heavier edges are wider. If there are more than
    ``MOST_EDGES`` edges, only the strongest of each type into one node of each modality are drawn,
    and these nodes are ringed.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> from graphfuse.graph import GraphBuilder
        >>> data = load_dataset("planted/binding", n=20)
        >>> figure = draw(GraphBuilder(data.relations).fit(data).transform(data.batch([0])))
        >>> [text.get_text() for text in figure.axes[0].texts if text.get_text()]
        ['a', 'b']
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    names = sorted(batch.x)
    columns = math.ceil(math.sqrt(len(names)))
    lines = math.ceil(len(names) / columns)
    size = (3.8 * columns, 3.7 * lines) if lines > 1 else (2.6 * columns + 2.4, 3.7)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_aspect("equal")
    places: dict[tuple[str, int], tuple[float, float]] = {}
    for number, m in enumerate(names):
        x, y = APART * (number % columns), -APART * (number // columns)
        own = _place(batch, i, m)
        places |= {(m, row): (x + right, y + up) for row, (right, up) in own.items()}
        axes.text(
            x, y + 0.72, m, ha="center", fontweight="bold", fontsize=12, parse_math=False, zorder=3,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )  # fmt: skip
    edges = {edge_type: dense_edges(batch, edge_type)[i].float() for edge_type in batch.edges}
    total = sum(int((weights > 0).sum()) for weights in edges.values())
    ringed = {m: _middle(batch, i, m) for m in names} if total > MOST_EDGES else {}
    drawn = _draw_edges(axes, edges, places, ringed)
    _draw_nodes(axes, names, places, ringed)
    if drawn:
        some = f"{drawn.total()} of {total} edges: the strongest into the ringed nodes"
        colours = _colours(edges)
        legend = figure.legend(
            handles=[Line2D([], [], color=colours[r], label=r) for r in sorted(drawn)],
            loc="outside lower center", ncols=3, frameon=False, fontsize=12,
            title=some if ringed else None, title_fontsize=12,
        )  # fmt: skip
        for text in legend.get_texts():
            text.set_parse_math(False)
    axes.set_xlim(-0.9, APART * (columns - 1) + 0.9)
    axes.set_ylim(-APART * (lines - 1) - 0.75, 0.95)
    if path is not None:
        with rc_context({"svg.hashsalt": "graphfuse"}):  # the same graph, the same bytes
            figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None)
    return figure


def _draw_edges(
    axes: Axes,
    edges: Mapping[EdgeType, Tensor],
    places: Mapping[tuple[str, int], tuple[float, float]],
    ringed: Mapping[str, int | None],
) -> Counter[str]:
    """Draw edges [Ns, Nd], or the strongest into ringed nodes; return how many of each relation."""
    drawn: Counter[str] = Counter()
    colours = _colours(edges)
    for edge_type in sorted(edges):
        source, relation, destination = edge_type
        weights = edges[edge_type]
        heaviest = max(float(weights.max()), 1e-12)
        pairs = weights.nonzero().tolist()
        for s, d in _strongest(weights, ringed[destination]) if ringed else pairs:
            drawn[relation] += 1
            share = float(weights[s, d]) / heaviest
            axes.annotate(
                "",
                xy=places[destination, d],
                xytext=places[source, s],
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": colours[relation],
                    "alpha": 0.25 + 0.5 * share,
                    "lw": 0.5 + 1.2 * share,
                    "mutation_scale": 7,
                    "shrinkA": 4,
                    "shrinkB": 5,
                    "connectionstyle": f"arc3,rad={0.12 + 0.05 * list(colours).index(relation)}",
                },
                zorder=1,
            )
    return drawn


def _colours(edges: Mapping[EdgeType, Tensor]) -> dict[str, str]:
    relations = sorted({relation for _, relation, _ in edges})
    return {r: EDGE_COLOURS[n % len(EDGE_COLOURS)] for n, r in enumerate(relations)}


def _draw_nodes(
    axes: Axes,
    names: Sequence[str],
    places: Mapping[tuple[str, int], tuple[float, float]],
    ringed: Mapping[str, int | None],
) -> None:
    for number, m in enumerate(names):
        points = {row: place for (owner, row), place in places.items() if owner == m}
        rings = [row == ringed.get(m) for row in points]
        if points:
            axes.scatter(
                [x for x, _ in points.values()],
                [y for _, y in points.values()],
                s=[110 if ring else 46 for ring in rings],
                marker=MARKERS[number % len(MARKERS)],
                color=NODE_COLOURS[number % len(NODE_COLOURS)],
                edgecolors=["black" if ring else "white" for ring in rings],
                linewidths=[2.0 if ring else 0.8 for ring in rings],
                zorder=2,
            )


def _strongest(weights: Tensor, node: int | None) -> list[tuple[int, int]]:
    """Return a few edges [Ns, Nd] into a node, of those that weigh the same some from all over."""
    if node is None:
        return []
    weight = {int(s): float(weights[s, node]) for s in weights[:, node].nonzero()[:, 0]}
    least = sorted(weight.values(), reverse=True)[:STRONGEST][-1:]
    kept = [s for s, w in weight.items() if [w] > least]
    tied = [s for s, w in weight.items() if [w] == least]
    room = min(STRONGEST - len(kept), len(tied))
    kept += [tied[(2 * k + 1) * len(tied) // (2 * room)] for k in range(room)]
    return [(s, node) for s in kept]


def _middle(batch: Batch, i: int, m: str) -> int | None:
    """Return the node nearest to the middle, of those equally near the middle one."""
    places = list(_place(batch, i, m).items())
    order = sorted(
        range(len(places)),
        key=lambda k: (round(math.hypot(*places[k][1]), 6), abs(k - len(places) // 2)),
    )
    return places[order[0]][0] if places else None


def _place(batch: Batch, i: int, m: str) -> dict[int, tuple[float, float]]:
    """Return where the nodes of a modality lie about its middle, by row."""
    rows = batch.mask[m][i].nonzero()[:, 0].tolist()
    if m in batch.pos and batch.pos[m].shape[2] >= 2 and rows:
        pos = batch.pos[m][i, rows, :2].double()
        low, high = pos.min(0).values, pos.max(0).values
        unit = (pos - low) / (high - low).clamp(min=1e-9) - 0.5
        return {
            row: (1.1 * float(p[1]), -1.1 * float(p[0])) for row, p in zip(rows, unit, strict=True)
        }
    angle = 2 * math.pi / max(len(rows), 1)
    radius = 0.55 if len(rows) > 1 else 0.0
    return {
        row: (radius * math.sin(angle * number), radius * math.cos(angle * number))
        for number, row in enumerate(rows)
    }
