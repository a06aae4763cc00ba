"""The settings of a comparison, and the strategies that it runs on a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

from graphfuse.data import Schema
from graphfuse.encoders.networks import create_networks, encoded_schema
from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.fusion import (
    StrategyInfo,
    create_strategy,
    list_strategies,
    modality_name,
    strategy_info,
    strategy_options,
)
from graphfuse.fusion.info import FEATURES
from graphfuse.graph import plain
from graphfuse.training import Recipe

DEFAULT_STRATEGIES = (
    "majority",
    "linear",
    "linear_late",
    "boosted_trees",
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
"""The default strategies of a comparison; those that cannot use the data are left out."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that determines the results of a comparison, as plain data.

    ``graphfuse.compare``, a YAML file and the command line all fill it, and the results store it.

    Raises:
        InputError: a value of the wrong kind.

    Example:
        >>> plan = Plan.from_dict({"strategies": ["concat"], "recipe": {"epochs": 5}})
        >>> plan.folds, plan.recipe.epochs
        (5, 5)
        >>> Plan.from_dict(plan.to_dict()) == plan
        True
    """

    datasets: tuple[Any, ...] = ()
    """Names, paths or ``{name: options}``."""
    strategies: tuple[str, ...] | None = None
    """Names; None for :data:`DEFAULT_STRATEGIES`."""
    folds: int = 5
    repeats: int = 1
    seed: int = 0
    metric: str | None = None
    """Metric to rank by; None for the default of each task."""
    recipe: Recipe = field(default_factory=Recipe)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """``{strategy: {option: value}}``."""
    relations: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """``{dataset: relations}``."""
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """``{dataset: {modality: network}}``."""
    match_parameters: int | None = None
    """Number of parameters that the width of each strategy is chosen for."""

    def __post_init__(self) -> None:
        for name, value, least in (
            ("folds", self.folds, 2), ("repeats", self.repeats, 1), ("seed", self.seed, 0),
            ("match_parameters", self.match_parameters, 1),
        ):  # fmt: skip
            if value is not None or name != "match_parameters":
                check_integer(name, value, least)
                object.__setattr__(self, name, int(value))  # type: ignore[arg-type]
        given = {
            "strategies": None if self.strategies is None else _names(self.strategies),
            "options": _mapping("options", self.options, Mapping, "{option: value}"),
            "relations": _mapping(
                "relations", self.relations, (list, tuple), "a list of relations"
            ),
            "networks": _mapping("networks", self.networks, Mapping, "{modality: network}"),
        }
        for name, made in given.items():
            object.__setattr__(self, name, made)

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all settings."""
        return [setting.name for setting in fields(cls)]

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """Build a plan from settings by name; None stands for the default.

        Raises:
            UnknownNameError: a setting that a plan does not have.
        """
        settings = {name: value for name, value in given.items() if value is not None}
        for name in settings:
            if name not in cls.names():
                raise UnknownNameError("setting of a comparison", name, cls.names())
        recipe = settings.get("recipe", {})
        if not isinstance(recipe, Recipe):
            if not isinstance(recipe, Mapping):
                raise InputError(f"recipe must be a Recipe or {{setting: value}}, got {recipe!r}")
            settings["recipe"] = Recipe.from_dict(dict(recipe))
        if "datasets" in settings:
            settings["datasets"] = tuple(settings["datasets"])
        return cls(**settings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON that repeats the comparison; what is empty is left out."""
        return {
            "datasets": list(self.datasets),
            "strategies": list(self.wanted),
            "folds": self.folds,
            "repeats": self.repeats,
            "seed": self.seed,
            **({"metric": self.metric} if self.metric else {}),
            "recipe": self.recipe.to_dict(),
            **{
                name: dict(getattr(self, name))
                for name in ("options", "relations", "networks")
                if getattr(self, name)
            },
            **({"match_parameters": self.match_parameters} if self.match_parameters else {}),
        }

    @property
    def wanted(self) -> tuple[str, ...]:
        """The strategies to compare, as they were named."""
        return DEFAULT_STRATEGIES if self.strategies is None else self.strategies

    def check(self, schemas: Mapping[str, Schema]) -> None:
        """Raise an error for a name that no data set of the comparison, by its schema, has."""
        for label in ("relations", "networks"):
            for name in getattr(self, label):
                if name not in schemas:
                    raise UnknownNameError(f"dataset in {label}", name, schemas)
        seen = [seen_schema(schema, self.networks.get(name)) for name, schema in schemas.items()]
        if self.strategies is not None:  # the default ones are those that the data can serve
            check_strategies(self.strategies, seen)
        known = {
            name
            for schema, dataset in zip(seen, schemas, strict=True)
            for name in expand_strategies(self.wanted, schema, self.networks.get(dataset))
        }
        if not known:
            raise InputError(
                f"none of the strategies {list(self.wanted)} can use the data: a network encodes "
                f"it, and they are fitted to features in one go; add strategies that are trained"
            )
        for name, chosen in self.options.items():
            if name not in known:
                raise UnknownNameError("strategy in options", name, known)
            for option in chosen:
                own = strategy_options(name)
                trains = not strategy_info(name).fixed_features
                names = [*own, *(("encoders", "augment") if trains else ())]
                if option not in names:
                    raise UnknownNameError(f"option of strategy {name!r}", option, names)


def _names(strategies: Any) -> tuple[str, ...]:
    names = [strategies] if isinstance(strategies, str) else strategies
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise InputError(f"strategies must be a list of names, got {strategies!r}")
    return tuple(names)


def _mapping(label: str, given: Any, of: type | tuple[type, ...], shape: str) -> dict[str, Any]:
    """Return a mapping by name as plain data."""
    if not isinstance(given, Mapping):
        raise InputError(f"{label} must be a mapping by name, got {given!r}")
    for name, chosen in given.items():
        if not isinstance(chosen, of):
            raise InputError(f"{label} of {name!r} must be {shape}, got {chosen!r}")
    return {name: plain(chosen) for name, chosen in given.items()}


def served_strategies(schema: Schema, networks: Mapping[str, Any] | None = None) -> list[str]:
    """Return the strategies that data of this schema can serve, with networks that encode it."""
    served = list_strategies(schema=schema)
    return [s for s in served if not (networks and strategy_info(s).fixed_features)]


def expand_strategies(
    wanted: Sequence[str], schema: Schema, networks: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the strategies that are wanted and that data of this schema can serve.

    "all" stands for every strategy, "unimodal" for one per modality. A strategy that needs another
    kind of data is left out here; :func:`check_strategies` sees that it is served somewhere.
    """
    served = served_strategies(schema, networks)
    names: list[str] = []
    for name in wanted:
        if name == "all":
            names += served
        elif name == "unimodal":
            names += [modality_name("unimodal", m) for m in schema.names]
        elif name in served:
            names.append(name)
    return list(dict.fromkeys(names))


def left_out(
    wanted: Sequence[str], schema: Schema, networks: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return the wanted strategies that data of this schema cannot serve, and the reason.

    The reason is the need of a strategy that the data does not meet. An entry includes all
    ablations.

    Example:
        >>> from graphfuse.data import Modality, Target
        >>> left_out(["all"], Schema([Modality("a", (8,))], Target("regression")))["graph:line"]
        'positions'
    """
    names = [name for w in wanted for name in (list_strategies() if w == "all" else [w])]
    missing = set(names) - {"unimodal", *served_strategies(schema, networks)}
    infos = [strategy_info(name) for name in sorted(missing)]
    return {
        info.name: ", ".join(info.missing(schema)) or _reason(info)
        for info in infos
        if info.ablation_of not in missing
    }


def _reason(info: StrategyInfo) -> str:
    """Return what a strategy needs, whose other needs the schema meets."""
    return f"modality {info.modality}" if info.modality else FEATURES


def check_strategies(wanted: Sequence[str], schemas: Sequence[Schema]) -> None:
    """Raise an error for a strategy that is unknown or that no dataset of the comparison serves."""
    if not wanted:
        raise InputError("strategies must name at least one strategy, got none")
    served = {name for schema in schemas for name in list_strategies(schema=schema)}
    for name in wanted:
        if name in ("all", "unimodal") or name in served:
            continue
        if strategy_info(name).modality is not None:
            raise UnknownNameError("strategy", name, served)
        create_strategy(name, schemas[0])  # says what is wrong


def seen_schema(schema: Schema, networks: Mapping[str, Any] | None) -> Schema:
    """Return the schema that strategies see: after encoding, if there are networks."""
    return encoded_schema(schema, create_networks(networks, schema)) if networks else schema
