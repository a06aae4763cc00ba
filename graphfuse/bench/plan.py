"""From datasets and strategies to the list of runs, under the same conditions for all."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphfuse.bench.code import code_digest
from graphfuse.bench.match import match_parameters
from graphfuse.bench.run import Job
from graphfuse.bench.store import RunSpec
from graphfuse.data import FusionDataset, Schema, Steps, make_splits
from graphfuse.encoders.networks import create_networks, encoded_schema
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion import (
    create_strategy,
    list_strategies,
    modality_name,
    strategy_info,
    strategy_options,
)
from graphfuse.fusion.strategy import check_whole_samples
from graphfuse.graph import GraphBuilder, default_relations, plain
from graphfuse.training import Recipe
from graphfuse.training.balance import check_schema

DEFAULT_STRATEGIES = (
    "majority",
    "unimodal",
    "concat",
    "mean_prob",
    "token_transformer",
    "graph:hgt",
    "graph:typed_attention",
    "graph:hgt/no_edges",
    "graph:hgt/shuffled_edges",
    "graph:hgt/complete",
)
"""What a comparison compares unless told otherwise, as far as the data can serve it."""


def expand_strategies(wanted: Sequence[str], schema: Schema) -> list[str]:
    """Return the strategies that are wanted and that data of this schema can serve.

    "all" stands for every strategy, "unimodal" for one a modality. A strategy that needs another
    kind of data is left out here; :func:`check_strategies` sees that it is served somewhere.
    """
    served = list_strategies(schema=schema)
    names: list[str] = []
    for name in wanted:
        if name == "all":
            names += served
        elif name == "unimodal":
            names += [modality_name("unimodal", m) for m in schema.names]
        elif name in served:
            names.append(name)
    return list(dict.fromkeys(names))


def left_out(wanted: Sequence[str], schema: Schema) -> dict[str, str]:
    """Return the strategies that are wanted but that data of this schema cannot serve, and why.

    That is what a strategy needs and the data does not have; it stands for all of its ablations.

    Example:
        >>> from graphfuse.data import Modality, Target
        >>> left_out(["all"], Schema([Modality("a", (8,))], Target("regression")))["graph:line"]
        'positions'
    """
    names = [name for w in wanted for name in (list_strategies() if w == "all" else [w])]
    missing = set(names) - {"unimodal", *list_strategies(schema=schema)}
    reasons = {name: ", ".join(strategy_info(name).missing(schema)) for name in sorted(missing)}
    return {
        name: needs or f"modality {name.partition(':')[2]}"
        for name, needs in reasons.items()
        if "/" not in name or name.partition("/")[0] not in missing
    }


def check_strategies(wanted: Sequence[str], schemas: Sequence[Schema]) -> None:
    """Raise an error for a strategy that is unknown or that no dataset of the comparison serves."""
    if not wanted:
        raise InputError("a comparison has at least one strategy, got none")
    served = {name for schema in schemas for name in list_strategies(schema=schema)}
    for name in wanted:
        if name in ("all", "unimodal") or name in served:
            continue
        if name.startswith("unimodal:"):
            raise UnknownNameError("strategy", name, served)
        create_strategy(name, schemas[0])  # says what is wrong


def plan_jobs(
    datasets: Mapping[str, FusionDataset],
    strategies: Sequence[str],
    *,
    folds: int,
    repeats: int,
    seed: int,
    recipe: Recipe,
    options: Mapping[str, Mapping[str, Any]],
    relations: Mapping[str, Sequence[Any]],
    out: str,
    parameters: int | None = None,
    networks: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Job]:
    """Return all runs, fold by fold, so that a comparison cut short still compares.

    ``networks`` of a dataset encode its raw modalities in every strategy that is given no others.
    With ``parameters``, every strategy gets the width that brings it nearest to that number.
    """
    for dataset in datasets.values():
        check_schema(recipe, dataset.schema)
        check_whole_samples(dataset.unit_offsets is not None)
    jobs = [
        job
        for name, dataset in datasets.items()
        for job in _dataset_jobs(
            name,
            dataset,
            expand_strategies(strategies, seen_schema(dataset.schema, (networks or {}).get(name))),
            folds=folds,
            repeats=repeats,
            seed=seed,
            recipe=recipe,
            options=options,
            relations=relations.get(name),
            out=out,
            parameters=parameters,
            networks=(networks or {}).get(name),
        )
    ]
    return sorted(jobs, key=lambda job: (job.spec.repeat, job.spec.fold))


def _dataset_jobs(
    name: str,
    dataset: FusionDataset,
    strategies: Sequence[str],
    *,
    folds: int,
    repeats: int,
    seed: int,
    recipe: Recipe,
    options: Mapping[str, Mapping[str, Any]],
    relations: Sequence[Any] | None,
    out: str,
    parameters: int | None,
    networks: Mapping[str, Any] | None,
) -> Iterator[Job]:
    graph = relations_of(dataset, relations, networks)
    fingerprint = dataset.fingerprint
    chosen: dict[str, dict[str, Any]] = {}
    splits = list(make_splits(dataset, folds, repeats, seed))
    schema = dataset.schema
    if parameters is not None and dataset.steps is not None:  # which may change widths
        train = dataset.subset(splits[0].train)
        schema = Steps(dataset.steps).fit(train).transform(train.subset([0])).schema
    for strategy in strategies:
        chosen[strategy] = dict(options.get(strategy, {}))
        if networks:
            chosen[strategy].setdefault("encoders", plain(dict(networks)))
        if augment := _augment_of(dataset, strategy, chosen[strategy]):
            chosen[strategy].setdefault("augment", augment)
        if "relations" in strategy_options(strategy):
            own = chosen[strategy].get("encoders")
            drawn = graph if own == networks else relations_of(dataset, relations, own)
            chosen[strategy].setdefault("relations", drawn)
        if parameters is not None:
            chosen[strategy] = match_parameters(strategy, schema, parameters, chosen[strategy])
    for split in splits:
        sizes = {
            part: len(np.intersect1d(getattr(split, part), dataset.originals))
            for part in ("train", "validation", "test")
        }
        for strategy in strategies:
            place = f"{split.repeat}|{split.fold}|{seed}"
            spec = RunSpec(
                dataset=name,
                fingerprint=fingerprint,
                strategy=strategy,
                options=chosen[strategy],
                recipe=recipe_of(strategy, recipe).to_dict(),
                repeat=split.repeat,
                fold=split.fold,
                split=split.digest,
                seed=zlib.crc32(f"{strategy}|{place}".encode()),
                data_seed=zlib.crc32(f"{fingerprint}|{place}".encode()),
                code=code_digest(strategy),
            )
            yield Job(spec, split, sizes, out, strategy_info(strategy))


def _augment_of(
    dataset: FusionDataset, strategy: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what changes raw nodes in training, which takes a network of each modality."""
    augment, networks = dict(dataset.augment or {}), options.get("encoders", {})
    if "augment" not in options and (lacking := sorted({*augment} - {*networks})):
        raise InputError(
            f"augment changes the raw nodes of {lacking} of {dataset.name!r} while a network "
            f"learns from them, and {strategy!r} has none; name one (networks=, --network "
            f"{lacking[0]}=...), or an encoder other than 'pixels', 'word_ids' and 'token_ids', "
            f"which encodes changed copies"
        )
    return augment


