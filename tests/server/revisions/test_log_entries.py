"""Entries of the log as feedbacks: what is read again, and what is not."""

from __future__ import annotations

import redis.asyncio
from advice import feedback
from claimed import ClaimedLog

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.revisions.feedback_json import encode_feedback
from strategic_memory_server.revisions.log_state import LogState


def entry(said: Feedback, **fields: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """What stands in the log, with some fields replaced."""
    written = {b"revision": b"%d" % said.revision, b"epoch": said.epoch.encode()}
    written[b"feedback"] = encode_feedback(said).encode()
    return b"%d-0" % said.revision, written | {name.encode(): value for name, value in fields.items()}


async def test_only_the_very_bytes_that_were_written_last_are_not_read_again(async_client: redis.asyncio.Redis) -> None:
    log = ClaimedLog(async_client, "quantum", retained_revisions=5)
    first, second = feedback(1, "e1"), feedback(2, "e1")
    await log.open("e1")
    assert await log.publish(first, expected=LogState("e1", 0))
    entries = [entry(said) for said in (first, second)]
    read = log.log.decode(entries)
    assert read == [first, second]
    assert read[0] is first
    assert log.log.decode([(b"1-0", {b"feedback": b"{}"}), *entries]) == [first, second]
