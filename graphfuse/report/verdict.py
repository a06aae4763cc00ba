"""The result in words: who wins, by how much, and whether the graph was worth it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from graphfuse.stats import holm

if TYPE_CHECKING:
    from graphfuse.report.summary import DatasetSummary

ALPHA = 0.05
ABLATIONS = {
    "no_edges": "itself without edges",
    "shuffled_edges": "itself with shuffled edges",
    "complete": "itself on the complete graph",
}
FEW = 3
"""Most graphs with ablations that have a sentence for each."""
EDGES_MATTER = ("no_edges", "shuffled_edges")
COLUMNS = ("kind", "first", "second", "difference", "low", "high", "p_holm", "equivalent")


@dataclass(frozen=True)
class Standing:
    """A leaderboard and which way is up."""

    board: pd.DataFrame
    sign: int

    def best(self, chosen: pd.Series) -> str | None:
        """Return the best of the chosen strategies, those with the most scores first."""
        some = self.board[chosen & (self.board["n"] > 0)]
        some = some[some["n"] == some["n"].max()]
        some = some.assign(order=-self.sign * some["mean"]).sort_values(["order", "strategy"])
        return None if some.empty else str(some["strategy"].iloc[0])


def ask(board: pd.DataFrame, pairs: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Answer the planned questions, with Holm's correction over these alone.

    They are few: the best fusion against the best single modality, each graph against its own
    ablations, and a graph against the best of the rest: the best of the graphs that were tested
    without their edges, if any. ``difference`` is first minus second, in units of the metric.
    """
    standing = Standing(board, sign)
    names = board["strategy"]
    whole = ~names.str.contains("/") & (names != "majority")
    is_graph = names.str.startswith("graph:")
    asked: list[tuple[str, str | None, str | None]] = [
        (
            "fusion",
            standing.best((board["family"] != "unimodal") & whole),
            standing.best(board["family"] == "unimodal"),
        )
    ]
    for name in sorted(names):
        base, _, ablation = name.partition("/")
        if ablation in ABLATIONS and base in set(names):
            asked.append((ablation, base, name))
    asked.append(("rival", candidate(board, sign), standing.best(~is_graph & whole)))
    table = pairs.set_index(["a", "b"])
    rows = [
        (kind, first, second, *table.loc[(first, second), list(COLUMNS[3:6])], float("nan"),
         table.loc[(first, second), "equivalent"], table.loc[(first, second), "p_value"])
        for kind, first, second in asked
        if first and second and (first, second) in table.index
    ]  # fmt: skip
    found = pd.DataFrame(rows, columns=[*COLUMNS, "p_value"])
    found["p_holm"] = holm(found["p_value"].to_numpy(dtype=float))
    return found


def candidate(board: pd.DataFrame, sign: int) -> str | None:
    """Return the graph that is judged: the best of those whose edges were tested, if any."""
    names = board["strategy"]
    whole = names.str.startswith("graph:") & ~names.str.contains("/")
    tested = {name.split("/")[0] for name in names if name.split("/")[-1] in EDGES_MATTER}
    standing = Standing(board, sign)
    return standing.best(whole & names.isin(tested)) or standing.best(whole)


def recommend(board: pd.DataFrame) -> str | None:
    """Return the cheapest of the tie group at the top: fewest parameters, no failed run.

    None if there is nothing to choose, or if predicting the majority is in that group.
    """
    top = board[board["tied_with_best"]]
    if len(top) < 2 or "majority" in set(top["strategy"]):
        return None
    sound = top[top["failed"] == 0].sort_values(["parameters", "fit_seconds", "strategy"])
    return None if sound.empty else str(sound["strategy"].iloc[0])


