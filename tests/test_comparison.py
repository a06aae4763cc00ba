import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from graphfuse import Comparison, compare
from graphfuse.bench.run import check_stored
from graphfuse.bench.store import ResultStore
from graphfuse.data import FusionDataset, load_dataset
from graphfuse.errors import EmptySampleWarning, InputError, UnknownNameError
from graphfuse.graph import KNearest

QUICK = {"epochs": 2}
EMPTY = FusionDataset.from_arrays(
    {"a": np.eye(20), "b": np.full((20, 2), np.nan)}, [0, 1] * 10, name="half"
)


def small(name="planted/unique", n=60):
    return load_dataset(name, n=n)


def test_compare_gives_a_table_a_verdict_and_reports(tmp_path):
    result = compare(
        small(), ["unimodal", "concat", "graph:hgt", "graph:hgt/no_edges"], folds=2, recipe=QUICK,
        out=tmp_path, progress=False,
    )  # fmt: skip
    table = result.table()
    assert sorted(table["strategy"]) == [
        "concat", "graph:hgt", "graph:hgt/no_edges", "unimodal:a", "unimodal:b",
    ]  # fmt: skip
    assert "planted/unique" in result.verdict()
    for ending in ("html", "md", "tex", "json"):
        path = result.report(tmp_path / f"my.{ending}")
        assert path.stat().st_size > 500
    assert len(list((tmp_path / "graphs").glob("planted-unique-*.svg"))) == 1


def test_same_command_resumes_and_other_conditions_run_anew(tmp_path):
    first = compare(small(), ["concat"], folds=2, recipe=QUICK, out=tmp_path, progress=False)
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "runs").glob("*/record.json")}
    assert len(stamps) == 2
    table = first.table()
    again = compare(small(), ["concat"], folds=2, recipe=QUICK, out=tmp_path, progress=False)
    assert stamps == {p: p.stat().st_mtime_ns for p in (tmp_path / "runs").glob("*/record.json")}
    assert again.table().equals(table)
    compare(small(), ["concat"], folds=2, recipe={"epochs": 1}, out=tmp_path, progress=False)
    assert len(list((tmp_path / "runs").glob("*/record.json"))) == 4


def test_several_datasets_of_all_tasks(tmp_path):
    generator = np.random.default_rng(0)
    x = {"left": generator.normal(size=(40, 3)), "right": generator.normal(size=(40, 2, 5))}
    datasets = [
        FusionDataset.from_arrays(x, x["left"][:, 0], name="numbers"),
        FusionDataset.from_arrays(x, (x["left"][:, :2] > 0).astype(int), name="labels"),
        {"planted/xor": {"n": 40}},
    ]
    result = compare(
        datasets, ["majority", "concat"], folds=2, recipe=QUICK, out=tmp_path, progress=False
    )
    assert set(result.table()["dataset"]) == {"numbers", "labels", "planted/xor"}
    metric = ResultStore(tmp_path).comparison()["metric"]
    assert metric == {"numbers": "r2", "labels": "f1_macro", "planted/xor": "accuracy"}


