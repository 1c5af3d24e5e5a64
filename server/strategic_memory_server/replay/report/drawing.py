"""SVG by hand: the frame of a plot, and the few elements that plots are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.replay.report.axis import Axis, number_ticks, shown_number, time_ticks

WIDTH, HEIGHT = 920, 300
LEFT, RIGHT, TOP, BOTTOM = 78, 14, 12, 34

# Okabe and Ito (2008), "Color Universal Design": told apart by the colour-blind too.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#999999"

_LETTER = 7.0
"""Width of a letter beside an axis, at most."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A plot's frame: its axes and their ticks, to draw into."""

    x: Axis
    y: Axis
    ticks: tuple[str, ...]

    def drawn(self, label: str, *parts: str) -> str:
        """Return the plot as one SVG element; `label` says what it shows, for those who cannot see it."""
        border = rectangle(LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM, 'fill="none" stroke="#bbb"')
        return svg(HEIGHT, label, *self.ticks, *parts, border)


def svg(height: float, label: str, *parts: str) -> str:
    """Return an SVG element of the full width."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f"aria-label={quoteattr(label)}>{''.join(parts)}</svg>"
    )


def time_frame(low_ms: float, high_ms: float, low: float, high: float) -> Frame:
    """Make a frame with time to the right."""
    x = Axis(low_ms, high_ms, LEFT, WIDTH - RIGHT)
    return _frame(x, time_ticks(low_ms, high_ms), low, high)


def number_frame(left: float, right: float, low: float, high: float) -> Frame:
    """Make a frame with a number to the right."""
    x = Axis(left, right, LEFT, WIDTH - RIGHT)
    return _frame(x, [(value, shown_number(value)) for value in number_ticks(left, right, 10)], low, high)


def _frame(x: Axis, ticks: Sequence[tuple[float, str]], low: float, high: float) -> Frame:
    y = Axis(low, high, HEIGHT - BOTTOM, TOP)
    parts = []
    for value in number_ticks(low, high):
        place = y.one(value)
        parts.append(line(LEFT, place, WIDTH - RIGHT, place, "#e4e4e4" if value else "#999"))
        parts.append(text(LEFT - 6, place + 4, shown_number(value), "end"))
    parts.extend(labels(x, ticks, HEIGHT - BOTTOM))
    return Frame(x, y, tuple(parts))


def labels(x: Axis, ticks: Sequence[tuple[float, str]], bottom: float) -> Iterator[str]:
    """Yield ticks below a plot, and what is written beside each, but for what would touch the label before."""
    free = 0.0
    for value, written in ticks:
        place, width = x.one(value), _LETTER * len(written)
        yield line(place, bottom, place, bottom + 5, "#777")
        # In the middle of its tick, but for one at an end, which would be cut off.
        start = min(max(place - width / 2, 0.0), WIDTH - width)
        if start >= free:
            yield text(start, bottom + 20, written)
            free = start + width + _LETTER


def line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    """Return a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {more}/>'


def path(frame: Frame, x: FloatColumn | IndexColumn, y: FloatColumn, colour: str, dash: str = "") -> str:
    """Return a line through points; a single point is a dot."""
    places = list(zip(frame.x.at(x).tolist(), frame.y.at(y).tolist(), strict=True))
    if len(places) == 1:
        return dot(*places[0], colour)
    points = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"{dashed}/>'


def dot(x: float, y: float, colour: str, radius: float = 3.5) -> str:
    """Return a dot."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}"/>'


def rectangle(x: float, y: float, width: float, height: float, more: str) -> str:
    """Return a rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {more}/>'


def text(x: float, y: float, written: str, anchor: str = "start", more: str = "") -> str:
    """Return a text; `anchor` is start, middle or end."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(written)}</text>'
