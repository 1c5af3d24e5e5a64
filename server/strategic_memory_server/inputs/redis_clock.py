"""The clock of Redis: ids that Redis gives are times by it, so it alone tells which ids are no times."""

from __future__ import annotations

import time

from redis.exceptions import NoPermissionError

from strategic_memory_server.redis_access.round_trip import Reply, packed

ASK_TIME = packed("TIME")


def clock_ms_of(reply: Reply) -> int:
    """Read the reply to ASK_TIME, milliseconds since 1970-01-01 UTC; this machine's clock where a user may not ask.

    Raises:
        redis.exceptions.ResponseError: Redis refused for another reason.
    """
    if isinstance(reply, NoPermissionError):
        return time.time_ns() // 1_000_000
    if isinstance(reply, Exception):
        raise reply
    seconds, microseconds = reply
    return int(seconds) * 1000 + int(microseconds) // 1000