def test_a_strategy_that_fails_does_not_stop_the_others(tmp_path):
    result = compare(
        small(), ["concat", "mean_prob"], folds=2, recipe=QUICK, out=tmp_path, progress=False,
        options={"concat": {"hidden_channels": -1}},
    )  # fmt: skip
    table = result.table().set_index("strategy")
    assert table.loc["concat", "failed"] == 2
    assert table.loc["mean_prob", "failed"] == 0
    assert "concat" in result.verdict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"datasets": "emojy"}, "did you mean 'emoji'"),
        ({"datasets": []}, "at least one dataset"),
        ({"strategies": ["concatt"]}, "did you mean 'concat'"),
        ({"folds": 1}, "folds must be an integer of at least 2, got 1"),
        ({"folds": "two"}, "folds must be an integer of at least 2, got 'two'"),
        ({"repeats": 2.5}, "repeats must be an integer"),
        ({"seed": "abc"}, "seed must be an integer"),
        ({"n_jobs": 0}, "n_jobs must be a number of processes"),
        ({"address": "here"}, "names a cluster, which backend 'loky' does not use"),
        ({"out": 3}, "out must be the path of a folder"),
        ({"datasets": 5}, "a dataset must be a name, a path"),
        ({"datasets": {"planted/xor": 3}}, "must be {option: value}, got 3"),
        ({"datasets": {}}, "at least one dataset"),
        ({"datasets": [{}, {}]}, "at least one dataset"),
        ({"strategies": []}, "at least one strategy"),
        ({"strategies": [1]}, "strategies must be a list of names"),
        ({"recipe": "fast"}, "recipe must be a Recipe or"),
        ({"recipe": {"epochs": "5"}}, "epochs of the recipe must be an integer"),
        ({"recipe": {"learning_rate": float("inf")}}, "learning_rate of the recipe must be"),
        ({"recipe": {"weight_decay": float("nan")}}, "weight_decay of the recipe must be"),
        ({"recipe": {"class_weights": "no"}}, "class_weights of the recipe must be true or false"),
        ({"recipe": {"balance": "ogm"}}, "did you mean 'ogm_ge'"),
        ({"recipe": {"modality_dropout": 2}}, "modality_dropout of the recipe must be"),
        ({"match_parameters": 0}, "match_parameters must be an integer of at least 1, got 0"),
        ({"match_parameters": 1e4}, "match_parameters must be an integer of at least 1"),
        (
            {"match_parameters": 900, "options": {"concat": {"hidden_channels": 8}}},
            "give hidden_channels=8 and match_parameters=900 chooses it; leave one of them out",
        ),
        ({"options": 3}, "options must be a mapping by name"),
        ({"options": {"concat": 5}}, "options of 'concat' must be {option: value}, got 5"),
        ({"options": {"concat": {"hidden": 5}}}, "unknown option of strategy 'concat' 'hidden'"),
        ({"options": {"concat": {"dropout": object()}}}, "settings must be numbers, text"),
        ({"relations": {"planted/unique": "complete"}}, "must be a list of relations"),
        ({"recipe": {"epoch": 1}}, "did you mean 'epochs'"),
        ({"metric": "acc"}, "did you mean 'accuracy'"),
        ({"options": {"conct": {}}}, "did you mean 'concat'"),
        ({"relations": {"planted": []}}, "unknown dataset in relations"),
        ({"backend": "lok"}, "did you mean 'loky'"),
        ({"datasets": [small(), small()]}, "two datasets of the comparison are named"),
        ({"datasets": FusionDataset.from_arrays({"a": np.eye(3)})}, "exactly one target"),
        ({"datasets": EMPTY}, r"modalities \['b'\] of 'half' are missing in every sample"),
    ],
)
def test_mistakes_are_named_before_anything_runs(tmp_path, arguments, message):
    settings = {"datasets": small(), "strategies": ["concat"], "out": tmp_path} | arguments
    with pytest.raises((InputError, UnknownNameError), match=message):
        compare(**settings, progress=False)
    assert not list(tmp_path.iterdir())


def test_a_mistake_leaves_an_earlier_comparison_as_it_was(tmp_path):
    compare(small(), ["majority"], folds=2, out=tmp_path, progress=False)
    before = (tmp_path / "comparison.json").read_text()
    with pytest.raises(UnknownNameError):
        compare(small(), ["concat"], folds=2, out=tmp_path, backend="loki", progress=False)
    assert (tmp_path / "comparison.json").read_text() == before
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write results into"):
        compare(small(), ["majority"], out=tmp_path / "file", progress=False)


