"""Base of the steps, which are fitted on a training part and applied to any part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from torch import Tensor

from graphfuse._registry import Registry, options_of
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.spec import StepSpec
from graphfuse.errors import NotFittedError, UnknownNameError


@dataclass
class Step(ABC):
    """A transformation of datasets that is fitted on the training part alone.

    A dataclass whose fields are its plain options. What it learns is in ``state``, tensors by
    name, so that it is saved without a pickle.
    """

    name: ClassVar[str]
    encodes: ClassVar[bool] = False
    """Whether it is the fitted half of an encoder, which stays whatever other steps are chosen."""

    def __post_init__(self) -> None:
        self.state: dict[str, Tensor] = {}
        self.fitted = False

    @abstractmethod
    def measure(self, train: FusionDataset) -> dict[str, Tensor]:
        """Return what the step learns from the training part, as tensors by name."""

    @abstractmethod
    def apply(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset transformed by ``state``; the schema may change, samples do not."""

    def fit(self, train: FusionDataset) -> Self:
        """Learn from the training part."""
        self.state = self.measure(train)
        self.fitted = True
        return self

    def transform(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset transformed.

        Raises:
            NotFittedError: before :meth:`fit`.
        """
        if not self.fitted:
            raise NotFittedError(f"step {self.name!r} is not fitted; call step.fit(train) first")
        return self.apply(dataset)

    @property
    def spec(self) -> StepSpec:
        """The step by name and options."""
        return StepSpec(self.name, options_of(self))

    def load_state(self, state: Mapping[str, Tensor]) -> Self:
        """Load the state of another step with the same options."""
        self.state = dict(state)
        self.fitted = True
        return self


def check_modality(step: Any, dataset: FusionDataset) -> None:
    """Raise an error if a step's option ``modality`` names none of the dataset's."""
    if step.modality is not None and step.modality not in dataset.x:
        raise UnknownNameError(f"modality of step {step.name!r}", step.modality, dataset.x)


StepType = TypeVar("StepType", bound=type[Step])

steps: Registry[type[Step]] = Registry("step", "graphfuse.data.steps")


def step(name: str) -> Callable[[StepType], StepType]:
    """Register a step under its name."""
    return steps.register(name)


def create_step(name: str, **options: Any) -> Step:
    """Create a step by name.

    Raises:
        UnknownNameError: no such step or option.
        InputError: a value that the option does not take.
    """
    created: Step = steps.create(name, **options)
    return created
