import pytest
import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import load_dataset, make_splits
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy
from graphfuse.training import fit, predict

LEARNED = [(s, "learned", d) for s in "ab" for d in "ab"]


@pytest.fixture
def seen(monkeypatch):
    """Edges that each layer's conv was given, layer by layer, in the order of calls."""
    layers = []

    def make(ablation=None, relations=None, data=None, **options):
        torch.manual_seed(0)
        model = create_strategy(
            "graph:dynamic" + (f"/{ablation}" if ablation else ""),
            data.schema,
            relations=relations or data.relations,
            **options,
        )
        model.prepare(data).double().eval()
        for conv in model.core.convs:
            step = conv.step
            monkeypatch.setattr(
                conv,
                "step",
                lambda x, edges, mask, initial, step=step: (
                    layers.append(edges) or step(x, edges, mask, initial)
                ),
            )
        return model, layers

    return make


@pytest.fixture(scope="module")
def data():
    return load_dataset("planted/binding", n=30)


def test_each_layer_sees_given_edges_and_its_own_learned_ones(seen, data):
    model, layers = seen(data=data, top_k=1)
    batch = data.batch(range(30)).to(torch.float64)
    model(batch)
    given = model.edges(batch)
    assert len(layers) == 2
    for edges in layers:
        assert sorted(edges) == sorted([*given, *LEARNED])
        for edge_type in given:
            assert torch.equal(edges[edge_type], given[edge_type])
        assert int((edges["a", "learned", "b"] > 0).sum(1).max()) == 1
        assert not edges["a", "learned", "a"].diagonal(dim1=1, dim2=2).any()
    assert not torch.equal(*(edges["a", "learned", "b"] for edges in layers))


def test_ablations_take_both_kinds_of_edges(seen, data):
    batch = data.batch(range(30)).to(torch.float64)
    model, real = seen(data=data)
    model(batch)
    real = list(real)
    for ablation in ("no_edges", "complete", "shuffled_edges"):
        other, layers = seen(ablation, data=data)
        layers.clear()
        if ablation != "complete":
            other.load_state_dict(model.state_dict())
        other(batch)
        for edges in layers:
            if ablation == "no_edges":
                assert edges == {}
            elif ablation == "complete":
                assert sorted(edges) == [(s, "complete", d) for s in "ab" for d in "ab"]
        if ablation == "shuffled_edges":
            for edge_type in (*LEARNED, ("a", "k_nearest", "b")):
                shuffled, straight = layers[0][edge_type], real[0][edge_type]
                assert not torch.equal(shuffled, straight)
                assert torch.allclose(
                    shuffled.double().sort(1).values, straight.double().sort(1).values
                )


def test_the_loss_reaches_the_similarity(data):
    model = create_strategy("graph:dynamic", data.schema).prepare(data)
    batch = data.batch(range(30))
    model.loss(model(batch), batch)["task"].backward()
    for weight in model.learners.parameters():
        assert weight.grad.any()


def test_top_k_is_checked(data):
    with pytest.raises(InputError, match="top_k=0"):
        create_strategy("graph:dynamic", data.schema, top_k=0)


def test_learns_what_the_right_relation_shows():
    data = load_dataset("planted/binding", n=2000)
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy("graph:dynamic", data.schema, relations=data.relations)
    fit(model, train, validation)
    right = (predict(model, test).argmax(1) == test.labels()).mean()
    assert right > 0.62  # 5 standard errors above chance
