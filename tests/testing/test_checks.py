"""The shipped checks fail on what they are there to find."""

import importlib.util

import pytest
import torch

from graphfuse.data import SparseEdges
from graphfuse.fusion import FusionOutput, Strategy, strategies, strategy
from graphfuse.graph import Complete, KNearest
from graphfuse.nn import AttentionWeights, DenseHGTConv, DenseRGCNConv, EdgeAttention
from graphfuse.nn._typed import HeadedConv
from graphfuse.testing import check_conv, check_relation, check_strategy
from graphfuse.testing._graph import CHANNELS, TYPES, random_graph
from graphfuse.testing._programs import check_export


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


class AttendsToPadding(DenseHGTConv):
    def attention_weights(self, x, edges, mask=None):
        return super().attention_weights(x, edges)


class AttendsToHalf(DenseHGTConv):
    def share(self, logits, at, total):
        return super().share(logits, at, total) / 2


class AttendsToListedEdgesInOrder(DenseHGTConv):
    def attention_weights(self, x, edges, mask=None):
        found = super().attention_weights(x, edges, mask).weights
        return AttentionWeights(
            {
                t: EdgeAttention(part.index.flip(1), part.weight)
                if isinstance(part, EdgeAttention)
                else part
                for t, part in found.items()
            }
        )


@pytest.mark.parametrize(
    ("conv", "promise"),
    [
        (AttendsToPadding, "zero where no real nodes are joined"),
        (AttendsToHalf, "sum to 1"),
        (AttendsToListedEdgesInOrder, "of sparse edges are those of dense ones"),
    ],
)
def test_broken_attention_weights_are_found(conv, promise):
    with pytest.raises(AssertionError, match=f"attention weights .*{promise}"):
        check_conv(lambda metadata, i, o: conv(i, o, metadata), export=False)


def test_a_conv_with_heads_need_not_tell_its_attention_weights():
    class Silent(DenseHGTConv):
        score = HeadedConv.score

    check_conv(lambda metadata, i, o: Silent(i, o, metadata), export=False)


class LooksAtValues(DenseRGCNConv):
    def forward(self, x, edges, mask=None):
        first = next(iter(edges.values()), None)
        if isinstance(first, torch.Tensor) and not first.any():
            edges = {t: e for t, e in edges.items() if t != next(iter(edges))}
        return super().forward(x, edges, mask)


class CountsSamples(DenseRGCNConv):
    def forward(self, x, edges, mask=None):
        out = super().forward(x, edges, mask)
        return {n: nodes.clone() if len(nodes) == 4 else nodes for n, nodes in out.items()}


class RoundsInDouble(DenseRGCNConv):
    """As ONNX keeps 0.8 in single precision, what is 4 here is 5 there."""

    def forward(self, x, edges, mask=None):
        count = {n: torch.full_like(nodes[..., :1], 5).double() for n, nodes in x.items()}
        out = super().forward(x, edges, mask)
        return {n: nodes * (count[n] * 0.8).ceil().to(nodes.dtype) for n, nodes in out.items()}


@pytest.mark.parametrize(
    ("conv", "promise"),
    [
        (LooksAtValues, "torch.compile compiles it to one program, with dense edges"),
        (CountsSamples, "torch.compile does not recompile for fewer samples"),
        (RoundsInDouble, "ONNX, same result on padded samples"),
    ],
)
def test_convs_that_make_no_program_are_found(conv, promise):
    with pytest.raises(AssertionError, match=promise):
        check_conv(lambda metadata, i, o: conv(i, o, metadata))


@pytest.mark.parametrize(
    ("conv", "promise"),
    [(CountsSamples, "torch.export with any number"), (LooksAtValues, "torch.export with any")],
)
def test_convs_that_export_nothing_are_found(conv, promise):
    with pytest.raises(AssertionError, match=promise):
        check_export(conv(CHANNELS, 8, (list(CHANNELS), TYPES)).double(), random_graph())


