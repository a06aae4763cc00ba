"""Numbers as text: the same digits and signs in every format."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

DASH = "\N{EN DASH}"
SIGNED = ("over_concat", "over_best_unimodal", "difference", "effect")
WHOLE = ("rank", "parameters", "failed", "undefined", "n")


def show(column: str, value: Any) -> str:
    """Return a value as text: three digits after the point, signs for differences.

    Example:
        >>> show("mean", 0.5), show("difference", 0.5), show("parameters", 12345), show("p", 1e-5)
        ('0.500', '+0.500', '12,345', '<0.001')
    """
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return DASH
    if column in WHOLE:
        return f"{int(value):,}"
    if column == "flops_per_sample":
        return f"{value / 1e6:,.3f}"
    if column == "fit_seconds":
        return f"{value:.1f}"
    if column in ("p", "p_holm") and value < 0.001:
        return "<0.001"
    return f"{value:+.3f}" if column in SIGNED else f"{value:.3f}"


def show_interval(low: float, high: float, column: str = "mean") -> str:
    """Return an interval as text.

    Example:
        >>> show_interval(0.25, 0.5), show_interval(float("nan"), float("nan"))
        ('0.250 to 0.500', 'unknown')
    """
    return "unknown" if low != low else f"{show(column, low)} to {show(column, high)}"


def show_ranks(board: pd.DataFrame) -> list[str]:
    """Return the ranks as text, as ranges where they do not follow the means.

    A noisy strategy can tie with better ones from which a steadier strategy with a higher mean
    differs significantly. Its range begins with their rank and ends with its own place by mean.

    Example:
        >>> show_ranks(pd.DataFrame({"rank": [1.0, 1.0, 4.0, 1.0]}))
        ['1', '1', '4', '1–4']
    """
    below = board["rank"] < board["rank"].cummax()
    return [
        show("rank", rank) + (f"{DASH}{place}" if late else "")
        for place, (rank, late) in enumerate(zip(board["rank"], below, strict=True), 1)
    ]
