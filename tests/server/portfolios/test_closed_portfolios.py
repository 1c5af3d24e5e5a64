"""A portfolio that is closed lets go of what it had open: those that are told something else are closed and opened."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from strategic_memory_server.application import open_service
from strategic_memory_server.configuration.environment import read_environment
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


def is_open(file: Path) -> bool:
    for descriptor in list(Path("/dev/fd").iterdir()):
        with suppress(OSError):
            if os.path.samestat(os.fstat(int(descriptor.name)), file.stat()):
                return True
    return False


async def test_the_file_of_what_was_said_is_closed(redis_server: EmbeddedRedis, tmp_path: Path) -> None:
    asked = {"redis_url": redis_server.url, "grpc_address": "127.0.0.1:0", "http_address": "127.0.0.1:0"}
    settings = read_environment(asked).service_settings()
    said = tmp_path / "said"
    async with open_service(replace(settings, redis=replace(settings.redis, history_file=said))):
        assert is_open(said)
    assert not is_open(said)
