"""WindowScan fed by hand: which page it wants next, and what it makes of what it gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.columns.stream_position import position_column, position_of, position_of_id
from strategic_memory_server.entries.entry_fields import Fields, RejectionError
from strategic_memory_server.entries.field_columns import UnusualEntryError
from strategic_memory_server.inputs.page_reader import Page, PageReader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.window_scan import WindowScan
from strategic_memory_server.windows.column_buffer import Columns

GOOD = b"good"
BAD = b"bad"
PAGE = ReadingLimits().page_entries


def read(fields: Fields, _known_ms: int = 0) -> int:
    if fields[b"kind"] == BAD:
        raise RejectionError("bad", fields[b"kind"])
    return int(fields[b"number"])


def pack(entries: Sequence[int], positions: Sequence[bytes]) -> Columns:
    return {"number": np.array(entries, dtype=np.int64), "position": position_column(positions)}


def read_whole(page: Page) -> Columns:
    if any(fields[b"kind"] == BAD for _, fields in page):
        raise UnusualEntryError
    return pack([read(fields) for _, fields in page], [position_of_id(entry_id) for entry_id, _ in page])


def reader() -> PageReader[int]:
    return PageReader("stream:x", read, pack, read_whole)


def stream(kinds: list[bytes]) -> Page:
    """Entries, oldest first, with the ids 1-0, 2-0 and so on."""
    return [(f"{n}-0".encode(), {b"kind": kind, b"number": str(n).encode()}) for n, kind in enumerate(kinds, 1)]


def xrevrange(entries: Page, before: str, count: int) -> Page:
    """What Redis answers to XREVRANGE key before - COUNT count."""
    below = entries if before == "+" else [entry for entry in entries if int(entry[0][:-2]) < int(before[1:-2])]
    return below[::-1][:count]


def drive(scan: WindowScan, entries: Page) -> list[int]:
    """Read until the scan is complete; the sizes of the pages that were asked for."""
    asked = []
    while count := scan.page_size:
        asked.append(count)
        scan.feed(xrevrange(entries, scan.before, count), count)
    return asked


def scan_of(window: int, limits: ReadingLimits | None = None) -> WindowScan:
    return WindowScan(window, reader(), limits or ReadingLimits())


def found(scan: WindowScan, column: str = "number") -> list[Any]:
    """A column of everything that was read, oldest first."""
    return [value for page in scan.take_oldest_first() for value in page[column].tolist()]


def usable(entries: Page) -> list[int]:
    return [int(fields[b"number"]) for _, fields in entries if fields[b"kind"] == GOOD]


@given(st.lists(st.sampled_from([GOOD, GOOD, BAD]), max_size=60), st.integers(1, 40), st.integers(1, 30))
@repeatable(300)
def test_a_window_is_the_newest_usable_entries(kinds: list[bytes], window: int, page: int) -> None:
    entries = stream(kinds)
    scan = scan_of(window, ReadingLimits(page_entries=page))
    asked = drive(scan, entries)
    newest = usable(entries)[-window:]
    assert scan.usable == len(newest)
    assert all(1 <= count <= page for count in asked)
    assert asked[0] == min(window, page)
    oldest = newest[0] if len(newest) == window else 0
    assert [entry.entry_id for entry in scan.rejected] == [
        entry_id.decode()
        for entry_id, fields in reversed(entries)
        if fields[b"kind"] == BAD and int(fields[b"number"]) > oldest
    ]
    assert found(scan) == newest
    assert found(scan) == [], "what was taken is let go of"


def test_positions_are_those_of_the_ids() -> None:
    scan = scan_of(3)
    drive(scan, stream([GOOD] * 5))
    assert found(scan, "position") == [position_of((number, 0)) for number in (3, 4, 5)]


def test_a_full_window_takes_one_page_of_its_own_size() -> None:
    assert drive(scan_of(50), stream([GOOD] * 200)) == [50]
    assert drive(scan_of(PAGE + 1), stream([GOOD] * 5_000)) == [PAGE, PAGE]


def test_malformed_entries_are_crossed_in_whole_pages() -> None:
    asked = drive(scan_of(10), stream([GOOD] * 10 + [BAD] * (PAGE + 50)))
    assert asked == [10, PAGE, PAGE]


def test_it_looks_at_a_bounded_number_of_entries_beyond_the_window() -> None:
    scan = scan_of(5, ReadingLimits(extra_entries=10))
    assert sum(drive(scan, stream([GOOD] * 5 + [BAD] * 12))) == 15
    assert found(scan) == [3, 4, 5]
    assert ReadingLimits().extra_entries == 50_000


def test_entries_that_come_and_go_between_two_pages_do_no_harm() -> None:
    scan = scan_of(4)
    entries = stream([GOOD, GOOD, GOOD, BAD, GOOD, GOOD])
    scan.feed(xrevrange(entries, scan.before, 3), 3)
    assert scan.before == "(4-0"
    trimmed_and_grown = [entry for entry in stream([GOOD] * 9) if entry[0] not in (b"1-0", b"2-0")]
    drive(scan, trimmed_and_grown)
    assert found(scan) == [3, 5, 6]


@pytest.mark.parametrize(("at_most", "looked_at"), [(None, 4), (2, 3), (1, 1)])
def test_a_page_is_read_up_to_so_many_usable_entries(at_most: int | None, looked_at: int) -> None:
    page = reader().read(stream([GOOD, BAD, GOOD, GOOD]), at_most=at_most)
    assert page.looked_at == looked_at
    assert page.columns["number"].tolist() == [1, 3, 4][:at_most]
