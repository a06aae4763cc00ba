"""From stored runs to the tables that every report prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from graphfuse import stats
from graphfuse.bench.records import ComparisonRecord, DatasetFacts, PlannedRun, RunRecord
from graphfuse.bench.store import ResultStore
from graphfuse.report.questions import ask

MARGIN = 0.01
"""A difference that matters in practice is larger: this much of a score, or share of an error."""

NOT_MEASURED = "it does not measure labels such as those of this fold"
"""Why a run has no value of a metric that it does not list as undefined."""

COSTS = ("parameters", "flops_per_sample", "fit_seconds", "predict_ms_per_sample")
TIMES = ("fit_seconds", "predict_ms_per_sample")


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    """Results of one dataset; scores and differences are in units of the metric."""

    name: str
    facts: DatasetFacts
    metric: str
    sign: int
    """-1 where a lower value of the metric is better."""
    bounds: tuple[float | None, float | None]
    margin: float
    """Smaller differences make no difference in practice (region of practical equivalence)."""
    leaderboard: pd.DataFrame
    scores: pd.DataFrame
    pairs: pd.DataFrame
    questions: pd.DataFrame
    metrics: pd.DataFrame
    undefined: dict[tuple[str, str], tuple[str, int]]
    """Why a metric of a strategy is undefined, and on how many folds."""
    detectable: float
    """Minimum difference between two strategies that is detected with power 0.8."""
    planned: int
    """Number of planned runs."""
    runs: tuple[RunRecord, ...]
    """Records of the finished runs, failed ones included."""
    store: ResultStore
    """Holds the predictions of the runs and the drawing of a sample graph."""

    def predictions(self, strategy: str) -> list[dict[str, np.ndarray]]:
        """Return the stored arrays of a strategy's runs: index, y, scores, ids."""
        if strategy not in self._read:
            done = [run for run in self.runs if run.run.strategy == strategy and run.done]
            self._read[strategy] = [self.store.predictions(run) for run in done]
        return self._read[strategy]

    @cached_property
    def _read(self) -> dict[str, list[dict[str, np.ndarray]]]:
        """Predictions by strategy, read once for all sections and formats."""
        return {}

    @property
    def finished(self) -> int:
        """Number of finished runs."""
        return len(self.runs)


@dataclass(frozen=True)
class Summary:
    """A comparison: its conditions, results and verdict per dataset, and failures."""

    path: Path
    comparison: ComparisonRecord
    datasets: tuple[DatasetSummary, ...]
    failures: tuple[RunRecord, ...]
    verdicts: dict[str, tuple[str, ...]]
    """Sentences by dataset."""

    @property
    def verdict(self) -> tuple[str, ...]:
        """All sentences, each begun with the name of its dataset."""
        return tuple(f"{name}: {text}" for name, said in self.verdicts.items() for text in said)

    def table(self) -> pd.DataFrame:
        """Return the leaderboards of all datasets, without times."""
        parts = [d.leaderboard.assign(dataset=d.name) for d in self.datasets]
        table = pd.concat(parts, ignore_index=True)
        return table[["dataset", *[c for c in table.columns if c not in ("dataset", *TIMES)]]]


def summarise_dataset(
    name: str, comparison: ComparisonRecord, runs: Sequence[RunRecord], store: ResultStore
) -> DatasetSummary:
    """Return the results of one dataset out of all finished runs."""
    runs = [run for run in runs if run.run.dataset == name]
    planned = [plan for plan in comparison.planned if plan.dataset == name]
    metric = comparison.metric[name]
    sign = -1 if metric in comparison.lower_is_better else 1
    low, high = comparison.bounds[metric]
    signed = _scores(name, runs, metric, sign)
    if _is_one_split(planned):  # no variance over splits is known, so no test is valid
        signed = signed.drop(columns=["n_train", "n_test"])
    # Where a score has no upper bound, as an error has none, the margin is a share of it.
    best = float(signed.groupby("strategy")["score"].mean().max()) if len(signed) else 1.0
    margin = MARGIN if high is not None else MARGIN * abs(best if best == best else 1.0)
    pairs = _turn(stats.compare_pairs(signed, rope=margin), sign)
    board = _leaderboard(signed, pairs, runs, comparison, metric, sign)
    return DatasetSummary(
        name=name,
        facts=comparison.datasets[name],
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
        undefined=_undefined(runs, metric),
        detectable=_detectable(signed),
        planned=len(planned),
        runs=tuple(runs),
        store=store,
    )


def _is_one_split(planned: Sequence[PlannedRun]) -> bool:
    return len({(plan.repeat, plan.fold) for plan in planned}) == 1


