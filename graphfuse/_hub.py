"""Saved models as folders, here and on the Hugging Face Hub; never a pickle.

Importing this imports ``huggingface_hub``, so it is imported where it is used.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Mapping
from itertools import chain
from numbers import Integral
from pathlib import Path
from typing import Any

import huggingface_hub
import torch
from huggingface_hub import ModelCard, PyTorchModelHubMixin
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, load_model, save_model
from torch import nn
from torch.overrides import TorchFunctionMode

from graphfuse._files import check_free, whole_folder
from graphfuse._version import __version__
from graphfuse.errors import InputError

FORMAT = 1
CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
BESIDE = ("preprocessor.json", "state.safetensors")
"""Files of the preprocessor that a model may be saved with."""


LARGEST_CONFIG = 2**26
"""Bytes of a configuration that is read; one with many classes has less."""
DIGEST = "weights_sha256"


class SavedModel(PyTorchModelHubMixin):
    """A module with its configuration and its card, as ``huggingface_hub`` saves and pushes it."""

    def __init__(
        self,
        module: nn.Module,
        config: Mapping[str, Any],
        card: ModelCard,
        write_beside: Callable[[Path], None],
    ) -> None:
        self.module, self.card, self.write_beside = module, card, write_beside
        self.config = {"format": FORMAT, "graphfuse_version": __version__, **config}

    def _save_pretrained(self, save_directory: Path) -> None:
        try:
            save_model(self.module, str(save_directory / WEIGHTS))
        except (
            SafetensorError
        ) as error:  # which an error of the system, such as a full disk, is too
            number = re.search(r"\(os error (\d+)\)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
        self.config[DIGEST] = _digest(save_directory / WEIGHTS)
        self.write_beside(save_directory)

    def generate_model_card(self, *args: Any, **kwargs: Any) -> ModelCard:
        """Return the card."""
        return self.card

    def save(self, path: Path) -> None:
        """Write the folder, whole or not at all; it replaces a model that was saved there."""
        check_free(path, "model", (CONFIG, WEIGHTS, CARD, *BESIDE), read_config)
        with whole_folder(path) as work:
            self.save_pretrained(work, config=self.config)

    def push(self, repo_id: str, **options: Any) -> str:
        """Create the repository on the Hub if it is not there, and commit the files to it."""
        try:
            return self.push_to_hub(repo_id, config=self.config, **options)
        except HFValidationError as error:
            raise InputError(f"repo_id must be 'user/name', got {repo_id!r}: {error}") from None


def find_folder(source: str | Path, **download: Any) -> Path:
    """Return a folder as it is, or the folder that a model of the Hub was downloaded to."""
    if not isinstance(source, str | Path):
        raise InputError(f"the source of a model must be a folder or 'user/name', got {source!r}")
    path = Path(source)
    try:
        if path.is_dir():
            return path
        if path.exists():
            raise InputError(f"{path} is a file; give the folder with {CONFIG} and {WEIGHTS}")
        found = huggingface_hub.snapshot_download(
            str(source), allow_patterns=[CONFIG, WEIGHTS, *BESIDE], **download
        )
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise InputError(
            f"{str(source)!r} is not a folder and cannot be fetched from the Hugging Face Hub: "
            f"{error}"
        ) from error
    return Path(found)


def read_config(folder: Path) -> dict[str, Any]:
    """Return the configuration of a saved model.

    Raises:
        InputError: it is missing, not of graphfuse, or of another format.
    """
    path = folder / CONFIG
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise ValueError(f"{path.stat().st_size} bytes, more than {LARGEST_CONFIG}")
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{folder} is not a saved model: it has no readable {CONFIG} ({error}); write one with "
            f"model.save_pretrained(folder)"
        ) from None
    if not isinstance(config, dict) or "graphfuse_version" not in config:
        raise InputError(
            f"{folder / CONFIG} was not written by graphfuse; load the model with the library that "
            f"wrote it"
        )
    if config.get("format") != FORMAT:
        raise InputError(
            f"{folder} has format {config.get('format')!r}, this version reads format {FORMAT}; it "
            f"was written by graphfuse {config['graphfuse_version']}, this is {__version__}"
        )
    return config


class WeightsBound(TorchFunctionMode):
    """Refuse to build a module that is far larger than the file of its weights.

    A configuration of a few bytes can ask for a module that fills the memory. All parameters and
    buffers are in the file, so that while a module is built within this context, the tensors that
    it makes are counted against those of the file, before they are allocated.

    Raises:
        InputError: the file is missing or damaged, or the module is too large for it.
    """

    SLACK_TENSORS, SLACK_ELEMENTS, TIMES = 10_000, 2**24, 8
    """What building may take beyond the file's number of tensors and their elements, and how many
    times these: a layer may be replaced, or filled by way of another tensor."""
    BY_SHAPE = (torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full)
    BY_LENGTH = (torch.arange, torch.linspace, torch.eye, torch.randperm)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        sizes = [math.prod(shape) for shape in read_shapes(folder).values()]
        self.tensors = self.TIMES * len(sizes) + self.SLACK_TENSORS
        self.elements = self.TIMES * sum(sizes) + self.SLACK_ELEMENTS

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Count what a call is going to make, then call."""
        kwargs = dict(kwargs or {})
        if func in self.BY_SHAPE:
            self._count(math.prod(_sizes(args, kwargs)))
        elif func in self.BY_LENGTH:
            self._count(max(_sizes(args, kwargs), default=0))
        elif func is torch.Tensor.clone:  # by which copies of layers are made
            self._count(args[0].numel())
        return func(*args, **kwargs)

    def _count(self, elements: int) -> None:
        self.tensors -= 1
        self.elements -= elements
        if self.tensors < 0 or self.elements < 0:
            raise InputError(
                f"{self.folder / CONFIG} describes a model that is much larger than the weights in "
                f"{WEIGHTS}: one of the two is damaged; save the model again"
            )


