"""From a plan to the list of runs, under the same conditions for all strategies."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphfuse.bench.code import code_digest
from graphfuse.bench.match import match_parameters
from graphfuse.bench.plan import Plan, expand_strategies, seen_schema
from graphfuse.bench.records import RunSpec, Sizes
from graphfuse.bench.registered import entries_of
from graphfuse.bench.run import Job
from graphfuse.data import FusionDataset, Schema, Split, Steps, make_splits
from graphfuse.errors import InputError
from graphfuse.fusion import strategy_info, strategy_options
from graphfuse.fusion.strategy import check_integer_samples
from graphfuse.graph import GraphBuilder, default_relations, plain
from graphfuse.training import Recipe
from graphfuse.training.balance import check_schema


def plan_jobs(datasets: Mapping[str, FusionDataset], plan: Plan, *, out: str) -> list[Job]:
    """Return all runs, fold by fold, so that an interrupted comparison has complete folds.

    Args:
        datasets: the data sets of the plan, by name.
        plan: what is compared, and how.
        out: path of the folder of results.
    """
    for dataset in datasets.values():
        check_schema(plan.recipe, dataset.schema)
        check_integer_samples(dataset.unit_offsets is not None)
    jobs = [
        job for name, dataset in datasets.items() for job in _dataset_jobs(name, dataset, plan, out)
    ]
    return sorted(jobs, key=lambda job: (job.spec.repeat, job.spec.fold))


def _dataset_jobs(name: str, dataset: FusionDataset, plan: Plan, out: str) -> Iterator[Job]:
    fingerprint = dataset.fingerprint
    splits = list(make_splits(dataset, plan.folds, plan.repeats, plan.seed))
    options = _options(name, dataset, plan, splits[0])
    looked_up = {s: (s, o, plan.recipe.balance, dataset.steps) for s, o in options.items()}
    codes = {s: code_digest(*found) for s, found in looked_up.items()}
    users = {
        s: tuple(entry for entry in entries_of(*found) if entry.is_users)
        for s, found in looked_up.items()
    }
    for split in splits:
        sizes = Sizes(
            **{
                part: len(np.intersect1d(getattr(split, part), dataset.originals))
                for part in ("train", "validation", "test")
            }
        )
        for strategy, chosen in options.items():
            place = f"{split.repeat}|{split.fold}|{plan.seed}"
            spec = RunSpec(
                dataset=name,
                fingerprint=fingerprint,
                strategy=strategy,
                options=chosen,
                recipe=recipe_of(strategy, plan.recipe).to_dict(),
                repeat=split.repeat,
                fold=split.fold,
                split=split.digest,
                seed=zlib.crc32(f"{strategy}|{place}".encode()),
                data_seed=zlib.crc32(f"{fingerprint}|{place}".encode()),
                code=codes[strategy],
            )
            yield Job(spec, split, sizes, out, users[strategy])


def _options(
    name: str, dataset: FusionDataset, plan: Plan, first: Split
) -> dict[str, dict[str, Any]]:
    """Return the options of every strategy that the data set can serve, by strategy."""
    networks, relations = plan.networks.get(name), plan.relations.get(name)
    graph = relations_of(dataset, relations, networks)
    found: dict[str, dict[str, Any]] = {}
    schema = seen_schema(dataset.schema, networks)
    for strategy in expand_strategies(plan.wanted, schema, networks):
        chosen = dict(plan.options.get(strategy, {}))
        if networks:
            chosen.setdefault("encoders", plain(dict(networks)))
        if augment := _augment_of(dataset, strategy, chosen):
            chosen.setdefault("augment", augment)
        if "relations" in strategy_options(strategy):
            encoders = chosen.get("encoders")
            drawn = graph if encoders == networks else relations_of(dataset, relations, encoders)
            chosen.setdefault("relations", drawn)
        found[strategy] = chosen
    if plan.match_parameters is None:
        return found
    schema = _schema_after_steps(dataset, first)
    return {s: match_parameters(s, schema, plan.match_parameters, o) for s, o in found.items()}


def _schema_after_steps(dataset: FusionDataset, split: Split) -> Schema:
    """Return the schema that strategies see: steps may change the widths of modalities."""
    if dataset.steps is None:
        return dataset.schema
    train = dataset.subset(split.train)
    return Steps(dataset.steps).fit(train).transform(train.subset([0])).schema


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

    That is the single modalities and what is not trained: they stay the baseline of fusion.
    """
    info = strategy_info(strategy)
    if info.family == "unimodal" or not getattr(info.make, "trains", True):
        return replace(recipe, balance=None)
    return recipe


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
