"""From stored runs to the tables that every report prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graphfuse import stats
from graphfuse.bench.store import ResultStore
from graphfuse.errors import InputError
from graphfuse.report.verdict import ask, verdict

MARGIN = 0.01
"""What makes no practical difference: this much of a score, or this share of an error."""

COSTS = ("parameters", "flops_per_sample", "fit_seconds", "predict_ms_per_sample")

Run = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    """What one dataset's runs say; scores and differences are in the metric's own sign."""

    name: str
    facts: Mapping[str, Any]
    metric: str
    sign: int
    """-1 where a lower value of the metric is better."""
    bounds: tuple[float | None, float | None]
    margin: float
    """Differences smaller than this count as none (region of practical equivalence)."""
    leaderboard: pd.DataFrame
    scores: pd.DataFrame
    pairs: pd.DataFrame
    questions: pd.DataFrame
    metrics: pd.DataFrame
    undefined: Mapping[tuple[str, str], tuple[str, int]]
    """Why a metric of a strategy is undefined, and on how many folds."""
    detectable: float
    planned: int
    runs: tuple[Run, ...]
    """Records of the finished runs, failed ones included."""
    verdict: tuple[str, ...] = field(default=())

    @property
    def finished(self) -> int:
        """Number of finished runs."""
        return len(self.runs)


@dataclass(frozen=True)
class Summary:
    """A comparison: its conditions, one summary a dataset, and failures."""

    path: Path
    comparison: Mapping[str, Any]
    datasets: tuple[DatasetSummary, ...]
    failures: tuple[Run, ...]

    @property
    def verdict(self) -> tuple[str, ...]:
        """All sentences, each begun with the name of its dataset."""
        return tuple(f"{d.name}: {sentence}" for d in self.datasets for sentence in d.verdict)

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
        InputError: the folder holds no results, or not one run with a score.
    """
    store = ResultStore(path)
    comparison = store.comparison()
    planned = {plan["key"]: plan for plan in comparison["planned"]}
    runs = [
        run
        for run in store.records()
        if run["key"] in planned and (run["status"] == "failed" or store.is_done(run["folder"]))
    ]
    failures = tuple(run for run in runs if run["status"] == "failed")
    if not runs:
        raise InputError(f"{path} holds no finished run yet; run graphfuse compare again to go on")
    if len(failures) == len(runs):
        first = failures[0]
        raise InputError(
            f"all {len(runs)} finished runs of {path} failed, the first, "
            f"{first['run']['strategy']}, with: {first['error']['message']}; its traceback lies in "
            f"{store.runs / first['folder'] / 'record.json'}"
        )
    datasets = tuple(
        _dataset(
            name,
            facts,
            comparison,
            [r for r in runs if r["run"]["dataset"] == name],
            [plan for plan in planned.values() if plan["dataset"] == name],
        )
        for name, facts in comparison["datasets"].items()
    )
    return Summary(Path(path), comparison, datasets, failures)


def _dataset(
    name: str,
    facts: Mapping[str, Any],
    comparison: Mapping[str, Any],
    runs: Sequence[Run],
    planned: Sequence[Mapping[str, Any]],
) -> DatasetSummary:
    metric = comparison["metric"][name]
    sign = -1 if metric in comparison["lower_is_better"] else 1
    low, high = comparison["bounds"][metric]
    signed = _scores(name, runs, metric, sign)
    if len({(plan["repeat"], plan["fold"]) for plan in planned}) == 1:
        # A single given split: no variance over splits is known, so no test is valid.
        signed = signed.drop(columns=["n_train", "n_test"])
    # Where a score has no upper bound, as an error has none, the margin is a share of it.
    best = float(signed.groupby("strategy")["score"].mean().max()) if len(signed) else 1.0
    margin = MARGIN if high is not None else MARGIN * abs(best if best == best else 1.0)
    pairs = _turn(stats.compare_pairs(signed, rope=margin), sign)
    board = _leaderboard(signed, pairs, runs, comparison, metric, sign)
    summary = DatasetSummary(
        name=name,
        facts=facts,
        metric=metric,
        sign=sign,
        bounds=(low, high),
        margin=margin,
        leaderboard=board.assign(
            low=board["low"].clip(lower=low), high=board["high"].clip(upper=high)
        ),
        scores=signed.assign(score=sign * signed["score"]),
        pairs=pairs,
        questions=ask(board, pairs, sign),
        metrics=_metrics(runs, list(board["strategy"])),
        undefined=_undefined(runs),
        detectable=_detectable(signed),
        planned=len(planned),
        runs=tuple(runs),
    )
    return replace(summary, verdict=verdict(summary))


