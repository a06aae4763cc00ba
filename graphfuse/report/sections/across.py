"""Several datasets together: mean ranks, and tests over datasets where there are enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from graphfuse import stats
from graphfuse.report.sections.section import (
    ComparisonSection,
    Summary,
    Table,
    records_of,
    section,
)
from graphfuse.report.show import show


@section("across")
class AcrossDatasets(ComparisonSection):
    """Strategies that all datasets share, ranked by their mean rank."""

    order = 100

    def title(self, summary: Summary) -> str:
        """Return the heading."""
        return "All datasets together"

    def applies(self, summary: Summary) -> bool:
        """Whether two datasets share two strategies at least."""
        return len(summary.datasets) > 1 and _shared(summary)["strategy"].nunique() > 1

    def tables(self, summary: Summary) -> Sequence[Table]:
        """Return mean ranks, and the tests of all pairs if any can be significant."""
        ranks = stats.across_datasets(_shared(summary))
        smallest = ranks.attrs["smallest_p"]
        table = Table(
            header=("strategy", "mean rank", "wins", "datasets"),
            rows=[
                [r["strategy"], f"{r['mean_rank']:.2f}", str(r["wins"]), str(r["n"])]
                for r in ranks.to_dict("records")
            ],
            note=f"Strategies that all datasets share, on the folds that all of them finished. A "
            f"mean rank depends on the other strategies and is not a test; {int(ranks['n'].max())} "
            f"datasets cannot give a p-value below {smallest:.3g} (Wilcoxon signed-rank test).",
        )
        pairs = stats.across_pairs(_shared(summary))
        if not pairs["p_value"].notna().any():
            return [table]
        rows = [
            [r["a"], r["b"], show("p", r["p_value"]), show("p", r["p_holm"])]
            for r in pairs.to_dict("records")
        ]
        header = ("first", "against", "p (Wilcoxon)", "p (Holm)")
        return [table, Table(header, rows, title="All pairs over datasets", left=2)]

    def data(self, summary: Summary) -> Mapping[str, Any]:
        """Return mean ranks and tests."""
        shared = _shared(summary)
        pairs = stats.across_pairs(shared).drop(columns="difference")  # of unlike metrics
        return {
            "across_datasets": {
                "ranks": records_of(stats.across_datasets(shared)),
                "pairs": records_of(pairs),
            }
        }


def _shared(summary: Summary) -> pd.DataFrame:
    """Return the scores of the strategies that every dataset has; higher is better."""
    signed = [d.scores.assign(score=d.sign * d.scores["score"]) for d in summary.datasets]
    common = set.intersection(*(set(s["strategy"]) for s in signed))
    scores = pd.concat(signed, ignore_index=True)
    return scores[scores["strategy"].isin(common)]
