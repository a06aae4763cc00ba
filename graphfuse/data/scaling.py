"""Standardise features, with means and deviations of the training part alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from graphfuse.data._ragged import Ragged
from graphfuse.data.dataset import FusionDataset
from graphfuse.errors import SchemaError


@dataclass(frozen=True)
class Standardizer:
    """Mean and scale per feature of each modality, over the nodes of the training part.

    A feature that is constant there keeps the scale 1. Integer modalities (raw images as uint8)
    stay as they are.

    Example:
        >>> import numpy as np
        >>> train = FusionDataset.from_arrays({"a": np.array([[0.0], [2.0]])})
        >>> Standardizer.fit(train).transform(train).batch([0, 1]).x["a"].flatten()
        tensor([-1.,  1.])
    """

    mean: dict[str, Tensor]
    scale: dict[str, Tensor]

    @classmethod
    def fit(cls, train: FusionDataset) -> Standardizer:
        """Measure the nodes of ``train``."""
        mean, scale = {}, {}
        for name, column in train.x.items():
            values = column.values
            if not values.is_floating_point() or not len(values):
                continue
            wide = values.double()
            mean[name] = wide.mean(0).to(values.dtype)
            deviation = wide.std(0, correction=0).to(values.dtype)
            tiny = 1e-6 * mean[name].abs()  # whatever the unit
            scale[name] = deviation.where(deviation > tiny, deviation.new_ones(()))
        return cls(mean, scale)

    def transform(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset with scaled features."""
        x = dict(dataset.x)
        for name, mean in self.mean.items():
            if name not in x or x[name].values.shape[1:] != mean.shape:
                raise SchemaError(
                    f"the scaler was fitted on modality {name!r} with nodes {list(mean.shape)}, "
                    f"the dataset has { ({m: list(c.values.shape[1:]) for m, c in x.items()}) }"
                )
            x[name] = Ragged((x[name].values - mean) / self.scale[name], x[name].offsets)
        return replace(dataset, x=x)
