"""`strategic-memory-server rebuild-memory`: lets the long memory be built anew from the trade stream."""

from __future__ import annotations

import click
from redis.exceptions import AuthenticationError, BusyLoadingError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from strategic_memory_server.cli.portfolio_option import portfolio_option, settings_asked
from strategic_memory_server.cli.redis_options import redis_options
from strategic_memory_server.cli.run_stoppable import run_stoppable
from strategic_memory_server.entries import input_keys
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.redis_access.primary_connection import NotPrimaryError
from strategic_memory_server.redis_access.redis_connection import connect, failure_at
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.revisions.decay_in_use import decay_in_use

_UNHEARD_OF = "Whether the long memory is forgotten is not known, and Redis may do so yet: run it again to be sure"


@click.command("rebuild-memory")
@portfolio_option
@redis_options
@click.confirmation_option(prompt="Forget what trades that are no longer in the stream have taught?")
def rebuild_memory(portfolio: str, **overrides: object) -> None:
    """Build the long memory anew from the trade stream.

    From the trades that it still holds: for when trades were written that should not count, and have been deleted from
    the stream since. Trades that were trimmed from the stream are forgotten, and so is what was being explored. A
    running server needs no restart.

    Exit codes: 0 done, 1 Redis failed, 2 wrong flag or setting, 130 interrupted.
    """
    settings = settings_asked(overrides, portfolio)
    try:
        run_stoppable(_forget(settings.redis, settings.sync.advice.evidence.decay))
    except (RedisError, OSError) as error:
        raise click.ClickException(failure_at(settings.redis.url, error)) from None


async def _forget(redis: RedisSettings, decay: float) -> None:
    prefix = redis.key_prefix
    async with connect(redis) as client:
        decays = {decay, await decay_in_use(client, prefix, decay)}
        memories = MemoryKeys.under(prefix), *(MemoryKeys.beside(prefix, each) for each in decays)
        names = [name for keys in memories for name in (keys.evidence, keys.trade_ids)]
        counted = await client.xlen(input_keys.key_of(prefix, input_keys.TRADE_RESULTS))
        try:
            existed = await client.delete(*names)
        except (NotPrimaryError, BusyLoadingError, AuthenticationError):
            # Redis has answered, and refused.
            raise
        except (RedisConnectionError, RedisTimeoutError) as error:
            raise click.ClickException(f"{failure_at(redis.url, error)}. {_UNHEARD_OF}") from None
    found = "The long memory is forgotten." if existed else "There was no long memory."
    click.echo(f"{found} The server that leads builds it from the {counted} entries of the trade stream.")
