"""What a comparison stores: one record per run, one per comparison, facts about each dataset.

Fields with ``absent`` may be missing in results of earlier versions. Nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphfuse._check import Check
from graphfuse._origin import Origin
from graphfuse._plain import absent, from_plain, to_plain
from graphfuse.errors import InputError

SCHEMA_VERSION = 1
DONE, FAILED = "done", "failed"


def slug(name: str) -> str:
    """Return a name with anything but letters and digits turned into dashes.

    Example:
        >>> slug("graph:hgt/no_edges")
        'graph-hgt-no-edges'
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", name)


def digest(content: Any) -> str:
    """Return the SHA-256 of plain data; the order of keys does not count."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """Everything that determines a run's result.

    Example:
        >>> spec = RunSpec(dataset="emoji", fingerprint="ab", strategy="concat", options={},
        ...     recipe={}, repeat=0, fold=1, split="cd", seed=7, data_seed=8, code="ef")
        >>> spec.folder
        'emoji-concat-r0-f1-9ddb67364614'
    """

    dataset: str
    fingerprint: str
    strategy: str
    options: Mapping[str, Any] = field(metadata=absent({}))
    recipe: Mapping[str, Any] = field(metadata=absent({}))
    repeat: int
    fold: int
    split: str = field(metadata=absent(""))
    """Hash of the training, validation and test part."""
    seed: int = field(metadata=absent(0))
    """Seed of the weights; it depends on strategy, repeat and fold."""
    data_seed: int = field(metadata=absent(0))
    """Seed of the order of batches; it depends on dataset, repeat and fold, not on the strategy."""
    code: str = field(metadata=absent(""))
    """Hash of the code that computes it."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return dict(to_plain(self))

    @property
    def key(self) -> str:
        """SHA-256 of the canonical JSON of all fields."""
        return digest({"schema_version": SCHEMA_VERSION, **self.to_dict()})

    @property
    def folder(self) -> str:
        """Name of the run's folder, readable and as unique as its key."""
        name = f"{slug(self.dataset)[:40]}-{slug(self.strategy)[:60]}"
        return f"{name}-r{self.repeat}-f{self.fold}-{self.key[:12]}"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Packages, hardware and commit that results were computed with; None where unknown."""

    python: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict, metadata=absent({}))
    platform: str | None = None
    cpu: str | None = None
    cores: int | None = None
    memory_gib: float | None = None
    commit: str | None = None
    dirty: bool | None = None
    """Whether files differed from the commit."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Samples of each part of a split, without changed copies."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of a run."""

    parameters: int
    flops_per_sample: float | None
    """Floating-point operations of one prediction; None where they cannot be counted."""
    fit_seconds: float
    predict_ms_per_sample: float
    epochs: int


@dataclass(frozen=True, kw_only=True)
class RunError:
    """The exception that ended a run."""

    type: str
    message: str
    traceback: str


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run: its conditions and its result."""

    schema_version: int = SCHEMA_VERSION
    key: str
    status: str
    """"done" or "failed"."""
    run: RunSpec
    sizes: Sizes
    metrics: Mapping[str, float]
    undefined: Mapping[str, str]
    """Why a metric is undefined, by metric."""
    cost: Cost | None
    """None for a run that failed."""
    history: Mapping[str, Any]
    """Losses and scores by epoch."""
    environment: Environment
    error: RunError | None
    folder: str = ""
    """Name of the folder that the run was read from."""
    checksums: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 by file; empty before the run is stored, and in results of earlier versions."""

    @property
    def done(self) -> bool:
        """Whether the run ended without an error."""
        return self.status == DONE

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; the cost of a failed run is empty."""
        plain: dict[str, Any] = to_plain(self)
        return plain | {"cost": plain["cost"] or {}}

    @classmethod
    def from_dict(cls, plain: Any, where: str = "the record") -> RunRecord:
        """Return the record that :meth:`to_dict` gave.

        Raises:
            InputError: a key is missing, or a value has the wrong type.
        """
        if isinstance(plain, Mapping) and plain.get("cost") == {}:
            plain = {**plain, "cost": None}
        record = from_plain(cls, plain, where)
        _check_version(record.schema_version, where)
        if record.status not in (DONE, FAILED):
            raise InputError(f"{where}: status should be 'done' or 'failed', got {record.status!r}")
        if (record.error is None) is not record.done or (record.cost is None) is record.done:
            raise InputError(f"{where}: a done run should have a cost, a failed run an error")
        return record


@dataclass(frozen=True, kw_only=True)
class ModalityFacts:
    """A modality of a dataset's schema."""

    name: str
    shape: tuple[int, ...]
    pos_dim: int = 0
    pos_unit: str | None = None


@dataclass(frozen=True)
class NamedOptions:
    """A step or a relation by name, and its options."""

    name: str
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class EdgeCount:
    """Edges of one type in the sample graph that a report shows."""

    type: tuple[str, str, str]
    edges: int
    of: int
    """Number of all pairs of nodes that the type could join."""


