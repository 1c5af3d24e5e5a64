"""The Redis that `serve --embedded-redis` starts: in memory only, or in a folder that keeps its data."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis
import structlog

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, Persistence
from strategic_memory_server.embedded.embedded_watch import keep_running
from strategic_memory_server.embedded.kept_folder import KeptFolder
from strategic_memory_server.embedded.private_files import new_password
from strategic_memory_server.redis_access.redis_connection import shown_url
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.waiting.running_tasks import cancel

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OwnRedis:
    """What Redis the service starts.

    Attributes:
        folder: where its data are kept; None: in memory only.
        port: what it listens on, on 127.0.0.1; None: that of the folder's last start if it is free, or a free one.
    """

    folder: Path | None
    port: int | None


class StoppedWhileStartingError(Exception):
    """A signal came before the Redis was there."""


@asynccontextmanager
async def started(
    asked: OwnRedis, given: RedisSettings, stop: asyncio.Event
) -> AsyncIterator[tuple[RedisSettings, asyncio.Task[None]]]:
    """Start it; yield the settings to reach it by, and a task that raises when it has died for good.

    Args:
        asked: what Redis.
        given: prefix and timeouts are taken from it. What belongs to REDIS_URL, a password for example, is not.
        stop: set by a signal.

    Raises RedisBinaryNotFoundError, EmbeddedRedisError and StoppedWhileStartingError.
    """
    async with AsyncExitStack() as stack:
        folder = None if asked.folder is None else KeptFolder(asked.folder)
        if folder is not None:
            stack.callback(folder.close)
            await _begun(folder.open, folder.given_up, stop)
        earlier_port = None if folder is None else folder.earlier_port()
        embedded = _in_memory(asked.port) if folder is None else _kept(folder, asked.port, earlier_port)
        stack.push_async_callback(asyncio.to_thread, embedded.close)
        await _begun(embedded.start, embedded.given_up, stop)
        if stop.is_set():
            raise StoppedWhileStartingError
        if folder is not None:
            stack.push_async_callback(asyncio.to_thread, _stop_in_order, embedded, folder)
            await asyncio.to_thread(_go_on, embedded, folder)
            # From here on this process watches: its Redis has lost no more than it will find by the history it keeps.
            folder.lost_nothing = True
        _report_start(embedded, folder)
        if earlier_port not in {None, embedded.port}:
            logger.warning(
                "The embedded Redis listens on another port than before: give producers its new URL",
                port=embedded.port,
                earlier_port=earlier_port,
            )
        go_on = (lambda: None) if folder is None else partial(_go_on, embedded, folder)
        watch = asyncio.create_task(keep_running(embedded, go_on), name="embedded-redis")
        stack.push_async_callback(cancel, watch)
        settings = RedisSettings(
            embedded.url,
            given.key_prefix,
            given.connect_timeout_s,
            given.command_timeout_s,
            is_in_memory=folder is None,
            history_file=None if folder is None else folder.history_file,
        )
        yield settings, watch


async def _begun(begin: Callable[[], object], given_up: threading.Event, stop: asyncio.Event) -> None:
    """Begin something, which is given up once a signal comes: the Redis may read its data for minutes."""
    begun = asyncio.create_task(asyncio.to_thread(begin))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([begun, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if stop.is_set():
        given_up.set()
        await asyncio.wait([begun])
        if error := begun.exception():
            raise StoppedWhileStartingError from error
    await begun


def _in_memory(port: int | None) -> EmbeddedRedis:
    return EmbeddedRedis(port=port, password=new_password())


def _kept(folder: KeptFolder, port: int | None, earlier_port: int | None) -> EmbeddedRedis:
    return EmbeddedRedis(
        port=port,
        earlier_port=earlier_port,
        directory=folder.path,
        persistence=Persistence.EVERY_SECOND,
        password=folder.password,
        inherited=(folder.lock,),
    )


def _go_on(embedded: EmbeddedRedis, folder: KeptFolder) -> None:
    """Write down how to reach it, and, where nothing was lost, that the feedback logs were written in this Redis.

    The service takes a Redis with another run id for one that may have lost what it had acknowledged, and begins
    another epoch. Who keeps the folder knows better.
    """
    folder.write_address(embedded.url, embedded.port)
    # Of a shadow too.
    states = f"*{LogKeys.under('').feedback}*:state"
    with redis.Redis.from_url(embedded.url) as client:
        run_id = client.info("server")["run_id"]
        earlier = {each.encode() for each in folder.runs_in(run_id)}
        if folder.lost_nothing and earlier:
            # Of every portfolio: which there are may not be known yet.
            for state in client.scan_iter(states, count=1_000, _type="hash"):
                if client.hget(state, "run_id") in earlier:
                    client.hset(state, "run_id", run_id)
        folder.logs_are_of(run_id)


def _stop_in_order(embedded: EmbeddedRedis, folder: KeptFolder) -> None:
    if embedded.stop():
        folder.stopped_in_order()


def _report_start(embedded: EmbeddedRedis, folder: KeptFolder | None) -> None:
    kept = "in memory only: all is gone when it stops" if folder is None else f"in {folder.path}, flushed every second"
    logger.info(
        "Embedded Redis started",
        redis=shown_url(embedded.url),
        password_file=str(embedded.password_path),
        keeps=kept,
    )
    if folder is not None:
        # The password itself is shown to a person alone, for stderr may end in a file of logs.
        line = f"export REDIS_URL={embedded.url}" if sys.stderr.isatty() else folder.shell_line(embedded.port)
        sys.stderr.write(f"For producers, in a shell of yours:\n  {line}\n")
