"""Specs: a name and plain options, from which later stages build objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from graphfuse.errors import InputError

FORMS = "a name or {name: {option: value}}"


@dataclass(frozen=True)
class Spec:
    """A name and plain options."""

    kind: ClassVar[str] = "thing"
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Any, what: str = "", forms: str = FORMS) -> Self:
        """Return the spec that a spec, a name or ``{name: options}`` stands for.

        ``what`` names it in errors, by default "a" and the kind; ``forms`` says what it can be.

        Raises:
            InputError: it is none of these.

        Example:
            >>> RelationSpec.of({"k_nearest": {"k": 1}})
            RelationSpec(name='k_nearest', options={'k': 1})
        """
        spec = cls(given) if isinstance(given, str) else given
        if isinstance(given, Mapping) and len(given) == 1:
            name, options = next(iter(given.items()))
            spec = cls(name, {} if options is None else options)
        is_one = isinstance(spec, cls) and isinstance(spec.name, str)
        if not is_one or not isinstance(spec.options, Mapping):
            raise InputError(f"{what or f'a {cls.kind}'} must be {forms}, got {given!r}")
        return spec

    def with_model(self) -> Self:
        """Return the spec with the model after the colon in its name as an option.

        Raises:
            InputError: a model without a name.

        Example:
            >>> EncoderSpec("timm:resnet18").with_model()
            EncoderSpec(name='timm', options={'model': 'resnet18'})
        """
        name, colon, model = self.name.partition(":")
        options = {"model": model, **self.options} if colon else self.options
        given = options.get("model")
        if isinstance(given, str) and not given.strip():
            raise InputError(
                f"{self.kind} {name!r} is followed by a colon, but no model; name the model, "
                f"or leave the colon out"
            )
        return type(self)(name, options)

    @property
    def plain(self) -> dict[str, dict[str, Any]]:
        """The spec as ``{name: options}``."""
        return {self.name: dict(self.options)}


class RelationSpec(Spec):
    """A relation by name and plain options, which :class:`graphfuse.graph.GraphBuilder` builds.

    Data is a room below graphs, so that a dataset can only name the relations that fit it.

    Example:
        >>> RelationSpec("k_nearest", {"k": 1})
        RelationSpec(name='k_nearest', options={'k': 1})
    """

    kind = "relation"


class EncoderSpec(Spec):
    """An encoder by name and plain options, which :mod:`graphfuse.encoders` builds.

    Data is a room below encoders, so that a manifest can only name those that fit it.

    Example:
        >>> EncoderSpec("patches", {"side": 8})
        EncoderSpec(name='patches', options={'side': 8})
    """

    kind = "encoder"


class StepSpec(Spec):
    """A step by name and plain options, which :func:`graphfuse.data.steps.create_step` builds.

    Example:
        >>> StepSpec("scale", {"how": "robust"})
        StepSpec(name='scale', options={'how': 'robust'})
    """

    kind = "step"


class CleaningSpec(Spec):
    """A step of cleaning by name and options, which :mod:`graphfuse.raw.cleaning` builds.

    Example:
        >>> CleaningSpec("resample", {"rate": 16000})
        CleaningSpec(name='resample', options={'rate': 16000})
    """

    kind = "cleaning step"


class AugmentationSpec(Spec):
    """A preset of changes by name, empty for none, and the options that win over its own.

    :func:`graphfuse.raw.augment.create_augmentation` builds it.
    """

    kind = "augmentation"


class NetworkSpec(Spec):
    """A network that encodes a raw modality, by name and options.

    :func:`graphfuse.encoders.networks.create_network` builds it.
    """

    kind = "encoder network"
