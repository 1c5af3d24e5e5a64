"""Where a recording subscriber goes on after each kind of end."""

from __future__ import annotations

import random

import pytest
from history.model import End, Position, Refusal
from history.resume_policy import Backoff, ResumePolicy

HERE = Position("e", 5)
GONE = End(0.0, "UNAVAILABLE", "the server is going away")


def policy(*addresses: str, resumes: bool = True) -> ResumePolicy:
    return ResumePolicy(addresses or ("a", "b"), Backoff(1.0, 4.0), random.Random(1), resumes=resumes)


def refusal(reason: str) -> End:
    return End(0.0, "OUT_OF_RANGE", "refused", Refusal("strategic_memory.v1", reason, 1, 4, "e"))


def test_it_starts_with_the_feedback_in_force_at_the_first_address() -> None:
    assert (policy().address, policy().resume_after) == ("a", None)


def test_after_a_lost_server_it_resumes_at_the_next() -> None:
    one = policy()
    one.received(HERE)
    one.ended(GONE)
    assert (one.address, one.resume_after) == ("b", HERE)
    one.ended(GONE)
    assert one.address == "a"


@pytest.mark.parametrize("reason", ["REVISION_COMPACTED", "EPOCH_CHANGED", "ANOTHER"])
def test_a_refused_resume_point_is_given_up_at_once(reason: str) -> None:
    one = policy()
    one.received(HERE)
    assert one.ended(refusal(reason)) == 0.0
    assert (one.address, one.resume_after) == ("a", None)


def test_a_refusal_without_reason_is_one_too() -> None:
    one = policy()
    one.received(HERE)
    one.ended(End(0.0, "OUT_OF_RANGE"))
    assert one.resume_after is None


def test_a_future_resume_point_is_tried_elsewhere_before_it_is_given_up() -> None:
    one = policy()
    one.received(HERE)
    for attempt in range(5):
        assert one.ended(refusal("REVISION_IN_FUTURE")) > 0
        assert (one.resume_after, one.address) == (HERE, "ba"[attempt % 2])
    one.ended(refusal("REVISION_IN_FUTURE"))
    assert one.resume_after is None


def test_without_an_epoch_there_is_no_place_to_resume_from() -> None:
    one = policy()
    one.received(Position("", 0))
    assert one.resume_after is None


def test_it_may_be_told_not_to_resume() -> None:
    one = policy(resumes=False)
    one.received(HERE)
    one.ended(GONE)
    assert (one.resume_after, one.position) == (None, HERE)


def test_waits_grow_to_a_bound_and_start_over_with_a_message() -> None:
    one = policy()
    waits = [one.ended(GONE) for _ in range(60)]
    assert 0.5 <= waits[0] <= 1.0
    assert 1.0 <= waits[1] <= 2.0
    assert all(2.0 <= wait <= 4.0 for wait in waits[2:])
    one.received(HERE)
    assert one.ended(GONE) <= 1.0
