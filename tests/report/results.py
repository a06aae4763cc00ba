# ruff: noqa: E501
"""A small folder of results with known numbers, for the tests of reports."""

import numpy as np

from graphfuse.bench.store import ResultStore

HOSTILE = "<script>alert(1)</script>"


def write(path, means, *, folds=5, metric="accuracy", noise=0.01, failed=(), unfinished=(), undefined=(), name="d",
          classes=("x", "y"), bayes=None, seed=0, epochs=25):  # fmt: skip
    """Write runs whose scores scatter around ``means`` = {strategy: mean}."""
    random = np.random.default_rng(seed)
    store, planned = ResultStore(path), []
    for fold in range(folds):
        shared = random.normal() * noise
        for number, (strategy, mean) in enumerate(means.items()):
            key = f"{number}-{fold}"
            planned.append(
                {"key": key, "dataset": name, "strategy": strategy, "repeat": 0, "fold": fold}
            )
            if strategy in unfinished:
                continue
            broken = strategy in failed and fold == 0
            y = random.integers(0, 2, 40)
            scores = random.dirichlet(np.ones(2), 40)
            lacks = strategy in undefined and fold == 0
            score = mean + shared + random.normal() * noise
            record = {
                "schema_version": 1, "key": key, "status": "failed" if broken else "done",
                "run": {"dataset": name, "strategy": strategy, "repeat": 0, "fold": fold, "fingerprint": "f",
                        "recipe": {"epochs": epochs}},
                "sizes": {"train": 160, "validation": 0, "test": 40},
                "metrics": {} if broken else {"f1/x": 0.5} if lacks else {metric: score, "f1/x": 0.5},
                "undefined": {metric: "only one class occurs"} if lacks else {}, "history": {}, "environment": {},
                "cost": {} if broken else {"parameters": 10 * number, "flops_per_sample": 1e6 * number,
                                           "fit_seconds": 1.0 + number, "predict_ms_per_sample": 0.1, "epochs": 3},
                "error": {"type": "E", "message": HOSTILE, "traceback": HOSTILE} if broken else None,
            }  # fmt: skip
            arrays = {} if broken else {"y": y, "scores": scores, "index": np.arange(40)}
            store.write(f"{number}-{fold}", record, arrays)
    family = {
        "graph": "graph",
        "unimodal": "unimodal",
        "majority": "baseline",
        "linear": "baseline",
        "mean_prob": "decision",
    }
    store.write_comparison({
        "schema_version": 1, "metric": {name: metric}, "lower_is_better": ["rmse"],
        "bounds": {metric: [0.0, None] if metric == "rmse" else [0.0, 1.0]}, "command": "graphfuse compare",
        "config": {"folds": folds}, "created": "2026-01-01T00:00:00+00:00",
        "environment": {"platform": "Linux-6.1.2-long-name-of-a-kernel-x86_64-with-glibc2.36", "cpu": "some", "cores": 2, "packages": {"torch": "2"}},
        "datasets": {name: {
            "fingerprint": "f", "samples": 200, "task": "binary", "classes": list(classes), "groups": False,
            "modalities": [{"name": "a", "shape": [3], "pos_dim": 0}], "missing": {"a": 0.0}, "title": name,
            "license": "", "source": "", "description": HOSTILE, "bayes_accuracy": bayes, "graph_should_win": True,
            "relations": [], "given_splits": False, "splits": {"folds": folds, "repeats": 1},
        }},
        "strategies": {s: {"family": family.get(s.split(":")[0], "feature"), "summary": "", "paper": ""} for s in means},
        "planned": planned,
    })  # fmt: skip
    return path
