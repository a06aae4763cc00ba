from itertools import cycle

import pytest
import torch

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.nn import GraphFusion
from graphfuse.nn._typed import convs
from graphfuse.nn.readout import readouts
from graphfuse.testing._graph import to_sparse
from graphfuse.testing._programs import check_compile, check_export

CHANNELS = {"image": 5, "text": 3}
TYPES = [("text", "names", "image"), ("image", "near", "image")]
METADATA = (["image", "text"], TYPES)


def graph(seed=0, samples=4):
    random = torch.Generator().manual_seed(seed)
    sizes = {"image": 6, "text": 4}
    mask = {
        m: torch.arange(n).unsqueeze(0) < torch.randint(0, n + 1, (samples, 1), generator=random)
        for m, n in sizes.items()
    }
    x = {
        m: torch.randn(samples, n, CHANNELS[m], generator=random, dtype=torch.float64)
        * mask[m].unsqueeze(2)
        for m, n in sizes.items()
    }
    edges = {
        (s, r, d): torch.rand(samples, sizes[s], sizes[d], generator=random) < 0.5
        for s, r, d in TYPES
    }
    return x, edges, mask


def made(**options):
    torch.manual_seed(0)
    return GraphFusion(CHANNELS, 8, METADATA, **options).double().eval()


@pytest.mark.parametrize("conv", ["hgt", "typed_attention"])
@pytest.mark.parametrize("readout", ["concat", "mean", "attention"])
def test_shapes_isolation_and_order(conv, readout):
    fusion = made(conv=conv, readout=readout)
    x, edges, mask = graph()
    embedding, nodes = fusion(x, edges, mask)
    assert embedding.shape == (4, fusion.out_channels)
    assert embedding.isfinite().all()
    assert {m: list(h.shape) for m, h in nodes.items()} == {"image": [4, 6, 8], "text": [4, 4, 8]}
    assert not nodes["image"][~mask["image"]].any()
    turned = [dict(reversed(list(part.items()))) for part in (x, edges, mask)]
    assert torch.allclose(fusion(*turned)[0], embedding, atol=1e-12, rtol=0)
    for i in range(4):
        alone = [{k: v[i : i + 1] for k, v in part.items()} for part in (x, edges, mask)]
        assert torch.allclose(fusion(*alone)[0][0], embedding[i], atol=1e-12, rtol=0)


@pytest.mark.parametrize("readout", ["concat", "mean", "attention"])
def test_units_are_read_out_one_by_one(readout):
    fusion = made(readout=readout)
    x, edges, mask = graph(samples=2)
    mask = {m: torch.ones_like(rows) for m, rows in mask.items()}
    unit = {
        "image": torch.tensor([[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]]),
        "text": torch.tensor([[0, 1, 1, -1], [2, 1, 0, 0]]),
    }
    embedding, _ = fusion(x, edges, mask, unit)
    assert embedding.shape == (2, 3, fusion.out_channels)
    one = {m: torch.zeros_like(rows) for m, rows in unit.items()}
    whole, _ = fusion(x, edges, mask, one)
    assert torch.allclose(whole.squeeze(1), fusion(x, edges, mask)[0], atol=1e-12)
    # Edges do not reach across units here, so that cutting a unit out changes nothing for it.
    inside = {
        (s, r, d): e & (unit[s].unsqueeze(2) == unit[d].unsqueeze(1))
        for (s, r, d), e in edges.items()
    }
    both, _ = fusion(x, inside, mask, unit)
    second = {m: unit[m] == 1 for m in unit}
    cut, _ = fusion(x, inside, second)
    assert torch.allclose(both[:, 1], cut, atol=1e-12)


def test_concat_keeps_what_went_in_beside_what_came_out():
    fusion = made()
    x, edges, mask = graph()
    mask = {m: torch.ones_like(rows) for m, rows in mask.items()}
    embedding, nodes = fusion(x, edges, mask)
    assert fusion.out_channels == 2 * 2 * 8
    plain = fusion.project["n_image"](x["image"]).mean(1)
    assert torch.allclose(embedding[:, :8], plain)
    assert torch.allclose(embedding[:, 8:16], nodes["image"].mean(1))


def test_without_layers_edges_play_no_role():
    fusion = made(num_layers=0)
    x, edges, mask = graph()
    none = {t: torch.zeros_like(e) for t, e in edges.items()}
    assert torch.equal(fusion(x, edges, mask)[0], fusion(x, none, mask)[0])


def test_a_sample_without_nodes_is_finite_in_value_and_gradient():
    fusion = made()
    x, edges, mask = graph()
    empty = {m: torch.zeros_like(rows) for m, rows in mask.items()}
    embedding, _ = fusion(x, edges, empty)
    embedding.sum().backward()
    assert embedding.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in fusion.parameters())


def kept_and_gradients(fusion, *given, **options):
    """Bytes kept for the backward pass, the embedding, and the gradients."""
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    fusion.zero_grad()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        embedding, _ = fusion(*given, **options)
    embedding.square().sum().backward()
    return sum(kept.values()), embedding, [p.grad for p in fusion.parameters()]


