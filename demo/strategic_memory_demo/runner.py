"""Runs the demo: Redis, the service, the market and a display in one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from strategic_memory_client import AsyncStrategicMemoryClient
from strategic_memory_demo.commands import DemoAddresses, command_lines, missing_tools
from strategic_memory_demo.display import Display, display_for
from strategic_memory_demo.feed import MarketFeed
from strategic_memory_demo.line_output import LineOutput
from strategic_memory_demo.options import DemoOptions
from strategic_memory_demo.service_log import service_log_in
from strategic_memory_demo.subscription import follow_feedback
from strategic_memory_demo.tally import DemoTally, summary_lines
from strategic_memory_server.application import open_service
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, EmbeddedRedisError
from strategic_memory_server.embedded.embedded_watch import keep_running
from strategic_memory_server.embedded.private_files import new_password
from strategic_memory_server.embedded.redis_binary import RedisBinaryNotFoundError
from strategic_memory_server.faults.errors import ListenError
from strategic_memory_server.monitoring.http_settings import HttpSettings
from strategic_memory_server.process.ending_signals import ending_signals
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.rpc.grpc_settings import GrpcSettings
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
from strategic_memory_server.sync.sync_settings import SyncSettings

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_NO_REDIS = 3

_SYNC_INTERVAL_S = 1.0
_VALIDITY_S = 3.0
_REFRESH_S = 0.125


async def run_demo(options: DemoOptions) -> int:
    """Run a demo on standard output; give the exit code: 0 done, 1 failed to start, 3 no Redis program."""
    stop = asyncio.Event()
    with _signals_set(stop):
        try:
            embedded = EmbeddedRedis(binary=options.redis_binary, port=options.redis_port, password=new_password())
            await _run(options, embedded, stop)
        except RedisBinaryNotFoundError as error:
            return _fail(error, EXIT_NO_REDIS)
        except EmbeddedRedisError as error:
            return _fail(error, EXIT_FAILED)
        except ListenError as error:
            return _fail(f"{error}. For the demo: --grpc-address, --http-address.", EXIT_FAILED)
    return EXIT_OK


async def _run(options: DemoOptions, embedded: EmbeddedRedis, stop: asyncio.Event) -> None:
    output = LineOutput(sys.stdout, on_reader_gone=stop.set)
    tally = DemoTally()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, embedded.close)
        await asyncio.to_thread(embedded.start)
        log_path = embedded.directory / "service.log"
        stack.enter_context(service_log_in(log_path))
        settings = _service_settings(options, embedded.url)
        service = await stack.enter_async_context(open_service(settings))
        addresses = DemoAddresses(
            grpc=service.grpc_address,
            http=service.http_address,
            redis_port=embedded.port,
            prefix=settings.redis.key_prefix,
            redis_password=embedded.password,
        )
        output.write(_introduction(addresses, log_path))
        feed = MarketFeed(
            embedded.url,
            prefix=settings.redis.key_prefix,
            seed=options.seed,
            speed=options.speed,
            tally=tally,
        )
        stack.push_async_callback(feed.close)
        client = await stack.enter_async_context(AsyncStrategicMemoryClient(service.grpc_address))
        display = display_for(tally, output)
        display.open()
        try:
            await _until_stopped(
                stop,
                options.seconds,
                keep_running(embedded),
                feed.run(),
                follow_feedback(client, tally, display),
                _refresh(display, tally, service.sync),
            )
        finally:
            _take_in_counts(tally, service.sync)
            display.close()
        output.write(["", *summary_lines(tally)])


async def _until_stopped(
    stop: asyncio.Event, seconds: float | None, *activities: Coroutine[object, object, None]
) -> None:
    """Run the activities until `stop` or for `seconds`; the failure of one of them ends all and is raised."""
    tasks = [asyncio.create_task(activity) for activity in activities]
    tasks.append(asyncio.create_task(_wait_for(stop)))
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _wait_for(stop: asyncio.Event) -> None:
    await stop.wait()


async def _refresh(display: Display, tally: DemoTally, sync: StrategicMemorySync) -> None:
    while True:
        _take_in_counts(tally, sync)
        display.refresh()
        await asyncio.sleep(_REFRESH_S)


def _take_in_counts(tally: DemoTally, sync: StrategicMemorySync) -> None:
    used = {report.source: report.accepted for report in sync.status.sources}
    tally.inputs_read(used, sync.rejections.totals)


@contextmanager
def _signals_set(stop: asyncio.Event) -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP set `stop`, as often as they come, until the demo has cleaned up."""
    loop = asyncio.get_running_loop()
    numbers = ending_signals()
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _service_settings(options: DemoOptions, redis_url: str) -> ServiceSettings:
    return ServiceSettings(
        redis=RedisSettings(url=redis_url),
        sync=SyncSettings(interval_s=_SYNC_INTERVAL_S, validity_s=_VALIDITY_S),
        grpc=GrpcSettings(address=options.grpc_address),
        http=HttpSettings(address=options.http_address),
    )


def _introduction(addresses: DemoAddresses, log_path: Path) -> list[str]:
    return [
        "Strategic Memory Sync: a demonstration with a market of its own. Ctrl-C ends it.",
        "",
        "Try in another terminal:",
        *(f"  {line}" for line in command_lines(addresses)),
        "",
        *missing_tools(),
        f"The service logs to {log_path} while the demo runs.",
        "",
    ]


def _fail(message: object, exit_code: int) -> int:
    sys.stderr.write(f"strategic-memory-server: {message}\n")
    return exit_code
