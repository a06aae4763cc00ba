"""The result in words: who wins, by how much, and whether the graph was worth it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from graphfuse.stats import holm

if TYPE_CHECKING:
    from graphfuse.report.summary import DatasetSummary

ALPHA = 0.05
WORDS = {"no_edges": "itself without edges", "shuffled_edges": "itself with shuffled edges"}


def verdict(datasets: Sequence[DatasetSummary]) -> list[str]:
    """Return sentences, each dataset's begun with its name."""
    return [f"{d.name}: {sentence}" for d in datasets for sentence in _sentences(d)]


def recommend(board: pd.DataFrame) -> str | None:
    """Return the cheapest strategy of the tie group at the top that has no failed run."""
    top = board[board["tied_with_best"] & (board["failed"] == 0)]
    top = top[top["strategy"] != "majority"]
    if top.empty:
        return None
    return str(top.sort_values(["parameters", "fit_seconds", "strategy"])["strategy"].iloc[0])


def _sentences(d: DatasetSummary) -> list[str]:
    board = d.leaderboard
    found: list[str] = []
    if d.finished < d.planned:
        found.append(
            f"only {d.finished} of {d.planned} runs are finished; this is a partial result."
        )
    for strategy, n, lost in zip(board["strategy"], board["n"], board["failed"], strict=True):
        if lost:
            found.append(f"{strategy} failed in {lost} of {lost + n} runs.")
    scored = board[board["n"] > 0]
    if scored.empty:
        return [*found, "no run has a score."]
    found += _winner(d, scored)
    found += _questions(d, scored)
    found += _planted(d, scored)
    if d.detectable == d.detectable:
        found.append(
            f"these folds could have shown a difference of about {d.detectable:.3f} between two "
            f"strategies (power 0.8); smaller ones go unseen."
        )
    return found


def _winner(d: DatasetSummary, board: pd.DataFrame) -> list[str]:
    top = board[board["tied_with_best"]]
    leader = board.sort_values("mean", ascending=d.sign < 0).iloc[0]
    shown = f"{leader['strategy']} has the best mean {d.metric}, {leader['mean']:.3f}"
    if "majority" in set(top["strategy"]):
        return [f"{shown}, but nothing can be told apart from predicting the majority."]
    cheapest = recommend(board)
    if len(top) == 1:
        return [f"{shown}, significantly above all others."]
    tail = f"; the cheapest of them is {cheapest}" if cheapest else ""
    others = "1 other is" if len(top) == 2 else f"{len(top) - 1} others are"
    return [f"{shown}, but {others} tied with it{tail}."]


@dataclass(frozen=True)
class Question:
    """A comparison that was planned beforehand, and how to say its outcome."""

    first: str
    second: str
    gain: str
    loss: str
    tie: str
    about_graph: bool = False


def _questions(d: DatasetSummary, board: pd.DataFrame) -> list[str]:
    """Answer the planned comparisons, with Holm's correction over these alone.

    They are few: fusion against the best single modality, each ablated graph against its
    ablations, the best graph against the best of the rest.
    """
    asked = _ask(d, board)
    pairs = d.pairs.set_index(["a", "b"])
    at = [(question.first, question.second) for question in asked]
    differences = pairs["difference"].loc[at].to_numpy(dtype=float)
    corrected = holm(pairs["p_value"].loc[at].to_numpy(dtype=float))
    found, worth = [], True
    for question, difference, p in zip(asked, differences, corrected, strict=True):
        clear = bool(p < ALPHA)
        said = question.tie if not clear else question.gain if difference > 0 else question.loss
        shown = f"p = {p:.3f}" if p == p else "no valid test"
        found.append(f"{said} (difference {d.sign * difference:+.3f}, {shown}).")
        worth &= not question.about_graph or (clear and difference > 0)
    if any(question.about_graph for question in asked):
        outcome = "the graph was worth it."
        found.append(outcome if worth else "nothing here says that the graph was worth it.")
    return found


def _best(d: DatasetSummary, board: pd.DataFrame, chosen: pd.Series) -> str | None:
    some = board[chosen].sort_values(["mean", "strategy"], ascending=[d.sign < 0, True])
    return None if some.empty else str(some["strategy"].iloc[0])


def _ask(d: DatasetSummary, board: pd.DataFrame) -> list[Question]:
    names = board["strategy"]
    whole = ~names.str.contains("/") & (names != "majority")
    is_graph = names.str.startswith("graph:")
    single = _best(d, board, board["family"] == "unimodal")
    fusion = _best(d, board, (board["family"] != "unimodal") & whole)
    graph, rival = _best(d, board, is_graph & whole), _best(d, board, ~is_graph & whole)
    asked = []
    if single and fusion:
        a, b = f"the best fusion, {fusion},", f"the best single modality, {single}"
        tie = f"{a} does not significantly beat {b}"
        asked.append(Question(fusion, single, f"{a} beats {b}", f"{a} loses to {b}", tie))
    for name in sorted(names):
        base, _, ablation = name.partition("/")
        if ablation not in WORDS or base not in set(names):
            continue
        b = WORDS[ablation]
        tie = f"{base} cannot be told apart from {b}"
        asked.append(Question(base, name, f"{base} beats {b}", f"{base} loses to {b}", tie, True))
    if graph and rival:
        a, b = f"the best graph, {graph},", f"the best of the rest, {rival}"
        tie = f"{a} cannot be told apart from {b}"
        asked.append(Question(graph, rival, f"{a} beats {b}", f"{a} loses to {b}", tie, True))
    return asked


def _planted(d: DatasetSummary, board: pd.DataFrame) -> list[str]:
    bayes = d.facts.get("bayes_accuracy")
    if bayes is None or d.metric != "accuracy":
        return []
    should = "should" if d.facts.get("graph_should_win") else "should not"
    return [
        f"planted data: no model can exceed an accuracy of {bayes:.3f}, the best mean here is "
        f"{board['mean'].max():.3f}; by construction a graph {should} win."
    ]