def _scores(name: str, runs: Sequence[RunRecord], metric: str, sign: int) -> pd.DataFrame:
    """Return one row per finished run; a higher score is better, a failed run has none."""
    rows = [
        {
            "dataset": name,
            "strategy": r.run.strategy,
            "repeat": r.run.repeat,
            "fold": r.run.fold,
            "score": sign * r.metrics.get(metric, np.nan),
            # Early stopping uses the validation part, so that it counts as training data.
            "n_train": r.sizes.train + r.sizes.validation,
            "n_test": r.sizes.test,
        }
        for r in runs
    ]
    columns = ["dataset", "strategy", "repeat", "fold", "score", "n_train", "n_test"]
    return pd.DataFrame(rows, columns=columns)


def _turn(table: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Return differences in the metric's own sign."""
    if sign > 0:
        return table
    turned = table.assign(difference=0.0 - table["difference"], effect=0.0 - table["effect"])
    turned[["low", "high"]] = 0.0 - table[["high", "low"]].to_numpy()
    return turned


def _leaderboard(
    scores: pd.DataFrame,
    pairs: pd.DataFrame,
    runs: Sequence[RunRecord],
    comparison: ComparisonRecord,
    metric: str,
    sign: int,
) -> pd.DataFrame:
    ranks = stats.tie_groups(scores)[["strategy", "rank", "tied_with_best"]]
    board = stats.summarize(scores).drop(columns=["dataset", "failed"]).merge(ranks, on="strategy")
    costs = pd.DataFrame(
        [{"strategy": r.run.strategy, **{c: getattr(r.cost, c) for c in COSTS}}
         for r in runs if r.cost],
        columns=["strategy", *COSTS],
    )  # fmt: skip
    costs[[*COSTS]] = costs[[*COSTS]].astype(float)
    board = board.merge(costs.groupby("strategy", as_index=False).median(), "left", on="strategy")
    known = [comparison.strategies[s] for s in board["strategy"]]
    for field in ("family", "ablation_of", "ablation", "modality"):
        board[field] = pd.Series([getattr(facts, field) for facts in known], dtype=object)
    board["failed"] = [_count(runs, s, lambda r: not r.done) for s in board["strategy"]]
    board["undefined"] = [
        _count(runs, s, lambda r: r.done and metric not in r.metrics) for s in board["strategy"]
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
    # A strategy that failed somewhere has its mean over other folds: it comes after those that
    # did not fail.
    board = board.assign(order=-sign * board["mean"], less=-board["n"])
    board = board.sort_values(["less", "order", "strategy"])
    front = ["strategy", "family", "rank", "tied_with_best", "n", "failed", "undefined"]
    rest = [
        "mean", "std", "low", "high", "over_concat", "p_concat", "over_best_unimodal",
        "p_best_unimodal", *COSTS, "ablation_of", "ablation", "modality",
    ]  # fmt: skip
    return board[[*front, *rest]].reset_index(drop=True)


def _count(runs: Sequence[RunRecord], strategy: str, counts: Callable[[RunRecord], bool]) -> int:
    return sum(r.run.strategy == strategy and counts(r) for r in runs)


def _metrics(runs: Sequence[RunRecord], order: list[str]) -> pd.DataFrame:
    """Return means over the folds where a metric is defined."""
    table = pd.DataFrame([{"strategy": r.run.strategy, **r.metrics} for r in runs if r.metrics])
    if table.empty:
        return pd.DataFrame({"strategy": order})
    return table.groupby("strategy").mean().reindex(order).reset_index()


def _undefined(runs: Sequence[RunRecord], ranked: str) -> dict[tuple[str, str], tuple[str, int]]:
    """Return reasons and numbers of folds by strategy and metric, for ``ranked`` in every case."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for run in runs:
        unknown = {} if ranked in run.metrics or not run.done else {ranked: NOT_MEASURED}
        for metric, reason in (unknown | dict(run.undefined)).items():
            key = (run.run.strategy, metric)
            found[key] = (reason, found.get(key, ("", 0))[1] + 1)
    return found


def _detectable(scores: pd.DataFrame) -> float:
    """Return the minimum detectable difference (power 0.8) for the typical pair with the best."""
    wide = scores.pivot_table(index=["repeat", "fold"], columns="strategy", values="score")
    if len(wide) < 2 or wide.shape[1] < 2 or "n_test" not in scores:
        return float("nan")
    ratio = float((scores["n_test"] / scores["n_train"]).mean())
    best = wide.mean().idxmax()
    spread = [float((wide[best] - wide[s]).std()) for s in wide.columns if s != best]
    typical = float(np.nanmedian(spread)) if np.isfinite(spread).any() else 0.0
    if not typical > 0:
        return float("nan")
    return float(stats.minimum_detectable_difference(typical, len(wide), ratio))
