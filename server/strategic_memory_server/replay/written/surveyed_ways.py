"""Columns that are surveyed whole, and then read in the way in which they are written."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import TypeVar

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE, RejectionError
from strategic_memory_server.memory.shown_time import shown_time
from strategic_memory_server.replay.files.cell_columns import Refusals
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.at_once import numbers_at_once, times_at_once
from strategic_memory_server.replay.written.hours_seen import HoursSeen
from strategic_memory_server.replay.written.number_style import NumberStyle
from strategic_memory_server.replay.written.number_survey import NumberSurvey
from strategic_memory_server.replay.written.seen import UndecidedError, named, shown
from strategic_memory_server.replay.written.time_style import NOT_GIVEN, ORDERS, TimeStyle
from strategic_memory_server.replay.written.time_survey import TimeSurvey
from strategic_memory_server.replay.written.ways import FRACTIONS, Declared

Style = TypeVar("Style")

_ANY_TIME_MS = 1_000_000_000_000


class Surveying:
    """Takes the cells of a table's columns and says nothing of them: it returns what no check refuses.

    Args:
        called: what a message calls the table.
        general: what is known of all columns.
        declared: what is known of some, by their names.
        theirs: what they are called in the table, by their names.
    """

    def __init__(
        self, called: str, general: Declared, declared: Mapping[str, Declared], theirs: Mapping[str, str]
    ) -> None:
        self._called, self._general, self._declared, self._theirs = called, general, declared, theirs
        self._numbers: dict[str, NumberSurvey] = {}
        self._times: dict[str, TimeSurvey] = {}

    def numbers(self, column: str, cells: Sequence[Cell], refusals: Refusals) -> FloatColumn:
        """Survey numbers; what they say is known after the last page."""
        survey = self._numbers.get(column)
        if survey is None:
            known = self._known(column)
            survey = self._numbers[column] = NumberSurvey(known.decimal, percent=known.percent)
        survey.add(cells, refusals.lines)
        return np.zeros(len(cells))

    def times_ms(self, column: str, cells: Sequence[Cell], refusals: Refusals) -> IndexColumn:
        """Survey times; what they say is known after the last page."""
        survey = self._times.get(column)
        if survey is None:
            known = self._known(column)
            names_zone = self._declared.get(column, Declared()).zone is not None
            survey = self._times[column] = TimeSurvey(
                known.unit,
                known.order,
                known.zone or UTC,
                names_zone=names_zone,
                counts_locally=known.counts_locally,
            )
        self._decided(column, lambda: survey.add(cells, refusals.lines))
        return np.full(len(cells), _ANY_TIME_MS)

    def unit(self, column: str) -> str:
        """Return nothing: nothing is decided."""
        del column
        return ""

    def describe(self) -> Mapping[str, str]:
        """Return nothing: nothing is decided."""
        return {}

    def decided(self) -> SurveyedWays:
        """Return the ways in which the columns are written.

        Raises:
            ReplayError: one is written in two ways, or can be read in two.
        """
        numbers = {column: self._decided(column, survey.style) for column, survey in self._numbers.items()}
        # One program wrote all dates of a file.
        proved = {survey.proved_order: column for column, survey in self._times.items() if survey.proved_order}
        if len(proved) > 1:
            apart = " and ".join(f"{named(proved[order], self._theirs)} has the {ORDERS[order]}" for order in proved)
            raise ReplayError(f"{self._called}: {apart}: write the dates of both in one way, 2024-01-31 for example")
        order = next(iter(proved), "")
        for one, other in itertools.combinations(self._times, 2):
            both = f"{named(one, self._theirs)} and {named(other, self._theirs)}"
            self._decided(both, partial(self._times[one].require_one_way_with, self._times[other]))
        times = {column: self._decided(column, partial(survey.style, order)) for column, survey in self._times.items()}
        return SurveyedWays(numbers, times)

    def _decided(self, column: str, decide: Callable[[], Style]) -> Style:
        try:
            return decide()
        except UndecidedError as error:
            raise ReplayError(f"{self._called}: {error.describe(named(column, self._theirs))}") from None

    def _known(self, column: str) -> Declared:
        return self._declared.get(column, Declared()).under(self._general)


class SurveyedWays:
    """Reads columns of which it is known how they are written.

    Args:
        numbers: how, by the names of the columns.
        times: the same of times.
    """

    def __init__(self, numbers: Mapping[str, NumberStyle], times: Mapping[str, TimeStyle]) -> None:
        self._numbers, self._times = numbers, times
        self._examples: dict[str, str] = {}
        self._hours: defaultdict[str, HoursSeen] = defaultdict(HoursSeen)

    def unit(self, column: str) -> str:
        """Return the unit of numbers: FRACTIONS, a currency, or empty."""
        style = self._numbers.get(column, NumberStyle())
        return FRACTIONS if style.percent else style.currency

    def describe(self) -> Mapping[str, str]:
        """Return how each column is written, by its name, with an example; plain numbers go without saying."""
        told = {column: style.describe() + self._hours[column].describe() for column, style in self._times.items()}
        told |= {column: style.describe() for column, style in self._numbers.items()}
        return {
            column: said + (f" ({self._examples[column]})" if column in self._examples else "")
            for column, said in told.items()
            if said
        }

    def numbers(self, column: str, cells: Sequence[Cell], refusals: Refusals) -> FloatColumn:
        """Return the numbers of some cells; NaN where there is none."""
        style = self._numbers[column]
        if column in self._examples and (at_once := numbers_at_once(style, cells)) is not None:
            return at_once
        found = np.full(len(cells), math.nan)
        for row, cell in enumerate(cells):
            if cell is None or cell == "":
                continue
            try:
                number = style.read(column, cell) if isinstance(cell, str) else _known_number(column, cell)
                found[row] = number / 100 if style.by_name and not isinstance(cell, str) else number
            except RejectionError as refused:
                refusals.refuse(row, refused.reason, cell)
                continue
            if column not in self._examples and not _is_plain(cell, found[row]):
                self._examples[column] = f"{shown(cell)} is {found[row]:.15g}"
        return found

    def times_ms(self, column: str, cells: Sequence[Cell], refusals: Refusals) -> IndexColumn:
        """Return the times of some cells, milliseconds since 1970-01-01 UTC; NOT_GIVEN where there is none."""
        style = self._times[column]
        if style.written:
            self._hours[column].add(cells)
        if column in self._examples and (at_once := times_at_once(style, cells)) is not None:
            return at_once
        found = np.full(len(cells), NOT_GIVEN)
        for row, cell in enumerate(cells):
            try:
                found[row] = style.read(column, cell)
            except RejectionError as refused:
                refusals.refuse(row, refused.reason, cell)
                continue
            if column not in self._examples and found[row] != NOT_GIVEN:
                self._examples[column] = f"{shown(cell)} is {shown_time(int(found[row]))}"
        return found


def _is_plain(cell: Cell, value: float) -> bool:
    """Tell whether a number is what Python reads in its cell, or is none: it would show nothing."""
    if not isinstance(cell, str) or math.isnan(value):
        return True
    try:
        return float(cell) == value
    except ValueError:
        return False


def _known_number(column: str, cell: float) -> float:
    """Return a number of JSON or of a table."""
    if isinstance(cell, bool):
        raise RejectionError(f"{column}_not_a_number", str(cell))
    if cell in (math.inf, -math.inf):
        raise RejectionError(f"{column}_not_finite", str(cell))
    if abs(cell) > MAX_MAGNITUDE:
        raise RejectionError(f"{column}_out_of_range", str(cell)[:80])
    return cell
