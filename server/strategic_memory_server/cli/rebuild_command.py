"""Flags and help of `strategic-memory-server rebuild-memory`."""

from __future__ import annotations

import click

from strategic_memory_server.cli.portfolio_option import portfolio_option
from strategic_memory_server.cli.rebuild_memory import rebuild_memory
from strategic_memory_server.cli.redis_options import redis_options


@click.command("rebuild-memory")
@portfolio_option
@redis_options
@click.confirmation_option(prompt="Forget what trades that are no longer in the stream have taught?")
@click.pass_context
def rebuild(context: click.Context, /, portfolio: str, **overrides: object) -> None:
    """Build the long memory anew from the trade stream.

    From the trades that it still holds: for when trades were written that should not count, and have been deleted from
    the stream since. Trades that were trimmed from the stream are forgotten, and so is what was being explored. A
    running server needs no restart.

    Exit codes: 0 done, 1 Redis failed, 2 wrong flag or setting.
    """
    context.exit(rebuild_memory(overrides, portfolio))
