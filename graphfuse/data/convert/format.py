"""The formats of features: how one is recognised, and how it becomes a dataset."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphfuse._registry import Registry
from graphfuse.data.dataset import FusionDataset
from graphfuse.errors import InputError, UnknownNameError


@dataclass(frozen=True)
class Format:
    """A format in which extracted features are published.

    ``source`` is the type of file: "pickle", "torch" (a file of ``torch.save``) or "folder".
    ``fits`` recognises the content without reading all of it; ``build`` takes the content, and
    options by keyword.
    """

    name: str
    source: str
    summary: str
    fits: Callable[[Any], bool]
    build: Callable[..., FusionDataset]

    @property
    def options(self) -> list[str]:
        """Names of the options, sorted."""
        parameters = inspect.signature(self.build).parameters.values()
        return sorted(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)

    def check_options(self, given: dict[str, Any]) -> None:
        """Raise :class:`~graphfuse.errors.InputError` at an option that the format lacks."""
        for option in given:
            if option not in self.options:
                unknown = UnknownNameError("option", option, self.options)
                raise InputError(f"format {self.name!r}: {unknown}")


formats: Registry[Format] = Registry("format", "graphfuse.data.convert")

Build = Callable[..., FusionDataset]


def register_format(
    name: str, *, source: str, summary: str, fits: Callable[[Any], bool]
) -> Callable[[Build], Build]:
    """Decorate the function that builds the dataset."""
    return formats.register(name, lambda build: Format(name, source, summary, fits, build))
