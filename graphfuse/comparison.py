"""The main job: compare fusion strategies under the same conditions, and read the result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from graphfuse.bench.store import ResultStore
from graphfuse.errors import InputError, UnknownNameError, check_whole

if TYPE_CHECKING:
    from graphfuse.data import FusionDataset, Schema
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
    networks: Mapping[str, Mapping[str, Any]] | None = None,
    match_parameters: int | None = None,
    progress: bool = True,
    command: str | None = None,
) -> Comparison:
    """Train and test every strategy on every fold of every dataset; resume what is there.

    All strategies share splits, scaling, order of batches and recipe. A run that fails is recorded
    with its traceback and the comparison goes on. Runs that ``out`` already holds under the very
    same conditions, code included, are not computed again.

    Args:
        datasets: one or a list of: name of a built-in dataset, path, raw samples (a table of
            paths and values, a folder of files, a :class:`~graphfuse.raw.Manifest`), which are
            encoded first, :class:`~graphfuse.data.FusionDataset`, or ``{name: options}``; see
            :func:`graphfuse.load_dataset`.
        strategies: names; "unimodal" stands for one a modality, "all" for every strategy; None for
            :data:`graphfuse.bench.plan.DEFAULT_STRATEGIES`.
        folds: parts of the cross-validation, unless a dataset brings its own splits.
        repeats: cross-validations with different shuffles.
        seed: of the splits and, with strategy and fold, of the weights.
        n_jobs: processes at work, -1 for one a core; raw samples are encoded by as many here, each
            with a copy of an encoder's network, unless ``n_jobs`` is among a dataset's options.
        backend: "loky" for processes on this machine, "ray" or "dask" for a cluster at
            ``address``, or started here if that is None.
        address: of the cluster; its machines have to see ``out`` under the same path.
        out: folder of the results.
        metric: what to rank by; by default accuracy, macro F1 (several labels) or R2 (regression).
        recipe: settings of the training.
        options: ``{strategy: {option: value}}``.
        relations: ``{dataset: relations}`` that draw its graphs, instead of those it names.
        networks: ``{dataset: {modality: network}}`` that encode its raw modalities inside every
            strategy and train with it, changed in every epoch as ``augment`` of the dataset says;
            see :func:`graphfuse.fusion.create_strategy`. ``options`` may give a strategy others, as
            ``encoders`` and ``augment``.
        match_parameters: number of parameters that every strategy is brought nearest to by its
            ``hidden_channels``; those without that option or without parameters stay as they are.
        progress: show how many runs are done, and the time left, on a terminal.
        command: what the report names as the command to repeat it.

    Raises:
        FusionError: an unknown name or option, a setting of the wrong kind, data that cannot be
            split, a folder that cannot be written; before anything runs or is written.

    Example:
        >>> import tempfile
        >>> from graphfuse.data import load_dataset
        >>> result = compare(load_dataset("planted/unique", n=60), ["majority", "concat"],
        ...     folds=2, out=tempfile.mkdtemp(), recipe={"epochs": 1}, progress=False)
        >>> list(result.table()["strategy"].sort_values())
        ['concat', 'majority']
    """
    from graphfuse.bench.conditions import look_through, write_conditions
    from graphfuse.bench.plan import (
        DEFAULT_STRATEGIES,
        check_strategies,
        plan_jobs,
        seen_schema,
    )
    from graphfuse.bench.runner import check_backend, pending, run_jobs
    from graphfuse.graph import plain
    from graphfuse.training import Recipe

    for name, value, least in (("folds", folds, 2), ("repeats", repeats, 1), ("seed", seed, 0)):
        check_whole(name, value, least)
    if match_parameters is not None:
        check_whole("match_parameters", match_parameters, 1)
        match_parameters = int(match_parameters)
    check_backend(backend, n_jobs, address)
    if not isinstance(out, (str, Path)):
        raise InputError(f"out is the path of a folder, got {out!r}")
    encoding = {"progress": progress, **({"n_jobs": n_jobs} if backend == "loky" else {})}
    loaded, as_given = _load(datasets, encoding)
    wanted = _names(strategies) if strategies is not None else list(DEFAULT_STRATEGIES)
    networks = {
        name: plain(dict(chosen))
        for name, chosen in _mapping("networks", networks, Mapping, "{modality: network}").items()
    }
    for name in networks:
        if name not in loaded:
            raise UnknownNameError("dataset in networks", name, loaded)
    schemas = {name: seen_schema(d.schema, networks.get(name)) for name, d in loaded.items()}
    if strategies is not None:  # the default ones are those that the data can serve
        check_strategies(wanted, list(schemas.values()))
    options = {
        name: plain(dict(chosen))
        for name, chosen in _mapping("options", options, Mapping, "{option: value}").items()
    }
    relations = {
        name: [plain(r) for r in chosen]
        for name, chosen in _mapping(
            "relations", relations, (list, tuple), "a list of relations"
        ).items()
    }
    _check_keys(options, relations, schemas, wanted)
    if not isinstance(recipe, Recipe):
        if not isinstance(recipe, Mapping | None):
            raise InputError(f"recipe is a Recipe or {{setting: value}}, got {recipe!r}")
        recipe = Recipe.from_dict(dict(recipe or {}))
    metrics = _metrics(loaded, metric)
    store = ResultStore(out)
    jobs = plan_jobs(
        loaded,
        wanted,
        folds=folds,
        repeats=repeats,
        seed=seed,
        recipe=recipe,
        options=options,
        relations=relations,
        out=str(Path(out).resolve()),
        parameters=match_parameters,
        networks=networks,
    )
    config = {
        "datasets": as_given,
        "strategies": wanted,
        "folds": folds,
        "repeats": repeats,
        "seed": seed,
        **({"metric": metric} if metric else {}),
        "recipe": recipe.to_dict(),
        **({"options": options} if options else {}),
        **({"relations": relations} if relations else {}),
        **({"networks": networks} if networks else {}),
        **({"match_parameters": match_parameters} if match_parameters else {}),
    }
    store.make()
    cautions = look_through(loaded, jobs)
    command = command or "graphfuse.compare(...)"
    write_conditions(store, loaded, jobs, metrics, config, command, cautions)
    run_jobs(pending(jobs), n_jobs=n_jobs, backend=backend, address=address, progress=progress)
    return Comparison(out)


def _load(given: Any, encoding: Mapping[str, Any]) -> tuple[dict[str, FusionDataset], list[Any]]:
    """Return the datasets by name, and how they were asked for.

    ``encoding`` holds options for those that are raw; their own come first.
    """
    from graphfuse.data import FusionDataset
    from graphfuse.loading import is_raw, load_dataset

    items = list(given) if isinstance(given, (list, tuple)) else [given]
    if not items:
        raise InputError("a comparison has at least one dataset, got none")
    loaded: dict[str, FusionDataset] = {}
    as_given: list[Any] = []
    for number, item in enumerate(items):
        if isinstance(item, Mapping):
            options = {name: _options_of(name, chosen) for name, chosen in item.items()}
            made = [
                (name, load_dataset(name, **{**(encoding if is_raw(name) else {}), **own}))
                for name, own in options.items()
            ]
            pairs = [(d.name if is_raw(name) else name, d) for name, d in made]
            options = {str(name): dict(chosen or {}) for name, chosen in item.items()}
            as_given.append(json.loads(json.dumps(options, default=str)))  # paths as text
        elif isinstance(item, FusionDataset):
            pairs = [(item.name or f"dataset-{number + 1}", item)]
            as_given.append(pairs[0][0])
        elif isinstance(item, (str, Path)) or is_raw(item):
            dataset = load_dataset(item, **(encoding if is_raw(item) else {}))
            pairs = [(dataset.name or Path(str(item)).stem, dataset)]
            as_given.append(str(item) if isinstance(item, (str, Path)) else dataset.name)
        else:
            raise InputError(
                f"a dataset is a name, a path, a FusionDataset or {{name: options}}, got {item!r}"
            )
        for name, dataset in pairs:
            if name in loaded:
                raise InputError(
                    f"two datasets of the comparison are named {name!r}; rename one (raw data "
                    f"by their option name, {{path: {{name: other}}}})"
                )
            dataset.labels()
            gone = [m for m, column in dataset.x.items() if not len(column.values)]
            if gone:
                raise InputError(
                    f"modalities {gone} of {name!r} are missing in every sample; leave them out"
                )
            dataset.warn_of_empty_samples()
            loaded[name] = dataset
    return loaded, as_given


def _options_of(name: Any, chosen: Any) -> dict[str, Any]:
    if not isinstance(chosen, Mapping | None):
        raise InputError(f"dataset {name!r} takes {{option: value}}, got {chosen!r}")
    return dict(chosen or {})


def _names(strategies: Sequence[str] | str) -> list[str]:
    names = [strategies] if isinstance(strategies, str) else strategies
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise InputError(f"strategies is a list of names, got {strategies!r}")
    return list(names)


def _mapping(label: str, given: Any, of: type | tuple[type, ...], shape: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping | None):
        raise InputError(f"{label} is a mapping by name, got {given!r}")
    for name, chosen in (given or {}).items():
        if not isinstance(chosen, of):
            raise InputError(f"{label} of {name!r} is {shape}, got {chosen!r}")
    return given or {}


def _check_keys(
    options: Mapping[str, Any],
    relations: Mapping[str, Any],
    schemas: Mapping[str, Schema],
    wanted: list[str],
) -> None:
    from graphfuse.bench.plan import expand_strategies
    from graphfuse.fusion import strategy_options

    for name in relations:
        if name not in schemas:
            raise UnknownNameError("dataset in relations", name, schemas)
    known = {n for schema in schemas.values() for n in expand_strategies(wanted, schema)}
    for name, chosen in options.items():
        if name not in known:
            raise UnknownNameError("strategy in options", name, known)
        for option in chosen:
            names = [*strategy_options(name), "encoders", "augment"]
            if option not in names:
                raise UnknownNameError(f"option of strategy {name!r}", option, names)


def _metrics(datasets: Mapping[str, FusionDataset], metric: str | None) -> dict[str, str]:
    from graphfuse.training import check_metric, default_metric

    return {
        name: check_metric(metric, dataset.schema.task)
        if metric
        else default_metric(dataset.schema.task)
        for name, dataset in datasets.items()
    }
