"""Create a strategy by name, with networks in front of it for raw modalities."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from graphfuse._registry import check_options
from graphfuse._wording import count
from graphfuse.data import Schema
from graphfuse.encoders.networks import create_networks
from graphfuse.encoders.networks.network import check_saved_networks
from graphfuse.errors import InputError
from graphfuse.fusion.end_to_end import wrap
from graphfuse.fusion.info import StrategyInfo, strategy_info
from graphfuse.fusion.strategy import Strategy
from graphfuse.nn.hub_module import builders


def create_strategy(
    name: str,
    schema: Schema,
    *,
    encoders: Mapping[str, Any] | None = None,
    augment: Mapping[str, Any] | None = None,
    **options: Any,
) -> Strategy:
    """Create a strategy by name for data of a schema.

    Args:
        name: one of :func:`list_strategies`.
        schema: the schema of the data.
        encoders: networks that encode raw modalities and train with the strategy, ``{modality:
            name or {name: options}}``, for an :class:`EndToEnd`; see
            ``graphfuse.encoders.networks``.
        augment: changes of raw nodes in training, ``{modality: change}``, for modalities that
            networks encode. A change is the name of a preset, ``{preset: options}``, options or an
            instance, as :func:`~graphfuse.raw.augment.create_augmentation` takes them; or a
            function that takes nodes ``[K, *shape]`` and a ``torch.Generator`` and returns nodes
            of the same shape.
        options: options of the strategy; :func:`strategy_options` lists them.

    Raises:
        UnknownNameError: an unknown strategy, ablation, modality, network or option.
        InputError: the strategy does not support the schema's task or number of modalities.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/binding", n=20)
        >>> create_strategy("graph:hgt/no_edges", data.schema, relations=data.relations).name
        'graph:hgt/no_edges'
    """
    info = strategy_info(name)
    if encoders and info.fixed_features:
        raise InputError(
            f"strategy {name!r} is fitted to features in one go, so that no network can train in "
            f"front of it; encode {sorted(encoders)} to features first, or choose another strategy"
        )
    if encoders:
        networks = create_networks(encoders, schema)
        make = functools.partial(create_strategy, name, **options)
        return wrap(make, schema, networks, encoders, augment)
    if augment:
        raise InputError(
            f"augment={sorted(augment)} needs networks that encode these modalities, and there "
            f"are none; pass encoders={{modality: network}} as well"
        )
    _check_serves(info, schema)
    check_options(f"strategy {name!r}", options, info.options)
    strategy: Strategy = info.make(schema, **info.fixed, **options)
    strategy.name = name
    defaults = {option: parameter.default for option, parameter in info.options.items()}
    given = {**defaults, **options}
    strategy.given = {k: v for k, v in given.items() if v is not inspect.Parameter.empty}
    return strategy


def _check_serves(info: StrategyInfo, schema: Schema) -> None:
    """Raise an error for data that lacks something that the strategy needs."""
    if info.modality is not None:
        schema.check_names([info.modality])
    # For too many modalities, the strategy itself raises an error that states their cost.
    if info.serves(schema) or info.has_too_many(schema):
        return
    raise InputError(
        f"strategy {info.name!r} is for {', '.join(info.tasks)} with at least "
        f"{count(info.modalities, 'modality')}{', positions' if info.positions else ''} and "
        f"one target; the schema has "
        f"{', '.join(t.task for t in schema.targets.values()) or 'no target'} and "
        f"{count(len(schema.modalities), 'modality')}. Missing: "
        f"{', '.join(info.missing(schema))}. graphfuse.list_strategies(schema=schema) lists the "
        f"strategies that fit"
    )


def build_strategy(config: Mapping[str, Any]) -> Strategy:
    """Build a strategy from the plain data of :meth:`Strategy.config`."""
    schema = Schema.from_dict(config["schema"])
    check_saved_networks(config["options"].get("encoders") or {})
    return create_strategy(config["name"], schema, **config["options"])


builders["Strategy"] = build_strategy
