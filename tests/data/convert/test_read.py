import gzip
import pickle

import numpy as np
import pytest
import torch

from graphfuse.cli import main
from graphfuse.data import FusionDataset, load_dataset
from graphfuse.data.convert import formats, read_features
from graphfuse.errors import InputError, UnknownNameError


def mmsa():
    part = {
        "text": np.ones((3, 4, 2)),
        "audio": np.array([np.ones((2, 3)), np.zeros((2, 3)), np.ones((2, 3))]),
        "id": ["v$_$0", "v$_$1", "w$_$0"],
        "classification_labels": [0, 1, 2],
        "regression_labels": [-1.0, 0.0, 2.5],
    }
    other = part | {"id": ["x$_$0", "x$_$1", "y$_$0"]}
    return {"train": part, "test": other}


def written(tmp_path, content):
    path = tmp_path / "mosi.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


def test_the_format_is_inferred_or_named(tmp_path):
    path = written(tmp_path, mmsa())
    assert formats.names() == ["conversation", "mmsa", "pyg", "tables"]
    assert read_features(path).fingerprint == read_features(path, "mmsa").fingerprint
    with pytest.raises(UnknownNameError, match="unknown format 'mmsaa'; did you mean 'mmsa'"):
        read_features(path, "mmsaa")
    with pytest.raises(InputError, match="is a pickle, and format 'pyg' comes in a file of torch"):
        read_features(path, "pyg")
    with pytest.raises(InputError, match=r"none of the known layouts: conversation \(.*a dict of"):
        read_features(path, "conversation")


def test_options_are_those_of_the_format(tmp_path):
    path = written(tmp_path, mmsa())
    with pytest.raises(
        InputError, match="format 'mmsa': unknown option 'targets'; did you mean 'target'"
    ):
        read_features(path, targets="regression")
    with pytest.raises(InputError, match="format 'mmsa': unknown option 'classes'"):
        read_features(path, classes="a,b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": 1}, r"holds a dict of \['a'\]"),
        ([1, "b"], "holds a list of 2: int, str"),
        ((1,) * 9, "holds a tuple of 9: int"),
        (3, "holds a int"),
    ],
)
def test_other_layouts_are_outlined(tmp_path, content, message):
    with pytest.raises(
        InputError, match=f"none of the known layouts: conversation .*; mmsa .*{message}"
    ):
        read_features(written(tmp_path, content))