@dataclass(frozen=True, kw_only=True)
class SplitCounts:
    """Folds and repeats of a comparison."""

    folds: int
    repeats: int


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """What a report says about a dataset."""

    fingerprint: str
    samples: int
    labelled: int | None = None
    """Samples with a label; None in results of earlier versions."""
    task: str
    classes: tuple[str, ...]
    modalities: tuple[ModalityFacts, ...]
    groups: bool
    missing: Mapping[str, float]
    """Share of samples that lack a modality, by modality."""
    given_splits: bool
    splits: SplitCounts
    title: str
    license: str
    source: str
    description: str
    bayes_accuracy: float | None = None
    graph_should_win: bool | None = None
    origin: Origin | None = None
    """How raw samples became nodes; None where the dataset holds nodes from the start."""
    steps: tuple[NamedOptions, ...] = ()
    relations: tuple[NamedOptions, ...] = ()
    """Empty where no strategy draws a graph."""
    edges: tuple[EdgeCount, ...] = ()
    """Edges of the sample graph in ``graph``."""
    graph: str | None = None
    """Name of the file with the drawing of a sample graph; None where there is none."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """What each strategy needs that this dataset cannot serve, by strategy."""
    cautions: tuple[Check, ...] = ()
    """Warnings that limit how far the scores can be trusted."""


@dataclass(frozen=True, kw_only=True)
class StrategyFacts:
    """What a report says about a strategy."""

    family: str
    needs: str = ""
    summary: str
    paper: str
    ablation_of: str | None = None
    """The strategy that this one is a variant of."""
    ablation: str | None = None
    """The change of the variant, such as "no_edges", "shuffled_edges", "complete"."""
    modality: str | None = None
    """The modality that the strategy sees alone."""


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One run of a comparison's plan."""

    key: str
    dataset: str
    strategy: str
    repeat: int
    fold: int


@dataclass(frozen=True, kw_only=True)
class ComparisonRecord:
    """A comparison: its conditions, its datasets and strategies, and the runs that it plans."""

    schema_version: int = SCHEMA_VERSION
    metric: Mapping[str, str]
    """Name of the metric that ranks, by dataset."""
    bounds: Mapping[str, tuple[float | None, float | None]]
    """Lowest and highest value, by metric."""
    lower_is_better: tuple[str, ...]
    command: str
    config: Mapping[str, Any]
    created: str
    environment: Environment
    datasets: Mapping[str, DatasetFacts]
    strategies: Mapping[str, StrategyFacts]
    planned: tuple[PlannedRun, ...]

    @property
    def key(self) -> str:
        """Hash of the conditions and planned runs; the same comparison has the same key."""
        runs = sorted(plan.key for plan in self.planned)
        return digest({"config": self.config, "metric": self.metric, "runs": runs})[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return dict(to_plain(self))

    @classmethod
    def from_dict(cls, plain: Any, where: str = "the comparison") -> ComparisonRecord:
        """Return the comparison that :meth:`to_dict` gave.

        Raises:
            InputError: a key is missing, a value has the wrong type, or a planned run names a
                dataset or strategy that the comparison does not describe.
        """
        record = from_plain(cls, _upgrade(plain), where)
        _check_version(record.schema_version, where)
        for plan in record.planned:
            for kind, name, known in (
                ("datasets", plan.dataset, record.datasets),
                ("strategies", plan.strategy, record.strategies),
            ):
                if name not in known:
                    raise InputError(f"{where}: a planned run names {name!r}, absent from {kind}")
        for name in record.datasets:
            if record.metric.get(name) not in record.bounds:
                raise InputError(f"{where}: metric and bounds should name those of {name!r}")
            graph = record.datasets[name].graph
            if graph is not None and not re.fullmatch(r"[A-Za-z0-9-]+\.svg", graph):
                raise InputError(f"{where}: graph of {name!r} should name a file, got {graph!r}")
        return record


def _check_version(given: int, where: str) -> None:
    if given != SCHEMA_VERSION:
        raise InputError(
            f"{where} has schema_version {given}, this version of graphfuse reads {SCHEMA_VERSION}"
        )


def _upgrade(plain: Any) -> Any:
    """Return a comparison of an earlier version in today's form."""
    if not isinstance(plain, Mapping):
        return plain
    upgraded = dict(plain)
    for key, upgrade in (("datasets", _upgrade_dataset), ("strategies", _upgrade_strategy)):
        if isinstance(plain.get(key), Mapping):
            upgraded[key] = {
                name: upgrade(name, facts) if isinstance(facts, Mapping) else facts
                for name, facts in plain[key].items()
            }
    return upgraded


def _upgrade_dataset(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Steps were ``{name: options}``; the drawing of a graph was named after its dataset."""
    upgraded = dict(facts)
    if isinstance(facts.get("steps"), list):
        upgraded["steps"] = [_upgrade_step(step) for step in facts["steps"]]
    if "graph" not in facts and facts.get("edges"):
        upgraded["graph"] = graph_file(name)
    return upgraded


def _upgrade_step(step: Any) -> Any:
    if isinstance(step, Mapping) and len(step) == 1:
        ((name, options),) = step.items()
        return {"name": name, "options": options}
    return step


def _upgrade_strategy(name: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The strategy that an ablation varies, and the modality of a strategy, were in the name."""
    base, slash, ablation = name.partition("/")
    upgraded = dict(facts)
    if slash and facts.get("family") == "graph":
        upgraded = {"ablation_of": base, "ablation": ablation} | upgraded
    if facts.get("family") == "unimodal" and name != "unimodal:best":
        upgraded = {"modality": name.partition(":")[2]} | upgraded
    return upgraded


def graph_file(name: str, drawn_from: str = "") -> str:
    """Return the file name for a drawing of a dataset's graph, by all that the drawing shows."""
    mark = hashlib.sha256(f"{name}{drawn_from}".encode()).hexdigest()[:8]
    return f"{slug(name)[:60]}-{mark}.svg"
