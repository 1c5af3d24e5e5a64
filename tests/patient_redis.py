"""Settings of a Redis for tests that are not about timeouts: a busy machine may keep it from answering for a while."""

from __future__ import annotations

from least_user import IS_ASKED_FOR, least_url

from strategic_memory_server.redis_access.redis_settings import RedisSettings

PATIENCE_S = 30.0

PATIENT = {f"STRATEGIC_MEMORY_REDIS_{what}_TIMEOUT": f"{PATIENCE_S:g}" for what in ("CONNECT", "COMMAND")}
"""The same for a command, by its environment."""


def patient(url: str) -> RedisSettings:
    """Return settings that wait for long."""
    return RedisSettings(
        url=least_url(url) if IS_ASKED_FOR else url, connect_timeout_s=PATIENCE_S, command_timeout_s=PATIENCE_S
    )
