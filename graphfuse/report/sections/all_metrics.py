"""Every metric of every strategy, and where a metric is undefined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from graphfuse.report.sections.section import (
    DatasetSection,
    DatasetSummary,
    Render,
    Table,
    records_of,
    section,
)
from graphfuse.report.show import show
from graphfuse.training.metrics import metrics


@section("all_metrics")
class AllMetrics(DatasetSection):
    """Means over the folds where a metric is defined."""

    order = 100

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return "All metrics (mean over the folds where they are defined)"

    def tables(self, d: DatasetSummary) -> Sequence[Table]:
        """Return metrics of all classes together, metrics per class, and reasons."""
        per_class = [c for m in _per_class(d).values() for c in m.values()]
        tables = [_table(d, _overall(d))]
        if per_class:
            tables.append(_table(d, per_class, "Metrics per class"))
        if d.undefined:
            rows = [[s, m, str(n), why] for (s, m), (why, n) in d.undefined.items()]
            header = ("strategy", "metric", "folds", "reason")
            tables.append(Table(header, rows, "Undefined metrics", left=2))
        return tables

    def data(self, d: DatasetSummary) -> Mapping[str, Any]:
        """Return the means, and where and why metrics are undefined."""
        undefined = [
            {"strategy": strategy, "metric": metric, "reason": reason, "folds": count}
            for (strategy, metric), (reason, count) in d.undefined.items()
        ]
        return {"metrics": records_of(d.metrics), "undefined": undefined}

    def html(self, d: DatasetSummary, render: Render) -> Markup:
        """Return tables that sort, closed at first, with a mark at undefined values."""
        overall = _overall(d)
        return render(
            "sections/all_metrics.html.j2",
            d=d,
            names=overall,
            per_class=_per_class(d).get("f1", {}),
            rows=d.metrics.to_dict("records"),
            undefined={key: why for key, why in d.undefined.items() if key[1] in overall},
        )


def _table(d: DatasetSummary, names: Sequence[str], title: str = "") -> Table:
    rows = [
        [row["strategy"], *(show("mean", row.get(name)) for name in names)]
        for row in d.metrics.to_dict("records")
    ]
    return Table(("strategy", *names), rows, title)


def _per_class(d: DatasetSummary) -> dict[str, dict[str, str]]:
    """Return the columns of the metrics per class, by metric and class."""
    every = [m.name for m in map(metrics.get, metrics.names()) if m.per_class]
    columns = {m: {c: f"{m}/{c}" for c in d.facts.classes} for m in every}
    found = {
        m: {c: column for c, column in own.items() if column in d.metrics}
        for m, own in columns.items()
    }
    return {m: own for m, own in found.items() if own}


def _overall(d: DatasetSummary) -> list[str]:
    """Return the names of metrics over all classes, those that are always undefined last."""
    per_class_columns = {
        column for columns in _per_class(d).values() for column in columns.values()
    }
    every = [m.name for m in map(metrics.get, metrics.names()) if m.per_class]
    per_class_columns |= {f"{m}/{c}" for m in every for c in d.facts.classes}
    names = [c for c in d.metrics.columns if c != "strategy" and c not in per_class_columns]
    return names + sorted({name for _, name in d.undefined} - set(names) - per_class_columns)
