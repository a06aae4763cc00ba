"""Fusion strategies: list them, create them by name, add one by adding a file."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from graphfuse.data import Schema
from graphfuse.encoders.networks import create_networks
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion.end_to_end import EndToEnd, wrap
from graphfuse.fusion.parts import PooledStrategy
from graphfuse.fusion.strategy import (
    FAMILIES,
    FusionOutput,
    Strategy,
    StrategyInfo,
    strategies,
    strategy,
)


def list_strategies(family: str | None = None, schema: Schema | None = None) -> list[str]:
    """Return the names of strategies, sorted; each is accepted by :func:`create_strategy`.

    With a schema: those that its data can serve, with ``unimodal:<modality>`` for each modality.

    Example:
        >>> "mean_prob" in list_strategies("decision")
        True
    """
    if family is not None and family not in FAMILIES:
        raise UnknownNameError("family", family, FAMILIES)
    names: list[str] = []
    for name in strategies.names():
        info = strategies.get(name)
        if (family and info.family != family) or (schema and not info.serves(schema)):
            continue
        if info.per_modality:
            names += [f"{name}:{m}" for m in schema.names] if schema else []
            continue
        names += [name, *(f"{name}/{ablation}" for ablation in info.ablations)]
    return sorted(names)


def strategy_info(name: str) -> StrategyInfo:
    """Return what is known about a strategy, of which ``name`` may be a variant."""
    return _resolve(name)[0]


def create_strategy(
    name: str,
    schema: Schema,
    *,
    encoders: Mapping[str, Any] | None = None,
    augment: Mapping[str, Any] | None = None,
    **options: Any,
) -> Strategy:
    """Build a strategy for data of that schema.

    Args:
        encoders: networks that encode raw modalities and train with the strategy, ``{modality:
            network}``, a name or ``{name: {option: value}}``; see
            :class:`~graphfuse.fusion.end_to_end.EndToEnd` and ``graphfuse.encoders.networks``.
        augment: what changes their raw nodes in training, anew in every batch, ``{modality:
            change}``: "photo" of pictures, "caption" of words or tokens, options, or an instance,
            as :func:`~graphfuse.raw.augment.create_augmentation` takes them; or a function from
            nodes ``[K, *shape]`` and a ``torch.Generator`` to as many.
        options: those of the strategy, :func:`strategy_options`.

    Raises:
        UnknownNameError: an unknown strategy, ablation, modality, network or option.
        InputError: the strategy does not serve the schema's task or number of modalities.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/binding", n=20)
        >>> create_strategy("graph:hgt/no_edges", data.schema, relations=data.relations).name
        'graph:hgt/no_edges'
    """
    if encoders:
        networks = create_networks(encoders, schema)
        make = functools.partial(create_strategy, name, **options)
        return wrap(make, schema, networks, encoders, augment)
    if augment:
        raise InputError(
            f"augment={sorted(augment)} changes what networks encode, and there are none; give "
            f"encoders={{modality: network}} as well"
        )
    info, extra = _resolve(name)
    if "modality" in extra:
        schema.check_names([extra["modality"]])
    # Of too many modalities the strategy says itself, and better, what they would cost.
    if not info.serves(schema) and not info.has_too_many(schema):
        raise InputError(
            f"strategy {name!r} is for {', '.join(info.tasks)} with at least {info.modalities} "
            f"modalities{' and positions' if info.positions else ''} and one target; the schema "
            f"has {', '.join(t.task for t in schema.targets.values()) or 'no target'} and "
            f"{len(schema.modalities)} modalities, so that {' and '.join(info.missing(schema))} is "
            f"missing; graphfuse.list_strategies(schema=schema) lists those that fit"
        )
    known = {
        p: parameter.default
        for p, parameter in inspect.signature(info.make).parameters.items()
        if p != "schema" and p not in extra
    }
    for option in options:
        if option not in known:
            raise UnknownNameError(f"option of strategy {name!r}", option, known)
    made = info.make(schema, **extra, **options)
    made.name = name
    defaults = {p: value for p, value in known.items() if value is not inspect.Parameter.empty}
    made.given = {**defaults, **options}
    return made


def strategy_options(name: str) -> list[str]:
    """Return the names of the options that :func:`create_strategy` takes for a strategy.

    Besides those of its own, any strategy takes ``encoders`` and ``augment``.
    """
    info, extra = _resolve(name)
    return [p for p in inspect.signature(info.make).parameters if p != "schema" and p not in extra]


def _resolve(name: str) -> tuple[StrategyInfo, dict[str, str]]:
    base, slash, ablation = name.partition("/")
    if base in strategies.names() and not strategies.get(base).per_modality:
        info = strategies.get(base)
        if not slash:
            return info, {}
        if ablation not in info.ablations:
            raise UnknownNameError(f"ablation of {base!r}", ablation, info.ablations)
        return info, {"ablation": ablation}
    kind, colon, modality = name.partition(":")
    if colon and modality and kind in strategies.names() and strategies.get(kind).per_modality:
        return strategies.get(kind), {"modality": modality}
    raise UnknownNameError("strategy", name, [*list_strategies(), "unimodal:<modality>"])


__all__ = [
    "EndToEnd",
    "FusionOutput",
    "PooledStrategy",
    "Strategy",
    "StrategyInfo",
    "create_strategy",
    "list_strategies",
    "strategies",
    "strategy",
    "strategy_info",
    "strategy_options",
]
