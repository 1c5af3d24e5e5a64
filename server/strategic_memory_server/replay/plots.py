"""The plots of a report, each from columns to one SVG element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from strategic_memory_server.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.calibration import Calibration
from strategic_memory_server.replay import drawing
from strategic_memory_server.replay.axis import time_ticks
from strategic_memory_server.replay.downsample import kept_points

_BAND_HEIGHT = 46
_BANDS_HEIGHT = 84
_MOST_BANDS = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line over time: its points, oldest first, with times in milliseconds, and how it looks."""

    name: str
    colour: str
    x: IndexColumn
    y: FloatColumn
    dash: str = ""


def thinned(line: Line) -> Line:
    """Give a line with no more points than can be told apart, so that the whole need not be held."""
    kept = kept_points(line.y)
    return replace(line, x=line.x[kept], y=line.y[kept])


def over_time(lines: Sequence[Line], label: str, *, bounds: tuple[float, float] | None = None) -> str:
    """Draw lines; `bounds` are the ends of the other axis, else the lines' own."""
    low, high = bounds or (min(float(each.y.min()) for each in lines), max(float(each.y.max()) for each in lines))
    room = 0.0 if bounds else (0.04 * (high - low) or max(abs(high), 1.0))
    start, end = min(float(each.x[0]) for each in lines), max(float(each.x[-1]) for each in lines)
    frame = drawing.time_frame(start, end, low - room, high + room)
    return frame.drawn(label, *(drawing.path(frame, each.x, each.y, each.colour, each.dash) for each in lines))


def bands(time_ms: IndexColumn, code: IndexColumn, colours: Sequence[str], end_ms: int, label: str) -> str:
    """Draw a band that has the colour of each code from its time to the next; where they are too short, the commonest.

    Args:
        time_ms: times, ascending.
        code: what holds from each time on.
        colours: colour of each code.
        end_ms: where the last one ends.
        label: what the band shows.
    """
    start, end = int(time_ms[0]), max(int(end_ms), int(time_ms[-1]))
    frame = drawing.time_frame(start, end, 0.0, 1.0)
    edges = np.linspace(start, end, _MOST_BANDS + 1)
    lasting = _lasting(time_ms, code, len(colours), edges, end) if end > start else np.array([int(code[-1])])
    firsts = np.flatnonzero(np.concatenate(([True], lasting[1:] != lasting[:-1])))
    ends = np.append(firsts[1:], lasting.size)
    width = (drawing.WIDTH - drawing.LEFT - drawing.RIGHT) / lasting.size
    parts = [
        drawing.rectangle(
            drawing.LEFT + first * width,
            drawing.TOP,
            (last - first) * width,
            _BAND_HEIGHT,
            f'fill="{colours[int(lasting[first])]}"',
        )
        for first, last in zip(firsts.tolist(), ends.tolist(), strict=True)
    ]
    for value, written in time_ticks(start, end):
        place = frame.x.one(value)
        parts.append(drawing.line(place, drawing.TOP, place, drawing.TOP + _BAND_HEIGHT + 5, "#777"))
        anchor = "end" if place > drawing.WIDTH - 60 else "middle"
        parts.append(drawing.text(place, drawing.TOP + _BAND_HEIGHT + 20, written, anchor))
    return drawing.svg(_BANDS_HEIGHT, label, *parts)


def _lasting(time_ms: IndexColumn, code: IndexColumn, codes: int, edges: FloatColumn, end_ms: int) -> IndexColumn:
    """Give for each stretch between edges the code that holds for the largest part of it."""
    times = np.concatenate((time_ms.astype(np.float64), edges[1:-1]))
    order = np.argsort(times, kind="stable")
    holding = np.concatenate((code, np.full(edges.size - 2, -1, dtype=np.int64)))[order]
    times = times[order]
    # What an edge cuts goes on with the code that held before it.
    known = np.maximum.accumulate(np.where(holding >= 0, np.arange(holding.size), 0))
    holding = holding[known]
    lengths = np.diff(np.append(times, float(end_ms)))
    stretch = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, edges.size - 2)
    held = np.bincount(stretch * codes + holding, weights=lengths, minlength=(edges.size - 1) * codes)
    longest: IndexColumn = held.reshape(edges.size - 1, codes).argmax(axis=1)
    return longest


def reliability_diagram(judged: Sequence[tuple[str, str, Calibration]], label: str) -> str:
    """Draw confidence said against the share that came true, by name and colour, with 95 % intervals."""
    frame = drawing.number_frame(0.0, 1.0, 0.0, 1.0)
    ends = np.array([0.0, 1.0])
    parts = [drawing.path(frame, ends, ends, drawing.GREY, "4 4")]
    for place, (_, colour, found) in enumerate(judged):
        bins = [each for each in found.bins if each.statements]
        said = np.array([each.mean_confidence for each in bins], dtype=np.float64)
        share = np.array([each.frequency for each in bins], dtype=np.float64)
        if said.size > 1:
            parts.append(drawing.path(frame, said, share, colour))
        for each in bins:
            if each.mean_confidence is None or each.frequency is None or each.interval is None:
                continue
            # Two at the same confidence would hide each other's interval.
            across = frame.x.one(each.mean_confidence) + 2.0 * place
            low, high = frame.y.one(each.interval.low), frame.y.one(each.interval.high)
            parts.append(drawing.line(across, low, across, high, colour, 'stroke-width="1.2" opacity="0.7"'))
            parts.append(drawing.dot(across, frame.y.one(each.frequency), colour))
    return frame.drawn(label, *parts)