def test_other_files_are_named(tmp_path):
    path = tmp_path / "x"
    np.savez(tmp_path / "x.npz", a=np.ones(2))
    (tmp_path / "empty").mkdir()
    (tmp_path / "t.csv").write_text("id,a\n1,2\n")
    (tmp_path / "t.jsonl").write_text('{"id": 1}')
    for name, content, message in (
        ("x", gzip.compress(b"x"), "is compressed; unpack it first"),
        ("x", b"\x89HDF\r\n\x1a\n", "HDF5 file"),
        ("x", b"\x93NUMPY\x01", "a single array"),
        ("x.npz", None, "load_dataset reads .npz files"),
        ("t.csv", None, "a single table; give the folder"),
        ("t.jsonl", None, r"raw samples needs no conversion: graphfuse compare .*t\.jsonl"),
        ("empty", None, r"none of the known layouts: tables .*It holds \[\]"),
        ("none", None, "there is no file or folder"),
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_features(tmp_path / name)


def test_an_option_that_is_named_twice_is_refused(tmp_path, capsys):
    source, dest = written(tmp_path, mmsa()), tmp_path / "out"
    twice = ["--option", "target=classification", "--option", "target=regression"]
    assert main(["convert", str(source), str(dest), *twice]) == 2
    assert "names 'target' twice: classification and regression" in capsys.readouterr().err
    assert not dest.exists()


def test_convert_writes_a_dataset_and_says_what_is_in_it(tmp_path, capsys):
    source, dest = written(tmp_path, mmsa()), tmp_path / "out"
    arguments = ["convert", str(source), str(dest), "--option", "target=classification"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    for words in ("mmsa (MOSI", "6 samples", "audio", "multiclass 0, 1, 2", "groups: 4",
                  "parts: 3 test, 3 train", f"graphfuse compare --datasets {dest}"):  # fmt: skip
        assert words in printed
    FusionDataset.verify(dest)
    dataset = load_dataset(dest)
    assert dataset.name == "mosi"
    assert dataset.fingerprint == read_features(source, target="classification").fingerprint
    assert main([*arguments[:3], "--format", "mmsa"]) == 0  # takes the place of a dataset
    assert load_dataset(dest).schema.task == "regression"


def test_several_targets_are_pointed_out(tmp_path, capsys):
    content = mmsa()
    for part in content.values():
        part["regression_labels_T"] = part["regression_labels"]
    assert main(["convert", str(written(tmp_path, content)), str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "chooses one of: regression, regression_T" in printed
    assert "graphfuse compare" not in printed


def test_conversations_are_no_samples_to_compare(tmp_path, capsys):
    rows = {key: [np.ones(2), np.ones(2)] for key in "ab"}
    labels = {key: [0, 1] for key in "ab"}
    content = ({}, {key: ["M", "F"] for key in "ab"}, labels, rows, rows, rows, {}, ["a"], ["b"])
    arguments = ["convert", str(written(tmp_path, content)), str(tmp_path / "out")]
    assert main(arguments) == 0
    assert "convert with --option sample=utterance" in capsys.readouterr().out
    assert main([*arguments, "--option", "sample=utterance"]) == 0
    assert "graphfuse compare --datasets" in capsys.readouterr().out


def test_whatever_fails_leaves_nothing_behind(tmp_path, capsys):
    source = written(tmp_path, mmsa())
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    damaged = tmp_path / "damaged.pkl"
    damaged.write_bytes(source.read_bytes()[:-5])
    before = sorted(tmp_path.rglob("*"))
    dest = str(tmp_path / "out")
    for arguments, message in (
        ([str(source), str(foreign)], "is not a saved graphfuse dataset"),
        ([str(source), str(source)], "is a file, but a dataset is saved as a folder"),
        ([str(damaged), dest], "not a readable pickle"),
        (
            [str(source), dest, "--option", "target=classifications"],
            "did you mean 'classification'",
        ),
        ([str(source), dest, "--option", "target"], "--option must be NAME=VALUE"),
        ([str(source), dest, "--format", "mmsaa"], "did you mean 'mmsa'"),
    ):
        assert main(["convert", *arguments]) == 2
        assert message in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_foreign_folder_is_refused_before_anything_is_read(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("graphfuse.data.convert.read.recognise", lambda *_: 1 / 0)
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["convert", "x.pkl", str(tmp_path)]) == 2
    assert "notes.txt" in capsys.readouterr().err


def test_help_names_every_format_and_option(capsys):
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    printed = capsys.readouterr().out
    for name in formats.names():
        assert f"\n  {name} " in printed
        for option in formats.get(name).options:
            assert option in printed


def test_reading_needs_no_pickle_of_torch(tmp_path):
    path = tmp_path / "tensors.pkl"
    path.write_bytes(pickle.dumps({"train": {"text": torch.ones(2, 3)}}))
    with pytest.raises(InputError, match=r"tensor.numpy\(\)"):
        read_features(path)


def test_what_a_reader_raises_names_the_file(tmp_path):
    part = {"text": 3, "regression_labels": [1.0]}
    for content in (
        {"train": part},
        {"train": {"text": [[[1.0]]], "regression_labels": [[1], [1, 2]]}},
    ):
        path = tmp_path / "mosi.pkl"
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(InputError, match=r"mosi\.pkl does not follow its format"):
            read_features(path)
    damaged = b"PK\x03\x04" + b"\0" * 40 + b"PK\x05\x06" + b"\x01" * 18
    (tmp_path / "graphs.pt").write_bytes(damaged)
    with pytest.raises(InputError, match=r"graphs\.pt"):
        read_features(tmp_path / "graphs.pt")
