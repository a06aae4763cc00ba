"""How a strategy is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from graphfuse.errors import InputError, UnknownNameError


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings of the training loop, the same for all strategies of a comparison.

    Example:
        >>> Recipe(epochs=5).to_dict()["epochs"]
        5
        >>> Recipe.from_dict({"epoch": 5})
        Traceback (most recent call last):
        ...
        graphfuse.errors.UnknownNameError: unknown setting of the recipe 'epoch'; did you mean ...
    """

    epochs: int = 25
    """Most passes over the training part."""
    batch_size: int = 64
    learning_rate: float = 1e-3
    """Peak rate of AdamW (Loshchilov and Hutter 2019); it warms up and then falls to zero."""
    weight_decay: float = 0.05
    patience: int = 6
    """Epochs without a better validation score after which training stops."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient."""
    class_weights: bool = False
    """Weigh classes by one over their frequency in the training part."""

    def __post_init__(self) -> None:
        wrong = [
            name
            for name in ("epochs", "batch_size", "learning_rate", "patience", "gradient_clip")
            if not getattr(self, name) > 0
        ]
        if wrong or self.weight_decay < 0:
            raise InputError(
                f"epochs, batch_size, learning_rate, patience and gradient_clip are positive and "
                f"weight_decay at least 0; got {self.to_dict()}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """Build a recipe from settings by name."""
        for name in plain:
            if name not in cls.__dataclass_fields__:
                raise UnknownNameError("setting of the recipe", name, cls.__dataclass_fields__)
        return cls(**plain)
