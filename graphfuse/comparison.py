"""The main job: compare fusion strategies under the same conditions, and read the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from graphfuse.bench.store import ResultStore
from graphfuse.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from graphfuse.bench.run import Job
    from graphfuse.data import FusionDataset
    from graphfuse.training import Recipe

DEFAULT_DATASETS: tuple[Any, ...] = ("emoji", {"planted/binding": {"n": 2000}})


@dataclass(frozen=True)
class Comparison:
    """Results in a folder, and what they say.

    Example:
        >>> Comparison("no-such-folder").table()
        Traceback (most recent call last):
        ...
        graphfuse.errors.InputError: no-such-folder holds no results: ...
    """

    path: str | Path

    def records(self) -> list[dict[str, Any]]:
        """Return all finished runs as they are stored."""
        return ResultStore(self.path).records()

    def table(self) -> pd.DataFrame:
        """Return the leaderboards of all datasets: scores, intervals and tie groups, no times."""
        from graphfuse.report import summarise

        return summarise(self.path).table()

    def verdict(self) -> str:
        """Return in words which strategy wins, and whether the graph was worth it."""
        from graphfuse.report import summarise

        return "\n".join(summarise(self.path).verdict)

    def report(self, path: str | Path) -> Path:
        """Write a report; the ending says which: .html, .md, .tex or .json."""
        from graphfuse.report import write_report

        return write_report(self.path, Path(path))


def compare(
    datasets: Any = DEFAULT_DATASETS,
    strategies: Sequence[str] | str | None = None,
    *,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 0,
    n_jobs: int = 1,
    backend: str = "loky",
    address: str | None = None,
    out: str | Path = "graphfuse-results",
    metric: str | None = None,
    recipe: Recipe | Mapping[str, Any] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    relations: Mapping[str, Sequence[Any]] | None = None,
    progress: bool = True,
    command: str | None = None,
) -> Comparison:
    """Train and test every strategy on every fold of every dataset; resume what is there.

    All strategies share splits, scaling and recipe. A run that fails is recorded with its
    traceback and the comparison goes on. Runs that ``out`` already holds under the very same
    conditions are not computed again.

    Args:
        datasets: one or a list of: name of a built-in dataset, path, :class:`FusionDataset`, or
            ``{name: options of load_dataset}``.
        strategies: names; "unimodal" stands for one a modality, "all" for every strategy; None for
            :data:`graphfuse.bench.plan.DEFAULT_STRATEGIES`.
        folds: parts of the cross-validation, unless a dataset brings its own splits.
        repeats: cross-validations with different shuffles.
        seed: of the splits and, with strategy and fold, of the weights.
        n_jobs: processes at work; -1 for one a core.
        backend: "loky" for processes on this machine, "ray" or "dask" for a cluster at
            ``address``, or started here if that is None.
        out: folder of the results.
        metric: what to rank by; by default accuracy, macro F1 (several labels) or R2 (regression).
        recipe: settings of the training.
        options: ``{strategy: {option: value}}``.
        relations: ``{dataset: relations}`` that draw its graphs, instead of those it names.

    Raises:
        FusionError: an unknown name, data that cannot be split, a folder that cannot be written.

    Example:
        >>> import tempfile
        >>> from graphfuse.data import load_dataset
        >>> result = compare(load_dataset("planted/unique", n=60), ["majority", "concat"],
        ...     folds=2, out=tempfile.mkdtemp(), recipe={"epochs": 1}, progress=False)
        >>> list(result.table()["strategy"].sort_values())
        ['concat', 'majority']
    """
    from graphfuse.bench.plan import DEFAULT_STRATEGIES, check_strategies, plan_jobs
    from graphfuse.bench.runner import pending, run_jobs
    from graphfuse.training import Recipe

    loaded = _load(datasets)
    wanted = [strategies] if isinstance(strategies, str) else list(strategies or DEFAULT_STRATEGIES)
    if strategies:  # the default ones are those that the data can serve
        check_strategies(wanted, [dataset.schema for dataset in loaded.values()])
    for label, given in (("options", options), ("relations", relations)):
        _check_keys(label, given or {}, loaded, wanted)
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.from_dict(dict(recipe or {}))
    metrics = _metrics(loaded, metric)
    store = ResultStore(out)
    jobs = plan_jobs(
        loaded,
        wanted,
        folds=folds,
        repeats=repeats,
        seed=seed,
        recipe=recipe,
        options=options or {},
        relations=relations or {},
        out=str(Path(out).resolve()),
    )
    conditions = {
        "datasets": list(loaded),
        "strategies": wanted,
        "folds": folds,
        "repeats": repeats,
        "seed": seed,
        "recipe": recipe.to_dict(),
        "options": {name: dict(chosen) for name, chosen in (options or {}).items()},
    }
    _write_plan(store, loaded, jobs, metrics, conditions, command)
    run_jobs(pending(jobs), n_jobs=n_jobs, backend=backend, address=address, progress=progress)
    return Comparison(out)


def _load(given: Any) -> dict[str, FusionDataset]:
    from graphfuse.data import FusionDataset, load_dataset

    items = list(given) if isinstance(given, (list, tuple)) else [given]
    if not items:
        raise InputError("a comparison has at least one dataset, got none")
    loaded: dict[str, FusionDataset] = {}
    for number, item in enumerate(items):
        if isinstance(item, Mapping):
            pairs = [
                (name, load_dataset(name, **dict(chosen or {}))) for name, chosen in item.items()
            ]
        elif isinstance(item, FusionDataset):
            pairs = [(item.name or f"dataset-{number + 1}", item)]
        else:
            dataset = load_dataset(item)
            pairs = [(dataset.name or Path(item).stem, dataset)]
        for name, dataset in pairs:
            if name in loaded:
                raise InputError(f"two datasets of the comparison are named {name!r}; rename one")
            dataset.labels()
            loaded[name] = dataset
    return loaded


def _check_keys(
    label: str, given: Mapping[str, Any], datasets: Mapping[str, FusionDataset], wanted: list[str]
) -> None:
    from graphfuse.bench.plan import expand_strategies

    known = list(datasets)
    if label == "options":
        known = sorted({n for d in datasets.values() for n in expand_strategies(wanted, d.schema)})
    for name in given:
        if name not in known:
            kind = "dataset" if label == "relations" else "strategy"
            raise UnknownNameError(f"{kind} in {label}", name, known)


def _metrics(datasets: Mapping[str, FusionDataset], metric: str | None) -> dict[str, str]:
    from graphfuse.training import check_metric, default_metric

    return {
        name: check_metric(metric, dataset.schema.task)
        if metric
        else default_metric(dataset.schema.task)
        for name, dataset in datasets.items()
    }


def _write_plan(
    store: ResultStore,
    datasets: Mapping[str, FusionDataset],
    jobs: Sequence[Job],
    metrics: Mapping[str, str],
    conditions: Mapping[str, Any],
    command: str | None,
) -> None:
    """Write what the runs need and what the report says about their conditions."""
    from graphfuse.bench.environment import describe_environment
    from graphfuse.bench.plan import describe_strategies
    from graphfuse.bench.store import SCHEMA_VERSION
    from graphfuse.training.metrics import LOWER_IS_BETTER

    graphs = {
        job.spec.dataset: job.spec.options["relations"]
        for job in jobs
        if "relations" in job.spec.options
    }
    described = {}
    for name, dataset in datasets.items():
        folder = store.dataset_path(dataset.fingerprint)
        if not folder.exists():
            dataset.save(folder)
        described[name] = _describe(name, dataset, graphs.get(name, []))
        if name in graphs:
            _draw(store.graph_path(name), dataset, graphs[name])
    names = list(dict.fromkeys(job.spec.strategy for job in jobs))
    store.write_comparison(
        {
            "schema_version": SCHEMA_VERSION,
            "metric": dict(metrics),
            "lower_is_better": list(LOWER_IS_BETTER),
            "command": command or "graphfuse.compare(...)",
            "config": dict(conditions),
            "seed": conditions["seed"],
            "folds": conditions["folds"],
            "repeats": conditions["repeats"],
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "environment": describe_environment(),
            "datasets": described,
            "strategies": describe_strategies(names),
            "planned": [
                {
                    "key": job.spec.key,
                    "dataset": job.spec.dataset,
                    "strategy": job.spec.strategy,
                    "repeat": job.spec.repeat,
                    "fold": job.spec.fold,
                }
                for job in jobs
            ],
        }
    )


def _describe(name: str, dataset: FusionDataset, relations: Sequence[Any]) -> dict[str, Any]:
    from graphfuse.data import list_datasets

    card = next((card for card in list_datasets() if card.name == name), None)
    target = dataset.schema.target
    return {
        "fingerprint": dataset.fingerprint,
        "samples": len(dataset),
        "task": target.task,
        "classes": list(target.classes),
        "modalities": dataset.schema.to_dict()["modalities"],
        "groups": dataset.groups is not None,
        "missing": {m: float((c.counts == 0).float().mean()) for m, c in dataset.x.items()},
        "title": card.title if card else name,
        "license": card.license if card else "",
        "source": card.source if card else "",
        "description": card.description if card else "",
        "bayes_accuracy": dataset.bayes_accuracy,
        "graph_should_win": dataset.graph_should_win,
        "relations": [
            {"name": key, "options": chosen} for spec in relations for key, chosen in spec.items()
        ],
    }


def _draw(path: Path, dataset: FusionDataset, relations: Sequence[Any]) -> None:
    """Draw the graph of the first sample that lacks nothing, as strategies see it."""
    from graphfuse.data import Standardizer
    from graphfuse.graph import GraphBuilder, draw

    some = dataset.subset(range(min(len(dataset), 500)))
    scaled = Standardizer.fit(some).transform(some)
    counts = [column.counts for column in scaled.x.values()]
    whole = [i for i in range(len(scaled)) if all(int(c[i]) > 0 for c in counts)]
    batch = scaled.batch(whole[:1] or [0])
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(GraphBuilder(relations).fit(scaled).transform(batch), 0, path)
