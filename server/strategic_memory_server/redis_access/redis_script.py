"""RedisScript: a script that Redis runs as one atomic step, called by its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import redis.asyncio as redis
from redis.exceptions import NoScriptError

from strategic_memory_server.redis_access.round_trip import Reply, packed, round_trip


class RedisScript:
    """A script; Redis learns it when it is first called, and again when it has forgotten it.

    Args:
        client: the Redis client.
        text: the script in Lua.
    """

    def __init__(self, client: redis.Redis, text: str) -> None:
        self._client = client
        self._load = packed("SCRIPT", "LOAD", text)
        # How Redis names scripts, no matter of security.
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, keys: Sequence[str], args: Sequence[str | int | bytes]) -> Reply:
        """Run it.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused; whether it ran is not known.
        """
        call = packed("EVALSHA", self._digest, len(keys), *keys, *args)
        (reply,) = await round_trip(self._client, [call])
        if isinstance(reply, NoScriptError):
            loaded, reply = await round_trip(self._client, [self._load, call])
            if isinstance(loaded, Exception):
                raise loaded
        if isinstance(reply, Exception):
            raise reply
        return reply
