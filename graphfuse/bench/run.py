"""One run: a strategy trained and tested on one fold of a dataset, and its record written."""

from __future__ import annotations

import functools
import logging
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphfuse._threads import one_thread
from graphfuse.bench.environment import describe_environment
from graphfuse.bench.flops import flops_per_sample
from graphfuse.bench.match import count_parameters
from graphfuse.bench.records import (
    DONE,
    FAILED,
    Cost,
    Environment,
    RunError,
    RunRecord,
    RunSpec,
    Sizes,
)
from graphfuse.bench.registered import Registered, announce
from graphfuse.bench.store import ResultStore
from graphfuse.data import FusionDataset, Split, Steps
from graphfuse.errors import InputError
from graphfuse.fusion import Strategy, create_strategy
from graphfuse.training import Recipe, compute_metrics, fit, predict

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A planned run, and the folder of its inputs and its result."""

    spec: RunSpec
    split: Split
    sizes: Sizes
    out: str
    registered: tuple[Registered, ...] = ()
    """What a user registered and the run needs, to be carried into another process."""


def execute(job: Job) -> str:
    """Compute a run and write its record, also where it fails; return its status."""
    store = ResultStore(job.out)
    announce(job.registered)
    predictions: dict[str, np.ndarray] = {}
    try:
        with one_thread():
            record, predictions = _compute(job, store)
    except Exception as error:  # of any kind: it is recorded, and the comparison goes on
        record = _record(
            job,
            FAILED,
            error=RunError(
                type=type(error).__name__, message=str(error), traceback=traceback.format_exc()
            ),
        )
    store.write(job.spec.folder, record.to_dict(), predictions)
    return record.status


def _record(job: Job, status: str, **result: Any) -> RunRecord:
    empty: dict[str, Any] = {"metrics": {}, "undefined": {}, "history": {}}
    return RunRecord(
        key=job.spec.key,
        status=status,
        run=job.spec,
        sizes=job.sizes,
        environment=Environment(**describe_environment()),
        folder=job.spec.folder,
        **({"cost": None, "error": None} | empty | result),
    )


def _compute(job: Job, store: ResultStore) -> tuple[RunRecord, dict[str, np.ndarray]]:
    dataset = load_stored(store.dataset_path(job.spec.fingerprint), job.spec.fingerprint)
    train, validation, test = fold_parts(dataset, job.split)
    with torch.random.fork_rng():
        torch.manual_seed(job.spec.seed)
        strategy = create_strategy(job.spec.strategy, train.schema, **job.spec.options)
    start = time.perf_counter()
    history = fit(
        strategy,
        train,
        validation,
        Recipe.from_dict(dict(job.spec.recipe)),
        seed=job.spec.seed,
        data_seed=job.spec.data_seed,
    )
    fitted = time.perf_counter()
    scores = predict(strategy, test)
    done = time.perf_counter()
    labels = test.labels()
    measured = compute_metrics(labels, scores, dataset.schema.target)
    cost = Cost(
        parameters=count_parameters(strategy),
        flops_per_sample=_count_flops(strategy, test),
        fit_seconds=fitted - start,
        predict_ms_per_sample=1e3 * (done - fitted) / len(test),
        epochs=len(history.train_loss),
    )
    record = _record(
        job,
        DONE,
        metrics=measured.values,
        undefined=measured.undefined,
        cost=cost,
        history=history.to_dict(),
    )
    return record, {"index": job.split.test, "y": labels, "scores": scores, "ids": test.ids}


def _count_flops(strategy: Strategy, test: FusionDataset) -> float | None:
    """Return the operations of predicting one sample; None if they cannot be counted."""
    try:
        return flops_per_sample(strategy, test)
    except Exception as error:  # of any kind: the run is done, and its scores are valid
        logger.warning("cannot count the operations of %s: %s", strategy.name, error)
        return None


def fold_parts(
    dataset: FusionDataset, split: Split
) -> tuple[FusionDataset, FusionDataset, FusionDataset]:
    """Return train, validation and test part, transformed by steps fitted on the first."""
    steps = Steps(dataset.steps).fit(dataset.subset(split.train))
    train, validation, test = (
        steps.transform(dataset.subset(rows))
        for rows in (split.train, split.validation, split.test)
    )
    return train, validation, test


def load_stored(path: Path, fingerprint: str) -> FusionDataset:
    """Return a dataset from disk, read and checked once per process and version of its files.

    Raises:
        InputError: it is missing or damaged.
    """
    files = [file.stat() for file in sorted(path.glob("*"))]
    return _load_stored(path, fingerprint, tuple((f.st_ino, f.st_mtime_ns) for f in files))


@functools.lru_cache(maxsize=4)
def _load_stored(
    path: Path, fingerprint: str, version: tuple[tuple[int, int], ...]
) -> FusionDataset:
    return check_stored(path, fingerprint)


def check_stored(path: Path, fingerprint: str) -> FusionDataset:
    """Return a dataset from disk whose values have that fingerprint.

    Raises:
        InputError: it is missing or damaged.
    """
    dataset = FusionDataset.load(path)
    if dataset.fingerprint != fingerprint:
        raise InputError(
            f"{path} is damaged: its values have the fingerprint {dataset.fingerprint}, expected "
            f"{fingerprint}; run graphfuse compare again to replace it"
        )
    return dataset
