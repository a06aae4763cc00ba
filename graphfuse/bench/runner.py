"""Runs side by side: processes here, Ray or Dask on a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import joblib
from tqdm.auto import tqdm

from graphfuse.bench.run import Job, execute
from graphfuse.bench.store import ResultStore
from graphfuse.errors import MissingDependencyError, UnknownNameError

BACKENDS = ("loky", "ray", "dask")


def pending(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs without a finished record; failed ones are tried again."""
    return [
        job
        for job in jobs
        if (ResultStore(job.out).read(job.spec.folder) or {}).get("status") != "done"
    ]


def run_jobs(
    jobs: Sequence[Job],
    *,
    n_jobs: int = 1,
    backend: str = "loky",
    address: str | None = None,
    progress: bool = True,
) -> None:
    """Do all jobs; each process writes its own records, so that nothing finished is ever lost."""
    if backend not in BACKENDS:
        raise UnknownNameError("backend", backend, BACKENDS)
    bar = tqdm(total=len(jobs), desc="runs", unit="run", disable=not progress or None)
    with bar, _parallel(backend, address, n_jobs) as parallel:
        for _ in parallel(joblib.delayed(execute)(job) for job in jobs):
            bar.update()


@contextmanager
def _parallel(backend: str, address: str | None, n_jobs: int) -> Iterator[Any]:
    if backend == "loky":
        with joblib.parallel_config("loky", inner_max_num_threads=1):
            yield joblib.Parallel(n_jobs, return_as="generator_unordered", batch_size=1)
        return
    register = _ray if backend == "ray" else _dask
    close = register(address, n_jobs)
    try:
        with joblib.parallel_config(backend):
            # Ray's backend cannot return results as they come; the records are what counts.
            yield joblib.Parallel(n_jobs, batch_size=1)
    finally:
        close()


def _ray(address: str | None, n_jobs: int) -> Any:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise MissingDependencyError("ray", "ray", "backend='ray'") from None
    started = not ray.is_initialized()
    if started and address is None:
        ray.init(num_cpus=max(n_jobs, 1), include_dashboard=False, log_to_driver=False)
    elif started:
        ray.init(address=address)
    register_ray()
    return ray.shutdown if started else lambda: None


def _dask(address: str | None, n_jobs: int) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise MissingDependencyError("distributed", "dask", "backend='dask'") from None
    client = (
        Client(address)
        if address
        else Client(n_workers=max(n_jobs, 1), threads_per_worker=1, dashboard_address=None)
    )
    return client.close
