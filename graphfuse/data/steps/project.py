"""project: project the nodes of all modalities to the same number of features."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse.data.canonical import canonical_directions, mean_nodes
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.steps._modality import nodes_of, raw_modalities, with_nodes
from graphfuse.data.steps.step import Step, step
from graphfuse.errors import InputError, UnknownNameError, check_integer

HOWS = ("linear", "cca")
TINY = 1e-10
"""Directions along which the variance is below this part of the largest are rounding."""


@step("project")
@dataclass
class Project(Step):
    r"""Project each node, :math:`(x - \bar x) W_m`, so that all modalities have one width.

    Args:
        how: "linear": the principal directions of each modality's nodes in the training part
            (Pearson 1901, https://doi.org/10.1080/14786440109462720), so that widths agree but
            axes do not; "cca": the directions in which the mean nodes of the modalities correlate
            most (Hotelling 1936, https://doi.org/10.1093/biomet/28.3-4.321; see
            :func:`graphfuse.data.canonical.canonical_directions`), the k-th feature of one with the
            k-th of each other, and applied to every node.
        components: features of a node afterwards, in every modality. Where the training part has
            fewer directions, the rest are 0.

    The largest entry of each principal direction is positive: nothing hangs on the order of
    samples. Steps before it, such as ``scale``, weigh the features. Raw modalities, which a
    network inside a strategy encodes, stay as they are.

    Raises:
        InputError: nothing but raw modalities; "cca" with a single one that is not.
        SchemaError: a modality of another width than the one fitted on.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0, 1], [2, 2], [6, 6]])
        >>> data = FusionDataset.from_arrays({"a": x, "b": -x[:, :1]})
        >>> projected = Project(components=1).fit(data).transform(data)
        >>> projected.schema["a"].shape, projected.schema["b"].shape
        ((1,), (1,))
        >>> [round(value, 3) for value in projected.x["a"].values.flatten().tolist()]
        [-2.828, -1.414, 4.243]
    """

    how: str = "linear"
    components: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.how not in HOWS:
            raise UnknownNameError("value of how", self.how, HOWS)
        check_integer("components", self.components, 1)

    def measure(self, train: FusionDataset) -> dict[str, Tensor]:
        """Return the mean [F] and the directions [F, components] of each modality."""
        raw = raw_modalities(train)
        nodes = {m: train.x[m].values.double() for m in train.schema.names if m not in raw}
        if not nodes:
            raise InputError(
                f"step {self.name!r} projects features, but modalities {raw} are raw: leave the "
                f"step out, or encode them"
            )
        if self.how == "linear":
            means = {m: x.mean(0) if len(x) else x.new_zeros(x.shape[1]) for m, x in nodes.items()}
            found = {m: _principal(x - means[m], self.components) for m, x in nodes.items()}
        else:
            if len(nodes) < 2:
                raise InputError(
                    f"how='cca' needs at least 2 modalities of encoded nodes, got {list(nodes)}"
                    f"{f' besides the raw {raw}' if raw else ''}; use how='linear'"
                )
            views = {m: mean_nodes(train.x[m]) for m in nodes}
            present = torch.stack([train.x[m].counts > 0 for m in nodes], dim=1)
            means = {
                m: views[m][there].mean(0) if there.any() else views[m].new_zeros(views[m].shape[1])
                for m, there in zip(nodes, present.unbind(1), strict=True)
            }
            directions = canonical_directions(list(views.values()), present, self.components)
            found = dict(zip(nodes, directions, strict=True))
        return {
            **{f"mean/{m}": mean for m, mean in means.items()},
            **{f"directions/{m}": vectors for m, vectors in found.items()},
        }

    def apply(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset with ``components`` features for each node."""
        raw = raw_modalities(dataset)
        for modality in dataset.schema.names:
            if modality in raw and f"mean/{modality}" not in self.state:
                continue
            if f"mean/{modality}" not in self.state:
                known = [k.removeprefix("mean/") for k in self.state if k.startswith("mean/")]
                raise UnknownNameError(f"modality of step {self.name!r}", modality, known)
            mean = self.state[f"mean/{modality}"]
            values = nodes_of(dataset, modality, len(mean), self.name)
            projected = (values.double() - mean) @ self.state[f"directions/{modality}"]
            dataset = with_nodes(dataset, modality, projected.to(values.dtype))
        return dataset


def _principal(centred: Tensor, components: int) -> Tensor:
    """Return the principal directions [F, components] of centred rows, zero where there is none."""
    variance, vectors = torch.linalg.eigh(centred.T @ centred)
    variance, vectors = variance.flip(0)[:components], vectors.flip(1)[:, :components]
    largest = vectors.abs().argmax(0, keepdim=True)
    vectors = vectors * vectors.gather(0, largest).sign()
    vectors = vectors * (variance > TINY * variance[0].clamp(min=torch.finfo(variance.dtype).tiny))
    return F.pad(vectors, (0, components - vectors.shape[1])).contiguous()