def _scores(name: str, runs: Sequence[Run], metric: str, sign: int) -> pd.DataFrame:
    """Return one row a finished run; a higher score is better, a failed run has none."""
    rows = [
        {
            "dataset": name,
            "strategy": r["run"]["strategy"],
            "repeat": r["run"]["repeat"],
            "fold": r["run"]["fold"],
            "score": sign * r["metrics"].get(metric, np.nan),
            # Early stopping looks at the validation part, so it belongs to what is learned from.
            "n_train": r["sizes"]["train"] + r["sizes"]["validation"],
            "n_test": r["sizes"]["test"],
        }
        for r in runs
    ]
    columns = ["dataset", "strategy", "repeat", "fold", "score", "n_train", "n_test"]
    return pd.DataFrame(rows, columns=columns)


def _turn(table: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Return differences in the metric's own sign."""
    if sign > 0:
        return table
    turned = table.assign(difference=0.0 - table["difference"])
    turned[["low", "high"]] = 0.0 - table[["high", "low"]].to_numpy()
    return turned


def _leaderboard(
    scores: pd.DataFrame,
    pairs: pd.DataFrame,
    runs: Sequence[Run],
    comparison: Mapping[str, Any],
    metric: str,
    sign: int,
) -> pd.DataFrame:
    ranks = stats.tie_groups(scores)[["strategy", "rank", "tied_with_best"]]
    board = stats.summarize(scores).drop(columns=["dataset", "failed"]).merge(ranks, on="strategy")
    costs = pd.DataFrame(
        [{"strategy": r["run"]["strategy"], **r["cost"]} for r in runs if r["cost"]],
        columns=["strategy", *COSTS],
    )
    costs = costs.groupby("strategy", as_index=False).median()
    board = board.merge(costs, how="left", on="strategy")
    board["family"] = [comparison["strategies"][s]["family"] for s in board["strategy"]]
    board["failed"] = [
        _count(runs, s, lambda r: r["status"] == "failed") for s in board["strategy"]
    ]
    board["undefined"] = [
        _count(runs, s, lambda r: metric in r["undefined"]) for s in board["strategy"]
    ]
    single = board[board["family"] == "unimodal"].sort_values("mean", ascending=False)
    for label, other in (
        ("concat", "concat"),
        ("best_unimodal", single["strategy"].iloc[0] if len(single) else None),
    ):
        against = pairs[pairs["b"] == other].set_index("a")
        board[f"over_{label}"] = board["strategy"].map(against["difference"]).astype(float)
        board[f"p_{label}"] = board["strategy"].map(against["p_holm"]).astype(float)
    if sign < 0:
        board["mean"] *= -1
        board[["low", "high"]] = -board[["high", "low"]].to_numpy()
    # One that failed somewhere has its mean over other folds: it comes after those that did not.
    board = board.assign(order=-sign * board["mean"], less=-board["n"])
    board = board.sort_values(["less", "order", "strategy"])
    front = ["strategy", "family", "rank", "tied_with_best", "n", "failed", "undefined"]
    rest = [
        "mean", "std", "low", "high", "over_concat", "p_concat", "over_best_unimodal",
        "p_best_unimodal", *COSTS,
    ]  # fmt: skip
    return board[[*front, *rest]].reset_index(drop=True)


def _count(runs: Sequence[Run], strategy: str, counts: Callable[[Run], bool]) -> int:
    return sum(r["run"]["strategy"] == strategy and counts(r) for r in runs)


def _metrics(runs: Sequence[Run], order: list[str]) -> pd.DataFrame:
    """Return means over the folds where a metric is defined."""
    rows = [{"strategy": r["run"]["strategy"], **r["metrics"]} for r in runs if r["metrics"]]
    table = pd.DataFrame(rows)
    if table.empty:
        return pd.DataFrame({"strategy": order})
    means = table.groupby("strategy").mean().reindex(order)
    return means.reset_index()


def _undefined(runs: Sequence[Run]) -> dict[tuple[str, str], tuple[str, int]]:
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for run in runs:
        for metric, reason in run["undefined"].items():
            key = (run["run"]["strategy"], metric)
            found[key] = (reason, found.get(key, ("", 0))[1] + 1)
    return found


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
