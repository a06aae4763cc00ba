"""Small SVG figures in the colours of the page, light or dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from markupsafe import Markup, escape

COLOURS = {
    "baseline": "#56B4E9",
    "unimodal": "#E69F00",
    "feature": "#0072B2",
    "decision": "#009E73",
    "graph": "#D55E00",
}
OTHER = "#7F7F7F"
"""Colour of a family without one of its own."""
LINES = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2")
MOST_NAMES = 20
"""Most strategies that a scatter plot names in full."""


def points(
    scores: Mapping[str, Sequence[float]], families: Mapping[str, str], label: str
) -> Markup:
    """Draw one row per strategy, with one dot per fold and a bar at the mean."""
    values = [v for row in scores.values() for v in row if not math.isnan(v)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = 0.05 * (high - low) or 0.05
    low, high = low - pad, high + pad
    left, width, step = _room(scores), 480, 22
    height = step * len(scores) + 46

    def at(value: float) -> float:
        return left + (value - low) / (high - low) * width

    parts = [_grid(low, high, at, step * len(scores) + 10)]
    for number, (name, row) in enumerate(scores.items()):
        y = step * number + 18
        colour = COLOURS.get(families[name], OTHER)
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(left - 10, y + 4, name)
        )
        found = [v for v in row if not math.isnan(v)]
        for value in found:
            mark = (
                '<circle cx="{:.1f}" cy="{}" r="4" fill="{}" fill-opacity=".55">'
                "<title>{}</title></circle>"
            )
            parts.append(Markup(mark).format(at(value), y, colour, f"{name}: {value:.3f}"))
        if found:
            mark = '<rect x="{:.1f}" y="{}" width="3" height="16" rx="1" fill="{}"/>'
            parts.append(Markup(mark).format(at(float(np.mean(found))) - 1.5, y - 8, colour))
    parts.append(_text(left + width / 2, height - 4, label))
    return _figure(parts, left + width + 20, height, f"{label} of every fold, one row per strategy")


def scatter(
    places: Mapping[str, tuple[float, float]],
    families: Mapping[str, str],
    x_label: str,
    y_label: str,
    sign: int = 1,
) -> Markup | None:
    """Draw score against seconds (logarithmic), one dot per strategy; None without any.

    Of many strategies, only those are named that no faster one beats. ``sign`` is -1 where a lower
    score is better.
    """
    shown = {n: (x, y) for n, (x, y) in places.items() if x > 0 and not math.isnan(y)}
    if not shown:
        return None
    named = shown if len(shown) <= MOST_NAMES else unbeaten(shown, sign)
    xs = [math.log10(x) for x, _ in shown.values()]
    ys = [y for _, y in shown.values()]
    left, top, width, height = 60, 22, 480, max(240, 16 * len(named))
    x0, x1 = min(xs) - 0.15, max(xs) + 0.15
    pad = 0.08 * (max(ys) - min(ys)) or 0.05
    y0, y1 = min(ys) - pad, max(ys) + pad

    def right(value: float) -> float:
        return left + (math.log10(value) - x0) / (x1 - x0) * width

    def down(value: float) -> float:
        return top + (y1 - value) / (y1 - y0) * height

    parts = []
    for value in _ticks(y0, y1):
        parts.append(_line(left, down(value), left + width, down(value)))
        parts.append(_text(left - 8, down(value) + 4, f"{value:g}", "end"))
    for value in _log_ticks(x0, x1):
        parts.append(_line(right(value), top, right(value), top + height))
        parts.append(_text(right(value), top + height + 16, f"{value:g}"))
    highest_first = sorted(named.items(), key=lambda item: (-item[1][1], item[0]))
    heights = _spread([down(y) for _, (_, y) in highest_first], 15)
    bend = left + width + 4
    for (name, (x, y)), at in zip(highest_first, heights, strict=True):
        lead = '<polyline points="{:.1f},{:.1f} {:.1f},{:.1f} {},{:.1f}" class="lead"/>'
        parts.append(Markup(lead).format(right(x), down(y), bend, at, bend + 10, at))
        parts.append(_text(bend + 14, at + 4, name, "start"))
    for name, (x, y) in shown.items():
        mark = '<circle cx="{:.1f}" cy="{:.1f}" r="5" fill="{}"><title>{}</title></circle>'
        text = f"{name}: {y:.3f}, {x:.2f} s"
        parts.append(
            Markup(mark).format(right(x), down(y), COLOURS.get(families[name], OTHER), text)
        )
    parts.append(_text(left + width / 2, top + height + 34, x_label))
    parts.append(_text(left, top - 8, y_label, "start"))
    total = left + width + 14 + _room(named)
    return _figure(parts, total, top + height + 42, f"{y_label} against {x_label}")


def unbeaten(
    places: Mapping[str, tuple[float, float]], sign: int = 1
) -> dict[str, tuple[float, float]]:
    """Return the strategies, ``{name: (seconds, score)}``, that no faster one beats.

    Example:
        >>> list(unbeaten({"slow": (9.0, 0.8), "quick": (1.0, 0.7), "worse": (2.0, 0.6)}))
        ['quick', 'slow']
    """
    found: dict[str, tuple[float, float]] = {}
    best = -math.inf
    for name, (x, y) in sorted(places.items(), key=lambda item: (item[1][0], -sign * item[1][1])):
        if sign * y > best:
            found[name], best = (x, y), sign * y
    return found


def roc(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Markup:
    """Draw true against false positive rates, one line per strategy."""
    size, left, top = 260, 44, 26
    parts = [_line(left, top + size, left + size, top)]
    for value in (0.0, 0.5, 1.0):
        parts.append(_text(left + value * size, top + size + 16, f"{value:g}"))
        parts.append(_text(left - 8, top + size - value * size + 4, f"{value:g}", "end"))
    parts.append(
        Markup('<rect x="{}" y="{}" width="{}" height="{}" class="frame"/>').format(
            left, top, size, size
        )
    )
    for number, (name, (x, y)) in enumerate(curves.items()):
        path = " ".join(
            f"{left + a * size:.1f},{top + size - b * size:.1f}" for a, b in zip(x, y, strict=True)
        )
        colour, dash = LINES[number % 5], DASHES[number % 5]
        mark = (
            '<polyline points="{}" fill="none" stroke="{}" stroke-width="2" stroke-dasharray="{}"/>'
        )
        parts.append(Markup(mark).format(path, colour, dash))
        y_label = top + 20 + 20 * number
        mark = (
            '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-width="2" '
            'stroke-dasharray="{}"/>'
        )
        parts.append(
            Markup(mark).format(left + size + 20, left + size + 50, y_label, y_label, colour, dash)
        )
        parts.append(_text(left + size + 58, y_label + 4, name, "start"))
    parts.append(_text(left + size / 2, top + size + 34, "false positive rate"))
    parts.append(_text(left, top - 10, "true positive rate", "start"))
    total = left + size + 50 + _room(curves)
    return _figure(parts, total, top + size + 42, "ROC curves, mean over folds")


def _room(names: Iterable[str]) -> int:
    """Return an upper bound for the width of the longest name, in the font of the figures."""
    return 20 + max((7 * len(name) for name in names), default=0)


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move ascending heights apart, as little as possible, until they are ``gap`` apart.

    Example:
        >>> _spread([10.0, 12.0, 50.0], 10)
        [6.0, 16.0, 50.0]
    """
    blocks: list[tuple[float, int]] = []  # sum of wanted starts, and how many
    for height in heights:
        blocks.append((height, 1))
        while len(blocks) > 1 and _ends(blocks[-2], gap) + gap > _starts(blocks[-1], gap):
            (total, count), (upper, n) = blocks.pop(), blocks.pop()
            blocks.append((upper + total - n * gap * count, n + count))
    return [_starts(block, gap) + i * gap for block in blocks for i in range(block[1])]


