"""word_vectors: trained vectors of words from a file of GloVe, fastText or word2vec as text."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.encoders.encoder import EncoderInfo, Nodes, encoder
from graphfuse.encoders.text._nodes import MOST, PartEncoder, first_parts, in_order
from graphfuse.encoders.text._split import sentences, texts_of, words
from graphfuse.encoders.weights import checksum
from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.raw import Item

logger = logging.getLogger(__name__)

NODES = ("words", "sentences", "text")


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors [V, F] of words by their row, and the mean [F] for every other word."""

    rows: dict[str, int]
    values: np.ndarray
    unknown: np.ndarray


@encoder(
    EncoderInfo(
        name="word_vectors",
        kind="text",
        title="word vectors of a GloVe or fastText file",
        nodes="a word, a sentence or the text; pos = its index",
        paper="Pennington et al. 2014, https://aclanthology.org/D14-1162/",
    )
)
@dataclass(frozen=True)
class WordVectorsEncoder(PartEncoder):
    r"""Frozen vectors of words from a text file, averaged over a sentence or text.

    The file has a word and its numbers per line, separated by spaces, as GloVe (Pennington et al.,
    GloVe: Global Vectors for Word Representation, 2014) and the ``.vec`` files of fastText and
    word2vec have it; their first line, the number of words and features, is skipped. A word is
    looked up as it is in lower case. A word that the file lacks gets the mean of all vectors, as
    GloVe's authors advise, and a warning says how many there are.

    Args:
        path: the file.
        nodes: "words", "sentences", or "text" for one node per item, which has no position.
        limit: number of words that are read; files list frequent words first.
        max_nodes: words or sentences of a text that become nodes; the rest is cut off with a
            warning.

    Raises:
        InputError: the file cannot be read, or a line has another number of values.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "glove.txt"
        >>> _ = path.write_text("cat 1 0\nred 0 1\n")
        >>> WordVectorsEncoder(str(path)).encode(["Red cat"])[0].x
        tensor([[0., 1.],
                [1., 0.]])
    """

    path: str
    nodes: str = "words"
    limit: int = 400_000
    max_nodes: int = MOST

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", str(self.path))
        if self.nodes not in NODES:
            raise UnknownNameError("nodes", self.nodes, NODES)
        check_integer("limit", self.limit, 1)
        check_integer("max_nodes", self.max_nodes, 1)
        if not Path(self.path).is_file():
            raise InputError(
                f"there is no file of word vectors {self.path!r}; download one, such as "
                f"glove.6B.300d.txt or cc.de.300.vec, and give its path"
            )

    @cached_property
    def vectors(self) -> Vectors:
        """The words and vectors of the file."""
        return read_vectors(Path(self.path), self.limit)

    @property
    def features(self) -> int:
        """Number of values per word."""
        return int(self.vectors.values.shape[1])

    def identity(self) -> dict[str, Any]:
        """Return the options, with the checksum of the file instead of its path."""
        plain = super().identity()
        options = {name: value for name, value in plain["options"].items() if name != "path"}
        return {**plain, "options": options, "weights": checksum([Path(self.path)])}

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the vectors [N, F] of each text, and the index [N, 1] of its words."""
        parts = first_parts([self._split(text) for text in texts_of(items)], self.max_nodes)
        found = [[self._look_up(part) for part in own] for own in parts]
        unknown = sum(missing for own in found for _, _, missing in own)
        total = sum(count for own in found for _, count, _ in own)
        if unknown:
            logger.warning(
                "%d of %d words have no vector in %s and get the mean of all vectors",
                unknown,
                total,
                Path(self.path).name,
            )
        return [in_order(torch.stack([x for x, _, _ in own]), self.pos_dim) for own in found]

    def _split(self, text: str) -> list[str]:
        if self.nodes == "words":
            return words(text)
        return sentences(text) if self.nodes == "sentences" else [text]

    def _look_up(self, part: str) -> tuple[Tensor, int, int]:
        """Return the mean vector [F] of a part, its number of words and of unknown ones."""
        in_text = words(part)
        rows = [self.vectors.rows.get(word) for word in in_text]
        found = [self.vectors.unknown if row is None else self.vectors.values[row] for row in rows]
        return torch.from_numpy(np.mean(found, axis=0)), len(in_text), rows.count(None)


def read_vectors(path: Path, limit: int) -> Vectors:
    """Read the first words and vectors of a text file.

    Raises:
        InputError: it cannot be read, holds no vector, or a line has another number of values.
    """
    rows: dict[str, int] = {}
    values: list[np.ndarray] = []
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                word, *own = line.rstrip().split(" ")
                if number == 1 and len(own) == 1:  # number of words and of features
                    continue
                vector = _vector(own)
                if vector is None or (values and len(vector) != len(values[0])):
                    raise InputError(
                        f"{path.name}, line {number}: a word and "
                        f"{len(values[0]) if values else 'several'} numbers separated by spaces "
                        f"are expected, got {line[:60]!r}; binary files are not read, use the "
                        f".txt or .vec file"
                    )
                if word.lower() not in rows:
                    rows[word.lower()] = len(values)
                    values.append(vector)
                if len(values) == limit:
                    break
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if not values:
        raise InputError(f"{path.name} holds no word vectors")
    stacked = np.stack(values)
    return Vectors(rows, stacked, stacked.mean(0))


def _vector(cells: Sequence[str]) -> np.ndarray | None:
    try:
        vector = np.array(cells, dtype=np.float32)
    except ValueError:
        return None
    return vector if len(vector) and np.isfinite(vector).all() else None
