import json
import subprocess
import sys

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from graphfuse import _hub
from graphfuse.data import FusionDataset, Modality, Sample, Schema, Target, load_dataset
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.estimators import FusionClassifier
from graphfuse.fusion import (
    Strategy,
    create_strategy,
    list_strategies,
    strategies,
    strategy_options,
)
from graphfuse.graph import (
    Attention,
    Causal,
    CoOccurrence,
    KNearest,
    Prune,
    Spatial,
    Temporal,
    Union,
)
from graphfuse.nn import GraphFusion
from graphfuse.training import Recipe, fit, predict

MODALITIES = (Modality("image", (6,), pos_dim=2), Modality("a.b", (4,), pos_dim=1))


def dataset(task="multiclass", samples=30, dtype=torch.float32):
    random = torch.Generator().manual_seed(0)
    classes = {"binary": 2, "multiclass": 3, "multilabel": 3, "regression": ()}[task]
    rows = []
    for i in range(samples):
        x = {m.name: torch.randn(4, *m.shape, generator=random, dtype=dtype) for m in MODALITIES}
        pos = {m.name: torch.arange(4.0).expand(m.pos_dim, 4).T for m in MODALITIES}
        if i % 5 == 4:
            del x["a.b"], pos["a.b"]
        y = {"regression": 100.0 + i, "multilabel": torch.arange(3) == i % 3}.get(task, i % 2)
        rows.append(Sample(x, y, pos, id=str(i)))
    return FusionDataset.from_samples(rows, Schema(MODALITIES, Target(task, classes)))


def trained(name="graph:hgt", data=None, **options):
    data = dataset() if data is None else data
    torch.manual_seed(0)
    strategy = create_strategy(name, data.schema, hidden_channels=8, **options)
    fit(strategy, data.subset(range(20)), data.subset(range(20, 25)), Recipe(epochs=1))
    return strategy


def equal(first, second):
    return first.dtype == second.dtype and torch.equal(first, second)


NAMES = [n for n in list_strategies(schema=dataset().schema) if "/" not in n]
NAMES += [f"graph:hgt/{ablation}" for ablation in ("no_edges", "shuffled_edges", "complete")]


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_comes_back_bit_by_bit(name, tmp_path):
    data = dataset()
    options = {"hidden_channels": 8} if "hidden_channels" in strategy_options(name) else {}
    torch.manual_seed(0)
    strategy = create_strategy(name, data.schema, **options)
    fit(strategy, data.subset(range(20)), data.subset(range(20, 25)), Recipe(epochs=1))
    strategy.save_pretrained(tmp_path / "model")
    before = torch.get_rng_state()
    loaded = Strategy.from_pretrained(tmp_path / "model")
    assert equal(torch.get_rng_state(), before)
    assert type(loaded) is type(strategy)
    assert loaded.name == name
    assert not loaded.training
    batch = data.batch(range(25, 30))
    assert equal(loaded(batch).logits, strategy(batch).logits)
    state, own = loaded.state_dict(), strategy.state_dict()
    assert state.keys() == own.keys()
    assert all(equal(state[key], own[key]) for key in own)


@pytest.mark.parametrize("task", ["binary", "multilabel", "regression"])
def test_every_task_comes_back(task, tmp_path):
    data = dataset(task)
    for name in ("stacking", "graph:typed_attention"):
        strategy = trained(name, data)
        strategy.save_pretrained(tmp_path / "model")
        loaded = Strategy.from_pretrained(str(tmp_path / "model"))
        assert loaded.schema == data.schema
        assert np.array_equal(predict(loaded, data), predict(strategy, data))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "relation",
    [
        Attention(top_k=2, components=3),
        Attention(space="standardised", pairs="within"),
        CoOccurrence(codes=4, top_k=2, pairs=[("image", "a.b")]),
        KNearest(k=1, on={"image": slice(0, 4), "a.b": slice(0, 4)}, metric="cosine"),
        Temporal(window=1.5),
        Spatial(),
        Union([CoOccurrence(codes=3), Attention(top_k=1)]),
        Prune(CoOccurrence(codes=5), top_k=1, threshold=0.1),
    ],
    ids=lambda r: r.name if hasattr(r, "name") else str(r),
)
def test_what_relations_fitted_comes_back(relation, dtype, tmp_path):
    data = dataset(dtype=dtype)
    strategy = create_strategy("graph:sage", data.schema, relations=[relation]).prepare(data)
    strategy.save_pretrained(tmp_path / "model")
    loaded = Strategy.from_pretrained(tmp_path / "model")
    batch = data.batch(range(30))
    drawn, wanted = loaded.edges(batch), strategy.edges(batch)
    assert drawn.keys() == wanted.keys()
    assert all(equal(drawn[t], wanted[t]) for t in wanted)
    assert any(bool((edges > 0).any()) for edges in wanted.values())


