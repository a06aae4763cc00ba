"""tfidf: words or character n-grams counted in hashed places, for tf-idf and SVD to follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import ClassVar

import numpy as np
import torch

from graphfuse.data.hashing import hashed_counts, ngrams
from graphfuse.data.spec import StepSpec
from graphfuse.encoders.encoder import EncoderInfo, Nodes, encoder
from graphfuse.encoders.text._nodes import MOST, PartEncoder, first_parts, in_order
from graphfuse.encoders.text._split import sentences, terms, texts_of
from graphfuse.errors import UnknownNameError, check_integer
from graphfuse.raw import Item

NODES = ("text", "sentences")
TERMS = ("words", "chars")
NGRAM = range(2, 5)
"""Lengths of the n-grams of a word, counted with a mark at its beginning and end."""


@encoder(
    EncoderInfo(
        name="tfidf",
        kind="text",
        title="hashed counts of words or characters, tf-idf and SVD",
        nodes="the text, or a sentence; pos = its index",
        paper="Deerwester et al. 1990, "
        "https://doi.org/10.1002/(SICI)1097-4571(199009)41:6%3C391::AID-ASI1%3E3.0.CO;2-9",
    )
)
@dataclass(frozen=True)
class TfidfEncoder(PartEncoder):
    """Counts of the terms of a text or sentence, which step ``tfidf_svd`` weighs and reduces.

    Latent semantic analysis (Deerwester et al., Indexing by Latent Semantic Analysis, 1990), with
    its fitted half, :class:`~graphfuse.data.steps.tfidf_svd.TfidfSvd`, fitted on the training part
    of each fold. Terms are counted in places that CRC-32 chooses, so that no vocabulary is fitted;
    two terms may share a place. A node is kept as ``4 * places`` bytes, 16 kB by
    default, until the step brings it to ``components`` features.

    Args:
        nodes: "text" for one node per item, which has no position, or "sentences".
        terms: "words", or "chars" for the n-grams of 2 to 4 characters within a word. In scripts
            without spaces, words are characters and pairs of adjacent ones.
        places: number of places, the features of a node before the step.
        components: features of a node after the step; at most ``places``.
        max_nodes: sentences of a text that become nodes; what lies beyond is cut off, and a warning
            is logged.

    Example:
        >>> encoder = TfidfEncoder(places=8, components=2)
        >>> encoder.encode(["A cat, a dog"])[0].x
        tensor([[1., 0., 0., 2., 0., 1., 0., 0.]])
        >>> encoder.steps("title")
        (StepSpec(name='tfidf_svd', options={'modality': 'title', 'components': 2}),)
    """

    batch_size: ClassVar[int] = 256
    version: ClassVar[int] = 2

    nodes: str = "text"
    terms: str = "words"
    places: int = 4096
    components: int = 64
    max_nodes: int = MOST

    def __post_init__(self) -> None:
        if self.nodes not in NODES:
            raise UnknownNameError("nodes", self.nodes, NODES)
        if self.terms not in TERMS:
            raise UnknownNameError("terms", self.terms, TERMS)
        check_integer("components", self.components, 1)
        check_integer("places", self.places, self.components)
        check_integer("max_nodes", self.max_nodes, 1)

    @property
    def features(self) -> int:
        """Number of places."""
        return self.places

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the counts [N, places] of each text, and the index [N, 1] of its sentences."""

        @cache
        def parts(word: str) -> list[str]:
            return list(ngrams(word, NGRAM)) if self.terms == "chars" else [word]

        def count(part: str) -> np.ndarray:
            return hashed_counts(chain.from_iterable(map(parts, terms(part))), self.places)

        whole = [sentences(t) if self.nodes == "sentences" else [t] for t in texts_of(items)]
        counts = (
            torch.from_numpy(np.stack([count(part) for part in own]))
            for own in first_parts(whole, self.max_nodes)
        )
        return [in_order(x, self.pos_dim) for x in counts]

    def steps(self, modality: str) -> tuple[StepSpec, ...]:
        """Return the step ``tfidf_svd``."""
        options = {"modality": modality, "components": self.components}
        return (StepSpec("tfidf_svd", options),)
