"""ShadowPublisher: writes what a shadow says to a log of its own, under the lease of the service."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import redis.asyncio as redis

from strategic_memory_server.advice.settings_by_variable import Plain, as_text, told_by_older
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_scripts import register_script
from strategic_memory_server.revisions.log_state import LogState

_DIGITS = 8
_LEFT_FOR_MS = 1_000


def epochs_of(settings: Mapping[str, Plain]) -> str:
    """Return what every epoch of a shadow with these settings (see `settings_by_variable`) starts with.

    A server of another version, which knows of more settings or fewer, goes on where they change nothing.
    """
    return f"{hashlib.sha256(as_text(told_by_older(settings)).encode()).hexdigest()[:_DIGITS]}-"


class ShadowPublisher(FeedbackPublisher):
    """Writes to the log of a shadow. With other settings another epoch begins, so no epoch mixes two of them.

    Args:
        client: the Redis client; it must return bytes.
        prefix: what every key starts with.
        retained_revisions: length of the log.
        settings: those of the shadow, see `settings_by_variable`.
        clock: the clock of Redis.
        is_guarded: whether the drawdown guard is on among them.
    """

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        retained_revisions: int,
        settings: Mapping[str, Plain],
        clock: RedisClock | None = None,
        *,
        is_guarded: bool = False,
    ) -> None:
        self._keys = LogKeys.of_shadow(prefix)
        self._settings = as_text(settings)
        self._write_down = register_script(client, "settings")
        # Whatever happens to this log is no problem of the advice.
        log = FeedbackLog(client, prefix, retained_revisions, Problems(), clock, keys=self._keys)
        super().__init__(log, about=epochs_of(settings), is_guarded=is_guarded)

    async def open(self, claim: Claim) -> LogState:
        """Learn where the log stands, and write down under which settings it is written."""
        state = await super().open(claim)
        arguments: dict[str, str | int | bytes] = {
            "claim": claim.value,
            "server": "",
            "settings": self._settings,
            "left_for_ms": _LEFT_FOR_MS,
        }
        # Where that fails the log is opened again: nothing else writes them down while the claim holds.
        self._state = None
        await self._write_down(keys=self._keys.of("state", "lease", "other_settings"), args=arguments)
        self._state = state
        return state
