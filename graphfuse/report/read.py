"""Read a folder of results: the numbers, and the verdict about them."""

from __future__ import annotations

from pathlib import Path

from graphfuse.bench.store import ResultStore
from graphfuse.errors import InputError
from graphfuse.report.summary import Summary, summarise_dataset
from graphfuse.report.verdict import verdict


def summarise(path: str | Path) -> Summary:
    """Read a folder of results.

    Raises:
        InputError: the folder holds no results, or no run with a score.
    """
    store = ResultStore(path)
    comparison = store.read_comparison()
    planned = {plan.key for plan in comparison.planned}
    runs = [
        run
        for run in store.read_runs()
        if run.key in planned and (not run.done or store.is_done(run.folder))
    ]
    failures = tuple(run for run in runs if run.error is not None)
    if not runs:
        raise InputError(f"{path} holds no finished run yet; run graphfuse compare again to go on")
    if len(failures) == len(runs) and failures[0].error is not None:
        first = failures[0]
        raise InputError(
            f"all {len(runs)} finished runs of {path} failed, the first, {first.run.strategy}, "
            f"with: {failures[0].error.message}; its traceback is in "
            f"{store.runs / first.folder / 'record.json'}"
        )
    datasets = tuple(summarise_dataset(n, comparison, runs, store) for n in comparison.datasets)
    return Summary(
        path=Path(path),
        comparison=comparison,
        datasets=datasets,
        failures=failures,
        verdicts={d.name: verdict(d) for d in datasets},
    )
