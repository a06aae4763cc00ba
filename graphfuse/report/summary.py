"""From stored runs to the tables that every report prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graphfuse import stats
from graphfuse.bench.store import ResultStore
from graphfuse.errors import InputError

ABLATIONS = ("no_edges", "shuffled_edges", "complete")


@dataclass(frozen=True)
class DatasetSummary:
    """What one dataset's runs say; scores are in the metric's own sign."""

    name: str
    facts: Mapping[str, Any]
    metric: str
    sign: int
    """-1 where a lower value of the metric is better."""
    leaderboard: pd.DataFrame
    scores: pd.DataFrame
    pairs: pd.DataFrame
    metrics: pd.DataFrame
    ablations: pd.DataFrame
    detectable: float
    planned: int
    finished: int


@dataclass(frozen=True)
class Summary:
    """A comparison: its conditions, one summary a dataset, failures and the verdict in words."""

    path: Path
    comparison: Mapping[str, Any]
    datasets: tuple[DatasetSummary, ...]
    failures: tuple[Mapping[str, Any], ...]
    verdict: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Return the leaderboards of all datasets, without times."""
        parts = [d.leaderboard.assign(dataset=d.name) for d in self.datasets]
        table = pd.concat(parts, ignore_index=True)
        times = ["fit_seconds", "predict_ms_per_sample"]
        columns = ["dataset", *[c for c in table.columns if c not in ("dataset", *times)]]
        return table[columns]


def summarise(path: str | Path) -> Summary:
    """Read a folder of results.

    Raises:
        InputError: the folder holds no results, or not one finished run.
    """
    from graphfuse.report.verdict import verdict

    store = ResultStore(path)
    comparison = store.comparison()
    planned = {plan["key"]: plan for plan in comparison["planned"]}
    records = [record for record in store.records() if record["key"] in planned]
    if not any(record["status"] == "done" for record in records):
        raise InputError(
            f"{path} holds no finished run yet"
            + (f", {len(records)} failed: {records[0]['error']['message']}" if records else "")
            + "; run graphfuse compare again to go on"
        )
    datasets = tuple(
        _dataset(
            name,
            facts,
            comparison,
            [r for r in records if r["run"]["dataset"] == name],
            [plan for plan in planned.values() if plan["dataset"] == name],
        )
        for name, facts in comparison["datasets"].items()
    )
    failures = tuple(record for record in records if record["status"] == "failed")
    return Summary(Path(path), comparison, datasets, failures, tuple(verdict(datasets)))


def _dataset(
    name: str,
    facts: Mapping[str, Any],
    comparison: Mapping[str, Any],
    records: list[dict[str, Any]],
    planned: list[dict[str, Any]],
) -> DatasetSummary:
    metric = comparison["metric"][name]
    sign = -1 if metric in comparison["lower_is_better"] else 1
    rows = [
        {
            "dataset": name,
            "strategy": r["run"]["strategy"],
            "repeat": r["run"]["repeat"],
            "fold": r["run"]["fold"],
            "score": sign * r["metrics"].get(metric, np.nan),
            "n_train": r["sizes"]["train"],
            "n_test": r["sizes"]["test"],
        }
        for r in records
    ]
    columns = ["dataset", "strategy", "repeat", "fold", "score", "n_train", "n_test"]
    scores = pd.DataFrame(rows, columns=columns)
    if len({(plan["repeat"], plan["fold"]) for plan in planned}) == 1:
        # A single given split: no variance over splits is known, so no test is valid.
        scores = scores.drop(columns=["n_train", "n_test"])
    pairs = stats.compare_pairs(scores)
    leaderboard = _leaderboard(scores, pairs, records, comparison, sign)
    return DatasetSummary(
        name=name,
        facts=facts,
        metric=metric,
        sign=sign,
        leaderboard=leaderboard,
        scores=scores.assign(score=sign * scores["score"]),
        pairs=pairs,
        metrics=_metrics(records, list(leaderboard["strategy"])),
        ablations=_ablations(leaderboard, pairs),
        detectable=_detectable(scores),
        planned=len(planned),
        finished=len(records),
    )


