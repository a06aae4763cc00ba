"""transformers: any text model of Hugging Face transformers, fine-tuned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from graphfuse.data import Modality
from graphfuse.encoders.huggingface import import_library
from graphfuse.encoders.networks._pretrained import RATE, choose_trained, outside
from graphfuse.encoders.networks.gru import check_pos
from graphfuse.encoders.networks.network import Encoded, Network, network
from graphfuse.encoders.networks.token_gru import check_ids, known_ids
from graphfuse.encoders.text.transformers import TransformersEncoder
from graphfuse.errors import InputError


@network("transformers")
class TransformersNetwork(Network):
    """Encode the tokens of a text by a model of transformers, and train it further.

    Nodes are its last hidden states, one per token, special tokens included; tokens come from the
    text encoder ``token_ids`` of the same ``model`` and are read in the order of their positions.

    Args:
        model: a folder, the name of a model on the Hugging Face Hub, or ``"all-MiniLM-L6-v2"``.
        train: "all" weights, those of the "last" layer, or "none".
        lora: rank of matrices that are trained in place of the weights; 0 for none.
        rate: learning rate as a share of the recipe's; 0.1 if pretrained, else 1.
        pretrained: whether it begins with pretrained weights; without them it is trained from
            scratch.
        config: the model's configuration, in place of ``model``; that of a saved strategy.

    Raises:
        InputError: no such model; numbers or texts that it does not take.
    """

    keeps_nodes = True

    def __init__(
        self,
        modality: Modality,
        model: str = "all-MiniLM-L6-v2",
        train: str = "all",
        lora: int = 0,
        rate: float | None = None,
        pretrained: bool = True,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(modality)
        check_ids(modality, "transformers")
        self.rate = (RATE if pretrained else 1.0) if rate is None else rate
        if config is not None:
            self.network, self.limit = _from_config(config["model"]), int(config["limit"])
        else:
            encoder = TransformersEncoder(model)
            self.network, self.limit = encoder.network, encoder.limit
            if not pretrained:
                self.network = _from_config(self.network.config.to_dict())
        choose_trained(self.network, train, lora, self._is_last, "transformers")
        self.features, self.pos_dim = int(self.network.config.hidden_size), modality.pos_dim

    def saved_options(self) -> dict[str, Any]:
        """Take the weights that are saved with the strategy."""
        model = self.network.config.to_diff_dict()
        return {"config": {"model": _plain(model), "limit": self.limit}}

    @classmethod
    def check_saved(cls, options: Mapping[str, Any]) -> None:
        """Raise an error unless the model's configuration is saved with the strategy."""
        if options.get("config") is None:
            raise outside("config", None, "the configuration of the model")

    def forward(self, x: Tensor, mask: Tensor, pos: Tensor | None) -> Encoded:
        """Encode tokens [B, N, 1] at positions [B, N, P]."""
        pos = check_pos(pos, self.modality)
        ids = known_ids(x, mask, int(self.network.config.vocab_size), self.modality.name)
        longest = int(mask.sum(1).max())
        if longest > self.limit:
            raise InputError(
                f"modality {self.modality.name!r} has samples of {longest} tokens, the model takes "
                f"{self.limit}; set max_tokens={self.limit} of the encoder 'token_ids'"
            )
        there = mask.any(1)
        result = torch.zeros(*mask.shape, self.features, dtype=self.dtype, device=mask.device)
        if not longest:
            return Encoded(result, mask, pos)
        # Tokens at one position are read by their numbers: their rows must not count.
        order = torch.arange(mask.shape[1], device=mask.device).expand(mask.shape)
        for key in [ids, *reversed(pos.unbind(2)), (~mask).long()]:
            order = order.gather(1, key.gather(1, order).argsort(dim=1, stable=True))
        order = order[there, :longest]
        read = self.network(
            input_ids=ids[there].gather(1, order),
            attention_mask=mask[there].gather(1, order).long(),
        ).last_hidden_state
        place = order.unsqueeze(2).expand_as(read)
        result[there] = result[there].scatter(1, place, read) * mask[there].unsqueeze(2)
        return Encoded(result, mask, pos)

    def _is_last(self, name: str) -> bool:
        """Return whether a parameter belongs to the last of the numbered layers."""
        numbers = [int(n) for key, _ in self.network.named_parameters() for n in _numbers(key)]
        return bool(numbers) and max(numbers) in _numbers(name)


def _numbers(name: str) -> list[int]:
    return [int(found) for found in re.findall(r"\.(\d+)\.", f".{name}")[:1]]


def _from_config(config: Mapping[str, Any]) -> Any:
    library = import_library("encoding texts")
    model = library.AutoModel.from_config(library.AutoConfig.for_model(**config))
    model = model.get_encoder() if model.config.is_encoder_decoder else model
    return model.float()


def _plain(value: Any) -> Any:
    """Return settings without what is no plain data."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if key != "dtype"}
    return value if value is None or isinstance(value, str | int | float | bool | list) else None
