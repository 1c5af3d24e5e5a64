"""The user of docs/redis.md that may do no more than a service must, on a Redis that has been prepared for it.

With STRATEGIC_MEMORY_TEST_LEAST_USER=1 services, and clients as the service makes them, are this user in all tests,
wherever the test itself names none: `least_url` is where they are given their Redis.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import redis
from redis_kinds.documented import acl_rules

from strategic_memory_server.embedded.redis_binary import find_redis_server
from strategic_memory_server.revisions.log_scripts import SCRIPTS

IS_ASKED_FOR = os.environ.get("STRATEGIC_MEMORY_TEST_LEAST_USER") == "1"


def least_url(url: str) -> str:
    """Return the URL for this user where that is asked for, and the URL names one server and no user."""
    parts = urlsplit(url)
    if not IS_ASKED_FOR or parts.scheme != "redis" or "@" in parts.netloc or not _answers(url):
        return url
    return prepared(url)


def prepared(url: str) -> str:
    """Prepare the Redis at a URL, and return the URL for this user."""
    parts = urlsplit(url)
    with redis.Redis.from_url(url, protocol=2) as client:
        prepare(client)
        if client.config_get("aclfile").get("aclfile"):
            cast("Any", client).execute_command("ACL", "SAVE")
    return urlunsplit(parts._replace(netloc=f"strategic-memory:change-me@{parts.netloc}"))


def prepare(client: redis.Redis, *more: str) -> None:
    """Load what the service needs, and make the user, with more rules."""
    load(client)
    make_user(client, *more)


def load(client: redis.Redis) -> None:
    """Load what the service needs, as `prepare-redis` does."""
    untyped: Any = client
    for script in SCRIPTS.values():
        if _has_functions(client):
            untyped.execute_command("FUNCTION", "LOAD", "REPLACE", script.library)
        else:
            client.script_load(script.text)


def make_user(client: redis.Redis, *more: str) -> None:
    """Make the user, with more rules than it needs elsewhere."""
    name, *rules = acl_rules(*more, kind="redis-7" if _has_functions(client) else "redis-6.2")
    cast("Any", client).execute_command("ACL", "SETUSER", name, "reset", *rules)


def _has_functions(client: redis.Redis) -> bool:
    return not client.info("server")["redis_version"].startswith("6.")


def keeps_users(folder: Path) -> Path | None:
    """Return a server program that keeps its users through a restart, as operators set it up; None: not asked for."""
    if not IS_ASKED_FOR:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    users, program = folder / "users.acl", folder / "redis-server"
    users.touch()
    program.write_text(f'#!/bin/sh\nexec {find_redis_server()} "$@" --aclfile {users}\n')
    program.chmod(0o755)
    return program


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
