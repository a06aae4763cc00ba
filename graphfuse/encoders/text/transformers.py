"""transformers: any text model of Hugging Face transformers, frozen."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize
from torch.nn.utils.rnn import pad_sequence

from graphfuse.encoders.encoder import EncoderInfo, Nodes, encoder
from graphfuse.encoders.huggingface import import_library, load, load_network
from graphfuse.encoders.text._nodes import PartEncoder, in_order
from graphfuse.encoders.text._split import sentences, texts_of
from graphfuse.encoders.weights import find_text_folder, folder_checksum
from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.raw import Item

logger = logging.getLogger(__name__)

NODES = ("tokens", "sentences", "text")
TOGETHER = 32
"""Pieces of about the same length that go through the model at a time."""
POSITIONS = 512
"""Tokens that a model takes of which neither tokenizer nor configuration says how many."""
UNUSED = ("pooler.",)
"""Weights behind the last hidden states: checkpoints may lack them."""
WHAT = "a model"


@encoder(
    EncoderInfo(
        name="transformers",
        kind="text",
        title="text model of transformers",
        nodes="a token, a sentence or the text; pos = its index",
        paper="Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084",
        needs="encoders",
    )
)
@dataclass(frozen=True)
class TransformersEncoder(PartEncoder):
    """Last hidden states of a model: of each token, or their mean over a sentence or text.

    The mean is taken over all that the model read, its special tokens included, as
    sentence-transformers does (Reimers and Gurevych, Sentence-BERT, 2019,
    https://arxiv.org/abs/1908.10084); token nodes leave special tokens out. A text without any
    token is one node, the mean of its special tokens.

    A text of more tokens than the model takes is read in pieces that do not see each other; what
    lies beyond ``max_tokens`` is cut off, and a warning is logged that says of how many texts. The
    model is frozen and without dropout, and padding is masked: texts of similar length share a
    batch, but the nodes of each are the same, up to rounding, as without the others.

    Args:
        model: a folder, the name of a model on the Hugging Face Hub (``"user/name"`` or
            ``"user/name@revision"``), or ``"all-MiniLM-L6-v2"``, which the extra
            ``offline-weights`` installs. Code that a model brings is never run.
        nodes: "tokens", "sentences", or "text" for one node per item, which has no position.
        normalize: whether each node is scaled to length 1.
        max_tokens: tokens that are read of a text, or of each of its sentences; rounded up to a
            whole piece if it is more than the model takes.

    Raises:
        MissingDependencyError: at the first use, without the package ``transformers``.
        InputError: at the first use, if there is no such model, if it lacks weights or is none of
            texts, or if its tokenizer is not one of the package ``tokenizers``.

    Example:
        >>> TransformersEncoder(nodes="text").pos_dim
        0
    """

    batch_size: ClassVar[int] = 8 * TOGETHER

    model: str = "all-MiniLM-L6-v2"
    nodes: str = "tokens"
    normalize: bool = False
    max_tokens: int = 512

    def __post_init__(self) -> None:
        if self.nodes not in NODES:
            raise UnknownNameError("nodes", self.nodes, NODES)
        check_integer("max_tokens", self.max_tokens, 1)

    @property
    def has_network(self) -> bool:
        """It has."""
        return True

    @property
    def features(self) -> int:
        """Size of the model's hidden states."""
        return int(self.network.config.hidden_size)

    @property
    def network(self) -> Any:
        """The model with its weights, in evaluation mode."""
        return self._loaded.network

    @property
    def limit(self) -> int:
        """How many tokens the model takes at a time."""
        return self._loaded.limit

    def identity(self) -> dict[str, Any]:
        """Return the options, with a checksum of weights, configuration and vocabulary."""
        plain = super().identity()
        plain["options"].pop("model")  # a name or path, which may come to mean something else
        return {**plain, "weights": folder_checksum(self._folder)}

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the nodes [N, hidden size] of each text, and their index [N, 1]."""
        whole = [sentences(t) if self.nodes == "sentences" else [t] for t in texts_of(items)]
        vectors = iter(self._vectors([part for parts in whole for part in parts]))
        return [self._nodes(torch.cat([next(vectors) for _ in parts])) for parts in whole]

    def _nodes(self, x: Tensor) -> Nodes:
        return in_order(normalize(x, dim=1) if self.normalize else x, self.pos_dim)

    def _vectors(self, texts: Sequence[str]) -> list[Tensor]:
        """Return [tokens, F] or [1, F] for each text."""
        pieces, owner = _pieces(self._loaded, texts, self.max_tokens)
        states: list[list[Tensor]] = [[] for _ in texts]
        special: list[list[Tensor]] = [[] for _ in texts]
        for piece, state, text in zip(pieces, self._run(pieces), owner, strict=True):
            states[text].append(state)
            special[text].append(piece.special)
        return [
            _pooled(torch.cat(own), torch.cat(mask), self.nodes == "tokens")
            for own, mask in zip(states, special, strict=True)
        ]

    @torch.no_grad()
    def _run(self, pieces: Sequence[_Piece]) -> list[Tensor]:
        """Return the last hidden states [T, F] of each piece."""
        network = self.network.to(self.device)
        pad = self._loaded.tokenizer.pad_token_id or 0
        order = sorted(range(len(pieces)), key=lambda i: len(pieces[i].ids))
        states = dict[int, Tensor]()
        for start in range(0, len(order), TOGETHER):
            rows = order[start : start + TOGETHER]
            lengths = torch.tensor([len(pieces[i].ids) for i in rows])
            ids = pad_sequence([pieces[i].ids for i in rows], batch_first=True, padding_value=pad)
            mask = (torch.arange(ids.shape[1]) < lengths.unsqueeze(1)).long()
            output = network(input_ids=ids.to(self.device), attention_mask=mask.to(self.device))
            hidden = output.last_hidden_state.float().cpu()
            states.update((i, hidden[k, : int(lengths[k])]) for k, i in enumerate(rows))
        return [states[i] for i in range(len(pieces))]

    @cached_property
    def _folder(self) -> Path:
        return find_text_folder(self.model)

    @cached_property
    def _loaded(self) -> _Loaded:
        return _load(self.model, self._folder)


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A model in evaluation mode, its tokenizer, and how many tokens it takes at a time."""

    network: Any
    tokenizer: Any
    limit: int


@dataclass(frozen=True, eq=False)
class _Piece:
    """Token ids [T], and which of them are special."""

    ids: Tensor
    special: Tensor


def _pooled(states: Tensor, special: Tensor, by_token: bool) -> Tensor:
    tokens = states[~special]
    return tokens if by_token and len(tokens) else states.mean(0, keepdim=True)


def _pieces(
    loaded: _Loaded, texts: Sequence[str], max_tokens: int
) -> tuple[list[_Piece], list[int]]:
    """Return texts as pieces of as many tokens as the model takes, and the text of each."""
    if not texts:
        return [], []
    around = loaded.tokenizer.num_special_tokens_to_add()
    room = max(min(loaded.limit - around, max_tokens), 1)
    tokens = loaded.tokenizer(
        list(texts),
        truncation=True,
        max_length=room + around,
        return_overflowing_tokens=True,
        return_special_tokens_mask=True,
    )
    pieces, owner = list[_Piece](), list[int]()
    cut = set[int]()
    kept = dict.fromkeys(range(len(texts)), -(-max_tokens // room))
    for ids, special, text in zip(
        tokens["input_ids"],
        tokens["special_tokens_mask"],
        tokens["overflow_to_sample_mapping"],
        strict=True,
    ):
        if not kept[text]:
            cut.add(text)
            continue
        kept[text] -= 1
        if not ids:  # an empty text, by a tokenizer that adds nothing
            ids, special = [loaded.tokenizer.eos_token_id or 0], [1]
        pieces.append(_Piece(torch.tensor(ids), torch.tensor(special, dtype=torch.bool)))
        owner.append(text)
    if cut:
        logger.warning(
            "%d of %d texts are longer than %d tokens and were cut there; "
            "max_tokens says how many are read",
            len(cut),
            len(texts),
            max_tokens,
        )
    return pieces, owner


def _load(model: str, folder: Path) -> _Loaded:
    tokenizer = load(import_library("encoding texts").AutoTokenizer, model, folder, WHAT)
    network = load_network(model, folder, WHAT, UNUSED)
    if not getattr(tokenizer, "is_fast", False):
        raise InputError(
            f"{model!r} has a tokenizer written in Python, {type(tokenizer).__name__}; give a "
            f"model with a tokenizer.json"
        )
    if tokenizer.model_input_names[0] != "input_ids" or not hasattr(network.config, "hidden_size"):
        raise InputError(f"{model!r} is a {type(network).__name__}, not a model of texts alone")
    return _Loaded(network, tokenizer, _limit(folder, tokenizer, network))


def _limit(folder: Path, tokenizer: Any, network: Any) -> int:
    """Return how many tokens the model takes, special ones included."""
    positions = getattr(network.config, "max_position_embeddings", None)
    first = getattr(getattr(network, "embeddings", None), "padding_idx", None)
    if positions and first is not None:  # RoBERTa and its kin count positions from there
        positions -= first + 1
    known = [int(tokenizer.model_max_length), positions]
    sentence = folder / "sentence_bert_config.json"
    if sentence.is_file():
        known.append(json.loads(sentence.read_text(encoding="utf-8")).get("max_seq_length"))
    return min([n for n in known if isinstance(n, int) and 0 < n < 10**9] or [POSITIONS])