def test_without_onnx_the_rest_is_checked(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else found(name)
    )
    conv = DenseRGCNConv(CHANNELS, 8, (list(CHANNELS), TYPES)).double()
    with pytest.warns(UserWarning, match=r"'onnxruntime'.*graphfuse\[onnx\].*left out"):
        check_export(conv, random_graph())


class EdgesAtPadding(Complete):
    def edges(self, batch):
        return {t: torch.ones_like(e) for t, e in super().edges(batch).items()}


class FirstRows(KNearest):
    def edges(self, batch):
        drawn = super().edges(batch)
        return {t: e & (torch.arange(e.shape[1]) < 2).view(1, -1, 1) for t, e in drawn.items()}


class DropsTies(KNearest):
    def __init__(self, k=1, **options):
        super().__init__(1, **options)

    def edges(self, batch):
        drawn = {}
        for (s, r, d), edges in super().edges(batch).items():
            first = torch.zeros_like(edges).scatter(1, edges.float().argmax(1, keepdim=True), True)
            drawn[s, r, d] = first & edges
        return drawn


class ReadsPadding(Complete):
    def edges(self, batch):
        return {
            (s, r, d): edges & (batch.x[s].sum((1, 2)) < 9).view(-1, 1, 1)
            for (s, r, d), edges in super().edges(batch).items()
        }


class Counts(Complete):
    def edges(self, batch):
        return {t: edges.long() for t, edges in super().edges(batch).items()}


class Negative(Complete):
    def edges(self, batch):
        return {t: -edges.float() for t, edges in super().edges(batch).items()}


class ForgetsAType(Complete):
    def edges(self, batch):
        return dict(list(super().edges(batch).items())[1:])


class WrongShape(Complete):
    def edges(self, batch):
        return {t: edges[:, :, :1] for t, edges in super().edges(batch).items()}


class Lists(Complete):
    def edges(self, batch):
        return {t: edges.tolist() for t, edges in super().edges(batch).items()}


class NotInHalfPrecision(KNearest):
    def edges(self, batch):
        torch.cdist(batch.x["text"], batch.x["text"])  # not defined there
        return super().edges(batch)


class KeepsItsFitAside(Complete):
    seen = 0

    def fit(self, train):
        self.seen = len(train)
        return super().fit(train)

    def edges(self, batch):
        return {t: edges * float(self.seen) for t, edges in super().edges(batch).items()}


class BatchMates(Complete):
    def edges(self, batch):
        return {t: edges & (len(batch) > 1) for t, edges in super().edges(batch).items()}


class Sparse(Complete):
    weight = None

    def edges(self, batch):
        drawn = {}
        for (s, r, d), edges in super().edges(batch).items():
            sample, source, destination = edges.nonzero().T
            index = self.index(sample, source, destination, edges.shape)
            weight = None if self.weight is None else torch.full(index.shape[1:], self.weight)
            drawn[s, r, d] = SparseEdges(index, weight)
        return drawn

    def index(self, sample, source, destination, shape):
        return torch.stack([sample * shape[1] + source, sample * shape[2] + destination])


class SparseWeighted(Sparse):
    weight = 0.5


class SparseNegative(Sparse):
    weight = -0.5


class SparsePerSample(Sparse):
    def index(self, sample, source, destination, shape):
        return torch.stack([sample * shape[1] + source, destination])


class SparseTooFar(Sparse):
    def index(self, sample, source, destination, shape):
        return super().index(sample + 1, source, destination, shape)


class SparseAtPadding(Sparse):
    def index(self, sample, source, destination, shape):
        return super().index(*torch.ones(shape).nonzero().T, shape)


@pytest.mark.parametrize("relation", [Sparse, SparseWeighted])
def test_sparse_relations_are_taken(relation):
    check_relation(relation())


