"""Facts about each strategy, and the registry that finds them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, get_args

from graphfuse._registry import Registry
from graphfuse._wording import count
from graphfuse.data import Schema
from graphfuse.data.schema import TASKS
from graphfuse.errors import InputError, UnknownNameError

Family = Literal["baseline", "unimodal", "feature", "decision", "graph"]
FAMILIES: tuple[Family, ...] = get_args(Family)
CLASSIFICATION = ("binary", "multiclass")
FEATURES = "features, as no network can train in front of it"
BEST = "best"
ESCAPE = "="
"""Prefix for the name of a modality that would otherwise be read as :data:`BEST`."""


@dataclass(frozen=True)
class StrategyInfo:
    """Facts about a strategy for lists, the report and the docs."""

    name: str
    family: Family
    summary: str
    paper: str
    make: Callable[..., Any]
    """The class, or a function of a schema and options that returns a strategy."""
    tasks: tuple[str, ...] = TASKS
    modalities: int = 1
    """Smallest number of modalities for which it makes sense."""
    at_most: int | None = None
    """Largest number of modalities with default options; None for no limit."""
    positions: bool = False
    """Whether it needs a modality whose nodes have positions."""
    fixed_features: bool = False
    """Whether it is fitted to features in one go, so that no network can train in front of it."""
    per_modality: bool = False
    """Whether it exists once per modality, as ``name:<modality>``."""
    ablations: tuple[str, ...] = ()
    """Its ablations, which are named ``name/<ablation>``."""
    ablation_of: str | None = None
    """The strategy that it is an ablation of, if it is one."""
    ablation: str | None = None
    """The name of the ablation, if it is one."""
    modality: str | None = None
    """The modality of a strategy on one modality."""

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise UnknownNameError(f"family of strategy {self.name!r}", self.family, FAMILIES)
        reserved = self.ablation_of is None and self.modality is None and "/" in self.name
        if reserved or not self.name:
            raise InputError(
                f"the name of a strategy must not be empty or contain '/', which separates it from "
                f"the name of an ablation; got {self.name!r}. Register ablations with ablations="
            )

    @property
    def base(self) -> StrategyInfo:
        """The registered strategy, which this is a variant of, or itself."""
        if not self.fixed:
            return self
        name = self.ablation_of or self.name.partition(":")[0]
        return replace(self, name=name, ablation_of=None, ablation=None, modality=None)

    @property
    def fixed(self) -> dict[str, str]:
        """Options that its name decides, namely the ablation or the modality."""
        given = {"ablation": self.ablation, "modality": self.modality}
        return {option: value for option, value in given.items() if value is not None}

    @property
    def options(self) -> dict[str, inspect.Parameter]:
        """The options that a user may set, by name."""
        parameters = inspect.signature(self.make).parameters
        return {p: v for p, v in parameters.items() if p != "schema" and p not in self.fixed}

    def serves(self, schema: Schema) -> bool:
        """Whether data of that schema has everything that the strategy needs."""
        return not self.missing(schema)

    def missing(self, schema: Schema) -> list[str]:
        """Return a description of each need that data of that schema does not meet."""
        given = len(schema.modalities)
        unmet = {
            self._modalities: given < self.modalities or self.has_too_many(schema),
            "positions": self.positions and not any(m.pos_dim for m in schema.modalities),
            FEATURES: self.fixed_features and any(len(m.shape) > 1 for m in schema.modalities),
            "one target": len(schema.targets) != 1,
        }
        missing = [need for need, lacks in unmet.items() if lacks]
        others = {target.task for target in schema.targets.values()} - set(self.tasks)
        return missing + ([self._tasks] if others else [])

    def has_too_many(self, schema: Schema) -> bool:
        """Whether the schema has more modalities than the strategy supports."""
        return self.at_most is not None and len(schema.modalities) > self.at_most

    @property
    def needs(self) -> str:
        """Description of the data that it needs; empty if it takes any data."""
        needs = [self._modalities] if self.modalities > 1 or self.at_most is not None else []
        needs += ["positions"] if self.positions else []
        return ", ".join(needs + ([] if self.tasks == TASKS else [self._tasks]))

    @property
    def _modalities(self) -> str:
        if self.at_most is None:
            return f"at least {count(self.modalities, 'modality')}"
        return f"{self.modalities} to {self.at_most} modalities"

    @property
    def _tasks(self) -> str:
        return f"a {' or '.join(self.tasks)} task"


strategies: Registry[StrategyInfo] = Registry(
    "strategy", "graphfuse.fusion", entry_points="graphfuse.strategies"
)

Made = TypeVar("Made")


def strategy(
    name: str, family: Family, summary: str, paper: str = "", **facts: Any
) -> Callable[[Made], Made]:
    """Register a strategy class under ``name`` with the facts of :class:`StrategyInfo`."""
    return strategies.register(
        name, lambda made: StrategyInfo(name, family, summary, paper, made, **facts)
    )


def list_strategies(family: str | None = None, schema: Schema | None = None) -> list[str]:
    """Return the sorted names of the strategies; ``create_strategy`` accepts each of them.

    With a schema, these are the strategies that support its data, including
    ``unimodal:<modality>`` for each modality.

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
            names += [modality_name(name, m) for m in schema.names] if schema else []
            continue
        names += [name, *(f"{name}/{ablation}" for ablation in info.ablations)]
    return sorted(names)


def modality_name(strategy: str, modality: str) -> str:
    """Return the name of a strategy on one modality.

    ``unimodal:best`` chooses a modality, so that a modality called "best" is written with
    "=" before it, and so is one called "=best".

    Example:
        >>> modality_name("unimodal", "image"), modality_name("unimodal", "best")
        ('unimodal:image', 'unimodal:=best')
    """
    return f"{strategy}:{ESCAPE * (modality.lstrip(ESCAPE) == BEST)}{modality}"


def strategy_info(name: str) -> StrategyInfo:
    """Return the facts about a strategy.

    An ablation has the facts of its strategy except for ``name``, ``ablation_of`` and
    ``ablation``. A strategy on one modality differs in ``name`` and ``modality``.

    Raises:
        UnknownNameError: there is no such strategy or ablation.

    Example:
        >>> strategy_info("graph:hgt/no_edges").ablation_of
        'graph:hgt'
    """
    known = strategies.names()
    if name in known and not strategies.get(name).per_modality:
        return strategies.get(name)
    kind, colon, modality = name.partition(":")
    if colon and modality and kind in known and strategies.get(kind).per_modality:
        escaped = modality != BEST and modality.lstrip(ESCAPE) == BEST
        meant = modality.removeprefix(ESCAPE) if escaped else modality
        return replace(strategies.get(kind), name=name, modality=meant)
    base, slash, ablation = name.partition("/")
    if slash and base in known and not strategies.get(base).per_modality:
        info = strategies.get(base)
        if ablation not in info.ablations:
            raise UnknownNameError(f"ablation of {base!r}", ablation, info.ablations)
        return replace(info, name=name, ablation_of=base, ablation=ablation)
    raise UnknownNameError("strategy", name, [*list_strategies(), "unimodal:<modality>"])


def strategy_options(name: str) -> list[str]:
    """Return the names of the options that ``create_strategy`` takes for a strategy.

    Besides its own options, any strategy takes ``encoders`` and ``augment``.
    """
    return list(strategy_info(name).options)
