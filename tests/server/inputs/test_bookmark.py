"""Bookmark: what is new in a stream, whether it is still the same stream, and what was missed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from each_case import each_case

from strategic_memory_server.columns.stream_position import id_of
from strategic_memory_server.inputs.bookmark import Bookmark, StreamInfo
from strategic_memory_server.inputs.page_reader import Page

INFO = StreamInfo(length=3, first=(1, 0), last=(3, 0), added=3, deleted=(0, 0))
OLD_INFO = replace(INFO, added=None, deleted=None)
READ = Bookmark(newest=(3, 0), fields={b"n": b"3"}, first=(1, 0), length=3, added=3, deleted=(0, 0))


def page(*numbers: int) -> Page:
    """Entries with the ids 1-0, 2-0 and so on."""
    return [(f"{number}-0".encode(), {b"n": str(number).encode()}) for number in numbers]


def test_after_the_first_page() -> None:
    assert Bookmark.after(INFO, page(3, 2, 1)) == READ
    assert Bookmark.after(StreamInfo(), []) == Bookmark()


def test_entries_that_came_between_the_information_and_the_page_are_counted() -> None:
    assert Bookmark.after(INFO, page(5, 4, 3)) == replace(READ, newest=(5, 0), fields={b"n": b"5"}, length=5, added=5)
    assert Bookmark.after(INFO, page(9, 8)).length is None, "there can be more than the page shows"


def test_what_is_new_comes_after_the_newest_entry_and_only_if_that_is_there() -> None:
    assert READ.new_entries(page(3, 4)) == page(4)
    assert READ.new_entries(page(4)) is None
    assert READ.new_entries([]) is None
    assert READ.new_entries([(b"3-0", {b"n": b"another"})]) is None
    assert Bookmark().new_entries(page(1)) == page(1)


def test_it_moves_to_the_newest_entry() -> None:
    grown = replace(INFO, length=4, last=(4, 0), added=4)
    assert READ.moved(grown, page(4)) == replace(READ, newest=(4, 0), fields={b"n": b"4"}, length=4, added=4)
    assert READ.moved(INFO, []) == READ
    assert READ.moved(INFO, page(4)) == READ.moved(grown, page(4)), "it came after the information"


@pytest.mark.parametrize(
    "info",
    [
        replace(INFO, length=2),
        replace(INFO, length=4),
        replace(INFO, last=(2, 9)),
        replace(INFO, first=(0, 5), length=4),
        replace(INFO, added=2),
    ],
)
def test_another_stream_is_told_from_the_one_that_was_read(info: StreamInfo) -> None:
    assert READ.moved(info, []) is None


def test_a_stream_that_was_trimmed_is_the_same_one() -> None:
    assert READ.moved(replace(INFO, first=(2, 0), length=2), []) == replace(READ, first=(2, 0), length=2)


def test_an_emptied_stream_that_has_old_entries_again_is_another_one() -> None:
    emptied = Bookmark(newest=(3, 0), first=None, length=0, added=3)
    assert emptied.moved(replace(INFO, length=1, first=(4, 0), last=(4, 0), added=4), page(4)) is not None
    assert emptied.moved(INFO, []) is None


@each_case(
    ("info", "missed"),
    [
        (INFO, 0),
        (replace(INFO, length=2, first=(3, 0), last=(4, 0), added=4), 0),
        (replace(INFO, length=2, first=(4, 0), last=(5, 0), added=5), 0),
        (replace(INFO, length=2, first=(8, 0), last=(9, 0), added=9), 4),
        (replace(INFO, length=0, first=None, last=(9, 0), added=9), 6),
        (replace(INFO, length=0, first=None), 0),
        (replace(INFO, length=2, first=(8, 0), last=(9, 0), added=2), 0),
        (replace(OLD_INFO, length=2, first=(8, 0), last=(9, 0)), None),
        (OLD_INFO, 0),
    ],
)
def test_what_was_trimmed_before_it_was_read(info: StreamInfo, missed: int | None) -> None:
    assert READ.missed(info) == missed


def test_a_new_stream_that_was_trimmed_at_once() -> None:
    assert Bookmark().missed(replace(INFO, first=(8, 0), last=(9, 0), length=2, added=9)) == 7
    assert Bookmark().missed(replace(OLD_INFO, first=(8, 0), last=(9, 0), length=2)) == 0, "nobody can tell"


def test_ids() -> None:
    assert id_of(b"1766296800000-18446744073709551615") == (1_766_296_800_000, 18_446_744_073_709_551_615)
