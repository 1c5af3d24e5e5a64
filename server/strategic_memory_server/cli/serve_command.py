"""Flags and help of `strategic-memory-server serve`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from strategic_memory_server.cli.own_redis import OwnRedis
from strategic_memory_server.cli.plain_numbers import Whole
from strategic_memory_server.cli.serve import run_serve

_IN_MEMORY = "\0"
"""Stands for no FOLDER at all: nobody can give that, as they can give an empty one."""


@click.command()
@click.option("--redis-url", metavar="URL", help="Where Redis is. [env: REDIS_URL; default: redis://redis:6379/0]")
@click.option(
    "--embedded-redis",
    is_flag=False,
    flag_value=_IN_MEMORY,
    metavar="[FOLDER]",
    help="Start a Redis of its own, whose data are kept in FOLDER; without FOLDER, in memory only.",
)
@click.option(
    "--embedded-redis-port",
    type=Whole(1, 65_535),
    help="The port on 127.0.0.1 that it listens on. Default: that of the last start on FOLDER, or a free one.",
)
@click.option(
    "--interval",
    metavar="SECONDS",
    help="Longest time from one sync to the next; new entries start one at once. "
    "[env: MEMORY_SYNC_INTERVAL; default: 60]",
)
@click.option(
    "--grpc-address",
    metavar="HOST:PORT",
    help="Where to listen for gRPC; port 0 takes a free one. "
    "[env: STRATEGIC_MEMORY_GRPC_ADDRESS; default: 127.0.0.1:50051]",
)
@click.option(
    "--http-address",
    metavar="HOST:PORT",
    help="Where to listen for /health and /metrics; port 0 takes a free one. "
    "[env: STRATEGIC_MEMORY_HTTP_ADDRESS; default: 127.0.0.1:8001]",
)
@click.option(
    "--key-prefix",
    metavar="PREFIX",
    help="What every Redis key starts with. [env: STRATEGIC_MEMORY_KEY_PREFIX; default: quantum]",
)
@click.option(
    "--role",
    metavar="ROLE",
    help="sync: publish whenever this server leads, and serve; serve: serve alone. "
    "[env: STRATEGIC_MEMORY_ROLE; default: sync]",
)
@click.option(
    "--shard",
    metavar="ORDINAL/SHARDS",
    help="Sync this share of the portfolios alone, and serve all of them, for example 3/16. "
    "[env: STRATEGIC_MEMORY_SHARD; default: all]",
)
@click.option(
    "--workers",
    metavar="NUMBER",
    help="Processes that serve on the same port, one for each core; Linux alone. "
    "[env: STRATEGIC_MEMORY_WORKERS; default: 1]",
)
@click.option(
    "--lead-anyway",
    is_flag=True,
    flag_value="on",
    default=None,
    help="Publish though the feedback log was written under other settings. "
    "[env: STRATEGIC_MEMORY_LEAD_ANYWAY; default: off]",
)
@click.option(
    "--insecure-listen",
    is_flag=True,
    flag_value="on",
    default=None,
    help="Listen unencrypted on addresses that other machines reach. "
    "[env: STRATEGIC_MEMORY_INSECURE_LISTEN; default: off]",
)
@click.option(
    "--log-level",
    metavar="LEVEL",
    help="DEBUG, INFO, WARNING or ERROR. [env: STRATEGIC_MEMORY_LOG_LEVEL; default: INFO]",
)
@click.option(
    "--log-format", metavar="FORMAT", help="json or console. [env: STRATEGIC_MEMORY_LOG_FORMAT; default: json]"
)
def serve(*, embedded_redis: str | None, embedded_redis_port: int | None, **overrides: object) -> None:
    """Sync the memory from Redis and serve the advice.

    Runs until SIGINT, SIGTERM or SIGHUP, which finish the sync in hand and end with exit code 0. Redis need not be
    there yet: the service answers with the safe values and syncs once it is. A flag wins over its environment
    variable; there are more variables than flags, see docs/configuration.md.

    Try it without a Redis of your own:

        strategic-memory-server serve --embedded-redis ./memory --interval 1

    Exit codes: 0 stopped as asked, 1 failed, 2 wrong flag or setting, 3 no Redis program found for --embedded-redis.
    """
    own = None
    if embedded_redis == "":
        raise click.UsageError(
            "--embedded-redis is empty, as of a variable that is not set: give a FOLDER, or the flag alone for a Redis "
            "in memory, of which nothing is left when it stops"
        )
    if embedded_redis is not None:
        own = OwnRedis(None if embedded_redis == _IN_MEMORY else Path(embedded_redis), embedded_redis_port)
    elif embedded_redis_port is not None:
        raise click.UsageError("--embedded-redis-port is of --embedded-redis, which is not given")
    code = run_serve(overrides, own_redis=own)
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is closed. The interpreter would still wait for an analysis in hand, whose caller has gone.
    os._exit(code)
