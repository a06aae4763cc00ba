"""The datasets and the conditions of a comparison, as its report shows them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphfuse._check import Check
from graphfuse.bench.environment import describe_environment
from graphfuse.bench.plan import left_out, seen_schema
from graphfuse.bench.records import (
    ComparisonRecord,
    DatasetFacts,
    EdgeCount,
    Environment,
    ModalityFacts,
    NamedOptions,
    PlannedRun,
    SplitCounts,
    StrategyFacts,
)
from graphfuse.bench.run import Job, check_stored
from graphfuse.bench.store import ResultStore
from graphfuse.data import FusionDataset, Steps, list_datasets
from graphfuse.data.edges import list_edges
from graphfuse.data.splits import labelled_rows
from graphfuse.errors import InputError
from graphfuse.fusion import strategy_info
from graphfuse.fusion.end_to_end import encode_at_start
from graphfuse.graph import GraphBuilder, draw
from graphfuse.raw.inspection import inspect_splits, uneven
from graphfuse.training.metrics import metrics as metric_registry

logger = logging.getLogger(__name__)


def write_conditions(
    store: ResultStore,
    datasets: Mapping[str, FusionDataset],
    jobs: Sequence[Job],
    metrics: Mapping[str, str],
    config: Mapping[str, Any],
    command: str,
    cautions: Mapping[str, Sequence[Check]],
) -> Path:
    """Write the datasets, drawings of their sample graphs, the planned runs and the conditions.

    ``cautions`` are what :func:`check_datasets` found. Return the folder of the comparison.
    """
    graphs = {
        job.spec.dataset: job.spec.options["relations"]
        for job in jobs
        if "relations" in job.spec.options
    }
    described = {}
    for name, dataset in datasets.items():
        _save(store, name, dataset)
        networks = config.get("networks", {}).get(name)
        facts = replace(
            _describe(name, dataset, [job for job in jobs if job.spec.dataset == name]),
            left_out=left_out(
                config["strategies"], seen_schema(dataset.schema, networks), networks
            ),
            cautions=tuple(cautions[name]),
        )
        if name in graphs:
            drawn_from = json.dumps([dataset.fingerprint, graphs[name], networks], default=str)
            path = store.graph_path(name, drawn_from)
            facts = replace(
                facts,
                relations=_named(graphs[name]),
                edges=_draw(path, dataset, graphs[name], networks),
                graph=path.name,
            )
        described[name] = facts
    names = list(dict.fromkeys(job.spec.strategy for job in jobs))
    return store.write_comparison(
        ComparisonRecord(
            metric=dict(metrics),
            bounds={name: metric_registry.get(name).bounds for name in sorted({*metrics.values()})},
            lower_is_better=tuple(
                name
                for name in metric_registry.names()
                if not metric_registry.get(name).greater_is_better
            ),
            command=command,
            config=dict(config),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            environment=Environment(**describe_environment()),
            datasets=described,
            strategies={name: _describe_strategy(name) for name in names},
            planned=tuple(
                PlannedRun(
                    key=job.spec.key,
                    dataset=job.spec.dataset,
                    strategy=job.spec.strategy,
                    repeat=job.spec.repeat,
                    fold=job.spec.fold,
                )
                for job in jobs
            ),
        )
    )


def _save(store: ResultStore, name: str, dataset: FusionDataset) -> None:
    """Save a dataset for the runs, unless an undamaged copy is there."""
    path = store.dataset_path(dataset.fingerprint)
    if path.exists():
        try:
            check_stored(path, dataset.fingerprint)
        except InputError as error:
            logger.warning("the stored copy of %s is damaged and written again: %s", name, error)
        else:
            return
    store.save_dataset(dataset)


def check_datasets(
    datasets: Mapping[str, FusionDataset], jobs: Sequence[Job], metrics: Mapping[str, str]
) -> dict[str, list[Check]]:
    """Check each dataset for leaks between splits and uneven classes; log and return the findings.

    Uneven classes mislead where accuracy ranks; ``metrics`` has the metric of each dataset.
    """
    found = {}
    for name, dataset in datasets.items():
        splits = {job.split.digest: job.split for job in jobs if job.spec.dataset == name}
        found[name] = list(inspect_splits(dataset, list(splits.values())))
        if metrics[name] == "accuracy":
            classes = dataset.schema.target.classes
            y = dataset.labels()[dataset.originals].ravel()
            found[name] += uneven(classes, np.bincount(y[y >= 0], minlength=len(classes)))
        for finding in found[name]:
            logger.warning("%s: %s; %s", name, finding.text, finding.advice)
    return found


def _count_splits(jobs: Sequence[Job]) -> SplitCounts:
    cells = {(job.spec.repeat, job.spec.fold) for job in jobs}
    repeats = {repeat for repeat, _ in cells}
    return SplitCounts(folds=len(cells) // max(len(repeats), 1), repeats=len(repeats))


def _describe_strategy(name: str) -> StrategyFacts:
    info = strategy_info(name)
    return StrategyFacts(
        family=info.family,
        needs=info.needs,
        summary=info.summary,
        paper=info.paper,
        ablation_of=info.ablation_of,
        ablation=info.ablation,
        modality=info.modality,
    )


def _describe(name: str, dataset: FusionDataset, jobs: Sequence[Job]) -> DatasetFacts:
    card = next((card for card in list_datasets() if card.name == name), None)
    target = dataset.schema.target
    return DatasetFacts(
        fingerprint=dataset.fingerprint,
        samples=len(dataset.originals),
        labelled=len(labelled_rows(dataset)),
        task=target.task,
        classes=tuple(target.classes),
        modalities=tuple(
            ModalityFacts(name=m.name, shape=m.shape, pos_dim=m.pos_dim, pos_unit=m.pos_unit)
            for m in dataset.schema.modalities
        ),
        groups=dataset.groups is not None,
        missing={
            m: float((c.counts[dataset.originals] == 0).float().mean())
            for m, c in dataset.x.items()
        },
        given_splits=dataset.splits is not None,
        splits=_count_splits(jobs),
        title=card.title if card else name,
        license=card.license if card else "",
        source=card.source if card else "",
        description=card.description if card else "",
        bayes_accuracy=dataset.bayes_accuracy,
        graph_should_win=dataset.graph_should_win,
        origin=dataset.origin,
        steps=_named([spec.plain for spec in Steps(dataset.steps).specs]),
    )


def _named(specs: Sequence[Mapping[str, Any]]) -> tuple[NamedOptions, ...]:
    return tuple(NamedOptions(name, options) for spec in specs for name, options in spec.items())


def _draw(
    path: Path,
    dataset: FusionDataset,
    relations: Sequence[Any],
    networks: Mapping[str, Any] | None,
) -> tuple[EdgeCount, ...]:
    """Draw the graph of the first sample without a missing modality; count its edges by type.

    With networks, the nodes are those of the untrained networks.
    """
    some = dataset.subset(dataset.originals[: 100 if networks else 500])
    scaled = Steps(some.steps).fit(some).transform(some)
    if networks:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            scaled = encode_at_start(scaled, networks)
    counts = [column.counts for column in scaled.x.values()]
    whole = [i for i in range(len(scaled)) if all(int(c[i]) > 0 for c in counts)]
    batch = scaled.batch(whole[:1] or [0])
    path.parent.mkdir(parents=True, exist_ok=True)
    graph = GraphBuilder(relations).fit(scaled).transform(batch)
    draw(graph, 0, path)
    return tuple(
        EdgeCount(
            type=edge_type,
            edges=len(list_edges(graph, edge_type)[0]),
            of=batch.x[edge_type[0]].shape[1] * batch.x[edge_type[2]].shape[1],
        )
        for edge_type in sorted(graph.edges)
    )
