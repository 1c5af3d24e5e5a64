"""FeedbackLog where another program has written to the log or to its state."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis
from advice import NOW_MS, feedback
from claimed import ClaimedLog
from server.revisions.own_log import publish

from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCap
from strategic_memory_server.memory.override import OVERRIDE_CAP
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError, encode_feedback
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import LogState

KEYS = LogKeys.under("quantum")

FOREIGN: list[dict[str, str | bytes]] = [
    {"hello": "by hand"},
    {"feedback": b"\xff\xfe"},
    {"feedback": "{}"},
    {"feedback": "[" * 100_000},
    {"feedback": encode_feedback(feedback(1)).replace('"AGGRESSIVE"', '"RECKLESS"')},
]


@pytest.mark.parametrize("fields", FOREIGN)
async def test_a_foreign_entry_is_left_out_and_said(
    redis_client: redis.Redis, log: ClaimedLog, fields: dict[str, str | bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    await log.open("e1")
    await publish(log, 1)
    redis_client.xadd(KEYS.log, dict(fields.items()), id="1-5")
    assert (await log.snapshot(10)).recent == (feedback(1),)
    assert await log.read_after(0, 10) == [feedback(1)]
    shown = capsys.readouterr().out
    assert "Feedback log entry is not readable" in shown
    assert "1-5" in shown
    assert len(shown) < 2_000


async def test_a_log_that_others_have_moved_on_starts_another_epoch_above_it(
    redis_client: redis.Redis, log: ClaimedLog
) -> None:
    await log.open("e1")
    await publish(log, 1)
    redis_client.xadd(KEYS.log, {"hello": "by hand"}, id="40-7")
    assert not await log.publish(feedback(2), expected=LogState("e1", 1))
    assert await log.open("e2") == LogState("e2", 40, 41, epoch_start=41, leverage_caps=())
    assert await log.publish(feedback(41, "e2"), expected=LogState("e2", 40))


@pytest.mark.parametrize("field", ["revision", "epoch_start", "oldest_revision", "valid_until_ms"])
@pytest.mark.parametrize("value", [b"x", b"-5", b"1.5", b"\xff", b"9007199254740991", b"99999999999999999999"])
async def test_a_state_that_somebody_else_has_written_to_says_so(
    redis_client: redis.Redis, log: ClaimedLog, field: str, value: bytes
) -> None:
    await log.open("e1")
    await publish(log, 1)
    redis_client.hset(KEYS.state, field, value)
    if (field, value) != ("valid_until_ms", b"-5"):
        with pytest.raises(MalformedFeedbackError, match="state of the feedback log"):
            await log.read_state()
    await log.open("e2")


@pytest.mark.parametrize("spoilt", [None, "", "junk", '[{"source": "x"}]', b"\xff"])
async def test_caps_that_the_state_does_not_tell_any_more_are_those_that_were_said_last(
    redis_client: redis.Redis, log: ClaimedLog, spoilt: str | bytes | None
) -> None:
    """The key of a cap may be unreadable, too: a cap is lifted by its key alone."""
    await log.open("e1")
    caps = (LeverageCap("risk:leverage_limits", 5.0, NOW_MS),)
    said = feedback(1)
    capped = replace(said, advice=replace(said.advice, leverage_caps=(LeverageCap(OVERRIDE_CAP, 3.0, NOW_MS), *caps)))
    assert await log.publish(capped, expected=LogState("e1", 0))
    if spoilt is None:
        redis_client.delete(KEYS.state)
    else:
        redis_client.hset(KEYS.state, "leverage_caps", spoilt)
    redis_client.xadd(KEYS.log, {"of": "another program"}, id="2-0")
    assert await log.log.read_caps() == caps
    redis_client.delete(KEYS.log)
    redis_client.rpush(KEYS.log, "x")
    assert await log.log.read_caps() == NO_CAPS
