"""The graph of one sample."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from markupsafe import Markup

from graphfuse.report.sections.section import (
    DatasetSection,
    DatasetSummary,
    Figure,
    Table,
    section,
)

IMAGE = (
    '<img alt="Graph of one sample: nodes by modality, edges by relation" '
    'src="data:image/svg+xml;base64,{}">'
)


@section("sample_graph")
class SampleGraph(DatasetSection):
    """Nodes by modality, edges by relation."""

    order = 50
    half_width = True

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return "One sample's graph"

    def applies(self, d: DatasetSummary) -> bool:
        """Whether a graph was drawn."""
        return d.facts.graph is not None and d.store.graph_svg(d.facts.graph) is not None

    def figure(self, d: DatasetSummary) -> Figure:
        """Return the drawing, as an image so that nothing in it can run."""
        svg = d.store.graph_svg(d.facts.graph) or ""
        image = Markup(IMAGE).format(base64.b64encode(svg.encode()).decode())
        return Figure(image, "its edges", on_paper=True)

    def tables(self, d: DatasetSummary) -> Sequence[Table]:
        """Return the number of edges per type."""
        rows = [
            [e.type[0], e.type[1].replace("_", " "), e.type[2], str(e.edges), str(e.of)]
            for e in d.facts.edges
        ]
        return [Table(("from", "relation", "to", "edges", "of"), rows, left=3)]
