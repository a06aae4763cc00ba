"""tfidf_svd: weigh counts of terms by how rare they are, and reduce them to few features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array
from torch import Tensor

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.steps._modality import nodes_of, with_nodes
from graphfuse.data.steps.step import Step, step
from graphfuse.errors import check_integer

ROUNDS = 7
"""Power iterations: more of them make out singular values that lie close."""
SPARE = 10
"""Directions that are followed beyond those that are kept."""
TINY = 1e-6
"""Components whose singular value is below this part of the largest are rounding."""


@step("tfidf_svd")
@dataclass
class TfidfSvd(Step):
    """Tf-idf weights and a truncated singular value decomposition of counts.

    A count is multiplied by ln((1 + n) / (1 + d)) + 1, where d of the n training nodes have the
    term; nodes are scaled to length 1 and projected on the ``components`` right singular vectors
    of the training nodes: what scikit-learn's ``TfidfTransformer`` and ``TruncatedSVD`` compute.
    The decomposition is randomised (Halko et al., Finding Structure with Randomness, 2011,
    https://arxiv.org/abs/0909.4061) with a fixed seed, over the features, so that the order of
    samples does not affect it; the largest entry of each vector is positive. If the training part
    has too few nodes for all components, the rest are zero, so that the width is the same in every
    fold.

    Args:
        modality: the modality of counts, as encoder ``tfidf`` makes them.
        components: features of a node afterwards; all features, if there are fewer.

    Example:
        >>> train = FusionDataset.from_arrays({"text": np.array([[1.0, 0], [1, 0], [0, 1]])})
        >>> reduced = TfidfSvd("text", 1).fit(train).transform(train)
        >>> reduced.batch([0, 1, 2]).x["text"].flatten().round(decimals=6)
        tensor([1., 1., 0.])
    """

    encodes: ClassVar[bool] = True

    modality: str
    components: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("components", self.components, 1)

    def measure(self, train: FusionDataset) -> dict[str, Tensor]:
        """Return the weights of terms, "idf" [F], and the vectors, "components" [K, F]."""
        counts = _sparse(nodes_of(train, self.modality, None, self.name))
        idf = np.log((1 + counts.shape[0]) / (1 + counts.count_nonzero(axis=0))) + 1
        kept = min(self.components, counts.shape[1])
        vectors = _right_vectors(_weigh(counts, idf), kept)
        return {"idf": torch.from_numpy(idf), "components": torch.from_numpy(vectors)}

    def apply(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset with K features for each node of the modality."""
        idf, vectors = self.state["idf"].numpy(), self.state["components"].numpy()
        values = nodes_of(dataset, self.modality, len(idf), self.name)
        weighed = _weigh(_sparse(values), idf)
        reduced = torch.from_numpy(weighed @ vectors.T).to(values.dtype)
        return with_nodes(dataset, self.modality, reduced)


def _sparse(counts: Tensor) -> csr_array:
    """Return counts as float64, the zeros left out before they take twice the memory."""
    if not counts.is_floating_point() or counts.itemsize < 4:
        counts = counts.float()
    return csr_array(counts.numpy()).astype(np.float64)


def _weigh(counts: csr_array, idf: np.ndarray) -> csr_array:
    """Return counts times idf, each row scaled to length 1; an empty row stays zero."""
    weighed = counts * idf
    length = np.sqrt((weighed * weighed).sum(axis=1))
    return csr_array(diags_array(1 / np.where(length > 0, length, 1)) @ weighed)


def _right_vectors(x: csr_array, kept: int) -> np.ndarray:
    """Return the leading right singular vectors [kept, F] of ``x``, by a randomised range."""
    n, features = x.shape
    vectors = np.zeros((kept, features))
    if not n:
        return vectors
    start = np.random.default_rng(0).standard_normal((features, min(kept + SPARE, features)))
    basis, _ = np.linalg.qr(start)
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(x.T @ (x @ basis))
    _, singular, right = np.linalg.svd(x @ basis, full_matrices=False)
    found = (right @ basis.T)[:kept]
    found = found[singular[:kept] > TINY * singular[0]]
    largest = np.abs(found).argmax(axis=1)
    vectors[: len(found)] = found * np.sign(found[np.arange(len(found)), largest])[:, None]
    return vectors
