"""Flags and help of `strategic-memory-server demo`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from strategic_memory_demo.options import DEFAULT_SEED, MAX_SPEED, DemoOptions
from strategic_memory_demo.runner import run_demo
from strategic_memory_server.cli.plain_numbers import Number, Whole

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--seconds", type=Number(0, min_open=True), help="End by itself after this long, with a summary.")
@click.option(
    "--seed", type=Whole(0), default=DEFAULT_SEED, show_default=True, help="Decides the course of the market."
)
@click.option(
    "--speed",
    type=Number(0, MAX_SPEED, min_open=True),
    default=1.0,
    show_default=True,
    help="Multiplies the pace of the market.",
)
@click.option("--grpc-address", metavar="HOST:PORT", default="127.0.0.1:0", help="For gRPC; default: a free port.")
@click.option("--http-address", metavar="HOST:PORT", default="127.0.0.1:0", help="For HTTP; default: a free port.")
@click.option("--redis-port", type=Whole(1, 65_535), help="Port of the embedded Redis; default: a free one.")
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
    """Show the service at work on a simulated market.

    It has a Redis of its own, and prints the grpcurl, redis-cli and curl lines to try against it. Ctrl-C ends
    everything.

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