def test_causal_arrows_come_back(tmp_path):
    data = load_dataset("planted/lagged", n=200)
    strategy = create_strategy("graph:hgt", data.schema, relations=[Causal()]).prepare(data)
    strategy.save_pretrained(tmp_path / "model")
    (loaded,) = Strategy.from_pretrained(tmp_path / "model").builder
    assert loaded.arrows(data.schema) == [("a", "b", 2.0)]


def test_default_relations_are_written_down(tmp_path, monkeypatch):
    trained().save_pretrained(tmp_path / "model")
    monkeypatch.setattr("graphfuse.fusion.graph._core.default_relations", lambda schema: ["given"])
    specs = Strategy.from_pretrained(tmp_path / "model").builder.specs()
    assert [spec.name for spec in specs] == ["attention", "co_occurrence", "spatial", "temporal"]


def test_precision_comes_back(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 6))
    model = FusionClassifier("graph:hgt", {"a": [0, 1, 2], "b": [3, 4, 5]}, recipe={"epochs": 1})
    strategy = model.fit(x, x[:, 0] > 0).model_
    strategy.save_pretrained(tmp_path / "double")
    loaded = Strategy.from_pretrained(tmp_path / "double")
    assert {p.dtype for p in loaded.parameters()} == {torch.float64}
    strategy.bfloat16().save_pretrained(tmp_path / "half")
    loaded = Strategy.from_pretrained(tmp_path / "half")
    assert {p.dtype for p in loaded.parameters()} == {torch.bfloat16}


def test_own_class_loads_its_own_alone(tmp_path):
    strategy = trained("concat")
    strategy.save_pretrained(tmp_path / "model")
    assert type(type(strategy).from_pretrained(tmp_path / "model")) is type(strategy)
    other = type(create_strategy("gated", strategy.schema))
    with pytest.raises(InputError, match="the saved model is a Concat \\('concat'\\), not a Gated"):
        other.from_pretrained(tmp_path / "model")
    with pytest.raises(
        InputError, match="the saved model is a Strategy, not a GraphFusion; load it with "
    ):
        GraphFusion.from_pretrained(tmp_path / "model")
    GraphFusion({"a": 2}, 4, (["a"], [])).save_pretrained(tmp_path / "core")
    with pytest.raises(
        InputError, match="the saved model is a GraphFusion, not a Strategy; load it with Graph"
    ):
        Strategy.from_pretrained(tmp_path / "core")


def test_what_its_class_made_has_no_name_to_be_saved_under(tmp_path):
    with pytest.raises(
        InputError, match=r"this Concat: it was built by calling its class.*create_strategy"
    ):
        strategies.get("concat").make(dataset().schema).save_pretrained(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def edit(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def without_head(folder):
    tensors = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in tensors.items() if "head" not in k}, folder / "model.safetensors")


