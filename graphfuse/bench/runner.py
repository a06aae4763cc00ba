"""Runs side by side: processes here, Ray or Dask on a cluster."""

from __future__ import annotations

import importlib.util
import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib

from graphfuse._progress import progress_bar
from graphfuse._workers import end_with_parent
from graphfuse.bench.environment import cores
from graphfuse.bench.run import Job, execute
from graphfuse.bench.store import ResultStore
from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError

logger = logging.getLogger(__name__)

BACKENDS = ("loky", "ray", "dask")


def pending(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs without a finished record; failed and damaged ones are computed again."""
    found = []
    for job in jobs:
        store = ResultStore(job.out)
        if not store.is_done(job.spec.folder):
            found.append(job)
            if damage := store.damage(job.spec.folder):
                logger.warning(
                    "the stored run %s is damaged and computed again: %s", job.spec.folder, damage
                )
    return found


def check_backend(backend: str, n_jobs: int, address: str | None) -> None:
    """Raise an error for an unknown or missing backend, or an impossible number of processes."""
    if backend not in BACKENDS:
        raise UnknownNameError("backend", backend, BACKENDS)
    package = {"ray": "ray", "dask": "distributed"}.get(backend)
    if package and importlib.util.find_spec(package) is None:
        raise MissingDependencyError(package, backend, f"backend={backend!r}")
    if n_jobs == 0 or n_jobs < -1:
        raise InputError(
            f"n_jobs must be a number of processes, or -1 for one per core, got {n_jobs}"
        )
    if address is not None and backend == "loky":
        raise InputError(
            f"address={address!r} names a cluster, which backend 'loky' does not use; "
            f"choose backend='ray' or 'dask', or leave address out"
        )


def run_jobs(
    jobs: Sequence[Job],
    *,
    n_jobs: int = 1,
    backend: str = "loky",
    address: str | None = None,
    progress: bool = True,
) -> None:
    """Compute all jobs; each process writes its own records, so that no finished run is lost."""
    check_backend(backend, n_jobs, address)
    bar = progress_bar(desc="runs", unit="run", total=len(jobs), progress=progress)
    with (
        warnings.catch_warnings(),
        bar,
        _watched(jobs, bar),
        _parallel(backend, address, n_jobs) as parallel,
    ):
        # Loky replaces workers whose memory has grown: that costs nothing and needs no attention.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        parallel(joblib.delayed(execute)(job) for job in jobs)


@contextmanager
def _watched(jobs: Sequence[Job], bar: Any) -> Iterator[None]:
    """Move the bar as records appear: not every backend reports when a run is done."""
    if bar.disable or not jobs:
        yield
        return
    runs = ResultStore(jobs[0].out).runs
    before = {job.spec.folder: _stamp(runs / job.spec.folder) for job in jobs}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            done = sum(_stamp(runs / folder) != stamp for folder, stamp in before.items())
            bar.update(done - bar.n)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        bar.update(sum(_stamp(runs / f) != stamp for f, stamp in before.items()) - bar.n)


def _stamp(folder: Path) -> int | None:
    try:
        return folder.stat().st_ino
    except OSError:
        return None


def workers(n_jobs: int) -> int:
    """Return the number of processes that ``n_jobs`` stands for on this machine."""
    return cores() if n_jobs == -1 else n_jobs


@contextmanager
def _parallel(backend: str, address: str | None, n_jobs: int) -> Iterator[Any]:
    if backend == "loky":
        with joblib.parallel_config("loky", inner_max_num_threads=1):
            yield joblib.Parallel(n_jobs, batch_size=1, **end_with_parent())
        return
    register = _ray if backend == "ray" else _dask
    close = register(address, n_jobs)
    try:
        with joblib.parallel_config(backend):
            yield joblib.Parallel(n_jobs, batch_size=1)
    finally:
        close()


def _ray(address: str | None, n_jobs: int) -> Any:
    import ray
    from ray.util.joblib import register_ray

    started = not ray.is_initialized()
    if started and address is None:
        ray.init(num_cpus=workers(n_jobs), include_dashboard=False, log_to_driver=False)
    elif started:
        ray.init(address=address)
    register_ray()
    return ray.shutdown if started else lambda: None


def _dask(address: str | None, n_jobs: int) -> Any:
    from distributed import Client

    client = (
        Client(address)
        if address
        else Client(n_workers=workers(n_jobs), threads_per_worker=1, dashboard_address=None)
    )
    return client.close
