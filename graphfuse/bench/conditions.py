"""What a comparison ran on and under which conditions, as its report tells it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from graphfuse.bench.environment import describe_environment
from graphfuse.bench.plan import describe_strategies, left_out, seen_schema
from graphfuse.bench.run import Job
from graphfuse.bench.store import SCHEMA_VERSION, ResultStore
from graphfuse.data import FusionDataset, Steps, list_datasets
from graphfuse.data.edges import list_edges
from graphfuse.fusion.end_to_end import encode_at_start
from graphfuse.graph import GraphBuilder, draw
from graphfuse.raw.inspection import Finding, inspect_splits
from graphfuse.training.metrics import metrics as metric_registry

logger = logging.getLogger(__name__)


def write_conditions(
    store: ResultStore,
    datasets: Mapping[str, FusionDataset],
    jobs: Sequence[Job],
    metrics: Mapping[str, str],
    config: Mapping[str, Any],
    command: str,
    cautions: Mapping[str, Sequence[Finding]],
) -> None:
    """Write the datasets, their sample graphs, and what was planned under which conditions.

    ``cautions`` are what is to be known of each dataset before its scores are believed.
    """
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
        networks = config.get("networks", {}).get(name)
        if name in graphs:
            path = store.graph_path(name)
            described[name]["edges"] = _draw(path, dataset, graphs[name], networks)
        schema = seen_schema(dataset.schema, networks)
        described[name]["left_out"] = left_out(config["strategies"], schema)
        described[name]["cautions"] = [asdict(finding) for finding in cautions[name]]
        described[name]["splits"] = _count_splits(job for job in jobs if job.spec.dataset == name)
    names = list(dict.fromkeys(job.spec.strategy for job in jobs))
    store.write_comparison(
        {
            "schema_version": SCHEMA_VERSION,
            "metric": dict(metrics),
            "bounds": {
                name: metric_registry.get(name).bounds for name in sorted({*metrics.values()})
            },
            "lower_is_better": [
                name
                for name in metric_registry.names()
                if not metric_registry.get(name).greater_is_better
            ],
            "command": command,
            "config": dict(config),
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


def look_through(
    datasets: Mapping[str, FusionDataset], jobs: Sequence[Job]
) -> dict[str, list[Finding]]:
    """Return, and warn of, what is to be known of each dataset before scores are believed."""
    found = {}
    for name, dataset in datasets.items():
        splits = {job.split.digest: job.split for job in jobs if job.spec.dataset == name}
        found[name] = list(inspect_splits(dataset, list(splits.values())))
        for finding in found[name]:
            logger.warning("%s: %s; %s", name, finding.text, finding.advice)
    return found


def _count_splits(jobs: Iterable[Job]) -> dict[str, int]:
    cells = {(job.spec.repeat, job.spec.fold) for job in jobs}
    repeats = {repeat for repeat, _ in cells}
    return {"folds": len(cells) // max(len(repeats), 1), "repeats": len(repeats)}


def _describe(name: str, dataset: FusionDataset, relations: Sequence[Any]) -> dict[str, Any]:
    card = next((card for card in list_datasets() if card.name == name), None)
    target = dataset.schema.target
    return {
        "fingerprint": dataset.fingerprint,
        "samples": len(dataset.originals),
        "task": target.task,
        "classes": list(target.classes),
        "modalities": dataset.schema.to_dict()["modalities"],
        "groups": dataset.groups is not None,
        "missing": {
            m: float((c.counts[dataset.originals] == 0).float().mean())
            for m, c in dataset.x.items()
        },
        "given_splits": dataset.splits is not None,
        "title": card.title if card else name,
        "license": card.license if card else "",
        "source": card.source if card else "",
        "description": card.description if card else "",
        "bayes_accuracy": dataset.bayes_accuracy,
        "graph_should_win": dataset.graph_should_win,
        "origin": None if dataset.origin is None else dict(dataset.origin),
        "steps": [spec.plain for spec in Steps(dataset.steps).specs],
        "relations": [
            {"name": key, "options": chosen} for spec in relations for key, chosen in spec.items()
        ],
    }


def _draw(
    path: Path,
    dataset: FusionDataset,
    relations: Sequence[Any],
    networks: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """Draw the graph of the first sample that lacks nothing; return its edge types and counts.

    With networks, as they encode the sample before they learn.
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
    return [
        {
            "type": list(edge_type),
            "edges": len(list_edges(graph, edge_type)[0]),
            "of": batch.x[edge_type[0]].shape[1] * batch.x[edge_type[2]].shape[1],
        }
        for edge_type in sorted(graph.edges)
    ]
