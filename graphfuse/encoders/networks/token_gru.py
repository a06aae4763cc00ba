"""token_gru: learned vectors of words or tokens, read by a recurrent network."""

from __future__ import annotations

from torch import Tensor, nn

from graphfuse.data import Modality
from graphfuse.encoders.networks.gru import check_order, check_pos, make_gru, read_in_order
from graphfuse.encoders.networks.network import Encoded, Network, network
from graphfuse.errors import InputError, check_integer


@network("token_gru")
class TokenGRU(Network):
    """Look up a learned vector for each token, and read the vectors with gated recurrent units.

    For the nodes of text encoders ``word_ids`` and ``token_ids``.

    Args:
        vocabulary: how many numbers there are; as in the encoder.
        width: size of a word's vector.
        channels: features of each direction; a node gets twice as many.
        layers: recurrent layers one upon the other.
        dropout: share of the vectors' entries that is hidden in training.

    Raises:
        InputError: nodes that are no numbers at positions, or numbers beyond the vocabulary.

    Example:
        >>> import torch
        >>> made = TokenGRU(Modality("text", (1,), pos_dim=1), vocabulary=100, channels=8)
        >>> ids, pos = torch.tensor([[[3], [99]]]), torch.tensor([[[0.0], [1.0]]])
        >>> made(ids, torch.ones(1, 2).bool(), pos).x.shape
        torch.Size([1, 2, 16])
    """

    keeps_nodes = True

    def __init__(
        self,
        modality: Modality,
        vocabulary: int = 8192,
        width: int = 64,
        channels: int = 32,
        layers: int = 1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(modality)
        check_ids(modality, "token_gru")
        check_integer("vocabulary of network 'token_gru'", vocabulary, 1)
        check_integer("width of network 'token_gru'", width, 1)
        self.features, self.pos_dim = 2 * channels, modality.pos_dim
        self.vectors = nn.Embedding(vocabulary, width)
        self.dropout = nn.Dropout(dropout)
        self.gru = make_gru(width, channels, layers)

    def forward(self, x: Tensor, mask: Tensor, pos: Tensor | None) -> Encoded:
        """Encode numbers [B, N, 1] at positions [B, N, P]."""
        pos = check_pos(pos, self.modality)
        ids = known_ids(x, mask, self.vectors.num_embeddings, self.modality.name)
        read = read_in_order(self.gru, self.dropout(self.vectors(ids)), mask, pos)
        return Encoded(read, mask, pos)


def check_ids(modality: Modality, network: str) -> None:
    """Raise an error for nodes that are not one number each, in an order."""
    check_order(modality, network)
    if modality.shape != (1,):
        raise InputError(
            f"network {network!r} needs numbers of words or tokens, nodes of shape (1,), but "
            f"modality {modality.name!r} has {modality.shape}; the text encoders 'word_ids' and "
            f"'token_ids' make such nodes"
        )


def known_ids(x: Tensor, mask: Tensor, vocabulary: int, modality: str) -> Tensor:
    """Return the numbers [B, N], 0 at padded nodes; raise an error at unknown ones."""
    ids = x.squeeze(2).masked_fill(~mask, 0)
    if ids.is_floating_point():
        if bool(mask.any()):
            raise InputError(
                f"modality {modality!r} holds {ids.dtype}, but numbers of words or tokens must "
                f"be torch.int64; do not scale or cast them"
            )
        ids = ids.long()  # no sample of the batch has the modality
    if bool((ids >= vocabulary).any()) or bool((ids < 0).any()):
        raise InputError(
            f"modality {modality!r} holds numbers from {int(ids.min())} to {int(ids.max())}, but "
            f"the network knows only 0 to {vocabulary - 1}; give both the same vocabulary or model"
        )
    return ids.long()
