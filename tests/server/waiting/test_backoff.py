"""Waits between attempts: they double, have a bound, and differ from one server to the next."""

from __future__ import annotations

import pytest

from strategic_memory_server.waiting.backoff import SPREAD, Backoff


def test_waits_double_up_to_the_longest_and_begin_again_after_a_success() -> None:
    backoff = Backoff(0.1, 0.5, uniform=lambda _, high: high)
    assert [backoff.next_s() for _ in range(5)] == pytest.approx([0.1, 0.2, 0.4, 0.5, 0.5])
    backoff.reset()
    assert backoff.next_s() == pytest.approx(0.1)


def test_no_wait_is_shorter_than_its_share_or_grows_by_its_spread() -> None:
    backoff = Backoff(0.1, 0.5, uniform=lambda low, _: low)
    assert [backoff.next_s() for _ in range(4)] == pytest.approx([SPREAD * full for full in (0.1, 0.2, 0.4, 0.5)])


def test_two_servers_do_not_wait_equally_long() -> None:
    waits = {Backoff(1.0, 8.0).next_s() for _ in range(20)}
    assert len(waits) > 10
    assert all(SPREAD <= wait_s <= 1.0 for wait_s in waits)
