"""Reads the columns of one table of a request into arrays, or refuses them with the index of the first bad value."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.columns.stream_position import MAX_TIME_MS, MIN_TIME_MS
from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE
from strategic_memory_server.entries.openings import EARLIEST_MS, OPENING_NOT_GIVEN
from strategic_memory_server.faults.errors import InvalidRequestError, Violation
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS
from strategic_memory_server.memory.window_settings import MAX_WINDOW
from strategic_memory_server.rpc.inline.inline_names import (
    NOT_GIVEN,
    CodeOf,
    SentNames,
    WrongColumnError,
    codes_of_names,
    codes_of_table,
)
from strategic_memory_server.waiting.checkpoint import Checkpoint

_LATEST_S = 4_102_444_800
"""The year 2100 in seconds since 1970, which as milliseconds is of its February."""

# Where entries without times stand, so that nothing is found to have been observed by then.
_BEFORE_ALL_TIMES = MIN_TIME_MS - MAX_WINDOW


class ColumnReader:
    """Reads the columns of one table; every one is empty or as long as the leading one.

    Args:
        table: its field in the request.
        length: how long the leading column is.
        leading: field of that column.
        checkpoint: called before each column, and within long ones.

    Raises:
        InvalidRequestError: the columns are too long; so do the methods where a column is wrong.
    """

    def __init__(self, table: str, length: int, leading: str, checkpoint: Checkpoint) -> None:
        self._table = table
        self._length = length
        self._leading = leading
        self._checkpoint = checkpoint
        if length > MAX_WINDOW:
            raise self._refused(leading, f"has {length} values; send at most {MAX_WINDOW}")

    def numbers(self, column: str, values: Sequence[float], *, required: bool = False) -> FloatColumn:
        """Read numbers; where not required, NaN stands for one that is not known."""
        self._checkpoint()
        if not required and not values:
            return np.broadcast_to(np.float64(math.nan), self._length)
        self._check_length(column, len(values))
        numbers = np.array(values, dtype=np.float64)
        good = np.abs(numbers) <= MAX_MAGNITUDE
        if not required:
            good |= np.isnan(numbers)
        if not good.all():
            index = int(np.argmin(good))
            unknown = "" if required else "; NaN: not known"
            raise self._refused(
                f"{column}[{index}]",
                f"is {numbers[index]}; give a finite number up to {MAX_MAGNITUDE:g}{unknown}",
            )
        numbers.flags.writeable = False
        return numbers

    def codes(self, sent: SentNames, code_of: CodeOf) -> IndexColumn:
        """Read names, stripped, as codes; an entry without a name has `NOT_GIVEN`, as all have without a column."""
        self._checkpoint()
        packed = f"{sent.column}_code"
        if sent.values and sent.codes:
            raise self._refused(packed, f"is given beside {sent.column}; give one of the two")
        if sent.values and sent.table:
            raise self._refused(f"{sent.column}_names", f"is given beside {sent.column}; give {packed} with it")
        if not len(sent) and not (self._length and sent.table):
            return np.broadcast_to(np.int64(NOT_GIVEN), self._length)
        field = sent.leading if len(sent) else packed
        self._check_length(field, len(sent))
        try:
            codes = codes_of_table(sent, code_of) if sent.codes else codes_of_names(sent, code_of, self._checkpoint)
        except WrongColumnError as wrong:
            raise self._refused(wrong.path, wrong.description) from None
        codes.flags.writeable = False
        return codes

    def times_ms(self, column: str, sent_ms: Sequence[int]) -> IndexColumn:
        """Read times, which must not decrease; without any, give the order alone, before all times."""
        self._checkpoint()
        if not sent_ms:
            return np.arange(_BEFORE_ALL_TIMES, _BEFORE_ALL_TIMES + self._length)
        self._check_length(column, len(sent_ms))
        times_ms = np.array(sent_ms, dtype=np.int64)
        possible = (times_ms >= MIN_TIME_MS) & (times_ms <= MAX_TIME_MS)
        if not possible.all():
            raise self._refused(
                f"{column}[{int(np.argmin(possible))}]",
                "is not between the years 1 and 9999; give milliseconds",
            )
        seconds = (times_ms >= EARLIEST_MS // 1_000) & (times_ms < _LATEST_S)
        if seconds.any():
            index = int(np.argmax(seconds))
            raise self._refused(
                f"{column}[{index}]",
                f"is {times_ms[index]}, a time of early 1970 and one of today in seconds; give milliseconds",
            )
        falls = times_ms[1:] < times_ms[:-1]
        if falls.any():
            raise self._refused(
                f"{column}[{int(np.argmax(falls)) + 1}]", "is earlier than the one before; sort oldest first"
            )
        times_ms.flags.writeable = False
        return times_ms

    def openings_ms(self, column: str, sent_ms: Sequence[int], times_ms: IndexColumn, *, timed: bool) -> IndexColumn:
        """Read when entries were opened; `OPENING_NOT_GIVEN` is as the close, and so are all without the column.

        Args:
            column: its field.
            sent_ms: the column.
            times_ms: when they were closed.
            timed: whether these are times.
        """
        self._checkpoint()
        if not sent_ms:
            return times_ms
        self._check_length(column, len(sent_ms))
        if not timed:
            raise self._refused(column, "needs the times of the closes: give time_ms too")
        opened_ms = np.array(sent_ms, dtype=np.int64)
        given = opened_ms != OPENING_NOT_GIVEN
        absurd = given & ((opened_ms < EARLIEST_MS) | (opened_ms > MAX_TIME_MS))
        if absurd.any():
            raise self._refused(
                f"{column}[{int(np.argmax(absurd))}]",
                "is not between the years 1990 and 9999; give milliseconds, and 0 where it is not known",
            )
        late = opened_ms > times_ms + CLOCK_TOLERANCE_MS
        if late.any():
            raise self._refused(f"{column}[{int(np.argmax(late))}]", "is after the close, which is in time_ms")
        found: IndexColumn = np.where(given, np.minimum(opened_ms, times_ms), times_ms)
        found.flags.writeable = False
        return found

    def _check_length(self, column: str, length: int) -> None:
        if length != self._length:
            raise self._refused(column, f"has {length} values where {self._leading} has {self._length}")

    def _refused(self, column: str, description: str) -> InvalidRequestError:
        return InvalidRequestError(Violation(f"inline.{self._table}.{column}", description))
