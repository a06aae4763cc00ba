"""Schemas: the modalities and targets of a dataset, in one fixed order."""

from __future__ import annotations

import numbers
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphfuse._plain import from_plain
from graphfuse.errors import SchemaError, UnknownNameError

TASKS = ("binary", "multiclass", "multilabel", "regression")

MOST_CLASSES = 1_000_000
"""Classes that a target given by their number may have."""


@dataclass(frozen=True)
class Modality:
    """A named kind of input; all its nodes have the same shape.

    ``shape`` is ``(F,)`` for encoded nodes or the raw shape, such as ``(3, 32, 32)``, for
    strategies that contain a network. ``pos_dim`` counts the coordinates of a node's position; 0
    means that the nodes form a set. ``pos_unit`` is the unit of positions, such as "seconds", or
    empty if unknown. Relations in time join two modalities only if their units are the same.

    Example:
        >>> Modality("audio", (13,), pos_dim=1)
        Modality(name='audio', shape=(13,), pos_dim=1)
    """

    name: str
    shape: tuple[int, ...]
    pos_dim: int = 0
    pos_unit: str = field(default="", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise SchemaError(f"a modality's name must be a string, got {self.name!r}")
        if not self.name:
            raise SchemaError("the name of a modality must not be empty")
        sizes = tuple(self.shape) if isinstance(self.shape, Iterable) else ()
        if not sizes or not all(_is_whole(size) and size >= 1 for size in sizes):
            raise SchemaError(
                f"modality {self.name!r}: shape is (F,) for encoded nodes or a raw shape such as "
                f"(3, 32, 32), every size an integer of at least 1; got {self.shape!r}"
            )
        if not _is_whole(self.pos_dim) or self.pos_dim < 0:
            raise SchemaError(
                f"modality {self.name!r}: pos_dim must be an integer of at least 0, "
                f"got {self.pos_dim!r}"
            )
        if not isinstance(self.pos_unit, str):
            raise SchemaError(
                f"modality {self.name!r}: pos_unit must be a text such as 'seconds', "
                f"got {self.pos_unit!r}"
            )
        object.__setattr__(self, "shape", tuple(int(size) for size in sizes))
        object.__setattr__(self, "pos_dim", int(self.pos_dim))

    @property
    def features(self) -> int:
        """Number of features of a node once it is flattened."""
        total = 1
        for size in self.shape:
            total *= size
        return total


@dataclass(frozen=True)
class Target:
    """What a model predicts.

    ``classes`` are the class names (an integer stands for that many numbered classes); for
    ``"multilabel"`` they are the label names, for ``"regression"`` there are none.

    Example:
        >>> Target("multiclass", 3).classes
        ('0', '1', '2')
        >>> Target("binary").outputs
        2
    """

    task: str
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise UnknownNameError("task", self.task, TASKS)
        given: object = self.classes
        if isinstance(given, numbers.Integral):
            if int(given) > MOST_CLASSES:
                raise SchemaError(
                    f"a target has at most {MOST_CLASSES} numbered classes, got {int(given)}; "
                    f"are the labels numbers to predict? Then the task is 'regression'"
                )
            given = range(int(given))
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise SchemaError(f"classes must be a sequence of names or their number, got {given!r}")
        names = tuple(str(name) for name in given)
        if self.task == "binary" and not names:
            names = ("0", "1")
        object.__setattr__(self, "classes", names)
        self._check(names)

    def _check(self, names: Sequence[str]) -> None:
        wanted = {
            "binary": (len(names) == 2, "exactly 2 classes"),
            "multiclass": (len(names) >= 2, "at least 2 classes"),
            "multilabel": (len(names) >= 1, "at least 1 label"),
            "regression": (not names, "no classes"),
        }
        fits, expected = wanted[self.task]
        if not fits:
            raise SchemaError(f"a {self.task} target has {expected}, got {len(names)}: {names}")
        if len(set(names)) < len(names):
            raise SchemaError(f"class names must be unique, got {names}")

    @property
    def outputs(self) -> int:
        """Number of logits C, 2 for binary, 1 for regression, else the number of classes."""
        return max(len(self.classes), 1)

    def known(self, y: Any) -> Any:
        """Return where labels, a tensor or an array, are known: bool, of the shape of ``y``.

        Example:
            >>> import torch
            >>> Target("binary").known(torch.tensor([0, -1, 1])).tolist()
            [True, False, True]
        """
        return y >= 0 if self.is_classification else y == y  # NaN is no label

    @property
    def is_classification(self) -> bool:
        """Whether each sample has exactly one of the classes."""
        return self.task in ("binary", "multiclass")


@dataclass(frozen=True)
class Schema:
    """Modalities and targets of a dataset.

    The order in which they are given has no meaning: both are sorted by name.
    With a single target, ``schema.task``, ``schema.classes`` and ``schema.outputs`` are short for
    that target's. ``targets`` may be given as one :class:`Target`, which is then named ``"y"``.

    Example:
        >>> schema = Schema([Modality("text", (8,)), Modality("image", (4,))], Target("binary"))
        >>> schema.names
        ('image', 'text')
        >>> schema.task, schema.classes
        ('binary', ('0', '1'))
        >>> Schema.from_dict(schema.to_dict()) == schema
        True
    """

    modalities: tuple[Modality, ...]
    targets: Mapping[str, Target] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = self.modalities
        modalities = tuple(given) if isinstance(given, Iterable) else (given,)
        strange = [m for m in modalities if not isinstance(m, Modality)]
        if strange:
            raise SchemaError(
                f"modalities of a schema must be a sequence of Modality, "
                f"got {reprlib.repr(strange[0])}"
            )
        ordered = tuple(sorted(modalities, key=lambda modality: modality.name))
        names = [modality.name for modality in ordered]
        if not names:
            raise SchemaError("a schema must have at least one modality, got none")
        if len(set(names)) < len(names):
            raise SchemaError(f"modality names must be unique, got {names}")
        object.__setattr__(self, "modalities", ordered)
        targets = {"y": self.targets} if isinstance(self.targets, Target) else self.targets
        if not isinstance(targets, Mapping) or not all(
            isinstance(name, str) and isinstance(target, Target) for name, target in targets.items()
        ):
            raise SchemaError(
                f"targets of a schema must be a Target or {{name: Target}}, "
                f"got {reprlib.repr(targets)}"
            )
        object.__setattr__(self, "targets", dict(sorted(targets.items())))

    def __hash__(self) -> int:
        return hash((self.modalities, tuple(self.targets.items())))

    @property
    def names(self) -> tuple[str, ...]:
        """Modality names, in the fixed order."""
        return tuple(modality.name for modality in self.modalities)

    def __getitem__(self, name: str) -> Modality:
        for modality in self.modalities:
            if modality.name == name:
                return modality
        raise UnknownNameError("modality", name, self.names)

    @property
    def target(self) -> Target:
        """The only target."""
        if len(self.targets) != 1:
            raise SchemaError(
                f"this needs a schema with exactly one target, got {len(self.targets)}: "
                f"{sorted(self.targets)}; select one with dataset.select_target(name)"
            )
        return next(iter(self.targets.values()))

    @property
    def task(self) -> str:
        """Task of the only target."""
        return self.target.task

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names of the only target."""
        return self.target.classes

    @property
    def outputs(self) -> int:
        """Number of logits of the only target."""
        return self.target.outputs

    def check_names(self, given: Iterable[str]) -> None:
        """Raise :class:`~graphfuse.errors.UnknownNameError` for an unknown modality."""
        for name in given:
            if name not in self.names:
                raise UnknownNameError("modality", name, self.names)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "modalities": [
                {
                    "name": m.name,
                    "shape": list(m.shape),
                    "pos_dim": m.pos_dim,
                    **({"pos_unit": m.pos_unit} if m.pos_unit else {}),
                }
                for m in self.modalities
            ],
            "targets": {
                name: {"task": target.task, "classes": list(target.classes)}
                for name, target in self.targets.items()
            },
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Schema:
        """Build a schema from :meth:`to_dict`'s plain data.

        Raises:
            InputError: an entry is missing or has the wrong type, or a size does not fit.
        """
        given = from_plain(_PlainSchema, plain, "schema")
        modalities = (
            Modality(m.name, m.shape, m.pos_dim, pos_unit=m.pos_unit) for m in given.modalities
        )
        targets = {name: Target(t.task, t.classes) for name, t in given.targets.items()}
        return cls(tuple(modalities), targets)


@dataclass(frozen=True)
class _PlainModality:
    name: str
    shape: tuple[int, ...]
    pos_dim: int = 0
    pos_unit: str = ""


@dataclass(frozen=True)
class _PlainTarget:
    task: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class _PlainSchema:
    modalities: tuple[_PlainModality, ...]
    targets: Mapping[str, _PlainTarget]


def _is_whole(value: object) -> bool:
    return isinstance(value, numbers.Integral)