def _starts(block: tuple[float, int], gap: float) -> float:
    return block[0] / block[1]


def _ends(block: tuple[float, int], gap: float) -> float:
    return block[0] / block[1] + (block[1] - 1) * gap


def _log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten between two logarithms, or powers alone if many."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    steps = (1, 2, 5) if high - low < 2 else (1,)
    ticks = [round(step * 10.0**power, 12) for power in powers for step in steps]
    return [tick for tick in ticks if low <= math.log10(tick) <= high]


def _ticks(low: float, high: float) -> list[float]:
    step = 10.0 ** math.floor(math.log10((high - low) / 3))
    step *= next(k for k in (1, 2, 5, 10) if (high - low) / (step * k) <= 5)
    return [round(step * k, 10) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _grid(low: float, high: float, at: object, height: float) -> Markup:
    parts = []
    for value in _ticks(low, high):
        x = at(value)  # type: ignore[operator]
        parts += [_line(x, 4, x, height), _text(x, height + 16, f"{value:g}")]
    return Markup("").join(parts)


def _line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    mark = '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="grid"/>'
    return Markup(mark).format(x1, y1, x2, y2)


def _text(x: float, y: float, text: str, anchor: str = "middle") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, text
    )


def _figure(parts: Sequence[Markup], width: float, height: float, alt: str) -> Markup:
    opening = (
        '<svg role="img" aria-label="{}" viewBox="0 0 {:.0f} {:.0f}" style="max-width:{:.0f}px">'
    )
    return (
        Markup(opening).format(escape(alt), width, height, width)
        + Markup("").join(parts)
        + Markup("</svg>")
    )
