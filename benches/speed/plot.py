"""Draws series as one small SVG that reads in light and in dark."""

import math
from collections.abc import Sequence
from html import escape

from .series import Series

_WIDTH, _HEIGHT = 360, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 18, 30, 40
_COLOURS = ("#d9480f", "#1971c2", "#2f9e44", "#9c36b5")
_STYLE = """\
text { font: 11px system-ui, sans-serif; fill: #444 }
.title { font-weight: 600; font-size: 12px }
.axis { stroke: #888; fill: none }
.grid { stroke: #8884; fill: none }
@media (prefers-color-scheme: dark) { text { fill: #ccc } }
"""
_TITLES = {
    "cores": "cores", "pack, MB": "size of the pack, MB",
    "packs": "packs that hold the same objects", "rules": "rules added to the built-in ones",
    "findings": "findings (both axes logarithmic)",
}


def svg(all_series: Sequence[Series]) -> str:
    """A panel for each quantity, time in seconds upward."""
    quantities = list(dict.fromkeys(series.quantity for series in all_series))
    columns = 2 if len(quantities) > 1 else 1
    width, height = columns * _WIDTH, -(-len(quantities) // columns) * _HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" '
        'aria-label="Time of a sweep against cores, size and number of packs, rules and findings">',
        f"<style>{_STYLE}</style>",
    ]
    for at, quantity in enumerate(quantities):
        chosen = [series for series in all_series if series.quantity == quantity]
        x, y = at % columns * _WIDTH, at // columns * _HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_panel(quantity, chosen)}</g>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(quantity: str, all_series: Sequence[Series]) -> str:
    logarithmic = quantity == "findings"
    points = [
        [(case.x, case.median_s) for case in series.cases if case.x > 0 or not logarithmic]
        for series in all_series
    ]
    xs = [x for line in points for x, _ in line]
    ys = [y for line in points for _, y in line]
    across = _Axis(xs, _LEFT, _WIDTH - _RIGHT, logarithmic)
    upward = _Axis(ys, _HEIGHT - _BOTTOM, _TOP, logarithmic)
    title = escape(_TITLES.get(quantity, quantity))
    parts = [f'<text class="title" x="{_LEFT}" y="16">seconds, by {title}</text>']
    for value in upward.ticks:
        y = upward.place(value)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>')
    for value in sorted(set(xs)) if quantity == "cores" else across.ticks:
        x = across.place(value)
        place = f'x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="middle"'
        parts.append(f"<text {place}>{_number(value)}</text>")
    parts.append(f'<path class="axis" d="M{_LEFT} {_TOP}V{_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}"/>')
    lines = list(zip(map(_name_and_kind, all_series), points, strict=True))
    names = list(dict.fromkeys(name for (name, _), _ in lines))
    kinds = list(dict.fromkeys(kind for (_, kind), _ in lines))
    for (name, kind), line in lines:
        colour = _COLOURS[names.index(name) % len(_COLOURS)]
        dashes = ' stroke-dasharray="4 3"' if kinds.index(kind) else ""
        places = [(across.place(x), upward.place(y)) for x, y in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{path}" stroke="{colour}" stroke-width="1.5" fill="none"{dashes}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places]
    labels = [
        f'<tspan fill="{_COLOURS[at % len(_COLOURS)]}">●</tspan> {escape(name)}'
        for at, name in enumerate(names)
    ]
    labels += [f"- - {escape(kind)}" for kind in kinds[1:]]
    for at, label in enumerate(labels):
        x = _LEFT - 30 + at * (_WIDTH - _LEFT + 20) // max(3, len(labels))
        parts.append(f'<text x="{x}" y="{_HEIGHT - 8}">{label}</text>')
    return "".join(parts)


def _name_and_kind(series: Series) -> tuple[str, str]:
    """What a series is of, which has a colour, and which of its kind, which has a dash."""
    name, _, kind = series.name.partition(", ")
    return name, kind


class _Axis:
    """Values to places; from zero, or by powers of ten."""

    def __init__(self, values: Sequence[float], start: float, end: float, logarithmic: bool) -> None:
        self._start, self._end, self._logarithmic = start, end, logarithmic
        self._low: float
        self._high: float
        if logarithmic:
            self._low, self._high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
            self._high = max(self._high, self._low + 1)
            self.ticks = [10.0**power for power in range(int(self._low), int(self._high) + 1)]
        else:
            step = _step(max(values))
            self._low, self._high = 0, math.ceil(max(values) / step) * step
            self.ticks = [step * at for at in range(round(self._high / step) + 1)]

    def place(self, value: float) -> float:
        at = math.log10(value) if self._logarithmic else value
        return self._start + (self._end - self._start) * (at - self._low) / (self._high - self._low)


def _step(most: float) -> float:
    """A round step that parts the axis in four to eight."""
    power: float = 10.0 ** math.floor(math.log10(most / 4))
    return next(factor * power for factor in (1, 2, 5, 10) if most / (factor * power) <= 8)


def _number(value: float) -> str:
    if value >= 10_000:
        return f"10{str(round(math.log10(value))).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    return f"{value:.10g}"
