"""`strategic-memory-server serve`: settings and exit codes around the service, in one process or in several."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping

import structlog

from strategic_memory_server.cli.exit_codes import EXIT_OK, EXIT_WRONG_SETTING, FAILURES, exit_code_of
from strategic_memory_server.cli.installed import imported
from strategic_memory_server.cli.own_redis import OwnRedis
from strategic_memory_server.cli.stopping import importing
from strategic_memory_server.cli.workers import run_workers
from strategic_memory_server.configuration.environment import read_environment, unknown_variables
from strategic_memory_server.monitoring.logging_setup import set_up_logging
from strategic_memory_server.process.event_loop import loop_factory
from strategic_memory_server.tracing.asked import log_ids

logger = structlog.get_logger(__name__)


def run_serve(overrides: Mapping[str, object], *, own_redis: OwnRedis | None) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; give the exit code."""
    if own_redis is not None and overrides.get("redis_url"):
        return _failed(
            "--embedded-redis starts a Redis of its own: leave out --redis-url, or leave out --embedded-redis",
            EXIT_WRONG_SETTING,
        )
    try:
        environment = read_environment(overrides)
        if own_redis is not None and environment.workers > 1:
            return _failed(
                "--embedded-redis is for a service of one process: leave out --workers (STRATEGIC_MEMORY_WORKERS), or "
                "start a Redis and name it in REDIS_URL",
                EXIT_WRONG_SETTING,
            )
        if own_redis is not None and environment.role == "serve":
            return _failed(
                "--embedded-redis starts a Redis that nobody else publishes in: leave out --role "
                "(STRATEGIC_MEMORY_ROLE), or name the Redis of the service that leads in REDIS_URL",
                EXIT_WRONG_SETTING,
            )
        lines = set_up_logging(environment.log_level, environment.log_format, log_ids(os.environ))
        if unknown := unknown_variables(os.environ):
            event = "Environment variables are not known and have no effect"
            logger.warning(event, variables=list(unknown), did_you_mean=list(filter(None, unknown.values())))
        if environment.workers > 1:
            asyncio.run(run_workers(environment, overrides))
        else:
            # Of several processes the one that starts them has no need of it, and saves its memory.
            with importing():
                serving = imported("strategic_memory_server.cli.serving")
                runner = asyncio.Runner(loop_factory=loop_factory(environment.event_loop))
            with runner:
                runner.run(serving.serve(environment, lines, own_redis=own_redis))
    except FAILURES as error:
        return _failed(str(error), exit_code_of(error))
    return EXIT_OK


def _failed(message: str, code: int) -> int:
    sys.stderr.write(f"strategic-memory-server: {message}\n")
    return code
