"""The main job: compare fusion strategies under the same conditions, and read the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from graphfuse._progress import progress_line
from graphfuse.bench.store import ResultStore
from graphfuse.errors import InputError

if TYPE_CHECKING:
    from graphfuse.data import FusionDataset
    from graphfuse.training import Recipe

DEFAULT_DATASETS: tuple[Any, ...] = ("emoji", {"planted/binding": {"n": 2000}})
"""Default datasets of a comparison, one with bundled real data and one with planted data."""


@dataclass(frozen=True)
class Comparison:
    """A comparison in a folder of results: its runs, tables, verdict and reports.

    ``path`` is the folder of one comparison, ``results/comparisons/<key>``, as :func:`compare`
    returns it, or a folder of results, which stands for the newest comparison in it.

    Example:
        >>> Comparison("no-such-folder").table()
        Traceback (most recent call last):
        ...
        graphfuse.errors.InputError: no-such-folder holds no results: ...
    """

    path: str | Path

    def records(self) -> list[dict[str, Any]]:
        """Return the finished runs of the comparison as plain data, failed ones included."""
        store = ResultStore(self.path)
        planned = {plan.key for plan in store.read_comparison().planned}
        return [run.to_dict() for run in store.read_runs() if run.key in planned]

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

    def reports(self) -> list[Path]:
        """Write all reports into the comparison's own folder; return their paths.

        Those of the newest comparison are copied into the folder of results: the copies' paths are
        returned. No report of another comparison is lost.
        """
        from graphfuse.report import write_reports

        folder = ResultStore(self.path).own_folder()
        paths = write_reports(self.path, folder / "report.html")
        return ResultStore(folder).publish(paths)


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
    """Train and test every strategy on every fold of every dataset.

    All strategies share splits, scaling, order of batches and recipe. A run that fails is recorded
    with its traceback, and the comparison continues. A run that ``out`` already holds under the
    same conditions, code included, is not computed again: call it again to resume.

    Args:
        datasets: one source or a list of sources of :func:`graphfuse.load_dataset`: names, paths,
            arrays by modality, DataFrames, graphs, datasets. Built-in and raw ones may be given as
            ``{name: options}``. Raw samples are encoded first.
        strategies: names; "unimodal" stands for one strategy per modality, "all" for every
            strategy, None for :data:`graphfuse.bench.plan.DEFAULT_STRATEGIES`.
        folds: folds of the cross-validation, unless a dataset brings its own splits.
        repeats: repeats of the cross-validation, each with another shuffle.
        seed: seed of the splits and, with strategy and fold, of the weights.
        n_jobs: number of parallel processes, -1 for one per core. As many encode raw samples, each
            with a copy of an encoder's network, unless ``n_jobs`` is among a dataset's options.
        backend: "loky" for processes on this machine; "ray" or "dask" for the cluster at
            ``address``, or for one that is started here if that is None.
        address: address of the cluster, whose machines see ``out`` under the same path.
        out: folder of the results.
        metric: metric to rank by; by default accuracy, macro F1 (several labels) or R2
            (regression).
        recipe: settings of the training.
        options: ``{strategy: {option: value}}``.
        relations: ``{dataset: relations}`` that draw its graphs, instead of those it names.
        networks: ``{dataset: {modality: network}}`` that encode its raw modalities inside every
            strategy and train with it. Their input is augmented in every epoch as ``augment`` of
            the dataset says; see :func:`graphfuse.fusion.create_strategy`. ``options`` may give a
            strategy others, as ``encoders`` and ``augment``.
        match_parameters: the width of each strategy is chosen so that its number of parameters
            comes nearest to this one. Strategies without ``hidden_channels`` or without parameters
            stay as they are.
        progress: show the number of finished runs and the time left.
        command: the command that the report shows for repeating the comparison.

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
    from graphfuse.bench.conditions import check_datasets, write_conditions
    from graphfuse.bench.jobs import plan_jobs
    from graphfuse.bench.plan import Plan
    from graphfuse.bench.runner import check_backend, pending, run_jobs
    from graphfuse.loading import load_datasets

    plan = Plan.from_dict(
        {
            "strategies": strategies,
            "folds": folds,
            "repeats": repeats,
            "seed": seed,
            "metric": metric,
            "recipe": recipe,
            "options": options,
            "relations": relations,
            "networks": networks,
            "match_parameters": match_parameters,
        }
    )
    check_backend(backend, n_jobs, address)
    if not isinstance(out, (str, Path)):
        raise InputError(f"out must be the path of a folder, got {out!r}")
    encoding = {"progress": progress, **({"n_jobs": n_jobs} if backend == "loky" else {})}
    loaded, named = load_datasets(datasets, encoding)
    plan = replace(plan, datasets=tuple(named))
    plan.check({name: dataset.schema for name, dataset in loaded.items()})
    metrics = _metrics(loaded, plan.metric)
    store = ResultStore(out)
    jobs = plan_jobs(loaded, plan, out=str(Path(out).resolve()))
    store.make()
    cautions = check_datasets(loaded, jobs, metrics)
    command = command or "graphfuse.compare(...)"
    folder = write_conditions(store, loaded, jobs, metrics, plan.to_dict(), command, cautions)
    progress_line(f"results: {folder}", progress)
    run_jobs(pending(jobs), n_jobs=n_jobs, backend=backend, address=address, progress=progress)
    return Comparison(folder)


def _metrics(datasets: Mapping[str, FusionDataset], metric: str | None) -> dict[str, str]:
    from graphfuse.training import check_metric, default_metric

    return {
        name: check_metric(metric, dataset.schema.task, dataset.labels())
        if metric
        else default_metric(dataset.schema.task)
        for name, dataset in datasets.items()
    }
