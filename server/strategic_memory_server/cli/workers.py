"""`serve --workers`: the process that keeps the ports and runs the workers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from strategic_memory_server.configuration.environment import Environment
from strategic_memory_server.process.ending_signals import ending_signals
from strategic_memory_server.workers.reserved_port import reserved
from strategic_memory_server.workers.supervisor import Supervisor

logger = structlog.get_logger(__name__)


async def run_workers(environment: Environment, overrides: Mapping[str, object]) -> None:
    """Run the workers until SIGINT, SIGTERM or SIGHUP.

    Args:
        environment: what to serve, and with how many.
        overrides: of flags, which the workers are told too.

    Raises:
        ListenError: an address cannot be listened on.
        WorkerFailedError: a worker failed at its first start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stop.set)
    with (
        reserved(environment.grpc_address, "STRATEGIC_MEMORY_GRPC_ADDRESS") as grpc_address,
        reserved(environment.http_address, "STRATEGIC_MEMORY_HTTP_ADDRESS") as http_address,
    ):
        given = {name: value for name, value in overrides.items() if value is not None}
        settings = {**given, "grpc_address": grpc_address, "http_address": http_address}
        await Supervisor(environment.workers, settings, environment.event_loop).run(stop)
    logger.info("Workers stopped")