def options_of(folder, **changes):
    return {"options": {**json.loads((folder / "config.json").read_text())["options"], **changes}}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda f: (f / "config.json").unlink(),
            "not a saved model: it has no readable config.json",
        ),
        (lambda f: (f / "config.json").write_text("{"), "no readable config.json"),
        (lambda f: (f / "config.json").write_text("{}"), "was not written by graphfuse"),
        (lambda f: (f / "config.json").write_text("[1]"), "was not written by graphfuse"),
        (lambda f: edit(f, format=2), "has format 2, this version reads format 1"),
        (lambda f: edit(f, name="graph:hgtt"), "'graph:hgtt'; did you mean 'graph:hgt'"),
        (lambda f: edit(f, name=7), "is damaged: no Strategy can be built from it"),
        (lambda f: edit(f, schema={}), "modalities is missing"),
        (lambda f: edit(f, options=[1]), "is damaged: no Strategy can be built from it"),
        (lambda f: edit(f, **options_of(f, hidden=8)), "unknown option of strategy 'graph:hgt'"),
        (
            lambda f: edit(f, **options_of(f, relations=[{"k_nearst": {}}])),
            "unknown relation 'k_nearst'; did you mean 'k_nearest'",
        ),
        (lambda f: edit(f, **options_of(f, hidden_channels=16)), "size mismatch"),
        (lambda f: edit(f, **options_of(f, num_layers=1)), "Unexpected key"),
        (without_head, "Missing key"),
        (lambda f: (f / "model.safetensors").unlink(), "but no model.safetensors"),
        (lambda f: (f / "model.safetensors").write_bytes(b"pickle"), "does not hold the weights"),
    ],
)
def test_a_damaged_folder_is_named(damage, message, tmp_path):
    trained().save_pretrained(tmp_path / "model")
    damage(tmp_path / "model")
    with pytest.raises((InputError, UnknownNameError), match=message):
        Strategy.from_pretrained(tmp_path / "model")


MANY = 10**9
LARGE = {
    "graph:hgt": ({"num_layers": MANY}, {"hidden_channels": MANY}, {"hidden_channels": 40_000}),
    "perceiver": ({"latents": MANY}, {"num_layers": MANY}),
    "token_transformer": ({"num_layers": MANY},),
    "concat": ({"hidden_channels": MANY}, {"hidden_channels": 100_000}),
    "stacking": ({"hidden_channels": MANY},),
}


