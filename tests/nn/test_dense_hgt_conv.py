import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.nn import HGTConv

from graphfuse.errors import InputError
from graphfuse.nn import DenseHGTConv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch


def oracle_of(batch, heads, out_channels):
    conv = HGTConv(batch.channels, out_channels, batch.metadata, heads=heads).double()
    with torch.no_grad():
        for parameter in conv.parameters():
            parameter.normal_()  # skip and p_rel start at one, which would hide mistakes
    return conv


@pytest.mark.parametrize("seed", range(40))
def test_equals_pyg_on_random_schemas(seed):
    batch = random_batch(seed, density=[None, 0.0, 1.0][seed % 3])
    heads = [1, 2, 4][seed % 3]
    conv = oracle_of(batch, heads, 8)
    ours = DenseHGTConv.from_pyg(conv)(batch.x, batch.edges, batch.mask)
    x, index = batch.flat()
    theirs = conv(x, index)
    targeted = {d for _, _, d in batch.metadata[1]}
    for name in targeted:
        assert torch.allclose(ours[name][batch.mask[name]], theirs[name], atol=1e-10, rtol=0)
        assert not ours[name][~batch.mask[name]].any()


@pytest.mark.parametrize("seed", range(10))
def test_no_order_of_a_dictionary_matters(seed):
    batch = random_batch(seed)
    conv = DenseHGTConv.from_pyg(oracle_of(batch, 2, 8))
    expected = conv(batch.x, batch.edges, batch.mask)
    shuffle = random.Random(seed)

    def mixed(mapping):
        return dict(shuffle.sample(list(mapping.items()), len(mapping)))

    got = conv(mixed(batch.x), mixed(batch.edges), mixed(batch.mask))
    for name in expected:
        assert torch.allclose(expected[name], got[name], atol=1e-12, rtol=0)


def test_order_of_metadata_does_not_matter_for_new_weights():
    batch = random_batch(3)
    names, types = batch.metadata
    outputs = []
    for metadata in ((names, types), (names[::-1], types[::-1])):
        torch.manual_seed(0)
        conv = DenseHGTConv(batch.channels, 8, metadata, heads=2).double()
        outputs.append(conv(batch.x, batch.edges, batch.mask))
    for name in names:
        assert torch.equal(outputs[0][name], outputs[1][name])


def test_untargeted_type_gets_the_update_of_an_empty_message():
    conv = DenseHGTConv({"a": 4, "b": 4}, 4, (["a", "b"], [("a", "to", "b")]))
    x = {"a": torch.randn(2, 3, 4), "b": torch.randn(2, 1, 4)}
    out = conv(x, {("a", "to", "b"): torch.ones(2, 3, 1).bool()})
    gate = conv.skip[0].sigmoid()
    expected = gate * conv.out["n_a"].bias + (1 - gate) * x["a"]
    assert torch.allclose(out["a"], expected, atol=1e-6)


def test_lazy_pyg_conv_is_refused():
    conv = HGTConv(-1, 8, (["a"], [("a", "to", "a")]))
    with pytest.raises(InputError, match="lazy sizes; run it once"):
        DenseHGTConv.from_pyg(conv)


NEAR = ("a", "near", "a")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, 8, (["a"], [("a", "near")])), r"an edge type is \(source, relation, destination\)"),
        ((4, 8, (["a"], ["near"])), "an edge type is"),
        ((4, 8, ["a"]), "metadata must be"),
        ((4.5, 8, (["a"], [NEAR])), "integers of at least 1, got in_channels={'a': 4.5}"),
        ((4, 8.0, (["a"], [NEAR])), r"out_channels=8\.0"),
        ((-1, 8, (["a"], [NEAR])), "lazy sizes"),
        ((4, 8, (["a"], [NEAR]), 2.0), "multiple of heads"),
    ],
)
def test_what_it_is_made_of_is_checked(arguments, message):
    with pytest.raises(InputError, match=message):
        DenseHGTConv(*arguments)


def test_sizes_may_be_numbers_of_numpy():
    conv = DenseHGTConv(np.int64(4), np.int64(8), (["a"], [NEAR]), heads=np.int64(2))
    assert conv({"a": torch.ones(1, 2, 4)}, {})["a"].shape == (1, 2, 8)


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseHGTConv(i, o, metadata, heads=2))
