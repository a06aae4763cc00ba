"""Saved models as folders, here and on the Hugging Face Hub; never a pickle.

Importing this imports ``huggingface_hub``, so it is imported where it is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub import ModelCard, PyTorchModelHubMixin
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_model
from torch import nn

from graphfuse._folder import check_free, replace_folder
from graphfuse._version import __version__
from graphfuse.errors import InputError

FORMAT = 1
CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
BESIDE = ("preprocessor.json", "state.safetensors")
"""Files of the preprocessor that a model may be saved with."""


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
        save_model(self.module, str(save_directory / WEIGHTS))
        self.write_beside(save_directory)

    def generate_model_card(self, *args: Any, **kwargs: Any) -> ModelCard:
        """Return the card."""
        return self.card

    def save(self, path: Path) -> None:
        """Write the folder, whole or not at all; it replaces a model that was saved there."""
        check_free(path, "model", (CONFIG, WEIGHTS, CARD, *BESIDE), read_config)
        with replace_folder(path) as work:
            self.save_pretrained(work, config=self.config)

    def push(self, repo_id: str, **options: Any) -> str:
        """Create the repository on the Hub if it is not there, and commit the files to it."""
        try:
            return self.push_to_hub(repo_id, config=self.config, **options)
        except HFValidationError as error:
            raise InputError(
                f"a model is pushed to 'user/name', got {repo_id!r}: {error}"
            ) from None


def find_folder(source: str | Path, **download: Any) -> Path:
    """Return a folder as it is, or the folder that a model of the Hub was downloaded to."""
    if not isinstance(source, str | Path):
        raise InputError(f"a model is loaded from a folder or as 'user/name', got {source!r}")
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
            f"{str(source)!r} is no folder here, and as the name of a model on the Hugging Face "
            f"Hub it cannot be fetched: {error}"
        ) from error
    return Path(found)


def read_config(folder: Path) -> dict[str, Any]:
    """Return the configuration of a saved model.

    Raises:
        InputError: it is missing, not of graphfuse, or of another format.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{folder} is no saved model: it has no readable {CONFIG} ({error}); write one with "
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


def load_weights(module: nn.Module, folder: Path) -> None:
    """Load parameters and buffers, each in the precision in which it was saved.

    Raises:
        InputError: the file is missing or damaged, or its tensors are not those of the module.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise InputError(
            f"{folder} has a {CONFIG} but no {WEIGHTS}; save the model again, or download all of it"
        )
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
