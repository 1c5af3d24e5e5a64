"""ToldFailures: each failure of an outage is news once, and again after it."""

from __future__ import annotations

from strategic_memory_server.faults.told_failures import MOST, ToldFailures


def test_failures_that_take_turns_are_news_once_each_until_it_is_over() -> None:
    """A proxy before a Redis refuses one connection and closes the next: each retry was a line in the log."""
    told = ToldFailures()
    for _ in range(2):
        assert not told
        assert [told.is_news(failure) for failure in ("refused", "refused", "closed", "refused", "closed")] == [
            True, False, True, False, False,
        ]  # fmt: skip
        assert told
        told.are_over()


def test_what_differs_each_time_is_told_so_often_and_no_more() -> None:
    told = ToldFailures()
    assert sum(told.is_news(f"after {attempt} s") for attempt in range(1_000)) == MOST
