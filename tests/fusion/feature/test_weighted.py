"""weighted_sum, component_attention and contextual_attention: one weight a modality."""

import numpy as np
import pytest
import torch

from graphfuse.data import Modality, Schema, Target
from graphfuse.fusion import create_strategy

NAMES = ["weighted_sum", "component_attention", "contextual_attention"]


def softmax(scores):
    scores = np.exp(scores - scores.max())
    return scores / scores.sum()


def array(tensor):
    return tensor.detach().numpy()


@pytest.mark.parametrize("name", NAMES)
def test_weights_add_up_to_one_over_what_is_present(make, vectors, present, name):
    model = make(name)
    weights = model.weights(vectors, present)
    assert not weights[~present].any()
    assert torch.allclose(weights.sum(1), torch.tensor([1.0, 1.0, 1.0, 0.0]).double())
    fused = model.fuse(vectors, present)
    assert torch.allclose(fused[0], weights[0] @ vectors[0])
    assert torch.allclose(fused[2], vectors[2, 1])
    assert not fused[3].any()


@pytest.mark.parametrize("name", NAMES)
def test_scores_of_any_size_give_finite_weights(make, vectors, present, name):
    model = make(name).float()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1e18)
    weights = model.weights(vectors.float(), present)
    assert weights.isfinite().all()
    assert torch.allclose(weights.sum(1), torch.tensor([1.0, 1.0, 1.0, 0.0]))


def test_weighted_sum_keeps_the_proportions_of_the_others(make, vectors, present):
    model = make("weighted_sum")
    model.scores.data = torch.tensor([1.0, 2.0, 5.0]).double().log()
    expected = torch.tensor([[1 / 8, 2 / 8, 5 / 8], [1 / 6, 0, 5 / 6], [0, 1, 0], [0, 0, 0]])
    assert torch.allclose(model.weights(vectors, present), expected.double())


def test_component_attention_scores_each_vector_on_its_own(make, vectors, present):
    model = make("component_attention")
    inner, _, query = model.scorer
    values = array(vectors)
    hidden = np.tanh(values @ array(inner.weight).T + array(inner.bias))
    scores = (hidden @ array(query.weight).T)[:, :, 0]
    weights = array(model.weights(vectors, present))
    np.testing.assert_allclose(weights[0], softmax(scores[0]), atol=1e-12)
    np.testing.assert_allclose(weights[1, [0, 2]], softmax(scores[1, [0, 2]]), atol=1e-12)
    other = vectors.clone()
    other[0, 0] += 1
    odds = model.weights(other, present)[0]
    assert float((odds[1] / odds[2]).detach()) == pytest.approx(weights[0, 1] / weights[0, 2])


def gru(x, h, cell):
    """The recurrent cell by its equations (Cho et al. 2014), reset gate first as in torch."""
    width = len(h)
    given = array(cell.weight_ih) @ x + array(cell.bias_ih)
    kept = array(cell.weight_hh) @ h + array(cell.bias_hh)
    r, u = (1 / (1 + np.exp(-(given + kept)[i * width : (i + 1) * width])) for i in (0, 1))
    n = np.tanh(given[2 * width :] + r * kept[2 * width :])
    return (1 - u) * n + u * h


def test_contextual_attention_scores_against_what_came_before(make, vectors, present):
    model = make("contextual_attention")
    inner, _, query = model.scorer
    weights = array(model.weights(vectors, present))
    for row in range(3):
        context, scores = array(model.start), []
        seen = np.flatnonzero(array(present[row]))
        for m in seen:
            vector = array(vectors[row, m])
            joint = array(inner.weight) @ np.concatenate([vector, context]) + array(inner.bias)
            scores.append((array(query.weight) @ np.tanh(joint))[0])
            context = gru(vector, context, model.cell)
        np.testing.assert_allclose(weights[row, seen], softmax(np.array(scores)), atol=1e-12)


def test_contextual_attention_depends_on_earlier_modalities_alone(make, vectors, present):
    model = make("contextual_attention")
    scores = model.score(vectors, present)[0]
    first, last = vectors.clone(), vectors.clone()
    first[:, 0] += 1
    last[:, 2] += 1
    assert (model.score(first, present)[0] != scores).all()
    assert torch.equal(model.score(last, present)[0, :2], scores[:2])


@pytest.mark.parametrize("name", NAMES)
def test_weights_start_even(name):
    schema = Schema([Modality("a", (2,)), Modality("b", (3,))], Target("regression"))
    weights = create_strategy(name, schema).weights(torch.randn(5, 2, 64), torch.ones(5, 2).bool())
    assert torch.allclose(weights, torch.full((5, 2), 0.5))
