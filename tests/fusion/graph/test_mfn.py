import pytest
import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import Modality, Schema, Target, load_dataset, make_splits
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion import create_strategy
from graphfuse.training import fit, predict

HIDDEN = 6


def schema(modalities):
    return Schema([Modality("hgfedcba"[i], (3,)) for i in range(modalities)], Target("binary"))


def made(modalities=3, **options):
    torch.manual_seed(0)
    model = create_strategy("graph:mfn", schema(modalities), hidden_channels=HIDDEN, **options)
    return model.double().eval()


def inputs(modalities=3, samples=5):
    random = torch.Generator().manual_seed(1)
    present = torch.ones(samples, modalities).bool()
    vectors = torch.randn(samples, modalities, HIDDEN, generator=random, dtype=torch.float64)
    return vectors, present


@pytest.mark.parametrize(("modalities", "vertices", "edges"), [(2, 3, 5), (3, 7, 19), (4, 15, 65)])
def test_has_a_vertex_for_every_set_and_the_papers_number_of_efficacies(
    modalities, vertices, edges
):
    model = made(modalities)
    assert len(model.vertices) == vertices
    assert model.efficacy[-1].out_features == edges == 3**modalities - 2**modalities
    vectors, present = inputs(modalities)
    assert model.fuse(vectors, present).shape == (5, HIDDEN)


def test_equals_the_formula_for_two_modalities():
    model = made(2)
    vectors, present = inputs(2)
    a, b = vectors.unbind(1)
    g = model.efficacy(torch.cat([a, b], 1)).sigmoid().unsqueeze(2).unbind(1)
    both = model.networks[0](torch.cat([g[0] * a, g[1] * b], 1))
    expected = model.output(torch.cat([g[2] * a, g[3] * b, g[4] * both], 1))
    assert torch.allclose(model.fuse(vectors, present), expected, atol=1e-12)


def test_sets_with_a_missing_modality_are_absent():
    model = made()
    vectors, present = inputs()
    present[:, 1] = False
    vectors = vectors * present.unsqueeze(2)
    expected = model.fuse(vectors, present)
    with torch.no_grad():
        for members, network in zip(model.vertices[3:], model.networks, strict=True):
            if 1 in members:
                network[-1].bias += 100
    assert torch.equal(model.fuse(vectors, present), expected)
    with torch.no_grad():
        model.networks[model.vertices.index((0, 2)) - 3][-1].bias += 1
    assert not torch.allclose(model.fuse(vectors, present), expected)


def test_without_edges_larger_sets_are_constant():
    model, cut = made(), made(ablation="no_edges")
    vectors, present = inputs()
    assert not torch.allclose(model.fuse(vectors, present), cut.fuse(vectors, present))
    model.load_state_dict(cut.state_dict())
    with torch.no_grad():
        for network in (*model.networks, *cut.networks):
            network[0].weight.zero_()
    assert torch.allclose(model.fuse(vectors, present), cut.fuse(vectors, present), atol=1e-12)


def test_errors_say_what_to_do():
    assert len(made(6).vertices) == 63
    with pytest.raises(InputError, match="127 for 7 modalities"):
        made(7)
    with pytest.raises(UnknownNameError, match="unknown ablation 'complete'"):
        made(ablation="complete")


@pytest.mark.parametrize("dataset", ["planted/xor", "planted/unique"])
def test_comes_near_the_bayes_accuracy(dataset):
    data = load_dataset(dataset, n=1000)
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy("graph:mfn", data.schema)
    fit(model, train, validation)
    right = (predict(model, test).argmax(1) == test.labels()).mean()
    assert right > data.bayes_accuracy - 0.06
