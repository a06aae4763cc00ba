"""Methods that balance the training of modalities, one per file; ``Recipe.balance`` names one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graphfuse.data import FusionDataset, Schema
from graphfuse.errors import InputError
from graphfuse.fusion import Strategy
from graphfuse.nn import NodeEncoder
from graphfuse.training.balance._method import Balance
from graphfuse.training.balance.registry import balance_methods

if TYPE_CHECKING:
    from graphfuse.training.recipe import Recipe


def start_balance(
    strategy: Strategy,
    train: FusionDataset,
    validation: FusionDataset,
    recipe: Recipe,
    seed: int,
    sample_weight: Mapping[str, float] | None = None,
) -> Balance:
    """Return the recipe's method for one training; without one, a method that does nothing."""
    method = balance_methods.get(recipe.balance) if recipe.balance else Balance
    return method(strategy, train, validation, recipe, seed, sample_weight)


def check_schema(recipe: Recipe, schema: Schema) -> None:
    """Raise an error if the recipe's balancing settings do not suit data of that schema."""
    given = {"modality_dropout": recipe.modality_dropout, "balance": recipe.balance}
    for name, value in given.items():
        if value and len(schema.modalities) < 2:
            raise InputError(
                f"{name}={value!r} of the recipe needs at least 2 modalities, the data has "
                f"{list(schema.names)}; leave {name} out"
            )
    method = balance_methods.get(recipe.balance) if recipe.balance else Balance
    if method.needs_probabilities and schema.task == "regression":
        free = [
            n for n in balance_methods.names() if not balance_methods.get(n).needs_probabilities
        ]
        raise InputError(
            f"balance={recipe.balance!r} of the recipe needs probabilities, which a regression "
            f"does not predict; choose one of {free} or leave balance out"
        )


def check_strategy(recipe: Recipe, strategy: Strategy) -> None:
    """Raise an error if the recipe's method has nothing to balance in the strategy."""
    if recipe.balance is None:
        return
    seen = {
        m.name
        for encoder in strategy.modules()
        if isinstance(encoder, NodeEncoder)
        for m in encoder.modalities
    }
    if not strategy.trains or len(seen) == 1:
        why = f"uses only {sorted(seen)}" if strategy.trains else "is not trained by gradient"
        raise InputError(
            f"balance={recipe.balance!r} of the recipe cannot be used with {strategy.name!r}, "
            f"which {why}; train it with balance=None"
        )


__all__ = ["Balance", "balance_methods", "check_schema", "check_strategy", "start_balance"]
