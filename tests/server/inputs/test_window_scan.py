"""WindowScan fed by hand: which page it wants next, and what it makes of what it gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.inputs import window_scan
from strategic_memory_server.inputs.entry_fields import Fields, RejectionError
from strategic_memory_server.inputs.rejections import RejectedInput
from strategic_memory_server.inputs.window_scan import MAX_EXTRA_ENTRIES, PAGE_ENTRIES, Page, WindowScan
from strategic_memory_server.stream_position import position_of_time

GOOD = b"good"
BAD = b"bad"


def read(fields: Fields) -> int:
    if fields[b"kind"] == BAD:
        raise RejectionError("bad", fields[b"kind"])
    return int(fields[b"number"])


def stream(kinds: list[bytes]) -> Page:
    """Entries, oldest first, with the ids 1-0, 2-0 and so on."""
    return [(f"{n}-0".encode(), {b"kind": kind, b"number": str(n).encode()}) for n, kind in enumerate(kinds, 1)]


def xrevrange(entries: Page, before: str, count: int) -> Page:
    """What Redis answers to XREVRANGE key before - COUNT count."""
    below = entries if before == "+" else [entry for entry in entries if int(entry[0][:-2]) < int(before[1:-2])]
    return below[::-1][:count]


def drive(scan: WindowScan[int], entries: Page) -> list[int]:
    """Read until the scan is complete; the sizes of the pages that were asked for."""
    asked = []
    while count := scan.page_size:
        asked.append(count)
        scan.feed(xrevrange(entries, scan.before, count), count)
    return asked


def scan_of(window: int) -> WindowScan[int]:
    return WindowScan("stream:x", window, read)


def usable(entries: Page) -> list[int]:
    return [int(fields[b"number"]) for _, fields in entries if fields[b"kind"] == GOOD]


@given(st.lists(st.sampled_from([GOOD, GOOD, BAD]), max_size=60), st.integers(1, 20), st.integers(1, 9))
@repeatable(300)
def test_a_window_is_the_newest_usable_entries(kinds: list[bytes], window: int, page: int) -> None:
    entries = stream(kinds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window_scan, "PAGE_ENTRIES", page)
        scan = scan_of(window)
        asked = drive(scan, entries)
        further = []
        while scan.look_further():
            further.extend(drive(scan, entries))
    newest = usable(entries)
    assert scan.oldest_first().entries == newest
    assert scan.oldest_first().newest(window).entries == newest[-window:]
    assert scan.oldest_first().positions == [position_of_time(number) for number in newest]
    assert all(1 <= count <= page for count in (*asked, *further))
    assert asked[0] == min(window, page)
    assert [entry.entry_id for entry in scan.rejected] == [
        entry_id.decode() for entry_id, fields in reversed(entries) if fields[b"kind"] == BAD
    ]


@given(st.lists(st.sampled_from([GOOD, BAD]), max_size=60), st.integers(1, 20))
@repeatable(200)
def test_without_looking_further_it_holds_the_window_and_no_more(kinds: list[bytes], window: int) -> None:
    scan = scan_of(window)
    drive(scan, stream(kinds))
    assert scan.oldest_first().entries == usable(stream(kinds))[-window:]


def test_a_full_window_takes_one_page_of_its_own_size() -> None:
    assert drive(scan_of(50), stream([GOOD] * 200)) == [50]
    assert drive(scan_of(PAGE_ENTRIES + 1), stream([GOOD] * 5_000)) == [PAGE_ENTRIES, PAGE_ENTRIES]


def test_malformed_entries_are_crossed_in_whole_pages() -> None:
    asked = drive(scan_of(10), stream([GOOD] * 10 + [BAD] * 2_500))
    assert asked == [10, PAGE_ENTRIES, PAGE_ENTRIES]


def test_it_looks_at_a_bounded_number_of_entries_beyond_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_scan, "MAX_EXTRA_ENTRIES", 10)
    scan = scan_of(5)
    assert sum(drive(scan, stream([GOOD] * 5 + [BAD] * 12))) == 15
    assert scan.oldest_first().entries == [3, 4, 5]
    assert not scan.look_further()
    assert MAX_EXTRA_ENTRIES == 50_000


def test_entries_that_come_and_go_between_two_pages_do_no_harm() -> None:
    scan = scan_of(4)
    entries = stream([GOOD, GOOD, GOOD, BAD, GOOD, GOOD])
    scan.feed(xrevrange(entries, scan.before, 3), 3)
    assert scan.before == "(4-0"
    trimmed_and_grown = [entry for entry in stream([GOOD] * 9) if entry[0] not in (b"1-0", b"2-0")]
    drive(scan, trimmed_and_grown)
    assert scan.oldest_first().entries == [3, 5, 6]


def test_a_stream_that_cannot_be_read_ends_the_scan() -> None:
    scan = scan_of(5)
    scan.give_up(RejectedInput("stream:x", "wrong_type", "a list"))
    assert scan.page_size == 0
    assert not scan.look_further()
    assert [entry.reason for entry in scan.rejected] == ["wrong_type"]
    assert scan.oldest_first().entries == []


@pytest.mark.parametrize(("position", "reached"), [(7, False), (8, True), (9, True), (99, True)])
def test_how_far_back_it_has_read(position: int, reached: bool) -> None:
    scan = scan_of(3)
    assert not scan.reaches(position_of_time(99))
    drive(scan, stream([GOOD] * 10))
    assert scan.reaches(position_of_time(position)) is reached
