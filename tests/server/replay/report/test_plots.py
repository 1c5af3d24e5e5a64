"""Plots: ticks that can be read, bands of the right colour and width, and an escape for every name."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from each_case import each_case

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.replay.judging.regimes_seen import longest_held
from strategic_memory_server.replay.report import drawing, plots
from strategic_memory_server.replay.report.axis import Axis, number_ticks, shown_number, time_ticks
from strategic_memory_server.replay.report.colours import of_regimes
from strategic_memory_server.replay.report.drawing import GREY, LEFT, RIGHT, WIDTH
from strategic_memory_server.replay.report.report_page import TEMPLATES
from strategic_memory_server.replay.report.report_plots import Plot, legend, line_legend

DAY_MS = 86_400_000


RANGES = [(0.0, 1.0), (-3.2, 17.9), (1e-14, 3e-14), (-1e15, 1e15), (99.0, 100.0), (2.0, 2.0)]


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_numbers_beside_an_axis_are_few_and_within_it(low: float, high: float) -> None:
    ticks = number_ticks(low, high)
    assert 1 <= len(ticks) <= 8
    room = 1e-6 * (high - low)
    assert all(low - room <= each <= high + room for each in ticks)
    assert len({shown_number(each) for each in ticks}) == len(ticks)


@each_case("start_ms", [0, 1_700_000_000_123, -62_135_596_800_000])
@each_case("span_ms", [0, 5, 1_500, 90_000, 7_200_000, 3 * DAY_MS, 40 * DAY_MS, 700 * DAY_MS, 9_000 * DAY_MS])
def test_times_beside_an_axis_are_few_and_within_it(start_ms: int, span_ms: int) -> None:
    ticks = time_ticks(start_ms, start_ms + span_ms)
    times = [time for time, _ in ticks]
    assert 1 <= len(times) <= 10
    assert times == sorted(set(times))
    assert all(start_ms <= each <= start_ms + span_ms for each in times)
    assert len({written for _, written in ticks}) == len(ticks)


@each_case("start_ms", [0, 1_700_000_000_123])
@each_case("span_ms", [5, 90_000, 7_200_000, 3 * DAY_MS, 3.6 * DAY_MS, 40 * DAY_MS, 700 * DAY_MS])
def test_what_is_written_beside_an_axis_never_touches(start_ms: float, span_ms: float) -> None:
    end_ms = start_ms + span_ms
    axis = Axis(start_ms, end_ms, LEFT, WIDTH - RIGHT)
    drawn = "".join(drawing.labels(axis, time_ticks(start_ms, end_ms), 0.0))
    found = [(float(x), 7.0 * len(written)) for x, written in re.findall(r'<text x="([-\d.]+)"[^>]*>([^<]+)<', drawn)]
    assert found
    assert all(x >= 0.0 and x + width <= WIDTH + 0.1 for x, width in found)
    assert all(x + width < after for (x, width), (after, _) in pairwise(found))


def test_the_legend_of_lines_shows_their_strokes() -> None:
    shown = line_legend([("one", "#111111", ""), ("two", "#222222", "6 2"), ("three", "#333333", "2 3")])
    assert re.findall(r"3px (\w+) (#\d+)", str(shown)) == [
        ("solid", "#111111"), ("dashed", "#222222"), ("dotted", "#333333")
    ]  # fmt: skip


def drawn_bands(time_ms: IndexColumn, code: IndexColumn, end_ms: int) -> str:
    start_ms = int(time_ms[0])
    return plots.bands(longest_held(time_ms, code, start_ms, end_ms), ["red", "blue"], start_ms, end_ms, "bands")


def test_a_band_is_as_wide_as_its_regime_lasted() -> None:
    time_ms = np.array([0, 250, 300, 1_000], dtype=np.int64)
    drawn = drawn_bands(time_ms, np.array([0, 1, 1, 0]), 2_000)
    found = [
        (float(x), float(width), colour)
        for x, width, colour in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"[^>]*fill="(\w+)"', drawn)
    ]
    whole = WIDTH - LEFT - RIGHT
    expected = [(0.0, 0.125, "red"), (0.125, 0.375, "blue"), (0.5, 0.5, "red")]
    assert [colour for _, _, colour in found] == [colour for _, _, colour in expected]
    for (x, width, _), (start, share, _) in zip(found, expected, strict=True):
        assert x == pytest.approx(LEFT + start * whole, abs=1.0)
        assert width == pytest.approx(share * whole, abs=1.0)


def test_within_one_stroke_the_regime_that_lasted_longest_is_drawn() -> None:
    # Ten changes within each stroke of the plot, 70 % of the time in the second regime.
    time_ms = np.sort(np.concatenate((np.arange(0, 1_000_000, 100), np.arange(30, 1_000_000, 100))))
    drawn = drawn_bands(time_ms, np.arange(time_ms.size) % 2, 1_000_000)
    assert "blue" in drawn
    assert "red" not in drawn


def test_seven_regimes_have_a_colour_of_their_own() -> None:
    colours = of_regimes(np.array([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]))
    assert len(set(colours[:7])) == 7
    assert GREY not in colours[:7]
    assert set(colours[7:]) == {GREY}


def test_names_are_escaped_everywhere() -> None:
    name = "<i>&\"'"
    parts = TEMPLATES.get_template("parts.html").module
    table = parts.table([name], [[name], [name]], words=0)  # type: ignore[attr-defined]  # macros have no types
    drawn = parts.plot(Plot(name, name, "<svg/>", legend([(name, "#000")])))  # type: ignore[attr-defined]
    escaped = "&lt;i&gt;&amp;&#34;&#39;"
    assert (table.count(escaped), drawn.count(escaped)) == (4, 4)
    assert "<i>&" not in table + drawn