def test_the_stored_config_repeats_the_comparison(tmp_path):
    given = {
        "datasets": [{"planted/xor": {"n": 40, "seed": 3}}],
        "strategies": ["concat", "graph:hgt"],
        "folds": 2,
        "metric": "f1_macro",
        "recipe": {"epochs": 1, "learning_rate": "1e-2"},
        "options": {"graph:hgt": {"num_layers": np.int64(1)}},
        "relations": {"planted/xor": [KNearest(k=2), "complete"]},
    }
    first = compare(**given, out=tmp_path / "a", progress=False)
    config = ResultStore(tmp_path / "a").comparison()["config"]
    assert config["recipe"]["learning_rate"] == 0.01
    assert config["relations"]["planted/xor"][0]["k_nearest"]["k"] == 2
    second = compare(**json.loads(json.dumps(config)), out=tmp_path / "b", progress=False)
    assert first.table().equals(second.table())
    assert [r["key"] for r in first.records()] == [r["key"] for r in second.records()]


def test_match_parameters_and_balance_are_conditions_of_the_runs(tmp_path):
    given = {"match_parameters": 20_000, "recipe": {**QUICK, "balance": "gradient_blending"}}
    names = ["majority", "unimodal:a", "concat", "graph:hgt"]
    result = compare(small(), names, folds=2, out=tmp_path / "a", progress=False, **given)
    sizes = {}
    for record in result.records():
        assert record["status"] == "done", record["error"]
        sizes[record["run"]["strategy"]] = record["cost"]["parameters"]
    assert sizes.pop("majority") == 0
    assert all(abs(size - 20_000) < 4_000 for size in sizes.values()), sizes
    config = ResultStore(tmp_path / "a").comparison()["config"]
    assert config["match_parameters"] == 20_000
    again = compare(**json.loads(json.dumps(config)) | {"datasets": small()}, out=tmp_path / "b",
                    progress=False)  # fmt: skip
    assert [r["key"] for r in result.records()] == [r["key"] for r in again.records()]


def test_samples_without_any_node_are_warned_of(tmp_path):
    x = {"a": [np.ones((1, 2))] * 19 + [None], "b": [np.ones((1, 2))] * 19 + [None]}
    data = FusionDataset.from_arrays(x, [0, 1] * 10, name="holes")
    with pytest.warns(EmptySampleWarning, match="1 of 20 samples of holes have no node"):
        compare(data, ["majority"], folds=2, out=tmp_path, progress=False)


def test_copies_across_folds_are_warned_of_before_anything_runs_and_reported(tmp_path, caplog):
    x = np.random.default_rng(0).normal(size=(40, 32))
    x[30:] = x[:10]
    data = FusionDataset.from_arrays({"a": x}, y=[0, 1] * 20, name="own")
    reported = "tested although a near-copy of them is trained on, so that scores are too high"
    found = compare(data, ["majority"], folds=4, out=tmp_path, progress=False)
    assert reported in caplog.text
    assert reported in found.verdict()
    groups = np.arange(40) % 30
    data = FusionDataset.from_arrays({"a": x}, y=[0, 1] * 20, name="own", groups=groups)
    found = compare(data, ["majority"], folds=4, out=tmp_path / "grouped", progress=False)
    assert "near-copy" not in found.verdict()


def test_a_strategy_of_ones_own_runs_in_other_processes(tmp_path):
    script = tmp_path / "own.py"
    script.write_text(
        "import sys\nfrom graphfuse import compare\nfrom graphfuse.data import load_dataset\n"
        "from graphfuse.fusion import PooledStrategy, strategy\n"
        "@strategy('mine', family='feature', summary='mine')\n"
        "class Mine(PooledStrategy):\n"
        "    def fuse(self, vectors, present):\n"
        "        return FACTOR * vectors.sum(1)\n"
        "FACTOR = float(sys.argv[2])\n"
        "if __name__ == '__main__':\n"
        "    done = compare(load_dataset('planted/unique', n=60), ['mine', 'concat'], folds=2,\n"
        "        n_jobs=2, recipe={'epochs': 1}, out=sys.argv[1], progress=False)\n"
        "    print(*(r['status'] for r in done.records()))\n"
    )
    out = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "out"), "1"], capture_output=True, text=True
    )
    assert out.stdout.split() == ["done"] * 4, out.stderr