def recipe_of(strategy: str, recipe: Recipe) -> Recipe:
    """Return the recipe for a strategy: without balance where there are no modalities to balance.

    That is the single modalities and what is not trained: they stay what fusion is held against.
    """
    info = strategy_info(strategy)
    if info.family == "unimodal" or not getattr(info.make, "trains", True):
        return replace(recipe, balance=None)
    return recipe


def seen_schema(schema: Schema, networks: Mapping[str, Any] | None) -> Schema:
    """Return what strategies see of data: after encoding, if there are networks."""
    return encoded_schema(schema, create_networks(networks, schema)) if networks else schema


def relations_of(
    dataset: FusionDataset,
    wanted: Sequence[Any] | None = None,
    networks: Mapping[str, Any] | None = None,
) -> list[dict[str, dict[str, Any]]]:
    """Return the relations of a dataset's graph as plain data, ``{name: options}`` each.

    Those asked for; else those that the dataset names; else the default ones for what strategies
    see of it.
    """
    if wanted is None:
        schema = seen_schema(dataset.schema, networks)
        wanted = dataset.relations or default_relations(schema, dataset.edge_types)
    return [plain(spec) for spec in GraphBuilder(wanted).specs()]


def describe_strategies(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return family, needs, summary and paper of strategies by name."""
    infos = {name: strategy_info(name) for name in names}
    return {
        name: {
            "family": info.family,
            "needs": info.needs,
            "summary": info.summary,
            "paper": info.paper,
        }
        for name, info in infos.items()
    }
