"""Permissions: what the user of `REDIS_URL` lacks, found out before anything is written.

A script is not rolled back when a command in it is refused, so a user without one of them would leave half a revision.
"""

from __future__ import annotations

import redis.asyncio as redis
from redis.exceptions import NoPermissionError, ResponseError

from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_scripts import register_script

REFUSALS = ("can't run this command", "access at least one of the keys", "ACL failure in script", "command called from")
"""How the servers say inside a script that a permission is missing: Redis 6.2 and 7, newer ones and Valkey; or that
there is no such command."""

_UNKNOWN = "unknown command "


class Permissions:
    """Asks Redis on behalf of one server.

    Args:
        client: the Redis client.
        prefix: what every key starts with.
    """

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        keys, memory = LogKeys.under(prefix), MemoryKeys.under(prefix)
        written = "state", "log", "feedback", "pulse", "lease", "fencing_token", "other_settings", "interventions"
        self._names = keys.of(*written) | {"evidence": memory.evidence, "trade_ids": memory.trade_ids}
        self._dry_run = register_script(client, "dry_run")

    async def missing(self) -> list[str]:
        """Return the missing permissions as they stand in the rules of a user; nothing is written.

        A command that Redis does not know at all is among them as "unknown command ZADD".

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused for another reason.
        """
        try:
            return [rule.decode() for rule in await self._dry_run(keys={}, args=self._names)]
        except NoPermissionError as error:
            # Scripts themselves.
            return [str(error)]


def lacks_permission(error: Exception) -> bool:
    """Tell whether an error says that the user lacks a permission, or Redis a command."""
    said = str(error)
    return isinstance(error, NoPermissionError) or (
        isinstance(error, ResponseError) and any(words in said for words in REFUSALS)
    )


def missing_permissions(rules: list[str]) -> str:
    """Say what is missing and what to do."""
    unknown = [rule.removeprefix(_UNKNOWN) for rule in rules if rule.startswith(_UNKNOWN)]
    lacked = [rule for rule in rules if not rule.startswith(_UNKNOWN)]
    said = []
    if lacked:
        said.append(f"the user of REDIS_URL lacks {', '.join(lacked)}: nothing is written until that is permitted")
    if unknown:
        said.append(
            f"this Redis does not know {', '.join(unknown)}: nothing is written until it does. Look for rename-command "
            "in its configuration"
        )
    return f"{'; '.join(said)}. See docs/redis.md, User and password"
