from __future__ import annotations

import pytest

from strategic_memory_client import (
    DeadlineExceededError,
    InvalidRequestError,
    ServerFaultError,
    ServiceUnavailableError,
    StrategicMemoryError,
    UnsupportedOperationError,
)
from strategic_memory_client.streams.failover import Failover

LOST = ServiceUnavailableError("gone")
ADDRESSES = ("a:1", "b:2", "c:3")


def test_asks_each_server_once_beginning_with_the_preferred_one() -> None:
    failover = Failover(ADDRESSES, 1, 9.0, 0.0)
    asked = [failover.address]
    failover.failed(LOST)
    asked.append(failover.address)
    failover.failed(DeadlineExceededError("late"))
    asked.append(failover.address)
    assert asked == ["b:2", "c:3", "a:1"]
    assert failover.address_index == 0
    with pytest.raises(ServiceUnavailableError):
        failover.failed(LOST)


def test_shares_what_is_left_of_the_timeout() -> None:
    failover = Failover(ADDRESSES, 0, 9.0, 100.0)
    assert failover.timeout_s(100.0) == pytest.approx(3.0)
    failover.failed(LOST)
    assert failover.timeout_s(101.0) == pytest.approx(4.0)
    failover.failed(LOST)
    assert failover.timeout_s(105.0) == pytest.approx(4.0)
    assert failover.timeout_s(200.0) == pytest.approx(0.001)


@pytest.mark.parametrize("error", [InvalidRequestError("bad"), ServerFaultError("broken")])
def test_does_not_ask_another_server_what_it_would_answer_the_same(error: StrategicMemoryError) -> None:
    failover = Failover(ADDRESSES, 0, 9.0, 0.0)
    with pytest.raises(type(error)):
        failover.failed(error)


def test_a_server_of_an_older_version_does_not_speak_for_the_next_one() -> None:
    """While a service is upgraded, the first address ended calls that the second one would have answered."""
    failover = Failover(ADDRESSES, 0, 9.0, 0.0)
    failover.failed(UnsupportedOperationError("it knows no portfolios"))
    assert failover.address == "b:2"
    failover.failed(DeadlineExceededError("late"))
    with pytest.raises(ServiceUnavailableError, match=r"^gone; it knows no portfolios$"):
        failover.failed(ServiceUnavailableError("gone"))


def test_what_answers_at_last_is_told_alone() -> None:
    failover = Failover(("a:1", "b:2"), 0, 9.0, 0.0)
    failover.failed(UnsupportedOperationError("it knows no portfolios"))
    with pytest.raises(InvalidRequestError, match=r"^bad$"):
        failover.failed(InvalidRequestError("bad"))
