import os

os.environ["HF_HUB_OFFLINE"] = "1"

import json
import shutil
import sys
from functools import lru_cache

import numpy as np
import pytest
import soundfile
import torch
import transformers
from safetensors.torch import load_file, save_file

from graphfuse.encoders import Preprocessor, create_encoder
from graphfuse.encoders.audio.transformers import Transformers, _load
from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw import Sound, read_manifest

RATE = 16000
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
LAYER_NORM = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
BERT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "feature_projection_input_dim": 160,
}
WHISPER = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_source_positions": 150,
    "vocab_size": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
AST = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_length": 256,
    "num_mel_bins": 32,
}
MODELS = {
    "wav2vec2": ("Wav2Vec2", SMALL),
    "wav2vec2-large": ("Wav2Vec2", {**SMALL, **LAYER_NORM}),
    "wav2vec2-adapter": ("Wav2Vec2", {**SMALL, **LAYER_NORM, "add_adapter": True}),
    "hubert-large": ("Hubert", {**SMALL, **LAYER_NORM}),
    "unispeech-sat-large": ("UniSpeechSat", {**SMALL, **LAYER_NORM}),
    "wavlm-large": ("WavLM", {**SMALL, **LAYER_NORM}),
    "wav2vec2-bert": ("Wav2Vec2Bert", BERT),
    "whisper": ("Whisper", WHISPER),
    "ast": ("AST", AST),
}
MASKED = [name for name in MODELS if name.endswith("-large")]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    @lru_cache
    def make(name):
        kind, options = MODELS[name]
        config = getattr(transformers, f"{kind}Config")(**options)
        torch.manual_seed(0)
        path = tmp_path_factory.mktemp("models") / name
        getattr(transformers, f"{kind}Model")(config).save_pretrained(path)
        if kind == "Whisper":
            extractor = transformers.WhisperFeatureExtractor(chunk_length=3)
        elif kind == "AST":
            extractor = transformers.ASTFeatureExtractor(max_length=256, num_mel_bins=32)
        elif kind == "Wav2Vec2Bert":
            extractor = transformers.SeamlessM4TFeatureExtractor()
        else:
            extractor = transformers.Wav2Vec2FeatureExtractor()
        extractor.save_pretrained(path)
        return str(path)

    return make


def test_a_preprocessor_finds_its_model_again(folder, tmp_path):
    for i in range(2):
        soundfile.write(tmp_path / f"{i}.wav", noise(0.5, i).samples, RATE)
    (tmp_path / "d.csv").write_text("sound,label\n0.wav,a\n1.wav,b\n")
    manifest = read_manifest(tmp_path / "d.csv")
    given = {"sound": {"transformers": {"model": folder("wav2vec2")}}}
    fitted = Preprocessor(given, cache=tmp_path / "cache").fit(manifest)
    fitted.save(tmp_path / "pre")
    loaded = Preprocessor.load(tmp_path / "pre", cache=tmp_path / "cache")
    assert loaded.transform(manifest).fingerprint == fitted.transform(manifest).fingerprint


def noise(seconds, seed=0, rate=RATE):
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    return Sound(samples.astype(np.float32), rate)


SOUNDS = [noise(1.0), noise(0.5, 1), noise(0.83, 2), noise(0.5, 3)]


@pytest.mark.parametrize("name", MODELS)
def test_a_sound_does_not_depend_on_those_beside_it(folder, name):
    encoder = Transformers(folder(name))
    together = encoder.encode(SOUNDS)
    for nodes, sound in zip(together, SOUNDS, strict=True):
        [alone] = encoder.encode([sound])
        assert nodes.x.shape[1] == encoder.features
        torch.testing.assert_close(nodes.x, alone.x, atol=2e-5, rtol=0)
        torch.testing.assert_close(nodes.pos, alone.pos)
        assert nodes.pos.shape == (len(nodes.x), 1)
        assert (nodes.pos.flatten().diff() > 0).all()
        assert 0 < nodes.pos[0] < 0.1
        assert nodes.pos[-1] == pytest.approx(sound.seconds, abs=0.1)


