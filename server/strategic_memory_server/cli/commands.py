"""Flags and help of `strategic-memory-server`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from strategic_memory_server.cli.rebuild_memory import rebuild_memory
from strategic_memory_server.cli.replay import replay
from strategic_memory_server.cli.serve import run_serve
from strategic_memory_server.demo.options import DEFAULT_SEED, DemoOptions
from strategic_memory_server.demo.runner import run_demo

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="strategic-memory", prog_name="strategic-memory-server")
def app() -> None:
    """Tells trading programs what their own past has taught them."""


app.add_command(replay)


@app.command()
@click.option("--redis-url", metavar="URL", help="Where Redis is. [env: REDIS_URL; default: redis://redis:6379/0]")
@click.option("--embedded-redis", is_flag=True, help="Start a Redis of its own on a free port, kept in memory only.")
@click.option(
    "--interval",
    type=float,
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
    "--lead-anyway",
    is_flag=True,
    flag_value="on",
    default=None,
    help="Publish though the feedback log was written under other settings. "
    "[env: STRATEGIC_MEMORY_LEAD_ANYWAY; default: off]",
)
@click.option(
    "--log-level",
    metavar="LEVEL",
    help="DEBUG, INFO, WARNING or ERROR. [env: STRATEGIC_MEMORY_LOG_LEVEL; default: INFO]",
)
@click.option(
    "--log-format", metavar="FORMAT", help="json or console. [env: STRATEGIC_MEMORY_LOG_FORMAT; default: json]"
)
def serve(*, embedded_redis: bool, **overrides: object) -> None:
    """Sync the memory from Redis and serve the advice.

    Runs until SIGINT, SIGTERM or SIGHUP, which finish the sync in hand and end with exit code 0. Redis need not be
    there yet: the service answers with the safe values and syncs once it is. A flag wins over its environment
    variable; there are more variables than flags, see docs/configuration.md.

    Try it without a Redis of your own:

        strategic-memory-server serve --embedded-redis --interval 1

    Exit codes: 0 stopped as asked, 1 failed, 2 wrong flag or setting, 3 no Redis program found for --embedded-redis.
    """
    code = asyncio.run(run_serve(overrides, embedded_redis=embedded_redis))
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is closed. The interpreter would still wait for an analysis in hand, whose caller has gone.
    os._exit(code)


@app.command("rebuild-memory")
@click.option("--redis-url", metavar="URL", help="Where Redis is. [env: REDIS_URL; default: redis://redis:6379/0]")
@click.option("--key-prefix", metavar="PREFIX", help="What every Redis key starts with. [default: quantum]")
@click.confirmation_option(prompt="Forget what trades that are no longer in the stream have taught?")
@click.pass_context
def rebuild(context: click.Context, /, **overrides: object) -> None:
    """Build the long memory anew from the trades that the stream still holds.

    For when trades were written that should not count, and have been deleted from the stream since. Trades that were
    trimmed from the stream are forgotten, and so is what was being explored. A running server needs no restart.

    Exit codes: 0 done, 1 Redis failed, 2 wrong flag or setting.
    """
    context.exit(rebuild_memory(overrides))


@app.command()
@click.option("--seconds", type=float, help="End by itself after this long, with a summary.")
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Decides the course of the market.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="Multiplies the pace of the market.")
@click.option("--grpc-address", metavar="HOST:PORT", default="127.0.0.1:0", help="For gRPC; default: a free port.")
@click.option("--http-address", metavar="HOST:PORT", default="127.0.0.1:0", help="For HTTP; default: a free port.")
@click.option("--redis-port", type=int, help="Port of the embedded Redis; default: a free one.")
@click.option("--redis-binary", type=EXISTING_FILE, help="Redis program to start; default: looks for one.")
@click.pass_context
def demo(
    context: click.Context,
    seconds: float | None,
    seed: int,
    speed: float,
    grpc_address: str,
    http_address: str,
    redis_port: int | None,
    redis_binary: Path | None,
) -> None:
    """Show the service at work on a simulated market, with a Redis of its own.

    Prints the grpcurl, redis-cli and curl lines to try against it. Ctrl-C ends everything.

    Exit codes: 0 done, 1 failed, 2 wrong flag, 3 no Redis program found.
    """
    try:
        options = DemoOptions(
            seconds=seconds,
            seed=seed,
            speed=speed,
            grpc_address=grpc_address,
            http_address=http_address,
            redis_port=redis_port,
            redis_binary=redis_binary,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    context.exit(asyncio.run(run_demo(options)))
