import pytest
import torch
from torch.nn import functional as F

from graphfuse.errors import InputError
from graphfuse.nn import EdgeLearner

SIZES = {"b": 4, "a": 6}


def made(top_k=2, perspectives=3):
    torch.manual_seed(0)
    learner = EdgeLearner(5, list(SIZES), top_k, perspectives).double()
    for weight in learner.parameters():
        torch.nn.init.normal_(weight)
    return learner


def nodes(seed=1):
    random = torch.Generator().manual_seed(seed)
    mask = {
        m: torch.arange(n) < torch.tensor([[n], [2], [0]])
        for m, n in SIZES.items()
    }  # fmt: skip
    x = {m: torch.randn(3, n, 5, generator=random, dtype=torch.float64) for m, n in SIZES.items()}
    return x, mask


def test_equals_the_formula_pair_by_pair():
    learner, (x, mask) = made(), nodes()
    edges = learner(x, mask)
    for s, d in (("a", "b"), ("b", "a"), ("a", "a")):
        for sample in range(3):
            for i in range(SIZES[d]):
                found = {}
                for j in range(SIZES[s]):
                    if not mask[s][sample, j] or not mask[d][sample, i] or (s, i) == (d, j):
                        continue
                    u, v = learner.weight[f"n_{s}"], learner.weight[f"n_{d}"]
                    cosines = F.cosine_similarity(u * x[s][sample, j], v * x[d][sample, i], dim=1)
                    found[j] = cosines.mean().item()
                best = sorted((w for w in found.values() if w > 0), reverse=True)[:2]
                expected = [w if (w := found.get(j, 0.0)) in best else 0.0 for j in range(SIZES[s])]
                got = edges[s, "learned", d][sample, :, i]
                assert torch.allclose(got, torch.tensor(expected).double(), atol=1e-12)


def test_keeps_every_tie():
    learner = made(top_k=1)
    x, _ = nodes()
    x["a"][:, 1] = 3 * x["a"][:, 4]  # the same direction, up to rounding
    edges = learner(x)["a", "learned", "b"] > 0
    assert torch.equal(edges[:, 1], edges[:, 4])
    assert edges[:, 1].any()


def test_the_order_of_nodes_and_what_others_lack_change_nothing():
    learner, (x, mask) = made(), nodes()
    edges = learner(x, mask)
    order = torch.tensor([5, 2, 0, 1, 4, 3])
    moved = learner({**x, "a": x["a"][:, order]}, {**mask, "a": mask["a"][:, order]})
    assert torch.allclose(moved["a", "learned", "b"], edges["a", "learned", "b"][:, order])
    alone = learner({m: v[1:2, :2] for m, v in x.items()})
    assert torch.allclose(alone["b", "learned", "a"], edges["b", "learned", "a"][1:2, :2, :2])
    assert not edges["a", "learned", "b"][2].any()


def test_the_similarity_learns_through_the_edges_that_are_left():
    learner, (x, mask) = made(), nodes()
    x["a"][0, 0] = 0  # a node without a direction
    leaf = {m: v.requires_grad_() for m, v in x.items()}
    sum(edges.square().sum() for edges in learner(leaf, mask).values()).backward()
    for tensor in (*learner.parameters(), *leaf.values()):
        assert tensor.grad.isfinite().all()
        assert tensor.grad.any()
    assert not leaf["a"].grad[~mask["a"]].any()


def test_bfloat16_gives_nearly_the_same():
    learner, (x, mask) = made(top_k=9), nodes()
    exact = learner(x, mask)["a", "learned", "b"]
    near = learner.bfloat16()({m: v.bfloat16() for m, v in x.items()}, mask)["a", "learned", "b"]
    assert near.dtype == torch.bfloat16
    assert torch.allclose(near.double(), exact, atol=0.05)


def test_can_be_exported_with_dynamic_sizes():
    learner, (x, mask) = made(), nodes()
    batch = torch.export.Dim("batch", min=1, max=4096)
    sizes = {m: {0: batch, 1: torch.export.Dim(f"nodes_{m}", min=1, max=4096)} for m in SIZES}
    program = torch.export.export(learner, (x, mask), dynamic_shapes=(sizes, sizes)).module()
    small = ({m: v[:1, :1] for m, v in x.items()}, {m: v[:1, :1] for m, v in mask.items()})
    for given in ((x, mask), small):
        for edge_type, edges in learner(*given).items():
            assert torch.equal(program(*given)[edge_type], edges)


def test_errors_say_what_is_expected():
    with pytest.raises(InputError, match="top_k=0"):
        EdgeLearner(5, ["a"], top_k=0)
    with pytest.raises(InputError, match=r"types \['a', 'b'\], got \['a'\]"):
        made()({"a": torch.ones(1, 1, 5)})
