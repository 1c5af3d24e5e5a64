"""When a call shows that its connection carries answers no more."""

from __future__ import annotations

from strategic_memory_client.transports.connection_use import ConnectionUse


def heard_use() -> ConnectionUse:
    use = ConnectionUse(0.0, 5.0)
    use.answered()
    return use


def test_a_call_that_timed_out_unanswered_is_enough() -> None:
    assert heard_use().unanswered(0.1, timed_out=True)


def test_a_caller_that_left_may_have_had_its_reasons_but_not_twice() -> None:
    use = heard_use()
    assert not use.unanswered(1.0, timed_out=False)
    use.answered()
    assert not use.unanswered(2.0, timed_out=False)
    assert use.unanswered(3.0, timed_out=False)


def test_a_connection_that_is_being_made_is_given_its_time() -> None:
    use = ConnectionUse(100.0, 5.0)
    assert not use.unanswered(101.0, timed_out=True)
    assert not use.unanswered(104.9, timed_out=True)
    assert use.unanswered(105.0, timed_out=True)


def test_it_is_over_once_no_call_is_under_way() -> None:
    use = heard_use()
    use.calls = 2
    use.is_retired = True
    assert not use.is_over
    use.calls = 0
    assert use.is_over
