"""The user of docs/redis.md that may do no more than a service must, on a Redis that has been prepared for it.

Services are this user in tests with the mark `least_user`; with STRATEGIC_MEMORY_TEST_LEAST_USER=1 in all tests, and so
are clients as the service makes them, wherever the test itself names no user.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from redis_kinds.documented import acl_rules

from strategic_memory_server.embedded.redis_binary import find_redis_server
from strategic_memory_server.revisions.log_scripts import SCRIPTS

IS_ASKED_FOR = os.environ.get("STRATEGIC_MEMORY_TEST_LEAST_USER") == "1"


_prepared: set[str] = set()


def asks_for_least_user(test: pytest.Item) -> bool:
    """Whether the services of a test are this user: in all tests where that is asked for, otherwise by the mark."""
    return IS_ASKED_FOR or test.get_closest_marker("least_user") is not None


def least_url(url: str) -> str:
    """Return the URL for this user where it names one server that answers, and no user."""
    parts = urlsplit(url)
    if parts.scheme != "redis" or "@" in parts.netloc or not _answers(url):
        return url
    return prepared(url)


def prepared(url: str) -> str:
    """Prepare the Redis at a URL for a service of any key prefix, and return the URL for this user."""
    parts = urlsplit(url)
    with redis.Redis.from_url(url, protocol=2) as client:
        if (run_id := client.info("server")["run_id"]) not in _prepared:
            most: Any = client.config_get("maxmemory")["maxmemory"]
            # A Redis that is full takes no functions; the test fills it before there is a service.
            client.config_set("maxmemory", 0)
            prepare(client, *_of_any_prefix(client))
            client.config_set("maxmemory", most)
            _keep_users(client)
            _prepared.add(run_id)
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


def keeps_users(folder: Path) -> Path:
    """Return a server program that keeps its users through a restart, as operators set it up."""
    folder.mkdir(parents=True, exist_ok=True)
    users, program = folder / "users.acl", folder / "redis-server"
    users.touch()
    program.write_text(f'#!/bin/sh\nexec {find_redis_server()} "$@" --aclfile {users}\n')
    program.chmod(0o755)
    return program


def _of_any_prefix(client: redis.Redis) -> list[str]:
    has_functions = _has_functions(client)
    rules = acl_rules(kind="redis-7" if has_functions else "redis-6.2")
    # As docs/portfolios.md has it for a set of portfolios.
    of_a_set = [f"{'%R' if has_functions else ''}~*:portfolios", "+smembers"]
    return [*(rule.replace("quantum:", "*:") for rule in rules if "quantum:" in rule), *of_a_set]


def _keep_users(client: redis.Redis) -> None:
    """Let the users outlast a restart where Redis has a file for them."""
    if client.config_get("aclfile").get("aclfile"):
        cast("Any", client).execute_command("ACL", "SAVE")
        return
    with suppress(redis.ResponseError):
        client.config_rewrite()


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
