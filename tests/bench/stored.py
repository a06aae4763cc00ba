"""A stored comparison of an earlier version."""

OLD = {
    "schema_version": 1, "metric": {"d": "accuracy"}, "bounds": {"accuracy": [0.0, 1.0]},
    "lower_is_better": ["rmse"], "command": "graphfuse compare", "config": {"folds": 2},
    "created": "2026-01-01T00:00:00+00:00", "environment": {"cores": 2, "packages": {}},
    "datasets": {"d": {
        "fingerprint": "f", "samples": 9, "task": "binary", "classes": ["x", "y"],
        "modalities": [{"name": "a", "shape": [3], "pos_dim": 0}], "groups": False,
        "missing": {"a": 0.0}, "given_splits": False, "title": "d", "license": "", "source": "",
        "description": "", "bayes_accuracy": None, "graph_should_win": None,
        "steps": [{"scale": {"how": "standard"}}], "splits": {"folds": 2, "repeats": 1},
        "edges": [{"type": ["a", "near", "a"], "edges": 3, "of": 9}],
    }},
    "strategies": {
        name: {"family": "graph", "summary": "", "paper": ""}
        for name in ("graph:hgt", "graph:hgt/no_edges")
    },
    "planned": [
        {"key": "k", "dataset": "d", "strategy": "graph:hgt/no_edges", "repeat": 0, "fold": 0}
    ],
}  # fmt: skip
