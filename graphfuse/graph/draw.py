"""A picture of one sample's graph: nodes by modality, edges by relation."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from graphfuse.data import Batch
from graphfuse.data.edges import dense_edges

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by colour-blind readers too.
NODE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
EDGE_COLOURS = ("#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#999999", "#0072B2", "#E69F00")
MARKERS = ("o", "s", "^", "D", "P", "X", "v")


def draw(batch: Batch, i: int = 0, path: str | Path | None = None) -> Figure:
    """Draw the graph of sample ``i``; with ``path``, also save it (the ending gives the format).

    Modalities are columns; nodes with two coordinates lie as on their grid, the others in order of
    their rows. Edges are coloured by relation, wider where they weigh more.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> from graphfuse.graph import GraphBuilder
        >>> data = load_dataset("planted/binding", n=20)
        >>> figure = draw(GraphBuilder(data.relations).fit(data).transform(data.batch([0])))
        >>> [text.get_text() for text in figure.axes[0].texts if text.get_text()]
        ['a', 'b']
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    names = sorted(batch.x)
    figure = Figure(figsize=(2.6 * len(names) + 2.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_aspect("equal")
    places: dict[tuple[str, int], tuple[float, float]] = {}
    for column, m in enumerate(names):
        places |= _place(batch, i, m, 1.9 * column)
        axes.text(1.9 * column, 0.78, m, ha="center", fontweight="bold", parse_math=False)
    relations = sorted({relation for _, relation, _ in batch.edges})
    colours = {r: EDGE_COLOURS[n % len(EDGE_COLOURS)] for n, r in enumerate(relations)}
    drawn = set()
    for edge_type in sorted(batch.edges):
        source, relation, destination = edge_type
        weights = dense_edges(batch, edge_type)[i].float()
        heaviest = max(float(weights.max()), 1e-12)
        for s, d in weights.nonzero().tolist():
            drawn.add(relation)
            axes.annotate(
                "",
                xy=places[destination, d],
                xytext=places[source, s],
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": colours[relation],
                    "alpha": 0.25 + 0.5 * float(weights[s, d]) / heaviest,
                    "lw": 0.5 + 1.2 * float(weights[s, d]) / heaviest,
                    "mutation_scale": 7,
                    "shrinkA": 4,
                    "shrinkB": 5,
                    "connectionstyle": f"arc3,rad={0.12 + 0.05 * relations.index(relation)}",
                },
                zorder=1,
            )
    for number, m in enumerate(names):
        points = [place for (owner, _), place in places.items() if owner == m]
        if points:
            axes.scatter(
                [x for x, _ in points],
                [y for _, y in points],
                s=46,
                marker=MARKERS[number % len(MARKERS)],
                color=NODE_COLOURS[number % len(NODE_COLOURS)],
                edgecolors="white",
                linewidths=0.8,
                zorder=2,
            )
    handles = [Line2D([], [], color=colours[r], label=r) for r in relations if r in drawn]
    if handles:
        legend = figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    axes.set_xlim(-0.9, 1.9 * (len(names) - 1) + 0.9)
    axes.set_ylim(-0.75, 0.95)
    if path is not None:
        figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None)
    return figure


def _place(
    batch: Batch, i: int, m: str, centre: float
) -> dict[tuple[str, int], tuple[float, float]]:
    rows = batch.mask[m][i].nonzero()[:, 0].tolist()
    if m in batch.pos and batch.pos[m].shape[2] >= 2 and rows:
        pos = batch.pos[m][i, rows, :2].double()
        low, high = pos.min(0).values, pos.max(0).values
        unit = (pos - low) / (high - low).clamp(min=1e-9) - 0.5
        return {
            (m, row): (centre + 1.1 * float(p[1]), -1.1 * float(p[0]))
            for row, p in zip(rows, unit, strict=True)
        }
    angle = 2 * math.pi / max(len(rows), 1)
    radius = 0.55 if len(rows) > 1 else 0.0
    return {
        (m, row): (
            centre + radius * math.sin(angle * number),
            radius * math.cos(angle * number),
        )
        for number, row in enumerate(rows)
    }