def _leaderboard(
    scores: pd.DataFrame,
    pairs: pd.DataFrame,
    records: list[dict[str, Any]],
    comparison: Mapping[str, Any],
    sign: int,
) -> pd.DataFrame:
    ranks = stats.tie_groups(scores)[["strategy", "rank", "tied_with_best"]]
    board = stats.summarize(scores).drop(columns="dataset").merge(ranks, on="strategy")
    costs = pd.DataFrame(
        [{"strategy": r["run"]["strategy"], **r["cost"]} for r in records if r["cost"]],
        columns=["strategy", "parameters", "fit_seconds", "predict_ms_per_sample"],
    )
    board = board.merge(
        costs.groupby("strategy", as_index=False).median(), how="left", on="strategy"
    )
    board["family"] = [comparison["strategies"][s]["family"] for s in board["strategy"]]
    single = board[board["family"] == "unimodal"].sort_values("mean", ascending=False)
    for label, other in (
        ("concat", "concat"),
        ("best_unimodal", single["strategy"].iloc[0] if len(single) else None),
    ):
        against = pairs[pairs["b"] == other].set_index("a")
        board[f"over_{label}"] = sign * board["strategy"].map(against["difference"]).astype(float)
        board[f"p_{label}"] = board["strategy"].map(against["p_holm"]).astype(float)
    if sign < 0:
        board["mean"] *= -1
        board[["low", "high"]] = -board[["high", "low"]].to_numpy()
    board = board.assign(order=sign * board["mean"])
    board = board.sort_values(["rank", "order", "strategy"], ascending=[True, False, True])
    front = ["strategy", "family", "rank", "tied_with_best", "n", "failed", "mean", "std"]
    rest = [
        "low", "high", "over_concat", "p_concat", "over_best_unimodal", "p_best_unimodal",
        "parameters", "fit_seconds", "predict_ms_per_sample",
    ]  # fmt: skip
    return board[[*front, *rest]].reset_index(drop=True)


def _metrics(records: list[dict[str, Any]], order: list[str]) -> pd.DataFrame:
    rows = [{"strategy": r["run"]["strategy"], **r["metrics"]} for r in records if r["metrics"]]
    table = pd.DataFrame(rows)
    if table.empty:
        return pd.DataFrame({"strategy": order})
    means = table.groupby("strategy").mean().reindex(order)
    return means.reset_index()


def _ablations(board: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    names = set(board["strategy"])
    rows = []
    for graph in sorted(n for n in names if n.startswith("graph:") and "/" not in n):
        for ablation in ABLATIONS:
            other = f"{graph}/{ablation}"
            found = pairs[(pairs["a"] == graph) & (pairs["b"] == other)]
            if other in names and len(found):
                pair = found.iloc[0]
                rows.append(
                    {
                        "graph": graph,
                        "against": ablation,
                        **{k: pair[k] for k in ("difference", "low", "high", "p_value")},
                        "equivalent": pair["equivalent"],
                    }
                )
    columns = ["graph", "against", "difference", "low", "high", "p_value", "equivalent"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(p_holm=stats.holm(table["p_value"].to_numpy(dtype=float)))


def _detectable(scores: pd.DataFrame) -> float:
    """Return the difference that these folds would find in four of five cases, typically."""
    wide = scores.pivot_table(index=["repeat", "fold"], columns="strategy", values="score")
    if len(wide) < 2 or wide.shape[1] < 2 or "n_test" not in scores:
        return float("nan")
    ratio = float((scores["n_test"] / scores["n_train"]).mean())
    best = wide.mean().idxmax()
    spread = [float((wide[best] - wide[s]).std()) for s in wide.columns if s != best]
    typical = float(np.nanmedian(spread))
    if not typical > 0:
        return float("nan")
    return float(stats.minimum_detectable_difference(typical, len(wide), ratio))
