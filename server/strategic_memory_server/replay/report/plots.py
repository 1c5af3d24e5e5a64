"""The plots of a report, each from columns to one SVG element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.calibration import Calibration
from strategic_memory_server.replay.report import drawing
from strategic_memory_server.replay.report.axis import time_ticks

_BAND_HEIGHT = 46
_BANDS_HEIGHT = 84


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line over time: its points, oldest first, with times in milliseconds, and how it looks."""

    name: str
    colour: str
    x: FloatColumn
    y: FloatColumn
    dash: str = ""


def over_time(lines: Sequence[Line], label: str, *, bounds: tuple[float, float] | None = None) -> str:
    """Draw lines; `bounds` are the ends of the other axis, else the lines' own."""
    low, high = bounds or (min(float(each.y.min()) for each in lines), max(float(each.y.max()) for each in lines))
    room = 0.0 if bounds else (0.04 * (high - low) or max(abs(high), 1.0))
    start, end = min(float(each.x[0]) for each in lines), max(float(each.x[-1]) for each in lines)
    frame = drawing.time_frame(start, end, low - room, high + room)
    return frame.drawn(label, *(drawing.path(frame, each.x, each.y, each.colour, each.dash) for each in lines))


def bands(lasting: IndexColumn, colours: Sequence[str], start_ms: int, end_ms: int, label: str) -> str:
    """Draw a band that has the colour of what holds in each stretch of time.

    Args:
        lasting: code of what holds in each of any number of stretches of the same length.
        colours: colour of each code.
        start_ms: where the first stretch begins.
        end_ms: where the last one ends.
        label: what the band shows.
    """
    frame = drawing.time_frame(start_ms, end_ms, 0.0, 1.0)
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
    parts.extend(drawing.labels(frame.x, time_ticks(start_ms, end_ms), drawing.TOP + _BAND_HEIGHT))
    return drawing.svg(_BANDS_HEIGHT, label, *parts)


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