def limited(code, folder):
    """Run code in a process with 3 GiB of memory and 120 s, both far above its need."""
    start = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (3 * 2**30,) * 2)\n"
        "from graphfuse.errors import InputError\n"
        "from graphfuse.fusion import Strategy\n"
    )
    command = [sys.executable, "-c", start + code, str(folder)]
    return subprocess.run(command, timeout=120, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", LARGE)
def test_a_model_much_larger_than_its_weights_is_not_built(name, tmp_path):
    cases = LARGE[name]
    for number, large in enumerate(cases):
        folder = tmp_path / str(number)
        known = strategy_options(name)
        assert set(large) <= set(known), known
        trained(name).save_pretrained(folder)
        edit(folder, **options_of(folder, **large))
    code = (
        "for folder in sorted(__import__('pathlib').Path(sys.argv[1]).iterdir()):\n"
        "    try:\n"
        "        Strategy.from_pretrained(folder)\n"
        "    except InputError as error:\n"
        "        assert 'much larger than the weights' in str(error), error\n"
        "        print('refused')\n"
    )
    done = limited(code, tmp_path)
    assert done.stdout.split() == ["refused"] * len(cases), done.stderr[-2000:]


def test_networks_that_are_larger_than_their_weights_are_not_built(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (4, 3, 16, 16), dtype=np.uint8)
    x = {"image": pictures, "age": np.ones((4, 2))}
    data = FusionDataset.from_arrays(x, [0, 1, 0, 1], shapes={"image": (3, 16, 16)})
    create_strategy("concat", data.schema, encoders={"image": "cnn"}).save_pretrained(tmp_path)
    edit(tmp_path, **options_of(tmp_path, encoders={"image": {"cnn": {"stages": MANY}}}))
    with pytest.raises(InputError, match="much larger than the weights"):
        Strategy.from_pretrained(tmp_path)


def test_weights_that_were_changed_are_refused(tmp_path):
    trained("concat").save_pretrained(tmp_path / "model")
    path = tmp_path / "model/model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"is not the file that was saved with config\.json"):
        Strategy.from_pretrained(tmp_path / "model")


def test_models_without_a_checksum_are_read(tmp_path):
    strategy = trained("concat")
    strategy.save_pretrained(tmp_path / "model")
    config = json.loads((tmp_path / "model/config.json").read_text())
    del config["weights_sha256"]
    (tmp_path / "model/config.json").write_text(json.dumps(config))
    loaded = Strategy.from_pretrained(tmp_path / "model")
    assert equal(loaded.head[1].weight, strategy.head[1].weight)


@pytest.mark.parametrize("value", [None, "8", [8], {"a": 8}, 8.5, -1, 1e400, 10**30, True, "x" * 9])
@pytest.mark.parametrize("option", ["hidden_channels", "heads", "num_layers", "readout", "dropout"])
def test_options_of_a_wrong_type_are_refused(value, option, tmp_path):
    trained().save_pretrained(tmp_path / "model")
    edit(tmp_path / "model", **options_of(tmp_path / "model", **{option: value}))
    try:
        Strategy.from_pretrained(tmp_path / "model")(dataset().batch([0, 1]))
    except (InputError, UnknownNameError):
        return
    assert value is True or (option == "dropout" and value is None) or value == 8.5, option


def test_a_configuration_of_any_size_is_refused(tmp_path, monkeypatch):
    trained("concat").save_pretrained(tmp_path / "model")
    monkeypatch.setattr(_hub, "LARGEST_CONFIG", 100)
    with pytest.raises(InputError, match=r"no readable config.json \(\d+ bytes, more than 100\)"):
        Strategy.from_pretrained(tmp_path / "model")


def test_saving_is_whole_or_not_at_all(tmp_path, monkeypatch):
    first = trained()
    first.save_pretrained(tmp_path / "model")
    before = {f.name: f.read_bytes() for f in (tmp_path / "model").iterdir()}

    def fail(*_):
        raise OSError("disk full")

    second = trained("concat")
    with monkeypatch.context() as patched:
        patched.setattr(_hub, "save_model", fail)
        with pytest.raises(OSError, match="disk full"):
            second.save_pretrained(tmp_path / "model")
    assert {f.name: f.read_bytes() for f in (tmp_path / "model").iterdir()} == before
    assert [f.name for f in tmp_path.iterdir()] == ["model"]
    second.save_pretrained(tmp_path / "model")
    assert Strategy.from_pretrained(tmp_path / "model").name == "concat"
    assert [f.name for f in tmp_path.iterdir()] == ["model"]


def test_a_full_disk_is_one_clear_error(tmp_path, monkeypatch):
    def full(*arguments):
        raise SafetensorError("Error while serializing: No space left on device (os error 28)")

    monkeypatch.setattr(_hub, "save_model", full)
    model = create_strategy("majority", load_dataset("planted/null", n=20).schema)
    with pytest.raises(InputError, match="cannot be written: No space left on device; free some"):
        model.save_pretrained(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_what_else_is_there_stays(tmp_path):
    strategy = trained("concat")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"is not a saved graphfuse model.*notes.txt"):
        strategy.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"is a file, but a model is saved as a folder"):
        strategy.save_pretrained(tmp_path / "notes.txt")
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="is not a saved graphfuse model"):
        strategy.save_pretrained(other)
    with pytest.raises(InputError, match=r"notes.txt is a file; give the folder"):
        Strategy.from_pretrained(tmp_path / "notes.txt")


