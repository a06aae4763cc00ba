"""Base of the augmentations of items: named changes, each drawn with its own seed."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch

from graphfuse._registry import options_of
from graphfuse.errors import InputError

Range = tuple[float, float]
Seed = int | Sequence[int] | np.random.Generator
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ItemAugmentation(ABC, Generic[T]):
    """A random change of items of one kind; a frozen dataclass whose fields are plain options.

    A subclass has one field per change, a range or None, and declares its limits in ``limits``. A
    change whose limits are equal has no amount, and is true or false. The draw for a change depends
    only on the seed and on the name of the change.
    """

    limits: ClassVar[Mapping[str, Range]]
    """What each change takes, in the order in which they are made."""

    probability: float = 0.5

    def __post_init__(self) -> None:
        for name, (lowest, highest) in self.limits.items():
            given = getattr(self, name)
            if lowest == highest:
                if not isinstance(given, bool):
                    raise InputError(f"{name} must be true or false, got {given!r}")
            elif given is not None and not (
                isinstance(given, Sequence)
                and len(given) == 2
                and all(isinstance(end, Real) for end in given)
                and lowest <= given[0] <= given[1] <= highest
            ):
                raise InputError(
                    f"{name} must be a range (from, to) between {lowest:g} and {highest:g}, or "
                    f"None; got {given!r}"
                )
        if not (isinstance(self.probability, Real) and 0 <= self.probability <= 1):
            raise InputError(f"probability must lie between 0 and 1, got {self.probability!r}")

    def __call__(self, item: T, seed: Seed, shared: Mapping[str, Seed] | None = None) -> T:
        """Return an augmented copy. An int seed is reproducible; a Generator advances.

        ``shared`` holds the seeds, by name, of changes that other items share.
        """
        for name, amount, rng in self.draw(seed, shared or {}):
            item = self.change(name, item, amount, rng)
        return item

    def draw(
        self, seed: Seed, shared: Mapping[str, Seed]
    ) -> Iterator[tuple[str, float, np.random.Generator]]:
        """Yield the drawn changes: name, amount, and the generator for further draws."""
        own = as_numbers(seed)
        for name in self.limits:
            numbers = as_numbers(shared[name]) if name in shared else own
            rng = np.random.default_rng([*numbers, zlib.crc32(name.encode())])
            happens, share = rng.random(2)
            given = getattr(self, name)
            lowest, highest = self.limits[name] if given is True else given or (0.0, 0.0)
            if given and happens < self.probability:
                yield name, float(lowest + share * (highest - lowest)), rng

    @abstractmethod
    def change(self, name: str, item: T, amount: float, rng: np.random.Generator) -> T:
        """Make one change of the given amount."""

    @property
    def options(self) -> dict[str, Any]:
        """Options by name."""
        return options_of(self)


def as_numbers(seed: Seed) -> list[int]:
    """Return the seed of other generators; a Generator advances."""
    return [int(np.random.default_rng(seed).integers(2**63))]


def seeds_of(generator: torch.Generator, count: int) -> list[int]:
    """Draw a seed for each of ``count`` items."""
    drawn = torch.randint(2**62, (count,), generator=generator, device=generator.device)
    return [int(seed) for seed in drawn]
