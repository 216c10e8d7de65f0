"""Lines over two logarithmic axes, as an SVG that can be read on light and dark ground."""

import dataclasses
import html
import math

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 78, 190, 44, 58        # Around the plane; on the right stand the names of the lines.
COLOURS = ("#d9480f", "#1c7ed6", "#2f9e44", "#ae3ec9", "#868e96")
LABEL_GAP = 17                                    # Names closer than this would lie upon one another.
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 } .title { font-weight: 600; font-size: 15px } .grid { stroke: #8884 }
.line { fill: none; stroke-width: 2.2 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .line, circle, .name { filter: brightness(1.3) } }
"""


@dataclasses.dataclass
class Line:
    name: str
    points: list[tuple[float, float]]  # Positive, x rising.


def ticks(low: float, high: float, factor: int) -> list[float]:
    """Powers of `factor` that lie around [low, high]."""
    first, last = math.floor(math.log(low, factor) + 1e-9), math.ceil(math.log(high, factor) - 1e-9)
    return [float(factor) ** exponent for exponent in range(first, max(last, first + 1) + 1)]


def spread_out(wanted: list[float]) -> list[float]:
    """Moves heights apart, downwards, in their order."""
    placed: list[float] = [0.0] * len(wanted)
    last = -math.inf
    for index in sorted(range(len(wanted)), key=wanted.__getitem__):
        placed[index] = last = max(wanted[index], last + LABEL_GAP)
    return placed


def bytes_said(value: float) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if value >= unit:
            return f"{value / unit:g} {name}"
    return f"{value:g} B"


def microseconds_said(value: float) -> str:
    for unit, name in ((1e6, "s"), (1e3, "ms")):
        if value >= unit:
            return f"{value / unit:g} {name}"
    return f"{value:g} µs"


def svg(title: str, x_name: str, y_name: str, lines: list[Line]) -> str:
    """x in bytes, y in microseconds."""
    xs, ys = ([point[axis] for line in lines for point in line.points] for axis in (0, 1))
    x_ticks, y_ticks = ticks(min(xs), max(xs), 16), ticks(min(ys), max(ys), 10)
    x_low, x_high = min(xs), max(xs)

    def across(x: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(x / x_low) / math.log(x_high / x_low)

    def down(y: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - math.log(y / y_ticks[0]) / math.log(y_ticks[-1] / y_ticks[0]))

    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><style>{STYLE}</style>',
             f'<title>{html.escape(title)}</title>', f'<text class="title" x="{LEFT}" y="24">{html.escape(title)}</text>']
    for y in y_ticks:
        parts.append(f'<path class="grid" d="M{LEFT} {down(y):.1f}H{right}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{down(y) + 4:.1f}" text-anchor="end">{microseconds_said(y)}</text>')
    for x in sorted({x_low, x_high, *(x for x in x_ticks if x_low < x < x_high)}):
        parts.append(f'<path class="grid" d="M{across(x):.1f} {TOP}V{bottom}"/>')
        parts.append(f'<text x="{across(x):.1f}" y="{bottom + 20}" text-anchor="middle">{bytes_said(x)}</text>')
    parts.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 14}" text-anchor="middle">{html.escape(x_name)}</text>')
    parts.append(f'<text transform="translate(16 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{html.escape(y_name)}</text>')
    heights = spread_out([down(line.points[-1][1]) for line in lines])
    for line, colour, height in zip(lines, COLOURS, heights, strict=False):
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line.points)
        parts.append(f'<polyline class="line" stroke="{colour}" points="{path}"/>')
        parts += [f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colour}"/>' for x, y in line.points]
        parts.append(f'<text class="name" x="{right + 10}" y="{height + 4:.1f}" style="fill:{colour}">{html.escape(line.name)}</text>')
    return "\n".join(parts) + "\n</svg>\n"