def _sizes(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[int]:
    """Return the sizes that a function which makes a tensor is called with."""
    given = kwargs.get("size", args)
    if len(given) and isinstance(given[0], tuple | list):
        given = given[0]
    return [abs(int(size)) for size in given if isinstance(size, Integral)]


def read_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the saved tensors by name, from the header of their file.

    Raises:
        InputError: the file is missing or damaged.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise InputError(
            f"{folder} has a {CONFIG} but no {WEIGHTS}; save the model again, or download all of it"
        )
    try:
        with safe_open(path, "pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} is damaged and does not hold the weights: {error}; save the model again"
        ) from error


def load_weights(module: nn.Module, folder: Path, digest: object = None) -> None:
    """Load parameters and buffers, each in the precision in which it was saved.

    Args:
        module: what was built by the configuration.
        folder: of the saved model.
        digest: SHA-256 of the file as the configuration has it; None in models of old versions.

    Raises:
        InputError: the file is missing or damaged, or its tensors are not those of the module.
    """
    path = folder / WEIGHTS
    try:
        stored = load_file(path)
        named = chain(
            module.named_parameters(remove_duplicate=False),
            module.named_buffers(remove_duplicate=False),
        )
        for name, own in named:
            if name not in stored:
                continue
            if own.is_floating_point() != stored[name].is_floating_point():
                raise RuntimeError(f"{name} is of {own.dtype}, the file has {stored[name].dtype}")
            if own.is_floating_point():
                own.data = own.data.to(stored[name].dtype)
        load_model(module, path)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise InputError(
            f"{path} does not hold the weights of the {type(module).__name__} in {CONFIG}: {error}"
        ) from error
    if digest is not None and digest != _digest(path):
        raise InputError(
            f"{path} is not the file that was saved with {CONFIG} (its SHA-256 differs): one of "
            f"the two was changed or damaged; save the model again, or download both again"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
