"""The confusion matrix of one strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from graphfuse.report.predictions import confusion
from graphfuse.report.questions import shown_strategy
from graphfuse.report.sections.section import (
    DatasetSection,
    DatasetSummary,
    Render,
    Table,
    section,
)


@section("confusion_matrix")
class ConfusionMatrix(DatasetSection):
    """Which classes the recommended strategy mixes up."""

    order = 80

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return f"Confusion matrix of {shown_strategy(d.leaderboard, d.pairs, d.sign)}"

    def applies(self, d: DatasetSummary) -> bool:
        """Whether each sample has one class."""
        return _matrix(d) is not None

    def tables(self, d: DatasetSummary) -> Sequence[Table]:
        """Return one row per true class, one column per predicted class."""
        matrix = _matrix(d)
        counts = [] if matrix is None else matrix.tolist()
        rows = [[c, *map(str, row)] for c, row in zip(d.facts.classes, counts, strict=True)]
        return [Table(("true \\ predicted", *d.facts.classes), rows)]

    def data(self, d: DatasetSummary) -> Mapping[str, Any]:
        """Return the counts."""
        matrix, strategy = _matrix(d), shown_strategy(d.leaderboard, d.pairs, d.sign)
        if matrix is None:
            return {"confusion": None}
        found = {"strategy": strategy, "classes": [*d.facts.classes], "counts": matrix.tolist()}
        return {"confusion": found}

    def html(self, d: DatasetSummary, render: Render) -> Markup:
        """Return cells shaded by their share of the true class."""
        matrix = _matrix(d)
        counts = np.zeros((0, 0)) if matrix is None else matrix
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        rows = [
            (name, list(zip(map(int, counts[i]), map(float, shares[i]), strict=True)))
            for i, name in enumerate(d.facts.classes)
        ]
        return render("sections/confusion_matrix.html.j2", title=self.title(d), rows=rows)


def _matrix(d: DatasetSummary) -> np.ndarray | None:
    strategy = shown_strategy(d.leaderboard, d.pairs, d.sign)
    return None if strategy is None else confusion(d, strategy)
