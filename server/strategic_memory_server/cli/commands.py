"""Flags and help of `strategic-memory-server`."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from strategic_memory_server.cli.serve import run_serve
from strategic_memory_server.demo.options import DEFAULT_SEED, DemoOptions
from strategic_memory_server.demo.runner import run_demo

app = typer.Typer(
    name="strategic-memory-server",
    help="Tells trading programs what their own past has taught them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"strategic-memory-server {version('strategic-memory')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Tells trading programs what their own past has taught them."""


@app.command()
def serve(
    redis_url: Annotated[
        str | None, typer.Option(help="Where Redis is. [env: REDIS_URL; default: redis://redis:6379/0]")
    ] = None,
    embedded_redis: Annotated[
        bool, typer.Option("--embedded-redis", help="Start a Redis of its own on a free port, kept in memory only.")
    ] = False,
    interval: Annotated[
        float | None, typer.Option(help="Seconds between two syncs. [env: MEMORY_SYNC_INTERVAL; default: 60]")
    ] = None,
    grpc_address: Annotated[
        str | None,
        typer.Option(
            help="host:port for gRPC; port 0 takes a free one. "
            "[env: STRATEGIC_MEMORY_GRPC_ADDRESS; default: 127.0.0.1:50051]"
        ),
    ] = None,
    http_address: Annotated[
        str | None,
        typer.Option(
            help="host:port for /health and /metrics; port 0 takes a free one. "
            "[env: STRATEGIC_MEMORY_HTTP_ADDRESS; default: 127.0.0.1:8001]"
        ),
    ] = None,
    key_prefix: Annotated[
        str | None,
        typer.Option(help="What every Redis key starts with. [env: STRATEGIC_MEMORY_KEY_PREFIX; default: quantum]"),
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(help="DEBUG, INFO, WARNING or ERROR. [env: STRATEGIC_MEMORY_LOG_LEVEL; default: INFO]")
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(help="json or console. [env: STRATEGIC_MEMORY_LOG_FORMAT; default: json]")
    ] = None,
) -> None:
    """Sync the memory from Redis and serve the advice.

    Runs until SIGINT or SIGTERM, which finish the sync in hand and end with exit code 0. Redis need not be there yet:
    the service answers with the safe values and syncs once it is. A flag wins over its environment variable; there
    are more variables than flags, see docs/configuration.md.

    **Try it without a Redis of your own:** `strategic-memory-server serve --embedded-redis --interval 1`

    Exit codes: 0 stopped as asked, 1 failed, 2 wrong flag or setting, 3 no Redis program found for --embedded-redis.
    """
    overrides = {
        "redis_url": redis_url,
        "interval": interval,
        "grpc_address": grpc_address,
        "http_address": http_address,
        "key_prefix": key_prefix,
        "log_level": log_level,
        "log_format": log_format,
    }
    raise typer.Exit(asyncio.run(run_serve(overrides, embedded_redis=embedded_redis)))


@app.command()
def demo(
    seconds: Annotated[float | None, typer.Option(help="End by itself after this long, with a summary.")] = None,
    seed: Annotated[int, typer.Option(help="Decides the course of the market.")] = DEFAULT_SEED,
    speed: Annotated[float, typer.Option(help="Multiplies the pace of the market.")] = 1.0,
    grpc_address: Annotated[str, typer.Option(help="host:port for gRPC; port 0 takes a free one.")] = "127.0.0.1:0",
    http_address: Annotated[str, typer.Option(help="host:port for HTTP; port 0 takes a free one.")] = "127.0.0.1:0",
    redis_port: Annotated[int | None, typer.Option(help="Port of the embedded Redis; default: a free one.")] = None,
    redis_binary: Annotated[Path | None, typer.Option(help="Redis program to start; default: looks for one.")] = None,
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
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(asyncio.run(run_demo(options)))
