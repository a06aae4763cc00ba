"""The strategies whose nodes attend to each other, and the block they are made of."""

import numpy as np
import pytest
import torch
from torch import nn

from graphfuse.data import Modality, Sample, Schema, Target, collate
from graphfuse.fusion import create_strategy
from graphfuse.fusion.feature._attention import AttentionBlock

NAMES = ["multi_head_attention", "cross_modal_transformer", "bottleneck", "perceiver"]
SCHEMA = Schema([Modality("a", (3,)), Modality("b", (4,)), Modality("c", (2,))], Target("binary"))


def sample(**counts):
    random = torch.Generator().manual_seed(sum(counts.values()))
    return Sample(
        {
            m.name: torch.randn(counts[m.name], *m.shape, generator=random, dtype=torch.float64)
            for m in SCHEMA.modalities
            if counts.get(m.name)
        }
    )


def made(name, **options):
    torch.manual_seed(0)
    model = create_strategy(name, SCHEMA, hidden_channels=8, heads=2, **options).double().eval()
    for parameter in model.parameters():  # norms, biases and stand-ins away from 0 and 1
        nn.init.normal_(parameter, std=0.5)
    return model


def embed(model, *samples):
    return model(collate(list(samples), SCHEMA)).embedding.detach()


def attend(block, nodes, sources):
    """A block on [N, C] and [S, C], without masks, in numpy."""

    def norm(x, layer):
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + layer.eps)
        return x * layer.weight.detach().numpy() + layer.bias.detach().numpy()

    def linear(x, weight, bias):
        return x @ weight.detach().numpy().T + bias.detach().numpy()

    attention, heads = block.attention, block.attention.num_heads
    weights, biases = attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3)
    size = nodes.shape[1] // heads
    if len(sources):
        sides = [norm(x, block.norm) for x in (nodes, sources, sources)]
        query, key, value = (
            linear(x, w, b).reshape(len(x), heads, size)
            for x, w, b in zip(sides, weights, biases, strict=True)
        )
        odds = np.exp(np.einsum("nhd,shd->hns", query, key) / size**0.5)
        odds /= odds.sum(2, keepdims=True)
        message = np.einsum("hns,shd->nhd", odds, value).reshape(nodes.shape)
        nodes = nodes + linear(message, attention.out_proj.weight, attention.out_proj.bias)
    first, inner, outer = (block.feedforward[i] for i in (0, 1, 4))
    hidden = torch.from_numpy(linear(norm(nodes, first), inner.weight, inner.bias))
    return nodes + linear(nn.functional.gelu(hidden).numpy(), outer.weight, outer.bias)


@pytest.mark.parametrize("real", [5, 2, 0])
def test_block_by_hand(real):
    torch.manual_seed(0)
    block = AttentionBlock(6, 2, 0.1).double().eval()
    nodes, sources = torch.randn(1, 3, 6).double(), torch.randn(1, 5, 6).double()
    got = block(nodes, sources, (torch.arange(5) < real).unsqueeze(0))
    expected = attend(block, nodes[0].numpy(), sources[0, :real].numpy())
    assert np.allclose(got[0].detach().numpy(), expected, atol=1e-12)


def tokens(model, one):
    """The tokens of one sample's modalities, none of them padded."""
    batch = collate([one], SCHEMA)
    nodes, masks = model.tokens(batch)
    return [h[0][mask[0]].detach().numpy() for h, mask in zip(nodes, masks, strict=True)]


def normed(layer, x):
    return layer(torch.from_numpy(np.ascontiguousarray(x))).detach()


def side_by_side(readout, nodes):
    return torch.cat(
        [
            normed(readout.norm, h.mean(0)) if len(h) else absent.detach()
            for h, absent in zip(nodes, readout.absent, strict=True)
        ]
    )


def multi_head_attention(model, nodes):
    together = attend(model.block, np.concatenate(nodes), np.concatenate(nodes))
    ends = np.cumsum([len(h) for h in nodes])
    return side_by_side(model.readout, np.split(together, ends[:-1]))


def cross_modal_transformer(model, nodes):
    rewritten = []
    for t in range(3):
        streams = []
        for pair, (source, target) in enumerate(model.pairs):
            if target == t:
                stream = nodes[t]
                for layer in range(2):
                    stream = attend(model.across[6 * layer + pair], stream, nodes[source])
                streams.append(stream)
        merged = normed(model.merge[t], np.concatenate(streams, axis=1)).numpy()
        rewritten.append(attend(model.within[t], merged, merged) if len(merged) else merged)
    return side_by_side(model.readout, rewritten)


def bottleneck(model, nodes):
    shared = model.bottleneck.detach().numpy()
    nodes = list(nodes)
    for layer in range(2):
        written = []
        for m in range(3):
            if len(nodes[m]):
                both = np.concatenate([nodes[m], shared])
                both = attend(model.blocks[3 * layer + m], both, both)
                nodes[m] = both[: len(nodes[m])]
                written.append(both[len(nodes[m]) :])
        shared = np.mean(written, axis=0)
    return torch.stack([normed(model.norm, h.mean(0)) for h in nodes if len(h)]).mean(0)


def perceiver(model, nodes):
    latents = model.latents.detach().numpy()
    for read, think in zip(model.read, model.think, strict=True):
        latents = attend(read, latents, np.concatenate(nodes))
        latents = attend(think, latents, latents)
    return normed(model.norm, latents.mean(0))


@pytest.mark.parametrize("name", NAMES)
def test_embedding_is_the_formula_on_the_nodes_that_are_there(name):
    model = made(name)
    samples = [sample(a=2, b=3, c=1), sample(a=4, c=2), sample(b=1)]
    for one, got in zip(samples, embed(model, *samples), strict=True):
        assert torch.allclose(got, globals()[name](model, tokens(model, one)), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_no_node_at_all(name):
    model = made(name)
    expected = {
        "multi_head_attention": lambda: model.readout.absent.flatten(),
        "cross_modal_transformer": lambda: model.readout.absent.flatten(),
        "bottleneck": lambda: torch.zeros(8),
        "perceiver": lambda: perceiver(model, [np.zeros((0, 8))] * 3),
    }[name]()
    got = embed(model, sample(a=2, b=3, c=1), Sample({}))[1]
    assert torch.allclose(got, expected.detach().double(), atol=1e-12)


def test_tokens_are_all_that_modalities_exchange():
    both, a, b = sample(a=2, b=3), sample(a=2, b=3), sample(a=2, b=3)
    a.x.pop("b")
    b.x.pop("a")
    once = embed(made("bottleneck", num_layers=1), both, a, b)
    assert torch.allclose(once[0], (once[1] + once[2]) / 2, atol=1e-12)  # written, not yet read
    twice = embed(made("bottleneck", num_layers=2), both, a, b)
    assert (twice[0] - (twice[1] + twice[2]) / 2).abs().max() > 0.01


@pytest.mark.parametrize("name", ["multi_head_attention", "cross_modal_transformer", "perceiver"])
def test_a_node_given_twice_changes_nothing_when_all_are(name):
    model, one = made(name), sample(a=2, b=3, c=1)
    twice = Sample({m: nodes.repeat(2, 1) for m, nodes in one.x.items()})
    assert torch.allclose(*embed(model, one, twice), atol=1e-12)
