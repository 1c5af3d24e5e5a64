"""A server that is not supported is named, also one that does not know the commands by which the log is read."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import ResponseError

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.revisions.feedback_log import FeedbackLog


@pytest.mark.parametrize(
    ("info", "name"), [("garnet_version:1.0.40", "Garnet 1.0.40"), ("redis_version:3.2.12", "Redis 3.2.12")]
)
async def test_one_without_streams_is_named(info: str, name: str) -> None:
    text = f"# Server\r\n{info}\r\n".encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while parts := await reader.readline():
            asked = b""
            for _ in range(int(parts[1:])):
                length = int((await reader.readline())[1:])
                asked = asked or await reader.readexactly(length)
                await reader.readuntil(b"\r\n")
            writer.write(b"$%d\r\n%b\r\n" % (len(text), text) if asked == b"INFO" else b"-ERR unknown command\r\n")
        writer.close()

    problems = Problems()
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(RedisSettings(url=f"redis://127.0.0.1:{port}")) as client:
            with pytest.raises(ResponseError, match="unknown command"):
                await FeedbackLog(client, "quantum", 100, problems).snapshot(1)
    assert f"needs Redis 6.2 or newer, or Valkey; this is {name}" in problems.standing["redis_unsupported"]
