"""RedisRisks: tells while Redis is set up so that it can lose what the service keeps there, or has begun to.

`INFO` says most of it, also where `CONFIG` may not be asked. A managed service may say less; nothing is told then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import redis.asyncio as redis
from redis.exceptions import RedisError, ResponseError

from strategic_memory_server.faults.problems import TOLD_FOR_S, Problems

LOOK_S = 30.0
"""Time between two looks, seconds."""

UNSAVED_S = 7_200
"""By its default settings Redis saves what has changed within an hour; after so long without, it does not save."""

_GROWS = (
    "Redis could not rewrite its append-only file (aof_last_bgrewrite_status is err): it grows with each write, each "
    "renewed lease too, until the disk is full and nothing is written any more. Look into its log; mostly it lacks "
    "memory for a second process (vm.overcommit_memory = 1) or room on its disk"
)

EVICTS, NOT_PERSISTENT, EVICTED = "redis_may_evict", "redis_not_persistent", "redis_has_evicted"


class RedisRisks:
    """Looks at one Redis now and then.

    Args:
        client: the Redis client.
        problems: is told.
        asks_config: whether the user may well ask for the configuration. One that was given few permissions may not,
            and that need not be tried.
        is_in_memory: whether it was chosen that Redis keeps nothing on disk; that is no problem then.
        now_s: seconds since 1970-01-01 UTC.
    """

    def __init__(
        self,
        client: redis.Redis,
        problems: Problems,
        *,
        asks_config: bool,
        is_in_memory: bool = False,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._problems = problems
        self._asks_config = asks_config
        self._is_in_memory = is_in_memory
        self._now_s = now_s
        self._evicted = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once; what cannot be asked is left. Nothing is raised."""
        try:
            info: dict[str, object] = {}
            for section in ("memory", "persistence", "stats"):
                info |= await self._client.info(section)
            saves = await self._saves()
        except (RedisError, OSError):
            return
        found = {EVICTS: may_evict(info)}
        if not self._is_in_memory:
            found[NOT_PERSISTENT] = not_persistent(info, saves, self._now_s())
        for name, sentence in found.items():
            if sentence is None:
                self._problems.withdraw(name)
            else:
                self._problems.state(name, sentence)
        evicted = _number(info, "evicted_keys")
        if evicted > self._evicted:
            self._problems.state(EVICTED, has_evicted(evicted), for_s=TOLD_FOR_S)
        self._evicted = evicted

    async def _saves(self) -> str | None:
        """Return when Redis saves; None: it may not be asked."""
        if not self._asks_config:
            return None
        try:
            return str((await self._client.config_get("save")).get("save", ""))
        except ResponseError as error:
            # While a script of somebody runs for long everything is refused.
            self._asks_config = str(error).startswith("BUSY")
            return None


def may_evict(info: Mapping[str, object]) -> str | None:
    """Say that Redis deletes keys when its memory is full; None: it does not."""
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy == "noeviction":
        return None
    endangered = (
        "the long memory, the log and the lease" if policy.startswith("allkeys") else "the lease and the feedback key"
    )
    return (
        f"maxmemory-policy is {policy}: when its memory is full (maxmemory), Redis deletes keys, also {endangered}. "
        "Set `maxmemory-policy noeviction`, or give the service a Redis of its own"
    )


def not_persistent(info: Mapping[str, object], saves: str | None, now_s: float) -> str | None:
    """Say that Redis keeps nothing on disk, could not lately, or soon cannot; None: it does, or that is not known."""
    if "aof_enabled" not in info:
        return None
    is_appending = bool(_number(info, "aof_enabled"))
    status = "aof_last_write_status" if is_appending else "rdb_last_bgsave_status"
    if info.get(status) == "err" and (is_appending or saves != ""):
        return (
            f"Redis could not write its data to disk ({status} is err): after a restart the long memory and the log "
            "are those of the last time that it could. Look at its disk and into its log"
        )
    if is_appending:
        return _GROWS if info.get("aof_last_bgrewrite_status") == "err" else None
    unsaved_s = now_s - _number(info, "rdb_last_save_time")
    if saves is None and (not _number(info, "rdb_changes_since_last_save") or unsaved_s < UNSAVED_S):
        return None
    if saves:
        return None
    return (
        "Redis keeps nothing on disk (appendonly no, and no snapshots): after a restart the long memory and the log "
        "are gone. Set `appendonly yes`, or `save 3600 1`"
    )


def has_evicted(keys: int) -> str:
    """Say that Redis has deleted keys since its memory is full."""
    return (
        f"Redis has deleted {keys} keys since it started, as its memory was full; they may be the service's own. "
        "Raise maxmemory, or set `maxmemory-policy noeviction`"
    )


def _number(info: Mapping[str, object], name: str) -> int:
    value = info.get(name, 0)
    return value if isinstance(value, int) else 0
