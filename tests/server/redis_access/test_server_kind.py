"""Servers that are not supported are named; the others are let be."""

from __future__ import annotations

import pytest

from strategic_memory_server.redis_access.server_kind import unsupported


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ({"redis_version": "6.0.16"}, "this is Redis 6.0.16"),
        ({"redis_version": "5.0.14"}, "this is Redis 5.0.14"),
        ({"redis_version": "7.4.0", "dragonfly_version": "df-v1.30.0"}, "this is Dragonfly df-v1.30.0"),
        ({"redis_version": "7.2.5", "garnet_version": "1.0.50"}, "this is Garnet 1.0.50"),
        ({"redis_version": "4.0.0", "kvrocks_version": "2.9.0"}, "this is Kvrocks 2.9.0"),
        ({"redis_version": "7.0.15", "redis_mode": "sentinel"}, "this is a sentinel: REDIS_URL must begin with"),
        ({"redis_version": "6.3.4", "executable": "/usr/bin/keydb-server"}, "this is KeyDB 6.3.4"),
    ],
)
def test_a_server_that_is_not_supported_is_named(info: dict[str, str], name: str) -> None:
    said = unsupported(info)
    assert said is not None
    assert said.startswith("this service needs Redis 6.2 or newer, or Valkey; ")
    assert name in said


@pytest.mark.parametrize("version", ["6.2.0", "6.2.14", "7.0.15", "8.10.2", "10.0", "255.255.255", ""])
def test_a_server_that_is_supported_or_says_nothing_is_let_be(version: str) -> None:
    assert unsupported({"redis_version": version}) is None
    assert unsupported({"redis_version": "7.2.4", "server_name": "valkey", "valkey_version": "9.1.2"}) is None
    assert unsupported({}) is None
