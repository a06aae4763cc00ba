import numpy as np
import pytest
import torch

from graphfuse.data import load_dataset
from graphfuse.errors import InputError
from graphfuse.fusion import FusionOutput, create_strategy
from graphfuse.fusion.feature.shared_private import moment_discrepancy, overlap

NULL = load_dataset("planted/null", n=60)


def made(**options):
    torch.manual_seed(0)
    return create_strategy("shared_private", NULL.schema, **options).double().eval()


def test_moment_discrepancy_by_hand():
    random = np.random.default_rng(0)
    left, right = random.random((30, 4)), random.random((20, 4)) ** 2
    expected = np.linalg.norm(left.mean(0) - right.mean(0))
    for k in (2, 3, 4, 5):
        moments = [((x - x.mean(0)) ** k).mean(0) for x in (left, right)]
        expected += np.linalg.norm(moments[0] - moments[1])
    left, right = torch.from_numpy(left), torch.from_numpy(right)
    assert np.isclose(float(moment_discrepancy(left, right)), expected)
    assert moment_discrepancy(left, left.flip(0)) < 1e-12
    same = left.clone().requires_grad_()
    moment_discrepancy(same, same).backward()
    assert same.grad.isfinite().all()


def test_overlap_is_one_for_the_same_line_and_zero_across():
    line = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.0], [-2.0, 0.0]])
    assert overlap(line, line) == 1
    assert overlap(line, line.flip(1)) == 1  # which feature it is does not matter
    assert overlap(line, torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])) == 0
    corners = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    flat = (1 + 1e-5 * (corners + line)).requires_grad_()  # nearly the same for all samples
    overlap(flat, corners).backward()
    assert flat.grad.abs().max() < 1e3


def test_terms_by_hand_on_samples_that_have_what_is_compared():
    model = made(similarity_weight=2.0, difference_weight=3.0, reconstruction_weight=5.0)
    batch = NULL.batch(range(60))
    output = model(batch)
    terms = {name: float(value.detach()) for name, value in model.loss(output, batch).items()}
    has = torch.stack([batch.mask[m].any(1) for m in ("a", "b")], dim=1)
    both = has.all(1)
    assert 2 < both.sum() < has[:, 0].sum() < 60
    shared, private = output.shared, output.private
    assert terms["similarity"] == pytest.approx(
        2 * float(moment_discrepancy(shared[both, 0], shared[both, 1]).detach())
    )
    overlaps = [overlap(shared[has[:, m], m], private[has[:, m], m]) for m in (0, 1)]
    overlaps.append(overlap(private[both, 0], private[both, 1]))
    assert terms["difference"] == pytest.approx(3 * float(torch.stack(overlaps).mean().detach()))
    errors = torch.cat(
        [
            (model.decoder[m](shared[:, m] + private[:, m]) - output.vectors[:, m])[has[:, m]]
            for m in (0, 1)
        ]
    )
    assert terms["reconstruction"] == pytest.approx(5 * float(errors.square().mean().detach()))


def test_shared_vectors_come_from_one_map_and_private_ones_from_several():
    model, batch = made(), NULL.batch(range(60))
    output = model(batch)
    vectors = output.vectors
    assert torch.equal(output.shared, model.shared(vectors).sigmoid())
    for m in (0, 1):
        assert torch.equal(output.private[:, m], model.private[m](vectors[:, m]).sigmoid())


def test_a_missing_modality_has_learned_vectors():
    model = made()
    model.absent.data[:] = torch.arange(4.0).unsqueeze(1)
    batch = NULL.batch(range(60))
    has = batch.mask["a"].any(1)
    embedding = model(batch).embedding.unflatten(1, (4, -1))
    for place in (0, 2):  # shared and private vector of "a"
        assert (embedding[~has, place] == place).all()
        assert (embedding[has, place] != place).all()


def test_the_loss_needs_the_parts():
    batch = NULL.batch(range(4))
    output = made()(batch)
    with pytest.raises(InputError, match="takes the output of forward, got FusionOutput"):
        made().loss(FusionOutput(output.logits, output.embedding), batch)
