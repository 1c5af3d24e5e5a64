"""Flags, help and exit codes of `strategic-memory-server reproduce`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click
from redis.exceptions import RedisError

from strategic_memory_server.cli.plain_numbers import Whole
from strategic_memory_server.cli.portfolio_option import portfolio_option, settings_asked
from strategic_memory_server.cli.redis_options import redis_options
from strategic_memory_server.cli.run_stoppable import run_stoppable
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.redis_access.redis_connection import connect, failure_at
from strategic_memory_server.reproducing.reproduce import reproduce
from strategic_memory_server.reproducing.reproduction import Outcome, Reproduction

EXIT_CODES = {Outcome.IDENTICAL: 0, Outcome.INPUT_GONE: 4, Outcome.DIFFERS: 5}


@click.command("reproduce")
@click.option("--revision", type=Whole(min=1), required=True, metavar="N", help="Its number.")
@click.option("--epoch", metavar="EPOCH", help="Its epoch, where another one will not do.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@portfolio_option
@redis_options
@click.pass_context
def reproduce_revision(
    context: click.Context, /, revision: int, epoch: str | None, portfolio: str, *, as_json: bool, **overrides: object
) -> None:
    """Compute a revision again, and compare it with the log.

    It is computed from what Redis holds of its inputs, and compared byte by byte. Run it with the variables of the
    service. Nothing is written, and a running server goes on. Where the bytes differ it names each input that is not
    what it was, or each field that comes out otherwise.

    Exit codes: 0 byte-identical, 1 Redis failed, 2 wrong flag or setting, 4 an input is gone, 5 the same inputs give
    something else: the entry of the log was changed, or another version computes otherwise; 130 interrupted.
    """
    settings = settings_asked(overrides, portfolio)
    try:
        found = run_stoppable(_reproduce(settings, revision, epoch))
    except (RedisError, OSError) as error:
        raise click.ClickException(failure_at(settings.redis.url, error)) from None
    if as_json:
        click.echo(json.dumps({**asdict(found), "outcome": found.outcome.value}))
    else:
        click.echo("\n".join(_lines(found)))
    context.exit(EXIT_CODES[found.outcome])


async def _reproduce(settings: ServiceSettings, revision: int, epoch: str | None) -> Reproduction:
    async with connect(settings.redis) as client:
        return await reproduce(client, settings.redis.key_prefix, settings.sync.advice, revision, epoch)


def _lines(found: Reproduction) -> Iterator[str]:
    revision = f"Revision {found.revision}" + (f" of epoch {found.epoch}" if found.epoch else "")
    if found.outcome is Outcome.IDENTICAL:
        yield f"{revision} comes out byte-identical: {found.length:,} bytes."
    elif found.outcome is Outcome.INPUT_GONE:
        yield f"{revision} cannot be computed again: an input is not what it was."
    else:
        yield f"{revision} is not what its inputs give: its entry was changed, or another version computes otherwise."
    label = "not as it was, which changes nothing here" if found.outcome is Outcome.IDENTICAL else "gone"
    for each in found.gone:
        yield f"  {label}: {each.input}: {each.sentence}"
    for difference in found.differences:
        computed = f"; computed: {difference.computed}" if difference.computed else ""
        yield f"  differs: {difference.field}: in the log: {difference.in_log}{computed}"
