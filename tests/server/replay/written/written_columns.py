"""Columns of cells, read as a file of one column is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from strategic_memory_server.replay.files.cell_columns import Refusals
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.time_style import NOT_GIVEN
from strategic_memory_server.replay.written.two_passes import read_in_its_way
from strategic_memory_server.replay.written.ways import Declared, Ways

Pages = Sequence[Sequence[Cell]]


def numbers_of(pages: Pages, declared: Declared | None = None) -> tuple[list[float | str | None], str]:
    """Read pages of numbers: each number, None where there is none, or why it is refused; and what is told."""

    def read(cells: Sequence[Cell], ways: Ways) -> list[float | str | None]:
        refusals = Refusals(range(1, len(cells) + 1))
        values = ways.numbers("pnl", cells, refusals).tolist()
        return [refusals.reasons.get(row, None if math.isnan(value) else value) for row, value in enumerate(values)]

    found, told = read_in_its_way("table", lambda: pages, read, declared or Declared(), {})
    return [value for page in found for value in page], without_example(told.get("pnl", ""))


def times_of(pages: Pages, declared: Declared | None = None) -> tuple[list[int | str | None], str]:
    """Read pages of times: each in milliseconds, None where there is none, or why it is refused; and what is told."""

    def read(cells: Sequence[Cell], ways: Ways) -> list[int | str | None]:
        refusals = Refusals(range(1, len(cells) + 1))
        values = ways.times_ms("time", cells, refusals).tolist()
        return [refusals.reasons.get(row, None if value == NOT_GIVEN else value) for row, value in enumerate(values)]

    found, told = read_in_its_way("table", lambda: pages, read, declared or Declared(), {})
    return [value for page in found for value in page], without_example(told.get("time", ""))


def without_example(told: str) -> str:
    """Return what is told of a column, without the example at its end."""
    return told.partition(" ('")[0].partition(' ("')[0]


def refused(read: Callable[[], object]) -> str:
    """Read, and return why that is refused; empty where it is not."""
    try:
        read()
    except ReplayError as error:
        return str(error)
    return ""
