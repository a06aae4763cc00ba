"""Modules that can be saved to a folder or the Hugging Face Hub, and loaded again."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import nn

from graphfuse._card import Description, Facts, Scores, make_card
from graphfuse.errors import FusionError, InputError
from graphfuse.graph import plain

if TYPE_CHECKING:
    from graphfuse._hub import SavedModel


builders: dict[str, Callable[[Mapping[str, Any]], HubModule]] = {}
"""Functions that build a saved module from its configuration, by the class in the configuration.

This is for classes that a higher layer builds; all others are built by their constructor."""


class HubModule(nn.Module):
    """A module that :meth:`save_pretrained` saves and :meth:`from_pretrained` loads.

    A saved model is a folder with ``config.json`` (its configuration), ``model.safetensors`` (its
    weights and everything fitted) and ``README.md`` (its model card). It is saved and pushed by
    :class:`huggingface_hub.PyTorchModelHubMixin`, which has methods of the same names and is
    imported when one of them is called. No file is a pickle.

    In a subclass, the constructor's arguments are JSON data, kept as attributes of the same names;
    otherwise, the subclass overrides :meth:`options`.

    Example:
        >>> import tempfile
        >>> from graphfuse.nn import DenseRGCNConv
        >>> conv = DenseRGCNConv(4, 8, (["a"], [("a", "near", "a")]))
        >>> folder = Path(tempfile.mkdtemp()) / "conv"
        >>> conv.save_pretrained(folder)
        >>> sorted(file.name for file in folder.iterdir())
        ['README.md', 'config.json', 'model.safetensors']
        >>> loaded = DenseRGCNConv.from_pretrained(folder)
        >>> x, edges = {"a": torch.rand(2, 3, 4)}, {("a", "near", "a"): torch.ones(2, 3, 3)}
        >>> bool((loaded(x, edges)["a"] == conv(x, edges)["a"]).all())
        True
    """

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = inspect.signature(type(self)).parameters
        lost = [name for name in names if not hasattr(self, name)]
        if lost:
            raise InputError(
                f"{type(self).__name__} cannot be saved: it does not keep its arguments {lost} as "
                f"attributes of the same names; set them, or override options()"
            )
        return {name: getattr(self, name) for name in names}

    def config(self) -> dict[str, Any]:
        """Return the data from which :meth:`from_config` rebuilds the module, without weights."""
        options = self.options()
        try:
            inspect.signature(type(self)).bind(**options)
        except TypeError as error:
            raise InputError(
                f"{type(self).__name__} cannot be saved: it cannot be built from its options() "
                f"{sorted(options)} ({error}); override options()"
            ) from None
        return {"class": type(self).__name__, "options": plain(options)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build a module from the data of :meth:`config`."""
        check_class(config, cls.__name__)
        return cls(**config["options"])

    def write_beside(self, folder: Path) -> None:
        """Write anything to be saved besides configuration and weights; here nothing."""

    def read_beside(self, folder: Path) -> None:
        """Read the files that :meth:`write_beside` wrote, if there are any."""

    def describe(self) -> Description:
        """Return the facts about the module for its model card."""
        home = type(self).__module__
        return Description(
            name=type(self).__name__,
            paragraphs=[(inspect.getdoc(type(self)) or "").partition("\n")[0]],
            tables={"Layer": (["what", "value"], option_rows(self))},
            load=type(self).__name__,
            imported_from="graphfuse.nn" if home.startswith("graphfuse.nn.") else home,
            tags=["graph-neural-network"],
        )

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        scores: Scores | None = None,
        dataset: str | None = None,
        split: str = "test",
        license: str | None = None,  # noqa: A002
    ) -> None:
        """Save the module to a folder, completely or not at all; it replaces a model saved there.

        Args:
            scores: for the model card, ``{metric: value}``, where a value is one number, a list
                with one number per fold, or a list with one such list per repeat.
            dataset: name of the data that the scores were measured on.
            split: name of the part of the data.
            license: for the model card, such as "apache-2.0".

        Raises:
            InputError: the folder contains something else; scores are not finite numbers or have
                no dataset; options are not JSON data.
        """
        if not isinstance(save_directory, str | Path):
            raise InputError(f"save_directory must be the path of a folder, got {save_directory!r}")
        path = Path(save_directory)
        facts = Facts(scores=scores, dataset=dataset, split=split, license=license)
        self._saved(facts, path.resolve().name).save(path)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        scores: Scores | None = None,
        dataset: str | None = None,
        split: str = "test",
        license: str | None = None,  # noqa: A002
        commit_message: str = "Push model using graphfuse",
        private: bool | None = None,
        token: str | None = None,
        branch: str | None = None,
        create_pr: bool | None = None,
    ) -> str:
        """Push the files of :meth:`save_pretrained` to the Hub; return the URL of the commit.

        The repository is created if it does not exist. Arguments that are not for the model card
        are passed to :meth:`huggingface_hub.ModelHubMixin.push_to_hub`.

        Raises:
            InputError: as in :meth:`save_pretrained`; ``repo_id`` is not the name of a repository.
        """
        if not isinstance(repo_id, str):
            raise InputError(f"repo_id must be 'user/name', got {repo_id!r}")
        facts = Facts(scores=scores, dataset=dataset, split=split, license=license)
        return self._saved(facts, repo_id).push(
            repo_id,
            commit_message=commit_message,
            private=private,
            token=token,
            branch=branch,
            create_pr=create_pr,
        )

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
    ) -> Self:
        """Load a module in evaluation mode from a folder, or from the Hub by its name there.

        Its outputs equal those of the saved module bit by bit, in the precision in which it was
        saved. Keyword arguments are those of :func:`huggingface_hub.snapshot_download`.

        Raises:
            InputError: there is no such folder or model; files are missing, damaged, or of another
                format or class.
            UnknownNameError: the model has an unknown strategy, relation or option.
        """
        from graphfuse._hub import (
            CONFIG,
            DIGEST,
            WeightsBound,
            find_folder,
            load_weights,
            read_config,
        )

        folder = find_folder(
            pretrained_model_name_or_path,
            revision=revision,
            token=token,
            cache_dir=cache_dir,
            force_download=force_download,
            local_files_only=local_files_only,
        )
        config = read_config(folder)
        try:
            with torch.random.fork_rng(), WeightsBound(folder):
                module = cls.from_config(config)
        except FusionError as error:
            error.add_note(f"while loading {folder / CONFIG}")
            raise
        except Exception as error:  # a constructor may raise any of these for damaged values
            raise InputError(
                f"{folder / CONFIG} is damaged: no {cls.__name__} can be built from it "
                f"({type(error).__name__}: {error}); save the model again"
            ) from error
        load_weights(module, folder, config.get(DIGEST))
        module.read_beside(folder)
        return module.eval()

    def _saved(self, facts: Facts, source: str) -> SavedModel:
        from graphfuse._hub import SavedModel

        config = self.config()
        card = make_card(self.describe(), facts, source)
        return SavedModel(self, config, card, self.write_beside)


def check_class(config: Mapping[str, Any], wanted: str) -> None:
    """Raise an error for the configuration of another class."""
    if config["class"] != wanted:
        raise InputError(
            f"the saved model is a {config['class']}, not a {wanted}; load it with "
            f"{config['class']}.from_pretrained"
        )


def option_rows(module: HubModule) -> list[list[str]]:
    """Return the number of parameters and the options for a table of the model card."""
    count = sum(p.numel() for p in module.parameters() if p.requires_grad)
    options = plain(module.options())
    return [["parameters", f"{count:,}"], *([name, str(v)] for name, v in options.items())]
