import numpy as np
import pytest
import scipy.linalg
import torch

from graphfuse.data import FusionDataset
from graphfuse.data.canonical import RIDGE, canonical_directions, mean_nodes


def views(n=60, sizes=(4, 3, 5), seed=0):
    random = torch.Generator().manual_seed(seed)
    shared = torch.randn(n, 2, generator=random, dtype=torch.float64)
    made = []
    for size in sizes:
        noise = torch.randn(n, size, generator=random, dtype=torch.float64)
        noise[:, :2] += shared * torch.tensor([1.5, 0.7])
        made.append(noise)
    return made, torch.rand(n, len(sizes), generator=random) < 0.8


def oracle(made, present):
    """The same directions as a generalised eigenproblem, on each pair's own samples."""
    present = present.numpy()
    centred = [x.numpy() - x.numpy()[p].mean(0) for x, p in zip(made, present.T, strict=True)]
    blocks, constraint = [], []
    for i, x in enumerate(centred):
        own = x[present[:, i]]
        covariance = own.T @ own / len(own)
        mean = np.trace(covariance) / len(covariance)
        share = max(RIDGE, len(covariance) / len(own))
        constraint.append(covariance + share * mean * np.eye(len(covariance)))
        row = []
        for j, z in enumerate(centred):
            both = present[:, i] & present[:, j]
            row.append(constraint[i] if i == j else x[both].T @ z[both] / both.sum())
        blocks.append(row)
    value, vector = scipy.linalg.eigh(np.block(blocks), scipy.linalg.block_diag(*constraint))
    return value[::-1], vector[:, ::-1] * len(made) ** 0.5


@pytest.mark.parametrize("sizes", [(4, 3), (4, 3, 5)])
def test_directions_solve_the_generalised_eigenproblem(sizes):
    made, present = views(sizes=sizes)
    value, expected = oracle(made, present)
    count = int((value > 1).sum())
    got = torch.cat(canonical_directions(made, present, count)).numpy()
    expected = expected[:, :count] * np.sign((expected[:, :count] * got).sum(0))
    assert np.abs(got - expected).max() < 1e-8


def test_the_first_pair_has_the_highest_correlation_there_is():
    made, _ = views(n=500, sizes=(4, 3))
    a, b = canonical_directions(made, torch.ones(500, 2).bool(), 3)
    assert all(view.shape[1] / 500 < RIDGE for view in made)
    pairs = torch.corrcoef(torch.cat([made[0] @ a, made[1] @ b], dim=1).T)
    own = pairs[:3, 3:].diag()
    assert own[0] > own[1] > own[2]
    assert (pairs[:3, :3] - torch.eye(3)).abs().max() < 0.02  # components do not repeat each other
    left = torch.linalg.qr(made[0] - made[0].mean(0)).Q
    right = torch.linalg.qr(made[1] - made[1].mean(0)).Q
    assert torch.allclose(own, torch.linalg.svdvals(left.T @ right), atol=0.01)


@pytest.mark.parametrize(("n", "least"), [(60, 0.35), (100, 0.4), (1000, 0.63)])
def test_what_few_samples_share_is_found_in_others(n, least):
    """With RIDGE alone, 60 and 100 samples of 40 and 30 features gave .17 and .14."""
    found = []
    for seed in range(5):
        train, _ = views(n + 1000, sizes=(40, 30), seed=seed)
        some = [view[:n] for view in train]
        a, b = canonical_directions(some, torch.ones(n, 2).bool(), 1)
        pair = torch.cat([train[0][n:] @ a, train[1][n:] @ b], dim=1)
        found.append(float(torch.corrcoef(pair.T)[0, 1]))
    assert np.mean(found) > least


def test_neither_order_of_samples_nor_rotation_of_noise_decides_the_sign():
    for seed in range(10):
        made, present = views(n=30, seed=seed)
        order = torch.randperm(30, generator=torch.Generator().manual_seed(seed))
        straight = canonical_directions(made, present, 3)
        mixed = canonical_directions([x[order] for x in made], present[order], 3)
        for a, b in zip(straight, mixed, strict=True):
            assert torch.allclose(a, b, atol=1e-9)


def test_the_sign_is_fixed_where_two_entries_are_as_large():
    x = torch.linspace(-1, 1, 9, dtype=torch.float64).unsqueeze(1)
    for other in (x, -x):
        found = {
            tuple(torch.cat(canonical_directions([x[o], other[o]], torch.ones(9, 2).bool(), 1)))
            for o in (torch.arange(9), torch.arange(8, -1, -1))
        }
        assert len({round(float(first), 6) for first, _ in found}) == 1


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_what_correlates_with_nothing_is_zero(rows):
    made = [torch.ones(rows, 3), torch.randn(rows, 2)]
    a, b = canonical_directions(made, torch.ones(rows, 2).bool(), 4)
    assert a.shape == (3, 4)
    assert b.shape == (2, 4)
    assert not a.any()
    assert not b.any()


def test_more_features_than_samples():
    random = torch.Generator().manual_seed(0)
    made = [torch.randn(8, 20, generator=random), torch.randn(8, 30, generator=random)]
    a, b = canonical_directions(made, torch.ones(8, 2).bool(), 12)
    assert a.isfinite().all()
    assert [int(side[:, 7:].count_nonzero()) for side in (a, b)] == [0, 0]  # rank 7 after centring


def test_mean_nodes():
    data = FusionDataset.from_arrays({"a": [np.array([[1.0, 2.0], [3.0, 6.0]]), None]})
    assert mean_nodes(data.x["a"]).tolist() == [[2, 4], [0, 0]]
