"""Small SVG figures, drawn by hand: they take the page's colours, light or dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup, escape

COLOURS = {
    "unimodal": "#E69F00",
    "feature": "#0072B2",
    "decision": "#009E73",
    "graph": "#D55E00",
}
LINES = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2")


def points(
    scores: Mapping[str, Sequence[float]], families: Mapping[str, str], label: str
) -> Markup:
    """Draw one row a strategy, a dot a fold and a bar at the mean."""
    values = [v for row in scores.values() for v in row if not math.isnan(v)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = 0.05 * (high - low) or 0.05
    low, high = low - pad, high + pad
    left, width, step = 200, 480, 22
    height = step * len(scores) + 46

    def at(value: float) -> float:
        return left + (value - low) / (high - low) * width

    parts = [_grid(low, high, at, step * len(scores) + 10)]
    for number, (name, row) in enumerate(scores.items()):
        y = step * number + 18
        colour = COLOURS[families[name]]
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
    return _figure(parts, left + width + 20, height, f"{label} of every fold, one row a strategy")


def scatter(
    places: Mapping[str, tuple[float, float]],
    families: Mapping[str, str],
    x_label: str,
    y_label: str,
) -> Markup:
    """Draw score against seconds (logarithmic), one labelled dot a strategy."""
    shown = {n: (x, y) for n, (x, y) in places.items() if x > 0 and not math.isnan(y)}
    if not shown:
        return Markup("")
    xs = [math.log10(x) for x, _ in shown.values()]
    ys = [y for _, y in shown.values()]
    left, top, width, height = 60, 12, 600, 260
    x0, x1 = min(xs) - 0.15, max(xs) + 0.35
    pad = 0.08 * (max(ys) - min(ys)) or 0.05
    y0, y1 = min(ys) - pad, max(ys) + pad

    def down(value: float) -> float:
        return top + (y1 - value) / (y1 - y0) * height

    parts = []
    for value in _ticks(y0, y1):
        parts.append(_line(left, down(value), left + width, down(value)))
        parts.append(_text(left - 8, down(value) + 4, f"{value:g}", "end"))
    for power in range(math.ceil(x0), math.floor(x1) + 1):
        x = left + (power - x0) / (x1 - x0) * width
        parts.append(_line(x, top, x, top + height))
        parts.append(_text(x, top + height + 16, f"{10.0**power:g}"))
    taken: list[tuple[float, float]] = []
    for name, (x, y) in shown.items():
        px, py = left + (math.log10(x) - x0) / (x1 - x0) * width, down(y)
        mark = '<circle cx="{:.1f}" cy="{:.1f}" r="5" fill="{}"><title>{}</title></circle>'
        parts.append(
            Markup(mark).format(px, py, COLOURS[families[name]], f"{name}: {y:.3f}, {x:.2f} s")
        )
        ty = py + 4
        while any(abs(ty - b) < 12 and abs(px - a) < 150 for a, b in taken):
            ty += 12
        taken.append((px, ty))
        parts.append(_text(px + 9, ty, name, "start"))
    parts.append(_text(left + width / 2, top + height + 34, x_label))
    parts.append(_text(left, top - 2, y_label, "start"))
    return _figure(parts, left + width + 90, top + height + 42, f"{y_label} against {x_label}")


def roc(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Markup:
    """Draw true against false positive rate, one line a strategy."""
    size, left, top = 260, 44, 12
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
    return _figure(parts, left + size + 260, top + size + 42, "ROC curves, mean over folds")


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