def verdict(d: DatasetSummary) -> tuple[str, ...]:
    """Return the result of one dataset in sentences."""
    board = d.leaderboard
    found = [f"caution: {c['text']}; {c['advice']}." for c in d.facts.get("cautions", ())]
    if d.finished < d.planned:
        found.append(
            f"only {d.finished} of {d.planned} runs are finished; this is a partial result."
        )
    for row in board.to_dict("records"):
        total = int(row["n"] + row["failed"] + row["undefined"])
        if row["failed"]:
            found.append(f"{row['strategy']} failed in {int(row['failed'])} of {total} runs.")
        if row["undefined"]:
            found.append(
                f"{d.metric} is undefined for {row['strategy']} on {int(row['undefined'])} of "
                f"{total} folds ({d.undefined.get((row['strategy'], d.metric), ('', 0))[0]})."
            )
    scored = board[board["n"] > 0]
    if scored.empty:
        return (*found, "no run has a score.")
    return (
        *found,
        _winner(d, scored),
        *_answers(d),
        *_at_chance(d),
        *_planted(d, scored),
        *_power(d),
        *_left_out(d),
    )


def _winner(d: DatasetSummary, board: pd.DataFrame) -> str:
    top = board[board["tied_with_best"]]
    leader = Standing(top, d.sign).best(top["n"] > 0)
    mean = float(top.loc[top["strategy"] == leader, "mean"].iloc[0])
    if len(board) == 1:
        return f"{leader} is the only strategy with a score: mean {d.metric} {mean:.3f}."
    shown = f"{leader} has the best mean {d.metric}, {mean:.3f}"
    if "majority" in set(top["strategy"]):
        return f"{shown}, but nothing can be told apart from predicting {_plain(d)}."
    if len(top) == 1:
        return f"{shown}, significantly better than all others."
    cheapest = recommend(board)
    tail = f"; the cheapest of them, by parameters, is {cheapest}" if cheapest else ""
    others = "1 other is" if len(top) == 2 else f"{len(top) - 1} others are"
    return f"{shown}, but {others} tied with it{tail}."


def _plain(d: DatasetSummary) -> str:
    return "the mean" if d.facts["task"] == "regression" else "the majority"


def _answers(d: DatasetSummary) -> list[str]:
    found = []
    graph = candidate(d.leaderboard, d.sign)
    names = d.leaderboard["strategy"]
    graphs = names.str.startswith("graph:") & ~names.str.contains("/")
    best = graph == Standing(d.leaderboard, d.sign).best(graphs)
    title = "the best graph" if best else "the best graph whose edges were tested"
    outcomes = []
    ablated = d.questions.loc[d.questions["kind"].isin(ABLATIONS), "first"]
    each = ablated.nunique() <= FEW
    for row in d.questions.to_dict("records"):
        clear = bool(row["p_holm"] < ALPHA)
        better = d.sign * row["difference"] > 0
        if each or row["first"] == graph or row["kind"] not in ABLATIONS:
            found.append(_sentence(row, clear, better, title))
        if row["first"] == graph and row["kind"] in (*EDGES_MATTER, "rival"):
            outcomes.append((row["kind"], clear and better))
    if not each:
        found += _other_graphs(d, graph)
    if graph is None or not outcomes:
        return found
    if not any(kind in EDGES_MATTER for kind, _ in outcomes):
        return [
            *found,
            f"whether the edges of {graph} matter was not tested; {graph}/no_edges and "
            f"{graph}/shuffled_edges would tell.",
        ]
    if all(good for _, good in outcomes):
        return [*found, "the graph was worth it."]
    return [*found, "nothing here says that the graph was worth it."]


def _sentence(row: Mapping[Hashable, object], clear: bool, better: bool, title: str) -> str:
    kind, first, second = str(row["kind"]), row["first"], row["second"]
    a, b = {
        "fusion": (f"the best fusion, {first},", f"the best single modality, {second}"),
        "rival": (f"{title}, {first},", f"the best of the rest, {second}"),
    }.get(kind, (str(first), ABLATIONS.get(kind, "")))
    tie = "does not significantly beat" if kind == "fusion" else "cannot be told apart from"
    verb = tie if not clear else "beats" if better else "loses to"
    return f"{a} {verb} {b} (difference {row['difference']:+.3f}, {show_p(row['p_holm'])})."


