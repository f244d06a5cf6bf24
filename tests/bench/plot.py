"""Curves on logarithmic axes, as SVG that can be read on light and on dark pages."""

import dataclasses
import html
import math

WIDTH, HEIGHT, MARGIN, GAP = 260, 200, 56, 70
COLOURS = ["#1f77b4", "#d95f02", "#7a7a7a", "#7570b3"]


@dataclasses.dataclass
class Curve:
    name: str
    points: list  # of (x, y), both above 0


@dataclasses.dataclass
class Panel:
    x: str
    y: str
    curves: list


class Axis:
    """Whole powers of ten around the values, over `length` pixels."""

    def __init__(self, values, length):
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self.high = max(self.high, self.low + 1)
        self.length = length

    def at(self, value):
        return (math.log10(value) - self.low) / (self.high - self.low) * self.length

    def powers(self):
        return range(self.low, self.high + 1)


def power(exponent):
    if exponent < 0:
        return f"{10.0 ** exponent:g}"
    return f"{10 ** (exponent % 3)}{'kMGT'[exponent // 3 - 1] if exponent >= 3 else ''}"


def text(x, y, words, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{html.escape(words)}</text>'


def draw_panel(panel, left):
    points = [point for curve in panel.curves for point in curve.points]
    across, up = Axis([x for x, _ in points], WIDTH), Axis([y for _, y in points], HEIGHT)
    top, bottom = MARGIN, MARGIN + HEIGHT
    parts = []
    for exponent in across.powers():
        x = left + across.at(10.0**exponent)
        parts.append(f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/>')
        parts.append(text(x, bottom + 16, power(exponent)))
    for exponent in up.powers():
        y = bottom - up.at(10.0**exponent)
        parts.append(f'<path class="grid" d="M{left} {y:.1f}h{WIDTH}"/>')
        parts.append(text(left - 6, y + 4, power(exponent), "end"))
    parts.append(text(left + WIDTH / 2, bottom + 36, panel.x))
    parts.append(text(left, top - 10, panel.y, "start"))
    for i, curve in enumerate(panel.curves):
        places = [(left + across.at(x), bottom - up.at(y)) for x, y in curve.points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[i]}" stroke-width="2"/>')
        parts.append(text(left + 8, top + 16 + 15 * i, curve.name, "start", f' style="fill:{COLOURS[i]}"'))
    return parts


def draw(panels):
    width = GAP + len(panels) * (WIDTH + GAP)
    height = MARGIN + HEIGHT + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        "<style>text{fill:#777}.grid{stroke:#999;stroke-opacity:.35}</style>",
    ]
    for i, panel in enumerate(panels):
        parts += draw_panel(panel, GAP + i * (WIDTH + GAP))
    return "\n".join([*parts, "</svg>", ""])
