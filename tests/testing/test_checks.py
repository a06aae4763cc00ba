"""The shipped checks fail on what they are there to find."""

import pytest
import torch

from graphfuse.data import SparseEdges
from graphfuse.fusion import FusionOutput, Strategy, strategies, strategy
from graphfuse.graph import Complete, KNearest
from graphfuse.nn import DenseHGTConv
from graphfuse.testing import check_conv, check_relation, check_strategy


class IgnoresMask(DenseHGTConv):
    def forward(self, x, edges, mask=None):
        return super().forward(x, edges)


class DependsOnOrder(DenseHGTConv):
    def forward(self, x, edges, mask=None):
        out = super().forward(x, edges, mask)
        first = next(iter(edges), None)
        return {m: h * (1.1 if first and first[0] == m else 1) for m, h in out.items()}


class DividesByNeighbours(DenseHGTConv):
    def forward(self, x, edges, mask=None):
        out = super().forward(x, edges, mask)
        for (_, _, d), e in edges.items():
            if isinstance(e, torch.Tensor):
                out[d] = out[d] / e.float().sum(1).unsqueeze(2)
        return out


class MixesSamples(DenseHGTConv):
    def forward(self, x, edges, mask=None):
        return {
            m: h + (0 if mask is None else mask[m].unsqueeze(2)) * h.mean(0, keepdim=True)
            for m, h in super().forward(x, edges, mask).items()
        }


class IgnoresEdges(DenseHGTConv):
    def forward(self, x, edges, mask=None):
        self.check(x, edges, mask)
        return super().forward(x, {}, mask)


class IgnoresWeights(DenseHGTConv):
    def forward(self, x, edges, mask=None):
        bare = {
            t: e > 0 if isinstance(e, torch.Tensor) else SparseEdges(e.index)
            for t, e in self.check(x, edges, mask).items()
        }
        return super().forward(x, bare, mask)


class Detaches(DenseHGTConv):
    def forward(self, x, edges, mask=None):
        return super().forward({n: nodes.detach() for n, nodes in x.items()}, edges, mask)


class KeepsWeightsToItself(DenseHGTConv):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.factor = float(torch.rand(()))

    def forward(self, x, edges, mask=None):
        return {n: self.factor * h for n, h in super().forward(x, edges, mask).items()}


@pytest.mark.parametrize(
    "conv",
    [
        IgnoresMask, DependsOnOrder, DividesByNeighbours, MixesSamples, IgnoresEdges,
        IgnoresWeights, Detaches, KeepsWeightsToItself,
    ],
)  # fmt: skip
def test_broken_convs_are_found(conv):
    with pytest.raises(AssertionError):
        check_conv(lambda metadata, i, o: conv(i, o, metadata), export=False)


class EdgesAtPadding(Complete):
    def edges(self, batch):
        return {t: torch.ones_like(e) for t, e in super().edges(batch).items()}


class FirstRows(KNearest):
    def edges(self, batch):
        drawn = super().edges(batch)
        return {t: e & (torch.arange(e.shape[1]) < 2).view(1, -1, 1) for t, e in drawn.items()}


@pytest.mark.parametrize("relation", [EdgesAtPadding, FirstRows])
def test_broken_relations_are_found(relation):
    with pytest.raises(AssertionError):
        check_relation(relation())


def test_a_strategy_that_reads_row_order_is_found():
    class FirstNode(Strategy):
        def __init__(self, schema):
            super().__init__(schema)
            self.linear = torch.nn.Linear(schema.modalities[0].features, schema.outputs)

        def forward(self, batch):
            first = batch.x[self.schema.names[0]][:, 0].flatten(1)
            return FusionOutput(self.linear(first), first)

    strategy("first_node", family="feature", summary="")(FirstNode)
    try:
        with pytest.raises(AssertionError, match="order of nodes"):
            check_strategy("first_node")
    finally:
        strategies._entries.pop("first_node")