@pytest.mark.parametrize(
    ("relation", "promise"),
    [
        (EdgesAtPadding, "no edges at padded nodes"),
        (FirstRows, "order of nodes"),
        (DropsTies, "order of nodes"),
        (ReadsPadding, "padded nodes have no effect|on its own"),
        (Counts, "bool or weights"),
        (Negative, "bool or weights"),
        (ForgetsAType, "have the types of edge_types"),
        (WrongShape, r"are \[B, Ns, Nd\]"),
        (Lists, "a tensor or SparseEdges"),
        (NotInHalfPrecision, "half precision"),
        (KeepsItsFitAside, "options and state_dict contain everything"),
        (BatchMates, "not depend on others in its batch"),
        (SparseNegative, "bool or weights"),
        (SparsePerSample, "stays in its sample"),
        (SparseTooFar, r"sample \* N \+ node"),
        (SparseAtPadding, "no edges at padded nodes"),
    ],
)
def test_broken_relations_are_found(relation, promise):
    with pytest.raises(AssertionError, match=promise):
        check_relation(relation())


class Means(Strategy):
    """Keeps every promise: linear in the mean nodes of the first modality."""

    def __init__(self, schema):
        super().__init__(schema)
        self.linear = torch.nn.Linear(schema.modalities[0].features, schema.outputs)

    def pool(self, batch):
        x, mask = (part[self.schema.names[0]] for part in (batch.x, batch.mask))
        return (x * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)

    def predict(self, mean):
        return self.rescale(self.linear(mean))

    def forward(self, batch):
        mean = self.pool(batch)
        return FusionOutput(self.predict(mean), mean)


class FirstNode(Means):
    def pool(self, batch):
        return batch.x[self.schema.names[0]][:, 0]


class NodesOfOthers(Means):
    def pool(self, batch):
        mean = super().pool(batch)
        return mean + mean.mean(0)


class PaddingCounts(Means):
    def pool(self, batch):
        return batch.x[self.schema.names[0]].sum(1)


class NothingOverNothing(Means):
    def pool(self, batch):
        return super().pool(batch) / batch.mask[self.schema.names[0]].any(1, keepdim=True)


class OwnUnit(Means):
    def predict(self, mean):
        return self.linear(mean)


class Median(Means):
    def predict(self, mean):
        return super().predict(mean) + 0 * mean.quantile(0.5, dim=1, keepdim=True)


class OtherWithoutGradients(Means):
    def predict(self, mean):
        return super().predict(mean) + (0 if torch.is_grad_enabled() else 1)


class FitsOnValidation(Means):
    def prepare(self, train, validation=None):
        return super().prepare(train if validation is None else validation)


class KeepsItsPreparationAside(Means):
    shift = 0

    def prepare(self, train, validation=None):
        self.shift = len(train)
        return super().prepare(train)

    def predict(self, mean):
        return super().predict(mean) + self.shift


class CostsWithoutLabels(Means):
    def loss(self, output, batch):
        return {**super().loss(output, batch), "size": output.embedding.square().mean()}


def check_once(made, **facts):
    with strategies.temporarily():
        strategy("once", family="feature", summary="", **facts)(made)
        check_strategy("once")


def test_a_sound_strategy_is_taken():
    check_once(Means)


@pytest.mark.parametrize(
    ("made", "promise"),
    [
        (FirstNode, "order of nodes"),
        (NodesOfOthers, "not depend on others in its batch"),
        (PaddingCounts, "padded nodes have no effect"),
        (NothingOverNothing, "logits are finite, whatever is missing"),
        (OwnUnit, "in the unit of the target"),
        (Median, "half precision is supported"),
        (OtherWithoutGradients, "the same result without gradients"),
        (FitsOnValidation, "uses the training part only: target_mean differs"),
        (KeepsItsPreparationAside, "a state_dict contains everything"),
        (CostsWithoutLabels, "unlabelled samples add nothing to the loss"),
    ],
)
def test_broken_strategies_are_found(made, promise):
    with pytest.raises(AssertionError, match=promise):
        check_once(made)
