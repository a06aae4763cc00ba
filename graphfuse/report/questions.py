"""The questions that a comparison answers, fixed before it runs."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from graphfuse.stats import holm

ALPHA = 0.05
SHOWN = 0.95
"""Probability from which on something is called shown."""
CHANCE = "majority"
"""The strategy that ignores its input."""
ABLATIONS = {
    "no_edges": "the same model without edges",
    "shuffled_edges": "the same model with shuffled edges",
    "complete": "the same model on the complete graph",
}
EDGES_MATTER = ("no_edges", "shuffled_edges")
"""Ablations that say whether the edges carry information."""
COLUMNS = ("kind", "first", "second", "difference", "low", "high", "p_holm", "equivalent", "effect")
MEASURED = ("difference", "low", "high", "equivalent", "effect", "p_value")


@dataclass(frozen=True)
class Standing:
    """A leaderboard and the direction of its metric."""

    board: pd.DataFrame
    sign: int

    def best(self, chosen: pd.Series) -> str | None:
        """Return the best of the chosen strategies, those with the most scores first."""
        some = self.board[chosen & (self.board["n"] > 0)]
        some = some[some["n"] == some["n"].max()]
        some = some.assign(order=-self.sign * some["mean"]).sort_values(["order", "strategy"])
        return None if some.empty else str(some["strategy"].iloc[0])


def contenders(board: pd.DataFrame) -> pd.Series:
    """Return which strategies stand for themselves: neither an ablation nor chance."""
    return board["ablation_of"].isna() & (board["strategy"] != CHANCE)


def graphs(board: pd.DataFrame) -> pd.Series:
    """Return which strategies are graph strategies, ablations left out."""
    return contenders(board) & (board["family"] == "graph")


def fusions(board: pd.DataFrame) -> pd.Series:
    """Return which strategies fuse modalities by a network, ablations left out."""
    return contenders(board) & ~board["family"].isin(["unimodal", "baseline"])


def ask(board: pd.DataFrame, pairs: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Answer the planned questions, with Holm's correction over these alone.

    The questions are few: the best fusion against the best single modality and against the best
    baseline, each graph against its own ablations, and a graph against the best of the other
    strategies. That graph is the best of those that were tested without their edges, if any. Two
    questions about the same pair count once in the correction. ``difference`` is first minus
    second, in units of the metric.
    """
    standing = Standing(board, sign)
    whole = contenders(board)
    single = board["family"] == "unimodal"
    fusion = standing.best(fusions(board))
    asked: list[tuple[str, str | None, str | None]] = [
        ("fusion", fusion, standing.best(single)),
        ("baseline", fusion, standing.best(whole & (board["family"] == "baseline"))),
    ]
    names = set(board["strategy"])
    ablated = board[board["ablation"].isin(ABLATIONS) & board["ablation_of"].isin(names)]
    columns = ["ablation", "ablation_of", "strategy"]
    asked += ablated.sort_values("strategy")[columns].itertuples(index=False, name=None)
    rival = standing.best(whole & (board["family"] != "graph"))
    asked.append(("rival", candidate(board, sign), rival))
    table = pairs.set_index(["a", "b"])
    rows = [
        {"kind": kind, "first": first, "second": second, **table.loc[(first, second), [*MEASURED]]}
        for kind, first, second in asked
        if first and second and (first, second) in table.index
    ]
    answers = pd.DataFrame(rows, columns=[*COLUMNS, "p_value"])
    once = answers.drop_duplicates(["first", "second"])
    corrected = once.assign(p_holm=holm(once["p_value"].to_numpy(dtype=float)))
    by_pair = corrected.set_index(["first", "second"])["p_holm"]
    answers["p_holm"] = [
        by_pair[pair] for pair in zip(answers["first"], answers["second"], strict=True)
    ]
    return answers


def candidate(board: pd.DataFrame, sign: int) -> str | None:
    """Return the graph that is judged: the best of those whose edges were tested, if any."""
    whole = graphs(board)
    tested = board.loc[board["ablation"].isin(EDGES_MATTER), "ablation_of"]
    standing = Standing(board, sign)
    return standing.best(whole & board["strategy"].isin(tested)) or standing.best(whole)


def recommend(board: pd.DataFrame, pairs: pd.DataFrame, sign: int) -> str | None:
    """Return the cheapest of the tie group at the top that is shown to be as good as its best.

    That takes a probability of at least :data:`SHOWN` that it is not worse by more than the
    margin. Cheap is few parameters; no run may have failed. The best itself always qualifies. None
    if there is nothing to choose, or if predicting the majority is in that group.
    """
    top = board[board["tied_with_best"]]
    if len(top) < 2 or CHANCE in set(top["strategy"]):
        return None
    best = Standing(board, sign).best(board["tied_with_best"])
    against = pairs[pairs["b"] == best].set_index("a")
    good = {best, *against.index[against["worse"] <= 1 - SHOWN]}
    sound = top[(top["failed"] == 0) & top["strategy"].isin(good)]
    cheapest = sound.sort_values(["parameters", "fit_seconds", "strategy"])["strategy"]
    return None if cheapest.empty else str(cheapest.iloc[0])


def cheaper_ties(board: pd.DataFrame, strategy: str) -> list[str]:
    """Return the strategies tied with the best that have fewer parameters than this one."""
    top = board[board["tied_with_best"]]
    own = board.loc[board["strategy"] == strategy, "parameters"].iloc[0]
    return list(top.loc[top["parameters"] < own, "strategy"])


def decided(board: pd.DataFrame, pairs: pd.DataFrame, sign: int) -> str | None:
    """Return the recommended strategy, unless it is the best for want of a proof alone.

    That is so where the best is not shown to be better than a cheaper one, nor that to be as good.
    """
    chosen = recommend(board, pairs, sign)
    best = Standing(board, sign).best(board["tied_with_best"])
    if chosen is None or (chosen == best and cheaper_ties(board, chosen)):
        return None
    return chosen


def shown_strategy(board: pd.DataFrame, pairs: pd.DataFrame, sign: int) -> str | None:
    """Return the strategy that is shown in detail: the recommended one, else the first."""
    scored = board[board["n"] > 0]["strategy"]
    return recommend(board, pairs, sign) or (None if scored.empty else str(scored.iloc[0]))


def show_p(p: object) -> str:
    """Return a p-value in words, never as zero.

    Example:
        >>> show_p(0.0301), show_p(1e-9), show_p(float("nan"))
        ('p = 0.030', 'p < 0.001', 'no valid test')
    """
    if not isinstance(p, float) or p != p:
        return "no valid test"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