def test_it_computes_on_the_given_device(folder, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    _load.cache_clear()
    encoder = Transformers(folder("wav2vec2"))
    assert encoder.encode(SOUNDS[:1])[0].x.device.type == "cpu"
    moved = []
    monkeypatch.setattr(type(encoder.network), "to", lambda self, device: moved.append(device))
    encoder.to("meta").encode(SOUNDS[:1])
    assert moved == ["meta"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rate", [None, 4])
def test_how_long_a_sound_is_does_not_show_where_as_many_seconds_are_heard(folder, name, rate):
    long = noise(1.5)
    start = Sound(long.samples[:8000], RATE)
    cut, whole = Transformers(folder(name), rate=rate, seconds=0.5).encode([long, start])
    torch.testing.assert_close(cut.x, whole.x, atol=2e-5, rtol=0)
    assert torch.equal(cut.pos, whole.pos)
    assert len(Transformers(folder(name), rate=rate).encode([long])[0].x) > len(cut.x)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("length", [0, 1, 300, 4000])
def test_silence_and_short_sounds_give_finite_nodes(folder, name, length):
    [nodes] = Transformers(folder(name)).encode([Sound(np.zeros(length, np.float32), RATE)])
    assert len(nodes.x) >= 1
    assert nodes.x.dtype == nodes.pos.dtype == torch.float32
    assert nodes.x.isfinite().all()
    assert nodes.pos.isfinite().all()


@pytest.mark.parametrize("name", MASKED)
def test_models_that_mask_take_sounds_of_any_length_together(folder, name, monkeypatch):
    calls = []
    kind = getattr(transformers, f"{MODELS[name][0]}Model")
    forward = kind.forward

    def count(self, *args, **options):
        calls.append(options["attention_mask"].sum(1).tolist())
        return forward(self, *args, **options)

    monkeypatch.setattr(kind, "forward", count)
    Transformers(folder(name)).encode(SOUNDS)
    assert calls == [[8000, 8000, 13280, 16000]]


def test_nodes_are_the_model_s_own_frames(folder):
    path = folder("wav2vec2-large")
    model = transformers.AutoModel.from_pretrained(path).eval()
    samples = SOUNDS[0].samples
    given = torch.from_numpy((samples - samples.mean()) / samples.std())[None]
    with torch.inference_mode():
        output = model(given, output_hidden_states=True)
    [nodes] = Transformers(path).encode([SOUNDS[0]])
    torch.testing.assert_close(nodes.x, output.last_hidden_state[0], atol=1e-4, rtol=0)
    for layer in (0, 1):
        [nodes] = Transformers(path, layer=layer).encode([SOUNDS[0]])
        torch.testing.assert_close(nodes.x, output.hidden_states[layer][0], atol=1e-4, rtol=0)


def test_positions_are_the_centres_of_what_frames_hear(folder):
    [nodes] = Transformers(folder("wav2vec2")).encode([SOUNDS[0]])
    expected = (np.arange(49) * 320 + 200) / RATE  # stride 20 ms, receptive field 25 ms
    np.testing.assert_allclose(nodes.pos.flatten(), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["wav2vec2-large", "whisper", "ast"])
def test_a_click_is_heard_around_its_second(folder, name):
    samples = noise(2).samples
    changed = samples.copy()
    changed[round(1.3 * RATE) : round(1.32 * RATE)] *= -1
    one, other = Transformers(folder(name), layer=0).encode(
        [Sound(samples, RATE), Sound(changed, RATE)]
    )
    moved = (one.x - other.x).norm(dim=1).argmax()
    assert abs(one.pos[moved].item() - 1.31) < 0.1


def test_frames_are_pooled_to_a_rate(folder):
    [frames] = Transformers(folder("wav2vec2")).encode([SOUNDS[0]])
    [nodes] = Transformers(folder("wav2vec2"), rate=7).encode([SOUNDS[0]])
    assert len(nodes.x) == 7
    torch.testing.assert_close(nodes.x[0], frames.x[:7].mean(0))
    torch.testing.assert_close(nodes.pos[-1], frames.pos[42:].mean(0))


@pytest.mark.parametrize("name", ["wav2vec2", "wavlm-large", "whisper", "ast"])
def test_long_sounds_are_cut_into_equal_parts(folder, name):
    sound = noise(3.6)
    encoder = Transformers(folder(name), chunk=2.0)
    [nodes] = encoder.encode([sound])
    half = len(sound.samples) // 2
    parts = encoder.encode([Sound(s, RATE) for s in (sound.samples[:half], sound.samples[half:])])
    torch.testing.assert_close(nodes.x, torch.cat([p.x for p in parts]), atol=2e-5, rtol=0)
    torch.testing.assert_close(nodes.pos, torch.cat([parts[0].pos, parts[1].pos + 1.8]))
    assert nodes.pos[-1] == pytest.approx(3.6, abs=0.1)


def test_volume_leaves_no_trace_in_a_model_that_normalises(folder):
    loud, quiet = SOUNDS[0], Sound(SOUNDS[0].samples / 50, RATE)
    one, other = Transformers(folder("wav2vec2")).encode([loud, quiet])
    torch.testing.assert_close(one.x, other.x, atol=1e-2, rtol=0)


def test_other_sample_rates_are_brought_to_the_model_s(folder):
    [nodes] = Transformers(folder("wav2vec2")).encode([noise(1.0, rate=44100)])
    assert len(nodes.x) == 49


def test_sounds_wait_at_the_model_s_rate_and_become_the_same_nodes(folder):
    encoder = Transformers(folder("wav2vec2"), rate=1)
    sound = noise(1.5, rate=44100)
    ready = encoder.prepare(sound)
    assert (len(ready.samples), ready.rate) == (24000, RATE)
    [nodes], [same] = encoder.encode([sound]), encoder.encode([ready])
    assert torch.equal(nodes.x, same.x)


def test_identity_follows_weights_not_names(folder, tmp_path):
    path = folder("wav2vec2")
    copy = shutil.copytree(path, tmp_path / "copy")
    given = create_encoder("audio", f"transformers:{path}").identity()
    assert Transformers(str(copy)).identity() == given
    assert path not in json.dumps(given)
    weights = load_file(copy / "model.safetensors")
    save_file({k: v + 1e-3 for k, v in weights.items()}, copy / "model.safetensors")
    assert Transformers(str(copy)).identity() != given


def test_missing_weights_are_an_error(folder, tmp_path):
    transformers.AutoModel.from_pretrained(folder("wav2vec2")).save_pretrained(tmp_path)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    lost = "encoder.layers.1.attention.k_proj.weight"
    kept = {k: v for k, v in weights.items() if k != lost}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=f"lacks 1 of the weights of a Wav2Vec2Model, '{lost}'"):
        Transformers(str(tmp_path)).encode(SOUNDS)


def test_code_that_comes_with_weights_is_not_run(folder, tmp_path):
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    config = {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text("raise SystemExit('code was run')")
    with pytest.raises(InputError, match="cannot be loaded as an audio model"):
        Transformers(str(tmp_path)).encode(SOUNDS)


def test_unknown_models_are_errors(tmp_path):
    with pytest.raises(InputError, match="no weights of 'nobody/nothing'"):
        Transformers("nobody/nothing").encode(SOUNDS)
    with pytest.raises(InputError, match="cannot be loaded as an audio model"):
        Transformers(str(tmp_path)).encode(SOUNDS)


def test_models_of_other_things_are_errors(tmp_path):
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    text = transformers.BertConfig(**small, intermediate_size=8, vocab_size=8)
    transformers.BertModel(text).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"\(BertModel\) does not turn sound alone into frames"):
        Transformers(str(tmp_path)).encode(SOUNDS)
    with pytest.raises(InputError, match="must be a sound, got str"):
        Transformers(str(tmp_path)).encode(["a text"])


def test_models_of_sound_and_text_are_errors(tmp_path):
    transformers.ClapFeatureExtractor().save_pretrained(tmp_path)
    tiny = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 8}
    audio = {"patch_embeds_hidden_size": 8, "depths": [1], "num_attention_heads": [1]}
    config = transformers.ClapConfig(text_config=tiny, audio_config=audio)
    transformers.ClapModel(config).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"\(ClapModel\) does not turn sound alone"):
        Transformers(str(tmp_path)).encode(SOUNDS)


def test_the_package_is_named_where_it_is_missing(folder, monkeypatch):
    path = folder("hubert-large")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match="encoding sounds needs the package"):
        Transformers(f"{path}/").encode(SOUNDS)


def test_a_layer_that_the_model_lacks_is_an_error(folder):
    with pytest.raises(InputError, match="has the layers 0 to 2, got layer=7"):
        Transformers(folder("wav2vec2"), layer=7).encode(SOUNDS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 0}, "rate must be a number of nodes per second above 0, got 0"),
        ({"chunk": 0.1}, "chunk must be a number of seconds of at least 1, got 0.1"),
        ({"layer": -2}, "layer must be -1 or at least 0, got -2"),
    ],
)
def test_wrong_options_are_errors(options, message):
    with pytest.raises(InputError, match=message):
        Transformers(**options)