def test_metrics_relations_and_steps_of_a_user_work_in_other_processes(tmp_path):
    script = tmp_path / "own.py"
    script.write_text(
        "import sys\nfrom graphfuse import compare\n"
        "from graphfuse.data.steps.scale import Scale\n"
        "from graphfuse.data.steps.step import steps\n"
        "from graphfuse.graph import Complete\n"
        "from graphfuse.graph.relation import relations\n"
        "from graphfuse.training.metrics import metric\n"
        "@relations.register('mine')\n"
        "class Mine(Complete):\n"
        "    pass\n"
        "@steps.register('my_scale')\n"
        "class MyScale(Scale):\n"
        "    pass\n"
        "@metric('half', tasks=('multiclass',))\n"
        "def half(predictions):\n"
        "    return 0.5\n"
        "if __name__ == '__main__':\n"
        "    data = {'planted/unique': {'n': 60, 'steps': ['my_scale']}}\n"
        "    done = compare(data, ['graph:hgt'], folds=2, n_jobs=2, metric='half',\n"
        "        relations={'planted/unique': ['mine']}, recipe={'epochs': 1}, out=sys.argv[1],\n"
        "        progress=False)\n"
        "    print(*(r['metrics'].get('half') or r['error'] for r in done.records()))\n"
    )
    out = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "out")], capture_output=True, text=True
    )
    assert out.stdout.split() == ["0.5"] * 2, out.stderr


def test_results_hold_no_pickle_and_no_script(tmp_path):
    compare(small(), ["concat"], folds=2, recipe=QUICK, out=tmp_path, progress=False)
    endings = {p.suffix for p in tmp_path.rglob("*") if p.is_file()}
    assert endings <= {".json", ".npz", ".arrow", ".svg"}


COMMAND = [
    sys.executable, "-m", "graphfuse", "compare", "--datasets", "planted/unique", "--strategies",
    "unimodal,concat,graph:hgt", "--folds", "3", "--quick", "--jobs", "2",
]  # fmt: skip


