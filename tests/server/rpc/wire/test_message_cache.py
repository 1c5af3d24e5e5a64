"""MessageCache: one message for all, and a bounded number of them."""

from __future__ import annotations

from advice import NOW_MS, feedback, renewed

from strategic_memory_server.advice.feedback import Times
from strategic_memory_server.rpc.wire.message_cache import KEPT_MESSAGES, KEPT_MS, MOMENT_MS, MessageCache
from strategic_memory_server.rpc.wire.to_wire import feedback_message


def test_all_get_the_same_message() -> None:
    cache, one = MessageCache(lambda: NOW_MS), feedback(7)
    assert cache.delivery(one, 0) is cache.delivery(one, 0)
    assert cache.response(one) is cache.response(one)
    assert cache.delivery(one, 0).feedback == cache.response(one).feedback == feedback_message(one)


def test_what_was_skipped_is_told_beside_the_same_feedback() -> None:
    cache, one = MessageCache(lambda: NOW_MS), feedback(7)
    assert cache.delivery(one, 3).skipped_revisions == 3
    assert cache.delivery(one, 3).feedback == cache.delivery(one, 0).feedback
    assert cache.delivery(one, 0).skipped_revisions == 0


def test_an_equal_feedback_at_another_time_has_its_own_message() -> None:
    cache, one, renewed = MessageCache(lambda: NOW_MS), feedback(7), feedback(7, valid_until_ms=None)
    assert cache.response(one).feedback.HasField("valid_until")
    assert not cache.response(renewed).feedback.HasField("valid_until")
    assert cache.delivery(one, 0).feedback.HasField("valid_until")
    assert not cache.delivery(renewed, 0).feedback.HasField("valid_until")


def test_messages_are_kept_up_to_a_number() -> None:
    cache = MessageCache(lambda: NOW_MS)
    for revision in range(1, KEPT_MESSAGES + 50):
        # The feedback goes at once, so that another one may come to lie where it lay.
        assert cache.delivery(feedback(revision), 0).feedback.revision == revision
    assert len(cache._kept) == KEPT_MESSAGES


def test_a_feedback_that_is_confirmed_for_a_day_leaves_no_messages_behind() -> None:
    now_ms = NOW_MS
    cache, said = MessageCache(lambda: now_ms), feedback(7)
    for _ in range(24 * 60):
        now_ms += 60_000
        cache.delivery(renewed(said, Times(now_ms, now_ms, now_ms + 180_000)), 0)
    assert len(cache._kept) <= 2


def test_what_streams_are_sent_now_is_kept_and_what_they_were_sent_once_is_not() -> None:
    now_ms = NOW_MS
    cache, in_force = MessageCache(lambda: now_ms), feedback(1_000)
    cache.delivery(in_force, 0)
    caught_up = [feedback(revision) for revision in range(1, 200)]
    messages = [cache.delivery(each, 0) for each in caught_up]
    assert [cache.delivery(each, 0) for each in caught_up] == messages
    now_ms += KEPT_MS - 1
    in_force_then = cache.delivery(in_force, 0)
    cache.delivery(feedback(1_001), 0)
    assert cache.delivery(in_force, 0) is in_force_then
    now_ms += KEPT_MS
    cache.delivery(feedback(1_002), 0)
    assert len(cache._kept) <= 2


def test_a_feedback_that_is_sent_again_and_again_keeps_nothing_behind_it() -> None:
    now_ms = NOW_MS
    cache, in_force = MessageCache(lambda: now_ms), feedback(1_000)
    for said in (in_force, *(feedback(revision) for revision in range(1, 200))):
        cache.delivery(said, 0)
    now_ms += KEPT_MS
    cache.delivery(in_force, 0)
    cache.delivery(feedback(1_001), 0)
    assert len(cache._kept) == 2


def test_a_clock_that_was_set_back_keeps_no_messages() -> None:
    now_ms = NOW_MS
    cache = MessageCache(lambda: now_ms)
    for revision in range(1, 100):
        cache.delivery(feedback(revision), 0)
    now_ms -= 86_400_000
    cache.delivery(feedback(100), 0)
    assert len(cache._kept) == 1


def test_a_message_tells_when_it_is_sent() -> None:
    now_ms = NOW_MS
    cache, one = MessageCache(lambda: now_ms), feedback(7)
    said = cache.delivery(one, 0), cache.response(one)
    now_ms += MOMENT_MS - 1
    assert (cache.delivery(one, 0), cache.response(one)) == said
    for step_ms in (1, -86_400_000):  # the clock may be set back
        now_ms += step_ms
        for message in (cache.delivery(one, 0), cache.delivery(one, 3), cache.response(one)):
            assert message.sent_at.ToMilliseconds() == now_ms
            assert message.feedback == feedback_message(one)


def test_the_answer_tells_the_problems_of_the_moment() -> None:
    now_ms, standing = NOW_MS, {"inputs_refused": "it is so"}
    cache, one = MessageCache(lambda: now_ms, lambda: standing), feedback(7)
    (told,) = cache.response(one).problems
    assert (told.name, told.sentence) == ("inputs_refused", "it is so")
    standing.clear()
    now_ms += MOMENT_MS
    assert not cache.response(one).problems
    assert cache.response(one).feedback == feedback_message(one)
