import pytest
import torch
from huggingface_hub import ModelCard

import graphfuse.nn
from graphfuse.errors import InputError
from graphfuse.nn import DenseGCN2Conv, DenseHGTConv, GraphFusion, HubModule
from graphfuse.nn._typed import convs

METADATA = (["b", "a"], [("b", "near", "a"), ("a", "near", "a"), ("a", "x.y", "b")])
CHANNELS = {"a": 3, "b": 5}


def graph():
    random = torch.Generator().manual_seed(0)
    x = {m: torch.randn(2, 4, size, generator=random) for m, size in CHANNELS.items()}
    edges = {t: torch.rand(2, 4, 4, generator=random) < 0.6 for t in METADATA[1]}
    return x, edges


@pytest.mark.parametrize("name", convs.names())
def test_every_conv_comes_back(name, tmp_path):
    conv = convs.get(name)(CHANNELS, 8, METADATA)
    conv.save_pretrained(tmp_path / "conv")
    loaded = type(conv).from_pretrained(tmp_path / "conv")
    x, edges = graph()
    wanted, found = conv.eval()(x, edges), loaded(x, edges)
    assert all(torch.equal(found[m], wanted[m]) for m in wanted)
    assert repr(loaded) == repr(conv.eval())


@pytest.mark.parametrize("name", convs.names())
def test_graph_fusion_comes_back(name, tmp_path):
    options = {"conv": name, "num_layers": 3, "heads": 2, "readout": "attention"}
    fusion = GraphFusion(CHANNELS, 8, METADATA, **options).double().eval()
    fusion.save_pretrained(tmp_path / "core")
    loaded = GraphFusion.from_pretrained(tmp_path / "core")
    x, edges = graph()
    x = {m: nodes.double() for m, nodes in x.items()}
    assert torch.equal(loaded(x, edges)[0], fusion(x, edges)[0])


def test_options_that_are_no_weights_come_back(tmp_path):
    conv = DenseGCN2Conv(4, 4, METADATA, alpha=0.3, theta=0.7, layer=3)
    conv.save_pretrained(tmp_path / "conv")
    loaded = DenseGCN2Conv.from_pretrained(tmp_path / "conv")
    assert (loaded.alpha, loaded.beta) == (conv.alpha, conv.beta)


def test_converted_from_pyg(tmp_path):
    from torch_geometric.nn import GCN2Conv

    converted = GCN2Conv(4, alpha=0.2, theta=0.5, layer=4)
    conv = DenseGCN2Conv.from_pyg(converted, METADATA)
    assert conv.beta == pytest.approx(converted.beta, abs=1e-15)
    conv.save_pretrained(tmp_path / "conv")
    assert DenseGCN2Conv.from_pretrained(tmp_path / "conv").beta == conv.beta


def test_the_card_of_a_layer(tmp_path):
    DenseHGTConv(CHANNELS, 8, METADATA, heads=2).save_pretrained(tmp_path / "conv", license="mit")
    card = ModelCard.load(tmp_path / "conv" / "README.md")
    assert card.data.library_name == "graphfuse"
    assert "| heads | 2 |" in card.text
    assert "from graphfuse.nn import DenseHGTConv" in card.text
    assert "None was given when the model was saved." in card.text


def test_tied_weights_stay_tied(tmp_path):
    class Tied(HubModule):
        def __init__(self, size):
            super().__init__()
            self.size = size
            self.one, self.two = (torch.nn.Linear(size, size) for _ in range(2))
            self.two.weight = self.one.weight

    tied = Tied(3).double()
    tied.save_pretrained(tmp_path / "tied")
    loaded = Tied.from_pretrained(tmp_path / "tied")
    assert loaded.one.weight is loaded.two.weight
    assert torch.equal(loaded.two.weight, tied.one.weight)


def test_another_class_is_refused(tmp_path):
    DenseHGTConv(CHANNELS, 8, METADATA).save_pretrained(tmp_path / "conv")
    with pytest.raises(
        InputError, match="the saved model is a DenseHGTConv, not a DenseRGCNConv; load"
    ):
        graphfuse.nn.DenseRGCNConv.from_pretrained(tmp_path / "conv")


def test_options_without_a_plain_form_are_refused(tmp_path):
    class Odd(HubModule):
        def __init__(self, thing):
            super().__init__()
            self.thing = thing

    with pytest.raises(InputError, match="settings must be numbers, text"):
        Odd(object()).save_pretrained(tmp_path / "odd")
    assert not (tmp_path / "odd").exists()


def test_what_could_not_be_built_again_is_not_saved(tmp_path):
    class Forgetful(HubModule):
        def __init__(self, size: int) -> None:
            super().__init__()

    class Wrapped(GraphFusion):
        def __init__(self, channels, hidden, metadata):
            super().__init__(channels, hidden, metadata)

    with pytest.raises(InputError, match=r"does not keep its arguments \['size'\]"):
        Forgetful(3).save_pretrained(tmp_path / "a")
    with pytest.raises(
        InputError, match="Wrapped cannot be saved: it cannot be built from its options"
    ):
        Wrapped({"a": 3}, 8, (["a"], [])).save_pretrained(tmp_path / "b")
    assert not list(tmp_path.iterdir())


def test_checkpointing_set_later_is_saved(tmp_path):
    fusion = GraphFusion({"a": 3}, 8, (["a"], []))
    fusion.checkpoint = True
    fusion.save_pretrained(tmp_path / "fusion")
    assert GraphFusion.from_pretrained(tmp_path / "fusion").checkpoint