@pytest.mark.slow
def test_killed_at_random_and_resumed_gives_the_same_table(tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(out):
        return subprocess.Popen(
            [*COMMAND, "--out", str(out)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    whole = start(tmp_path / "whole")
    _, errors = whole.communicate(timeout=600)
    assert whole.returncode == 0, errors.decode()
    jitter = random.Random(0)
    for wanted in (0, 1, 4, 7, 10):  # of 12 runs
        process = start(tmp_path / "killed")
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob("killed/runs/*/record.json"))) < wanted:
            assert process.poll() is None, process.stderr.read().decode()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(jitter.uniform(0, 0.3))
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert len(list(tmp_path.glob("killed/runs/*/record.json"))) < 12
    last = start(tmp_path / "killed")
    _, errors = last.communicate(timeout=600)
    assert last.returncode == 0, errors.decode()
    tables = [Comparison(tmp_path / name).table() for name in ("whole", "killed")]
    assert tables[0].equals(tables[1])
    assert len(tables[0]) == 4


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_interrupted_leaves_a_partial_report(tmp_path):
    process = subprocess.Popen(
        [*COMMAND[:-2], "--jobs", "1", "--out", str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("runs/*/record.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors.decode()
    assert b"Traceback" not in errors
    assert b"The same command continues from here" in output
    planned = len(json.loads((tmp_path / "comparison.json").read_text())["planned"])
    assert len(Comparison(tmp_path).records()) < planned
    assert (tmp_path / "report.html").is_file()


def raw_pictures(folder, n=40):
    """Write a table of pictures with an upright or a lying bar, and what is said of them."""
    from PIL import Image

    random_ = np.random.default_rng(0)
    rows = ["picture,words,label"]
    for i in range(n):
        image = random_.integers(0, 60, (16, 16, 3), dtype=np.uint8)
        row, column = random_.integers(0, 10, 2)
        height, width = (6, 2) if i % 2 else (2, 6)
        image[row : row + height, column : column + width] += 150
        Image.fromarray(image).save(folder / f"{i}.png")
        rows.append(f"{i}.png,a bar is on picture number {i},{'up' if i % 2 else 'lying'}")
    path = folder / "bars.csv"
    path.write_text("\n".join(rows))
    return path


def test_networks_train_inside_every_strategy_of_a_comparison(tmp_path):
    path = raw_pictures(tmp_path)
    encoders = {"picture": {"pixels": {"side": 16}}, "words": {"word_ids": {"vocabulary": 300}}}
    networks = {
        "picture": {"cnn": {"channels": 16, "stages": 2}},
        "words": {"token_gru": {"vocabulary": 300, "channels": 4}},
    }
    wanted = ["majority", "unimodal", "concat", "graph:hgt", "graph:line"]
    result = compare(
        {path: {"encoders": encoders, "cache": tmp_path / "cache"}},
        wanted, folds=2, recipe={"epochs": 1},
        networks={"bars": networks}, out=tmp_path / "out", progress=False,
        options={"concat": {"encoders": {"picture": "cnn"}}},
    )  # fmt: skip
    records = {r["run"]["strategy"]: r for r in result.records()}
    assert all(r["status"] == "done" for r in records.values()), records
    assert records["graph:hgt"]["run"]["options"]["encoders"] == networks
    assert list(records["concat"]["run"]["options"]["encoders"]) == ["picture"]
    relations = [next(iter(r)) for r in records["graph:hgt"]["run"]["options"]["relations"]]
    assert "spatial" in relations  # between cells of the network, whose raw image has no position
    assert records["majority"]["cost"]["parameters"] == 0
    assert "bars" in result.verdict()


def test_networks_of_no_dataset_or_modality_are_named(tmp_path):
    for networks, message in (
        ({"nothing": {"a": "gru"}}, "unknown dataset in networks 'nothing'"),
        ({"planted/unique": {"c": "gru"}}, "unknown modality 'c'"),
        ({"planted/unique": {"a": "cnn"}}, "needs images"),
        ({"planted/unique": "cnn"}, "must be {modality: network}"),
    ):
        with pytest.raises((InputError, UnknownNameError), match=message):
            compare(small(), ["concat"], networks=networks, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_raw_samples_are_encoded_by_as_many_processes_as_run_the_strategies(tmp_path, monkeypatch):
    asked = []

    def encode(manifest, **options):
        asked.append(options)
        raise InputError("enough")

    monkeypatch.setattr("graphfuse.loading.encode", encode)
    path = tmp_path / "pets.csv"
    path.write_text("text,label\na cat sat,cat\na dog sat,dog\n")
    for given in (path, {str(path): None}, {str(path): {"n_jobs": 3}}):
        with pytest.raises(InputError, match="enough"):
            compare([given], n_jobs=2, out=tmp_path / "out", progress=False)
    assert [options["n_jobs"] for options in asked] == [2, 2, 3]
    assert not any(options["progress"] for options in asked)


def coin_flips(folder, n=48):
    """Return texts that tell nothing of their label but can be learnt by heart."""
    random_ = np.random.default_rng(0)
    rows = ["note,label"]
    for _ in range(n):
        words = " ".join("".join(random_.choice(list("abcdefghijklm"), 6)) for _ in range(6))
        rows.append(f"{words},{random_.integers(2)}")
    path = folder / "flips.csv"
    path.write_text("\n".join(rows))
    return path


def test_copies_train_in_every_fold_and_are_never_tested_on(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFUSE_CACHE", str(tmp_path / "cache"))
    from graphfuse.bench import run

    parts, fit = [], run.fit

    def spy(strategy, train, rest, *arguments, **options):
        parts.append((train, rest))
        return fit(strategy, train, rest, *arguments, **options)

    monkeypatch.setattr(run, "fit", spy)
    path, made = coin_flips(tmp_path), {}
    for name, augment in (("plain", None), ("copies", {"text": "caption", "copies": 3})):
        options = {"augment": augment} if augment else {}
        result = compare(
            {str(path): options}, ["unimodal:note"], folds=3,
            recipe={"epochs": 15, "learning_rate": 0.01}, out=tmp_path / name, progress=False,
        )  # fmt: skip
        made[name] = sorted(result.records(), key=lambda r: r["run"]["fold"])
    for plain, copies in zip(made["plain"], made["copies"], strict=True):
        assert plain["sizes"] == copies["sizes"]
        ids = [
            ResultStore(tmp_path / name).predictions(record)["ids"].tolist()
            for name, record in (("plain", plain), ("copies", copies))
        ]
        assert ids[0] == ids[1]
    for train, rest in parts[3:]:
        assert len(train) == 4 * len(train.originals)
        assert rest.copy_of.tolist() == [""] * len(rest)
        assert not set(train.copy_of.tolist()) & set(rest.ids.tolist())
    right = np.mean([r["metrics"]["accuracy"] for r in made["copies"]])
    assert right < 0.75  # a copy that leaks would bring it near 1
    report = json.loads(result.report(tmp_path / "report.json").read_text())
    assert "3 copies of each of 48 samples" in json.dumps(report)
    (reported,) = ResultStore(tmp_path / "copies").comparison()["datasets"].values()
    assert reported["samples"] == 48


def test_augmentation_of_raw_nodes_is_part_of_every_run_and_needs_a_network(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFUSE_CACHE", str(tmp_path / "cache"))
    path = raw_pictures(tmp_path)
    datasets = {
        str(path): {
            "encoders": {"picture": {"pixels": {"side": 16}}},
            "augment": {"image": {"flip": True}, "text": "caption"},
        }
    }
    given = {"folds": 2, "recipe": {"epochs": 1}, "out": tmp_path / "out", "progress": False}
    with pytest.raises(InputError, match=r"raw nodes of \['picture'\] of 'bars' while a network"):
        compare(datasets, ["concat"], **given)
    networks = {"bars": {"picture": {"cnn": {"channels": 16, "stages": 2}}}}
    result = compare(datasets, ["concat", "unimodal"], networks=networks, **given)
    for record in result.records():
        assert record["status"] == "done", record["error"]
        found = record["run"]["options"]["augment"]
        assert found == {"picture": {"flip": True, "probability": 0.5}}
    report = result.report(tmp_path / "report.html").read_text()
    assert "<dd>picture changed anew in every epoch of training; 2 copies of each" in report


def test_a_folder_that_held_a_graph_takes_a_comparison_without_one(tmp_path):
    graph = compare(small(), ["concat", "graph:hgt"], folds=2, recipe=QUICK, out=tmp_path,
                    progress=False)  # fmt: skip
    page = {path.name: path.read_text() for path in graph.reports()}
    assert "data:image/svg" in page["report.html"]
    plain = compare(small(), ["majority", "concat"], folds=2, recipe=QUICK, out=tmp_path,
                    progress=False)  # fmt: skip
    assert plain.path != graph.path
    assert {r["run"]["strategy"] for r in plain.records()} == {"majority", "concat"}
    assert [p.parent for p in plain.reports()] == [tmp_path.resolve()] * 4
    kept = {name: (graph.path / name).read_text() for name in page}
    assert kept == page
    assert "graph:hgt" not in Comparison(tmp_path).verdict()  # the newest
    assert "graph:hgt" in Comparison(graph.path).verdict()


def test_compare_says_where_it_writes(tmp_path, capsys):
    result = compare(small(), ["majority"], folds=2, out=tmp_path)
    assert f"results: {result.path}" in capsys.readouterr().err
    compare(small(), ["majority"], folds=2, out=tmp_path, progress=False)
    assert capsys.readouterr().err == ""


def test_a_damaged_run_is_computed_again_and_says_so(tmp_path, caplog):
    first = compare(small(), ["majority", "concat"], folds=3, recipe=QUICK, out=tmp_path,
                    progress=False)  # fmt: skip
    before = first.table()
    damaged, untouched, _ = sorted((tmp_path / "runs").glob("*concat*/predictions.npz"))
    damaged.write_bytes(damaged.read_bytes()[:-40])
    stamp = untouched.stat().st_mtime_ns
    assert Comparison(tmp_path).table().set_index("strategy").loc["concat", "n"] == 2
    again = compare(small(), ["majority", "concat"], folds=3, recipe=QUICK, out=tmp_path,
                    progress=False)  # fmt: skip
    assert f"the stored run {damaged.parent.name} is damaged and computed again" in caplog.text
    assert again.table().equals(before)
    assert untouched.stat().st_mtime_ns == stamp


def test_a_damaged_copy_of_the_data_is_written_again(tmp_path, caplog):
    data = small()
    compare(data, ["majority"], folds=2, out=tmp_path, progress=False)
    path = ResultStore(tmp_path).dataset_path(data.fingerprint) / "samples.arrow"
    content = bytearray(path.read_bytes())
    values = data.x["a"].values.numpy().tobytes()
    at = bytes(content).index(values[:64])
    content[at : at + len(values)] = values[::-1]
    path.write_bytes(content)
    result = compare(data, ["concat"], folds=2, recipe=QUICK, out=tmp_path, progress=False)
    assert "the stored copy of planted/unique is damaged and written again" in caplog.text
    fresh = compare(data, ["concat"], folds=2, recipe=QUICK, out=tmp_path / "b", progress=False)
    assert result.table().equals(fresh.table())


@pytest.mark.filterwarnings("error")
def test_one_run_that_is_missing_leaves_a_report(tmp_path):
    result = compare(small(), ["majority", "concat"], folds=2, recipe=QUICK, out=tmp_path,
                     progress=False)  # fmt: skip
    shutil.rmtree(next((tmp_path / "runs").glob("*concat*")))
    result.reports()
    assert "3 of 4 runs" in (tmp_path / "report.md").read_text()


def test_runs_refuse_a_damaged_copy_of_the_data(tmp_path):
    data = small()
    data.save(tmp_path / "data")
    with pytest.raises(InputError, match="is damaged: its values have the fingerprint"):
        check_stored(tmp_path / "data", "0" * 64)


def test_one_class_in_a_hundred_is_warned_of_where_accuracy_ranks(tmp_path, caplog):
    x = np.random.default_rng(0).normal(size=(200, 12))
    y = np.arange(200) % 100 == 0
    data = FusionDataset.from_arrays({"a": x}, y=y.astype(int), name="rare")
    found = compare(data, ["majority"], folds=2, out=tmp_path, progress=False)
    text = "always guessing '0' gives an accuracy of 99 %"
    assert text in caplog.text
    assert text in found.verdict()
    found = compare(data, ["majority"], folds=2, metric="f1_macro", out=tmp_path, progress=False)
    assert text not in found.verdict()


def test_several_processes_compare_into_one_folder(tmp_path):
    script = (
        "import sys; from graphfuse import compare; from graphfuse.data import load_dataset\n"
        "found = compare(load_dataset('planted/unique', n=60), ['majority', sys.argv[2]], folds=2,"
        " recipe={'epochs': 1}, out=sys.argv[1], progress=False)\n"
        "print(sorted(found.table()['strategy']), len(found.reports()))"
    )
    wanted = ["concat", "mean_prob", "unimodal:a", "concat"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in wanted
    ]
    for name, process in zip(wanted, processes, strict=True):
        output, errors = process.communicate(timeout=300)
        assert output.strip() == f"{sorted(['majority', name])} 4", errors
    assert len(list((tmp_path / "comparisons").iterdir())) == 3
    assert len(list((tmp_path / "runs").iterdir())) == 8
    assert not list(tmp_path.rglob(".*"))