@pytest.mark.parametrize("form", ["dense", "sparse", "rewired"])
@pytest.mark.parametrize("conv", ["hgt", "gatv2", "gcn2"])
def test_checkpoints_keep_less_for_the_same_gradients(conv, form):
    x, edges, mask = graph()
    options = {}
    if form == "sparse":
        edges = to_sparse(edges)
    if form == "rewired":
        edge_type = ("image", "near", "image")

        def rewire(layer, nodes):
            return {edge_type: (nodes["image"] @ nodes["image"].transpose(1, 2)).sigmoid()}

        options["rewire"] = rewire
    fusion = made(conv=conv, num_layers=4)
    much, embedding, gradients = kept_and_gradients(fusion, x, edges, mask, **options)
    fusion.checkpoint = True
    little, again, same = kept_and_gradients(fusion, x, edges, mask, **options)
    assert little < much / 2
    assert torch.allclose(again, embedding, atol=1e-12, rtol=0)
    for one, other in zip(gradients, same, strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.allclose(one, other, atol=1e-12, rtol=0)


def test_checkpoints_compile_and_export():
    x, edges, mask = graph()
    given = x, {TYPES[0]: edges[TYPES[0]] * 0.7}, mask
    layer = OneDictionary(made(num_layers=1, checkpoint=True))
    check_compile(layer, given)
    check_export(layer, given)


class OneDictionary(torch.nn.Module):
    """The embedding beside the nodes, as the checks of convs take them."""

    def __init__(self, fusion):
        super().__init__()
        self.fusion = fusion

    def forward(self, x, edges, mask):
        embedding, nodes = self.fusion(x, edges, mask)
        return {"embedding": embedding, **nodes}


@pytest.mark.parametrize(
    ("conv", "readout"), list(zip(convs.names(), cycle(readouts.names()), strict=False))
)
def test_compiles_and_exports_with_every_conv_and_readout(conv, readout):
    x, edges, mask = graph()
    given = x, {TYPES[0]: edges[TYPES[0]] * 0.7}, mask  # convs have checks of their own
    layer = OneDictionary(made(conv=conv, num_layers=1, readout=readout))
    check_compile(layer, given)
    check_export(layer, given)


def test_layers_take_part_one_after_the_other():
    fusion = made(num_layers=1)
    x, edges, mask = graph()
    h = {t: fusion.project[f"n_{t}"](x[t]) * mask[t].unsqueeze(2) for t in ("image", "text")}
    sent = fusion.convs[0]({t: fusion.norms[0](h[t]) for t in h}, edges, mask)
    for t in h:
        after = h[t] + sent[t]
        after = (after + fusion.feedforwards[0](after)) * mask[t].unsqueeze(2)
        assert torch.allclose(fusion(x, edges, mask)[1][t], after, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": {"image": torch.zeros(4, 6, 5).double()}}, "takes nodes of the types"),
        ({"x": {"image": torch.zeros(4, 6, 7), "text": torch.zeros(4, 4, 3)}}, r"B, N, 5"),
        (
            {"x": {"image": torch.zeros(4, 6, 5), "text": torch.zeros(4, 4, 3)}},
            r"nodes of 'image' are torch.float32, but the weights of the GraphFusion are torch.flo",
        ),
        ({"mask": {"image": torch.ones(4, 6).bool()}}, "takes a mask of the types"),
        ({"unit": {"image": torch.zeros(4, 6).long()}}, "unit must have the node types"),
        (
            {"unit": {"image": torch.zeros(4, 1).long(), "text": torch.zeros(4, 4).long()}},
            r"units of 'image' must be int64 \[B, N\] = \[4, 6\], got torch.int64 \[4, 1\]",
        ),
        ({"unit": {"image": torch.zeros(4, 6), "text": torch.zeros(4, 4)}}, "got torch.float32"),
        ({"edges": {TYPES[0]: [[True]]}}, "dense tensor .* or SparseEdges, got list"),
        (
            {"edges": {TYPES[0]: torch.ones(4, 4, 6).to_sparse()}},
            "dense tensor .* or SparseEdges, got torch.sparse_coo",
        ),
        ({"edges": {("text", "nmaes", "image"): torch.ones(4, 4, 6).bool()}}, "did you mean"),
    ],
)
@pytest.mark.parametrize("num_layers", [0, 1])
def test_wrong_input_is_named(num_layers, change, message):
    x, edges, mask = graph()
    settings = {"x": x, "edges": edges, "mask": mask} | change
    with pytest.raises((InputError, UnknownNameError), match=message):
        made(num_layers=num_layers)(**settings)


def test_errors():
    with pytest.raises(UnknownNameError, match="did you mean 'hgt'"):
        made(conv="hgtt")
    with pytest.raises(UnknownNameError, match="unknown readout"):
        made(readout="last")
    with pytest.raises(InputError, match="num_layers must be at least 0"):
        made(num_layers=-1)
    with pytest.raises(InputError, match="must name the same modalities"):
        GraphFusion({"image": 5}, 8, METADATA)