def _other_graphs(d: DatasetSummary, graph: str | None) -> list[str]:
    """Return one sentence an ablation about all graphs but the one that is judged."""
    found = []
    for kind, itself in ABLATIONS.items():
        asked = d.questions[(d.questions["kind"] == kind) & (d.questions["first"] != graph)]
        clear = asked[asked["p_holm"] < ALPHA]
        better = d.sign * clear["difference"] > 0
        wins, losses = (", ".join(clear.loc[side, "first"]) or "none" for side in (better, ~better))
        if len(asked):
            themselves = itself.replace("itself", "themselves")
            found.append(
                f"{len(asked)} other graphs against {themselves}: {wins} better, {losses} worse."
            )
    return found


def show_p(p: object) -> str:
    """Return a p-value in words, never as zero.

    Example:
        >>> show_p(0.0301), show_p(1e-9), show_p(float("nan"))
        ('p = 0.030', 'p < 0.001', 'no valid test')
    """
    if not isinstance(p, float) or p != p:
        return "no valid test"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _at_chance(d: DatasetSummary) -> Sequence[str]:
    """Return which modalities say nothing alone, and which fusions lose with them all the same.

    Only where the best single modality shows that these folds tell something from chance.
    """
    board = d.leaderboard
    against = d.pairs[d.pairs["b"] == "majority"].set_index("a")
    better = d.sign * against["difference"] > 0
    clear = against[(against["p_holm"] < ALPHA) & better].index
    above = against[
        (against["p_value"] < ALPHA) & better
    ].index  # by its own test, not among all pairs
    single = Standing(board, d.sign).best(board["family"] == "unimodal")
    names = {f"unimodal:{m['name']}": m["name"] for m in d.facts["modalities"]}
    alone = [names[name] for name in names if name in against.index and name not in above]
    whole = ~board["strategy"].str.contains("/") & (board["strategy"] != "majority")
    fusions = board[whole & (board["family"] != "unimodal") & (board["n"] > 0)]
    if not alone or single not in clear or fusions.empty:
        return []
    behind = (fusions["p_best_unimodal"] < ALPHA) & (d.sign * fusions["over_best_unimodal"] < 0)
    losers = list(fusions.loc[behind, "strategy"])
    verb, it = ("does", "it") if len(alone) == 1 else ("do", "them")
    return [
        f"alone, {' and '.join(alone)} {verb} not significantly beat predicting {_plain(d)}; of "
        f"{len(fusions)} fusions that see {it} too, {', '.join(losers) or 'none'} "
        f"{'lose' if len(losers) > 1 else 'loses'} to the best single modality, {single}. Whether "
        f"{it} did harm, a comparison without {it} would tell."
    ]


def _planted(d: DatasetSummary, board: pd.DataFrame) -> Sequence[str]:
    bayes = d.facts.get("bayes_accuracy")
    if bayes is None or d.metric != "accuracy":
        return []
    should = "should" if d.facts.get("graph_should_win") else "should not"
    return [
        f"planted data: no model can exceed an accuracy of {bayes:.3f}, the best mean here is "
        f"{board['mean'].max():.3f}; by construction a graph {should} win."
    ]


def _power(d: DatasetSummary) -> Sequence[str]:
    low, high = d.bounds
    if d.detectable != d.detectable:
        return []
    if low is not None and high is not None and d.detectable >= high - low:
        return ["these folds are too few to show any difference between two strategies."]
    return [
        f"these folds could have shown a difference of about {d.detectable:.3f} between two "
        f"strategies (power 0.8); smaller ones go unseen."
    ]


def _left_out(d: DatasetSummary) -> Sequence[str]:
    absent = [f"{name} (needs {needs})" for name, needs in d.facts.get("left_out", {}).items()]
    return [f"left out, as the data cannot serve them: {', '.join(absent)}."] if absent else []
