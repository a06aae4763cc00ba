"""Steps applied in sequence, each fitted on the output of the steps before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from torch import Tensor

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.spec import StepSpec
from graphfuse.data.steps.step import Step, steps
from graphfuse.errors import InputError

DEFAULT = (StepSpec("scale"),)
"""What features go through where nothing else is said: standardisation."""


class Steps:
    """Steps that are fitted on a training part, in order.

    Args:
        given: instances, names, :class:`~graphfuse.data.StepSpec` or ``{name: options}``; None for
            standardisation.

    Example:
        >>> import numpy as np
        >>> train = FusionDataset.from_arrays({"a": np.array([[0.0], [2.0]])})
        >>> steps = Steps(["scale"]).fit(train)
        >>> steps.transform(train).x["a"].values.flatten()
        tensor([-1.,  1.])
    """

    def __init__(self, given: Sequence[Any] | None = None) -> None:
        if isinstance(given, str) or not isinstance(given, Sequence | None):
            raise InputError(f"steps must be a list of names or {{name: options}}, got {given!r}")
        self.steps = [
            steps.build(one, Step, StepSpec.of) for one in (DEFAULT if given is None else given)
        ]

    @property
    def specs(self) -> tuple[StepSpec, ...]:
        """The steps by name and options."""
        return tuple(one.spec for one in self.steps)

    def fit(self, train: FusionDataset) -> Self:
        """Fit each step on the output of the steps before it for the training part."""
        for one in self.steps:
            train = one.fit(train).transform(train)
        return self

    def transform(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset transformed by all steps.

        Raises:
            NotFittedError: before :meth:`fit`.
        """
        for one in self.steps:
            dataset = one.transform(dataset)
        return dataset

    def state(self) -> dict[str, Tensor]:
        """Return the states of all steps, as tensors by the number of the step and name."""
        return {f"{n}/{k}": v for n, one in enumerate(self.steps) for k, v in one.state.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> Self:
        """Load the states of the same steps."""
        for number, one in enumerate(self.steps):
            start = f"{number}/"
            own = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            one.load_state(own)
        return self


def choose_steps(dataset: FusionDataset, given: Sequence[Any] | None) -> FusionDataset:
    """Return the dataset with other steps after those of its encoders; unchanged if None.

    Example:
        >>> import numpy as np
        >>> data = FusionDataset.from_arrays({"a": np.eye(2)})
        >>> choose_steps(data, [{"scale": {"how": "robust"}}]).steps[0].options["how"]
        'robust'
    """
    if given is None:
        return dataset
    kept = [spec for spec in dataset.steps or () if steps.get(spec.name).encodes]
    return replace(dataset, steps=(*kept, *Steps(given).specs))
