"""MessageCache: one message for all, and a bounded number of them."""

from __future__ import annotations

from advice import NOW_MS, feedback

from strategic_memory_server.rpc.wire.message_cache import KEPT_MESSAGES, MOMENT_MS, MessageCache
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
