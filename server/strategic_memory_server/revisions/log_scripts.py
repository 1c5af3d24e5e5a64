"""The scripts that change the log, each one atomic step in Redis."""

from __future__ import annotations

from importlib import resources

import redis.asyncio as redis

from strategic_memory_server.redis_access.redis_script import RedisScript


def register_script(client: redis.Redis, name: str) -> RedisScript:
    """Make a script of `scripts/` callable; Redis learns it when it is first called."""
    folder = resources.files("strategic_memory_server.revisions") / "scripts"
    return RedisScript(client, (folder / "prelude.lua").read_text() + (folder / f"{name}.lua").read_text())
