"""Scale features, by statistics of the training part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.ragged import Ragged
from graphfuse.data.steps.step import Step, check_modality, step
from graphfuse.errors import InputError, SchemaError, UnknownNameError

HOWS = ("standard", "robust", "min_max", "min_max_symmetric")
OVERS = ("feature", "modality", "node")


@step("scale")
@dataclass
class Scale(Step):
    r"""Shift and scale features, :math:`(x - a) / b`.

    Args:
        how: "standard": mean and deviation; "robust": median and distance of the quartiles;
            "min_max": to [0, 1]; "min_max_symmetric": to [-1, 1]. Values beyond those of the
            training part lie outside.
        over: what one pair of a and b is measured over: "feature": each feature, over the nodes of
            the training part; "modality": all features together, which keeps their proportions;
            "node": the features of each node for itself, so that nothing is fitted.
        modality: the one to scale; all of them if None.

    A feature that is constant in the training part keeps the scale 1. Integer modalities (raw
    images in bytes) stay as they are.

    Raises:
        InputError: over "node" where nodes have a single feature, which would always be 0.

    Example:
        >>> import numpy as np
        >>> train = FusionDataset.from_arrays({"a": np.array([[0.0], [2.0]])})
        >>> Scale().fit(train).transform(train).batch([0, 1]).x["a"].flatten()
        tensor([-1.,  1.])
    """

    how: str = "standard"
    over: str = "feature"
    modality: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.how not in HOWS:
            raise UnknownNameError("value of how", self.how, HOWS)
        if self.over not in OVERS:
            raise UnknownNameError("value of over", self.over, OVERS)

    def measure(self, train: FusionDataset) -> dict[str, Tensor]:
        """Return shift and scale of each modality, [*shape] or a single number."""
        check_modality(self, train)
        if self.over == "node":
            single = [m for m in self._scaled(train) if train.schema[m].features == 1]
            if single:
                raise InputError(
                    f"scale over='node' needs at least 2 features per node, but {single} have "
                    f"one, which would always become 0; use over='feature', or "
                    f"name another modality="
                )
        state = {}
        for name in self._scaled(train):
            values = train.x[name].values
            if self.over == "node" or not len(values):
                continue
            wide = values.double() if self.over == "feature" else values.double().flatten()
            shift, scale = _measure(self.how, wide, 0, torch.finfo(values.dtype).eps)
            # Differences of the largest numbers of a precision overflow it.
            large = float(values.abs().max()) > torch.finfo(values.dtype).max / 4
            dtype = torch.float64 if large else values.dtype
            state[f"shift/{name}"] = shift.to(dtype)
            state[f"scale/{name}"] = scale.to(dtype)
        return state

    def apply(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset with scaled features."""
        x = dict(dataset.x)
        if self.over == "node":
            for name in self._scaled(dataset):
                x[name] = Ragged(_scale_nodes(self.how, x[name].values), x[name].offsets)
            return replace(dataset, x=x)
        for name in (key.removeprefix("shift/") for key in self.state if key.startswith("shift/")):
            shift, scale = self.state[f"shift/{name}"], self.state[f"scale/{name}"]
            if name not in x or (shift.dim() and x[name].values.shape[1:] != shift.shape):
                raise SchemaError(
                    f"the scaler was fitted on modality {name!r} with nodes {list(shift.shape)}, "
                    f"the dataset has { ({m: list(c.values.shape[1:]) for m, c in x.items()}) }"
                )
            values = x[name].values
            scaled = (values.to(torch.promote_types(values.dtype, shift.dtype)) - shift) / scale
            x[name] = Ragged(scaled.to(values.dtype), x[name].offsets)
        return replace(dataset, x=x)

    def _scaled(self, dataset: FusionDataset) -> list[str]:
        """Return the modalities that are scaled."""
        return [
            name
            for name, column in dataset.x.items()
            if self.modality in (None, name) and column.values.is_floating_point()
        ]


def _scale_nodes(how: str, values: Tensor) -> Tensor:
    """Scale each node by its own features."""
    if not len(values):
        return values
    flat = values.double().flatten(1)
    precision = torch.finfo(values.dtype).eps
    shift, scale = (part.unsqueeze(1) for part in _measure(how, flat, 1, precision))
    return ((flat - shift) / scale).to(values.dtype).view_as(values)


def _measure(how: str, wide: Tensor, dim: int, precision: float) -> tuple[Tensor, Tensor]:
    """Return shift and scale along a dimension of float64 values, which are stored in less."""
    if how == "standard":
        shift, scale = wide.mean(dim), wide.std(dim, correction=0)
    elif how == "robust":
        # torch.quantile refuses more than 16 million values.
        low, shift, high = (_quantile(wide, share, dim) for share in (0.25, 0.5, 0.75))
        scale = high - low
    else:
        low, high = wide.amin(dim), wide.amax(dim)
        shift, scale = low, high - low
        if how == "min_max_symmetric":
            shift, scale = (low + high) / 2, (high - low) / 2
    tiny = 8 * precision * shift.abs()  # less is rounding, whatever the unit
    return shift, scale.where(scale > tiny, scale.new_ones(()))


def _quantile(wide: Tensor, share: float, dim: int) -> Tensor:
    """Return a quantile by linear interpolation, as numpy's default."""
    ordered = wide.sort(dim).values
    place = share * (wide.shape[dim] - 1)
    low, part = int(place), place - int(place)
    high = min(low + 1, wide.shape[dim] - 1)
    return ordered.select(dim, low).lerp(ordered.select(dim, high), part)