def test_the_card_shows_schema_strategy_and_scores(tmp_path):
    strategy = trained()
    strategy.save_pretrained(
        tmp_path / "model",
        scores={"accuracy": [[0.7, 0.8, 0.75], [0.7, 0.8, 0.75]], "f1": [0.7, 0.8, 0.75], "auc": 1},
        dataset="emoji",
        license="mit",
    )
    card = ModelCard.load(tmp_path / "model" / "README.md")
    assert (card.data.library_name, card.data.license) == ("graphfuse", "mit")
    assert {"graphfuse", "graph-fusion"} <= set(card.data.tags)
    found = {r.metric_type: r for r in card.data.eval_results}
    assert found["accuracy"].metric_value == pytest.approx(0.75)
    assert {(r.dataset_name, r.dataset_split, r.task_type) for r in found.values()} == {
        ("emoji", "test", "multiclass")
    }
    # The folds' interval as in graphfuse.stats.corrected_t_test; two repeats narrow it.
    assert "| f1 | emoji | test | 0.750 | 0.554 to 0.946 | 3 |" in card.text
    assert "| accuracy | emoji | test | 0.750 | 0.656 to 0.844 | 6 |" in card.text
    assert "| auc | emoji | test | 1.000 | \N{EN DASH} | 1 |" in card.text
    count = sum(p.numel() for p in strategy.parameters())
    for row in (
        f"| parameters | {count:,} |",
        "| hidden\\_channels | 8 |",
        "| paper | Hu et al. 2020, https://arxiv.org/abs/2003.01332 |",
        "| image | 6 | 2 |",
        "| y | multiclass | 0, 1, 2 |",
    ):
        assert row in card.text
    code = card.text.split("```python\n")[1].split("```")[0].replace("'model'", "folder")
    loaded: dict = {"folder": tmp_path / "model"}
    exec(code, loaded)
    assert loaded["model"].name == "graph:hgt"


HOSTILE = 'a|b\n\n# c\n---\n<script>`*_x_*` [l](u) ```: {"'


def test_hostile_names_stay_text(tmp_path):
    schema = Schema(
        [Modality(HOSTILE, (2,)), Modality("\ud800", (2,))],
        {HOSTILE: Target("binary", (HOSTILE, "two"))},
    )
    strategy = create_strategy("concat", schema)
    folder = tmp_path / "it's ```"
    strategy.save_pretrained(folder, scores={HOSTILE: 0.5}, dataset=HOSTILE, license=HOSTILE)
    card = ModelCard.load(folder / "README.md")
    assert (card.data.license, card.data.metrics) == (HOSTILE, [HOSTILE])
    assert card.data.eval_results[0].dataset_name == HOSTILE
    assert "<script>" not in card.text.replace("\\<script\\>", "")
    headings = [line for line in card.text.splitlines() if line.startswith("#")]
    titles = ("Strategy", "Modalities", "Target", "Scores", "Load")
    assert headings == ["# concat", *(f"## {title}" for title in titles)]
    plain = Schema([Modality("a", (2,)), Modality("b", (2,))], Target("binary"))
    create_strategy("concat", plain).save_pretrained(
        tmp_path / "plain", scores={"x": 0}, dataset="d"
    )
    shapes = [
        [line.replace("\\|", "").count("|") for line in c.text.splitlines() if line[:1] == "|"]
        for c in (card, ModelCard.load(tmp_path / "plain" / "README.md"))
    ]
    assert shapes[0] == shapes[1]
    assert Strategy.from_pretrained(folder).schema == schema


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"scores": {"accuracy": 0.5}}, r"\['accuracy'\] were measured on some data; name it with"),
        ({"scores": 0.5}, r"scores must be \{metric: value\}, got 0.5"),
        ({"scores": {"f1": "good"}, "dataset": "d"}, "a finite number.*got 'f1': 'good'"),
        ({"scores": {"f1": float("nan")}, "dataset": "d"}, "a finite number.*got 'f1': nan"),
        ({"scores": {"f1": []}, "dataset": "d"}, r"a finite number.*got 'f1': \[\]"),
        ({"scores": {"f1": [[[1.0]]]}, "dataset": "d"}, r"or \[repeats, folds\] numbers"),
        ({"license": 3}, "license must be a text, got 3"),
    ],
)
def test_bad_facts_are_refused_before_anything_is_written(facts, message, tmp_path):
    with pytest.raises(InputError, match=message):
        trained("concat").save_pretrained(tmp_path / "model", **facts)
    assert not (tmp_path / "model").exists()


