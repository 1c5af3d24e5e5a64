"""How the sums of the long memory decay by the settings that the log was last written under."""

from __future__ import annotations

import redis.asyncio as redis

from strategic_memory_server.advice.settings_by_variable import from_text
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip
from strategic_memory_server.revisions.log_keys import LogKeys


async def decay_in_use(client: redis.Redis, prefix: str, ours: float) -> float:
    """Return the decay of the service; ours where nothing has been said yet, or not by which settings.

    A command that is run without the settings of the service would look for a memory of another decay.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached, or refused.
    """
    key = LogKeys.under(prefix).state
    (reply,) = await round_trip(client, [packed("HGET", key, "settings")])
    said = from_text((checked(reply, key, "hash") or b"").decode(errors="replace"))
    theirs = said.get("STRATEGIC_MEMORY_EVIDENCE_DECAY")
    return float(theirs) if isinstance(theirs, int | float) and not isinstance(theirs, bool) else ours
