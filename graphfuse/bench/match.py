"""Bring strategies to the same number of parameters by their width."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from graphfuse.data import Schema
from graphfuse.errors import InputError
from graphfuse.fusion import Strategy, create_strategy, strategy_info, strategy_options

WIDTH = "hidden_channels"


def count_parameters(strategy: nn.Module) -> int:
    """Return the number of trained or fitted numbers behind a prediction.

    For a strategy that chooses one of its members, as ``unimodal:best``, that of the largest.
    """
    models: Sequence[nn.Module] = strategy.members() if isinstance(strategy, Strategy) else ()
    return max(
        sum(p.numel() for p in model.parameters() if p.requires_grad)
        + (model.fitted_numbers if isinstance(model, Strategy) else 0)
        for model in models or [strategy]
    )


def match_parameters(
    strategy: str, schema: Schema, wanted: int, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options with the width at which a strategy is nearest to ``wanted`` parameters.

    Of two widths equally near it is the smaller one. Widths are multiples of the number of heads
    where the strategy has heads. A strategy without a width or without parameters keeps its
    options.

    Raises:
        InputError: the options give the width as well.

    Example:
        >>> from graphfuse.data import Modality, Target
        >>> schema = Schema([Modality("a", (8,)), Modality("b", (5,))], Target("binary"))
        >>> match_parameters("concat", schema, 10_000, {"dropout": 0.2})
        {'dropout': 0.2, 'hidden_channels': 47}
        >>> match_parameters("majority", schema, 10_000, {})
        {}
    """
    if WIDTH in options:
        raise InputError(
            f"options of {strategy!r} give {WIDTH}={options[WIDTH]!r} and match_parameters="
            f"{wanted} chooses it; leave one of them out"
        )
    if WIDTH not in strategy_options(strategy):
        return dict(options)
    step = _heads(strategy, options)
    sizes: dict[int, int | None] = {}

    def size(width: int) -> int | None:
        """Return the number of parameters; None where the strategy refuses to be that wide."""
        if width not in sizes:
            sizes[width] = _size(strategy, schema, {**options, WIDTH: width}, width > step)
        return sizes[width]

    def enough(multiple: int) -> bool:
        found = size(multiple * step)
        return found is None or found >= wanted

    if size(step) == 0:
        return dict(options)
    high = 1
    while not enough(high) and high * step <= wanted:  # one more channel is one more parameter
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    near = [
        (abs(count - wanted), width)
        for width in (low * step, high * step)
        if width and (count := size(width)) is not None
    ]
    return {**options, WIDTH: min(near)[1]}


def _heads(strategy: str, options: Mapping[str, Any]) -> int:
    """Return what the width is a multiple of."""
    known = inspect.signature(strategy_info(strategy).make).parameters
    heads = options.get("heads", known["heads"].default if "heads" in known else 1)
    return heads if isinstance(heads, int) and heads > 0 else 1


def _size(
    strategy: str, schema: Schema, options: Mapping[str, Any], may_refuse: bool
) -> int | None:
    """Count the parameters, without memory for them unless the strategy needs their values."""
    try:
        with torch.random.fork_rng():
            try:
                # Networks load weights and measure what they return, which takes values.
                with torch.device("cpu" if options.get("encoders") else "meta"):
                    return count_parameters(create_strategy(strategy, schema, **options))
            except (NotImplementedError, RuntimeError):
                return count_parameters(create_strategy(strategy, schema, **options))
    except InputError:
        if may_refuse:
            return None
        raise
