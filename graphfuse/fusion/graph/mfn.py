"""The dynamic fusion graph of Graph-MFN: a vertex for every set of modalities."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor, nn

from graphfuse.data import Schema
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import PooledStrategy

MOST = 6
"""Largest number of modalities: each further one doubles the vertices and triples the edges."""


@strategy(
    "graph:mfn",
    family="graph",
    summary="a vertex for every set of modalities, edges from its subsets weighed by gates",
    paper="Zadeh et al. 2018, https://aclanthology.org/P18-1208",
    modalities=2,
    at_most=MOST,
    ablations=("no_edges",),
)
class GraphMFN(PooledStrategy):
    r"""Predict from a graph with one vertex for each non-empty set of modalities.

    .. math::
        h_{\{m\}} = v_m, \qquad
        h_S = D_S\big(\big[g_{RS}\, h_R\big]_{R \subset S}\big), \qquad
        z = D\big(\big[g_R\, h_R\big]_R\big), \qquad
        g = \sigma\big(E([v_1, \dots, v_M])\big)

    where :math:`v_m` is the pooled vector of modality m. Each :math:`D_S` is a small network whose
    inputs are all proper subsets R of S, and :math:`D` is the network of the output vertex, whose
    inputs are all sets. The efficacies :math:`g` are one number for each of the
    :math:`3^M - 2^M` edges. The vertex of a set with a missing modality is zero.

    The paper runs this graph at each step of three aligned series, on the memories of three LSTMs,
    and stores the outputs in a gated memory over time. Here it runs once, on pooled vectors,
    without memory. There are no relations between nodes to shuffle or complete, so ``no_edges`` is
    the only ablation: it sets the weights of the edges between sets to zero. The output vertex
    then reads the sets of one modality, and constants in place of the larger sets.

    Raises:
        InputError: there are more than 6 modalities.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> model = GraphMFN(data.schema)
        >>> list(model(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        ablation: str | None = None,
    ) -> None:
        super().__init__(schema, hidden_channels, dropout)
        if ablation not in (None, "no_edges"):
            raise UnknownNameError("ablation", ablation, ["no_edges"])
        self.ablation = ablation
        names = self.encoder.names
        if len(names) > MOST:
            raise InputError(
                f"graph:mfn has a vertex for every set of modalities, {2 ** len(names) - 1} for "
                f"{len(names)} modalities; it takes at most {MOST} modalities ({2**MOST - 1} "
                f"vertices). Leave modalities out, or choose a strategy whose cost grows linearly "
                f"with their number, such as graph:hgt"
            )
        self.vertices = [
            members
            for size in range(1, len(names) + 1)
            for members in combinations(range(len(names)), size)
        ]
        # Vertices are sorted by size, so each comes after its inputs.
        self.below = [
            [i for i, other in enumerate(self.vertices) if set(other) < set(members)]
            for members in self.vertices
        ]
        self.networks = nn.ModuleList(
            _network(len(below) * hidden_channels, hidden_channels, hidden_channels)
            for below in self.below
            if below
        )
        edges = sum(len(below) for below in self.below) + len(self.vertices)
        self.efficacy = _network(len(names) * hidden_channels, hidden_channels, edges)
        self.output = _network(
            len(self.vertices) * hidden_channels, hidden_channels, hidden_channels
        )

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Compute the vertices from small sets to large ones, then the output vertex."""
        efficacy = self.efficacy(vectors.flatten(1)).sigmoid()
        sizes = [*(len(below) for below in self.below), len(self.vertices)]
        *gates, last = efficacy.split(sizes, dim=1)
        states = list(vectors.unbind(1))
        for number, network in enumerate(self.networks, start=len(states)):
            gate = gates[number] * 0 if self.ablation == "no_edges" else gates[number]
            state = network(_weigh([states[i] for i in self.below[number]], gate))
            complete = present[:, list(self.vertices[number])].all(1, keepdim=True)
            states.append(state * complete)
        output: Tensor = self.output(_weigh(states, last))
        return output


def _weigh(states: list[Tensor], gate: Tensor) -> Tensor:
    """Scale vectors [B, C] by gates [B, S], one each, and join them."""
    return (torch.stack(states, dim=1) * gate.unsqueeze(2)).flatten(1)


def _network(in_channels: int, hidden_channels: int, out_channels: int) -> nn.Sequential:
    """Return a small network."""
    return nn.Sequential(
        nn.Linear(in_channels, hidden_channels),
        nn.GELU(),
        nn.Linear(hidden_channels, out_channels),
    )