def test_push_uploads_what_is_saved(tmp_path, monkeypatch):
    seen = {}

    def create_repo(self, repo_id, **options):
        seen["create"] = (self.token, repo_id, options)
        return huggingface_hub.RepoUrl(f"https://huggingface.co/{repo_id}")

    def upload_folder(self, *, folder_path, **options):
        seen["upload"] = (self.token, options)
        seen["files"] = {f.name: f.read_bytes() for f in folder_path.iterdir()}
        return "the commit"

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", create_repo)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload_folder)
    strategy = trained()
    facts = {"scores": {"accuracy": 0.5}, "dataset": "emoji"}
    url = strategy.push_to_hub(
        "user/name", private=True, token="secret", commit_message="Hello", branch="b", **facts
    )
    assert url == "the commit"
    token, repo_id, options = seen["create"]
    assert (token, repo_id, options["private"]) == ("secret", "user/name", True)
    token, options = seen["upload"]
    assert (token, options["repo_id"], options["commit_message"], options["revision"]) == (
        "secret", "user/name", "Hello", "b",
    )  # fmt: skip
    strategy.save_pretrained(tmp_path / "model", **facts)
    files = {f.name: f.read_bytes() for f in (tmp_path / "model").iterdir()}
    assert seen["files"].keys() == files.keys()
    for name in ("config.json", "model.safetensors"):
        assert seen["files"][name] == files[name]
    assert b"Strategy.from_pretrained('user/name')" in seen["files"]["README.md"]
    monkeypatch.undo()
    with pytest.raises(InputError, match="repo_id must be 'user/name', got 'a/b/c'"):
        strategy.push_to_hub("a/b/c")


def test_a_model_of_the_hub_is_downloaded(tmp_path, monkeypatch):
    strategy = trained()
    strategy.save_pretrained(tmp_path / "model")
    seen = {}

    def snapshot_download(repo_id, **options):
        seen.update(options, repo_id=repo_id)
        return str(tmp_path / "model")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    loaded = Strategy.from_pretrained("user/name", revision="v1", token="secret")
    assert loaded.name == "graph:hgt"
    assert (seen["repo_id"], seen["revision"], seen["token"]) == ("user/name", "v1", "secret")
    assert seen["allow_patterns"] == [
        "config.json", "model.safetensors", "preprocessor.json", "state.safetensors"
    ]  # fmt: skip


def test_a_name_of_neither_folder_nor_model_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (tmp_path / "none", "./none", "a/b/c"):
        with pytest.raises(InputError, match="is not a folder and cannot be fetched"):
            Strategy.from_pretrained(name)
    with pytest.raises(InputError, match="'user/name' is not a folder"):
        Strategy.from_pretrained("user/name", local_files_only=True, cache_dir=tmp_path)


def test_a_folder_by_the_name_of_a_file_is_not_ours(tmp_path):
    strategy = trained("concat")
    strategy.save_pretrained(tmp_path / "model")
    (tmp_path / "model/README.md").unlink()
    (tmp_path / "model/README.md").mkdir()
    (tmp_path / "model/README.md/precious").write_text("mine")
    with pytest.raises(InputError, match="is not a saved graphfuse model"):
        strategy.save_pretrained(tmp_path / "model")
    assert (tmp_path / "model/README.md/precious").exists()


def test_what_is_no_path_is_refused(tmp_path):
    strategy = trained("concat")
    with pytest.raises(InputError, match="must be the path of a folder, got None"):
        strategy.save_pretrained(None)
    with pytest.raises(InputError, match="must be a folder or 'user/name', got None"):
        Strategy.from_pretrained(None)
    with pytest.raises(InputError, match="repo_id must be 'user/name', got None"):
        strategy.push_to_hub(None)
    with pytest.raises(InputError, match="split must be a text, got None"):
        strategy.save_pretrained(tmp_path / "m", scores={"a": 1}, dataset="d", split=None)
    with pytest.raises(InputError, match="cannot be fetched"):
        Strategy.from_pretrained("a" * 5000)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/config.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match=r"no readable config\.json"):
        Strategy.from_pretrained(tmp_path / "deep")


def test_weights_of_another_kind_are_refused(tmp_path):
    strategy = trained("concat")
    strategy.save_pretrained(tmp_path / "model")
    file = tmp_path / "model/model.safetensors"
    file.write_bytes(file.read_bytes().replace(b'"F32"', b'"I32"'))
    with pytest.raises(InputError, match=r"the file has torch\.int32"):
        Strategy.from_pretrained(tmp_path / "model")
