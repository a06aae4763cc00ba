"""The result in words: which strategy wins, by how much, and whether the graph was worth it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from graphfuse._wording import count
from graphfuse.report.questions import (
    ABLATIONS,
    ALPHA,
    CHANCE,
    EDGES_MATTER,
    Standing,
    candidate,
    cheaper_ties,
    fusions,
    graphs,
    recommend,
    show_p,
)
from graphfuse.report.summary import DatasetSummary

LEAST_SPLITS = 5
"""Fewest splits, folds times repeats, of a comparison that is more than a trial."""
FEW_EPOCHS = 3
"""Most epochs of a comparison that is a trial, as with ``--quick``."""
FEW = 3
"""Most graphs with ablations that have a sentence for each."""
WITHOUT_EFFECT = {
    "no_edges": "removing the edges of {}",
    "shuffled_edges": "shuffling the edges of {}",
    "complete": "joining every node to every other in {}",
}


def verdict(d: DatasetSummary) -> tuple[str, ...]:
    """Return the result of one dataset in sentences."""
    board = d.leaderboard
    said = _trial(d)
    said += [_caution(c.text, c.advice) for c in d.facts.cautions]
    if d.facts.origin is not None:
        said += [_caution(line) for line in d.facts.origin.lost.values()]
    if d.finished < d.planned:
        said.append(
            f"only {d.finished} of {d.planned} runs are finished; this is a partial result."
        )
    for row in board.to_dict("records"):
        total = int(row["n"] + row["failed"] + row["undefined"])
        if row["failed"]:
            said.append(f"{row['strategy']} failed in {int(row['failed'])} of {total} runs.")
        if row["undefined"]:
            said.append(
                f"{d.metric} is undefined for {row['strategy']} on {int(row['undefined'])} of "
                f"{total} folds ({d.undefined.get((row['strategy'], d.metric), ('', 0))[0]})."
            )
    scored = board[board["n"] > 0]
    if scored.empty:
        return (*said, f"no run has a value of {d.metric}.")
    return (
        *said,
        _winner(d, scored),
        *_answers(d),
        *_at_chance(d),
        *_planted(d, scored),
        *_detectable(d),
        _modalities(d),
        *_left_out(d),
    )


def _trial(d: DatasetSummary) -> list[str]:
    """Return that the comparison is too small for conclusions, if it is."""
    folds = d.facts.splits.folds * d.facts.splits.repeats
    epochs = max((int(run.run.recipe.get("epochs", FEW_EPOCHS + 1)) for run in d.runs), default=0)
    small = [count(folds, "fold")] if folds < LEAST_SPLITS and not d.facts.given_splits else []
    small += [f"at most {count(epochs, 'epoch', 'epochs')}"] if 0 < epochs <= FEW_EPOCHS else []
    if not small:
        return []
    return [
        f"this is a trial: {' and '.join(small)} cannot show which strategy is better; use at "
        f"least {LEAST_SPLITS} folds and more than {FEW_EPOCHS} epochs."
    ]


def _caution(text: str, advice: str = "") -> str:
    return f"caution: {text}; {advice}." if advice else f"caution: {text}."


def _winner(d: DatasetSummary, board: pd.DataFrame) -> str:
    top = board[board["tied_with_best"]]
    leader = Standing(top, d.sign).best(top["n"] > 0)
    mean = float(top.loc[top["strategy"] == leader, "mean"].iloc[0])
    if len(board) == 1:
        return f"{leader} is the only strategy with a score: mean {d.metric} {mean:.3f}."
    shown = f"{leader} has the best mean {d.metric}, {mean:.3f}"
    if leader == CHANCE:
        return f"no strategy is better than predicting {_chance(d)}: mean {d.metric} {mean:.3f}."
    if CHANCE in set(top["strategy"]):
        return f"{shown}, but it is not significantly better than predicting {_chance(d)}."
    if len(top) == 1:
        return f"{shown}, and is significantly better than all others."
    others = "1 other is" if len(top) == 2 else f"{len(top) - 1} others are"
    return f"{shown}, but {others} not significantly different from it{_cheapest(d, leader)}."


def _cheapest(d: DatasetSummary, leader: str | None) -> str:
    """Return which strategy of the tie group is recommended, and why."""
    chosen = recommend(d.leaderboard, d.pairs, d.sign)
    if chosen is None:
        return ""
    if chosen != leader:
        pair = d.pairs[(d.pairs["a"] == chosen) & (d.pairs["b"] == leader)]
        share = 1 - float(pair["worse"].iloc[0])
        return (
            f"; the cheapest that is shown to be as good, by parameters, is {chosen} "
            f"(probability {share:.2f} that it is not worse by more than {d.margin:.3g})"
        )
    if cheaper_ties(d.leaderboard, chosen):
        return (
            "; no cheaper one is shown to be as good, so that these folds cannot decide: more "
            "repeats or samples may"
        )
    return "; it is also the cheapest of these, by parameters"


def _chance(d: DatasetSummary) -> str:
    return "the mean" if d.facts.task == "regression" else "the majority"


def _answers(d: DatasetSummary) -> list[str]:
    said = []
    graph = candidate(d.leaderboard, d.sign)
    best = graph == Standing(d.leaderboard, d.sign).best(graphs(d.leaderboard))
    title = "the best graph" if best else "the best graph whose edges were tested"
    outcomes, pairs = [], set()
    ablated = d.questions.loc[d.questions["kind"].isin(ABLATIONS), "first"]
    every = ablated.nunique() <= FEW
    for row in d.questions.to_dict("records"):
        clear = bool(row["p_holm"] < ALPHA)
        better = d.sign * row["difference"] > 0
        pair = (row["first"], row["second"])
        shown = every or row["first"] == graph or row["kind"] not in ABLATIONS
        if shown and not (row["kind"] == "rival" and pair in pairs):
            said.append(_sentence(row, clear, better, title))
        pairs.add(pair)
        if row["first"] == graph and row["kind"] in (*EDGES_MATTER, "rival"):
            outcomes.append((row["kind"], clear and better))
    if not every:
        said += _other_graphs(d, graph)
    if graph is None or not outcomes:
        return said
    if not any(kind in EDGES_MATTER for kind, _ in outcomes):
        return [
            *said,
            f"whether the edges of {graph} matter was not tested; add {graph}/no_edges and "
            f"{graph}/shuffled_edges to the strategies to test it.",
        ]
    if all(good for _, good in outcomes):
        return [*said, "the graph was worth it."]
    return [*said, "this comparison does not show that the graph was worth it."]


def _sentence(row: Mapping[Hashable, object], clear: bool, better: bool, title: str) -> str:
    kind, first, second = str(row["kind"]), str(row["first"]), str(row["second"])
    numbers = f"(difference {row['difference']:+.3f}, {show_p(row['p_holm'])})"
    if kind in WITHOUT_EFFECT and not clear:
        return f"{WITHOUT_EFFECT[kind].format(first)} makes no measurable difference {numbers}."
    one, other = {
        "fusion": (f"the best fusion, {first},", f"the best single modality, {second}"),
        "baseline": (f"the best fusion, {first},", f"the best baseline, {second}"),
        "rival": (f"{title}, {first},", f"the best of the other strategies, {second}"),
    }.get(kind, (first, ABLATIONS.get(kind, second)))
    if clear:
        verb = "is significantly better than" if better else "is significantly worse than"
    elif kind in ("fusion", "baseline"):
        verb = "is not significantly better than"
    else:
        verb = "is not significantly different from"
    return f"{one} {verb} {other} {numbers}."


def _other_graphs(d: DatasetSummary, graph: str | None) -> list[str]:
    """Return one sentence per ablation about all graphs but the one that is judged."""
    said = []
    for kind, ablated in ABLATIONS.items():
        asked = d.questions[(d.questions["kind"] == kind) & (d.questions["first"] != graph)]
        clear = asked[asked["p_holm"] < ALPHA]
        better = d.sign * clear["difference"] > 0
        wins, losses = (", ".join(clear.loc[side, "first"]) or "none" for side in (better, ~better))
        if len(asked):
            said.append(
                f"{len(asked)} other graphs compared with {ablated}: significantly better {wins}; "
                f"significantly worse {losses}."
            )
    return said


def _at_chance(d: DatasetSummary) -> Sequence[str]:
    """Return which modalities are not above chance alone, and which fusions lose with them.

    Only where the best single modality shows that these folds suffice to beat chance.
    """
    board = d.leaderboard
    against = d.pairs[d.pairs["b"] == CHANCE].set_index("a")
    better = d.sign * against["difference"] > 0
    clear = against[(against["p_holm"] < ALPHA) & better].index
    # A modality is above chance by its own test, without a correction over all pairs.
    above = against[(against["p_value"] < ALPHA) & better].index
    single = Standing(board, d.sign).best(board["family"] == "unimodal")
    names = dict(board.loc[board["modality"].notna(), ["strategy", "modality"]].to_numpy())
    alone = [names[m] for m in sorted(names) if m in against.index and m not in above]
    fused = board[fusions(board) & (board["n"] > 0)]
    if not alone or single not in clear or fused.empty:
        return []
    behind = (fused["p_best_unimodal"] < ALPHA) & (d.sign * fused["over_best_unimodal"] < 0)
    losers = list(fused.loc[behind, "strategy"])
    verb, it, they = ("is", "it", "it") if len(alone) == 1 else ("are", "them", "they")
    worse = f"{', '.join(losers) or 'none'} {'are' if len(losers) > 1 else 'is'}"
    return [
        f"alone, {' and '.join(alone)} {verb} not significantly better than predicting "
        f"{_chance(d)}; of {len(fused)} fusions that use {it}, {worse} significantly worse than "
        f"the best single modality, {single}. A comparison without {it} shows whether {they} did "
        f"harm."
    ]


def _planted(d: DatasetSummary, board: pd.DataFrame) -> Sequence[str]:
    bayes = d.facts.bayes_accuracy
    if bayes is None or d.metric != "accuracy":
        return []
    should = "should" if d.facts.graph_should_win else "should not"
    return [
        f"planted data: no model can exceed an accuracy of {bayes:.3f}, the best mean here is "
        f"{board['mean'].max():.3f}; by construction a graph {should} win."
    ]


def _detectable(d: DatasetSummary) -> Sequence[str]:
    low, high = d.bounds
    if d.detectable != d.detectable:
        return []
    if low is not None and high is not None and d.detectable >= high - low:
        return ["there are too few folds to detect any difference between two strategies."]
    return [
        f"minimum detectable difference between two strategies: {d.detectable:.3f} (power 0.8)."
    ]


def _modalities(d: DatasetSummary) -> str:
    names = [m.name for m in d.facts.modalities]
    noun = "modality" if len(names) == 1 else "modalities"
    return f"{noun} in this comparison: {', '.join(names)}."


def _left_out(d: DatasetSummary) -> Sequence[str]:
    absent = [f"{name} (needs {needs})" for name, needs in d.facts.left_out.items()]
    return (
        [f"left out, as the data do not meet their needs: {', '.join(absent)}."] if absent else []
    )
