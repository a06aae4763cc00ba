"""The settings for training a strategy."""

from __future__ import annotations

import contextlib
import math
from dataclasses import asdict, dataclass
from typing import Any, Self

from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.training.balance.registry import balance_methods


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
    """Maximum number of passes over the training part."""
    batch_size: int = 64
    learning_rate: float = 1e-3
    """Peak learning rate of AdamW (Loshchilov and Hutter 2019), with warm-up and decay to zero."""
    weight_decay: float = 0.05
    patience: int = 6
    """Number of epochs without a better validation score after which training stops."""
    refit: bool = False
    """Train again from the initial weights, on training and validation part together, for the best
    number of epochs. What a network needs fitted before its training stays fitted on the training
    part; a baseline that is fitted in one go is fitted again on both.
    Cannot be combined with ``balance``."""
    gradient_clip: float = 1.0
    """Maximum norm of the gradient."""
    class_weights: bool = False
    """Weigh classes by their inverse frequency in the training part."""
    modality_dropout: float = 0.0
    """Probability that a modality of a training sample is hidden, drawn anew in each epoch; at
    least one modality is kept (after Neverova et al. 2016, https://arxiv.org/abs/1501.00102)."""
    node_dropout: float = 0.0
    """Probability that a node of a training sample is left out, drawn anew in each epoch; at least
    one node per modality is kept (after Feng et al. 2020, https://arxiv.org/abs/2005.11079)."""
    edge_dropout: float = 0.0
    """Probability that an edge of a training sample is left out, drawn anew in each epoch (after
    Rong et al. 2020, https://arxiv.org/abs/1907.10903)."""
    mixup: float = 0.0
    """If above 0, training samples and labels are mixed, with weights from the Beta distribution
    that has this value as both parameters (after Zhang et al. 2018,
    https://arxiv.org/abs/1710.09412); see ``graphfuse.data.batch_changes.mix``."""
    balance: str | None = None
    """Name of a method that balances the training of the modalities. "unimodal_loss" adds the loss
    of the prediction from each modality; "gradient_blending" weighs these losses by how well they
    generalise (Wang et al. 2020, https://arxiv.org/abs/1905.12681); "ogm_ge" reduces the gradients
    of the modality that learns fastest (Peng et al. 2022, https://arxiv.org/abs/2203.15332);
    "distillation" trains with one teacher per modality (Du et al. 2023,
    https://arxiv.org/abs/2305.01233). :mod:`graphfuse.training.balance` describes the differences
    to the papers."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience"):
            check_integer(f"{name} of the recipe", getattr(self, name), 1)
        may_be_zero = ("weight_decay", "mixup")
        for name in ("learning_rate", "gradient_clip", *may_be_zero):
            value = getattr(self, name)
            sound = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not sound or not 0 <= value < math.inf or (value == 0 and name not in may_be_zero):
                raise InputError(
                    f"{name} of the recipe must be a "
                    f"{'number of at least 0' if name in may_be_zero else 'positive number'}, "
                    f"got {value!r}"
                )
        for name in ("class_weights", "refit"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(
                    f"{name} of the recipe must be true or false, got {getattr(self, name)!r}"
                )
        for name in ("modality_dropout", "node_dropout", "edge_dropout"):
            rate = getattr(self, name)
            if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate < 1:
                raise InputError(
                    f"{name} of the recipe must be a probability in [0, 1), got {rate!r}"
                )
        if self.balance is not None:
            balance_methods.get(str(self.balance))
            if self.refit:
                raise InputError(
                    f"the recipe cannot combine balance={self.balance!r}, which may use the "
                    f"validation part, with refit, which trains on it; leave one of them out"
                )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """Build a recipe from settings by name; text such as "1e-3" is converted to a number.

        (YAML reads 1e-3 as text and 1.0e-3 as a number.)
        """
        settings = dict(plain)
        for name, value in plain.items():
            if name not in cls.__dataclass_fields__:
                raise UnknownNameError("setting of the recipe", name, cls.__dataclass_fields__)
            if isinstance(value, str) and isinstance(cls.__dataclass_fields__[name].default, float):
                with contextlib.suppress(ValueError):
                    settings[name] = float(value)
        return cls(**settings)
