"""Flags and help of `strategic-memory-server shadow-report`."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Mapping

import click
from redis.exceptions import RedisError

from strategic_memory_server.cli.plain_numbers import Whole
from strategic_memory_server.cli.portfolio_option import portfolio_option, settings_asked
from strategic_memory_server.cli.redis_options import redis_options
from strategic_memory_server.cli.run_stoppable import run_stoppable
from strategic_memory_server.cli.shadow_text import shadow_text
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.window_settings import MAX_WINDOW
from strategic_memory_server.monitoring.logging_setup import set_up_logging
from strategic_memory_server.redis_access.redis_connection import connect, failure_at
from strategic_memory_server.what_if.shadow.reading import ShadowAsked, ShadowRead, read_shadow
from strategic_memory_server.what_if.what_if import MAX_PAST_REVISIONS

NOTHING = (
    "there is no time for which both the service and a shadow have said something under {prefix}: is one of the "
    "STRATEGIC_MEMORY_SHADOW_... variables set for the server that leads, and the --key-prefix the right one?"
)


@click.command("shadow-report")
@portfolio_option
@redis_options
@click.option(
    "--trades",
    type=Whole(1, MAX_WINDOW),
    default=10_000,
    show_default=True,
    help="Newest trades to judge by.",
)
@click.option(
    "--revisions",
    type=Whole(1, MAX_PAST_REVISIONS),
    default=MAX_PAST_REVISIONS,
    show_default=True,
    help="Newest revisions of each log to read.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def shadow_report(*, portfolio: str, trades: int, revisions: int, as_json: bool, **overrides: object) -> None:
    """Say when the shadow differed, and what that was worth.

    Both are judged by the trades that the stream still holds, over the time for which both logs have something to say.
    It shows what came with the advice, not what the advice has caused. Nothing in Redis is changed.

    Exit codes: 0 done, 1 there is nothing to compare, or Redis failed, 2 wrong flag or setting, 130 interrupted.
    """
    settings = settings_asked(overrides, portfolio)
    set_up_logging("CRITICAL", "console")
    try:
        found = run_stoppable(_read(settings, trades, revisions))
    except (RedisError, OSError) as error:
        raise click.ClickException(failure_at(settings.redis.url, error)) from None
    if found.report is None:
        raise click.ClickException(NOTHING.format(prefix=settings.redis.key_prefix))
    if as_json:
        click.echo(json.dumps(_plain(found), allow_nan=False))
    else:
        click.echo(shadow_text(found.report, found.settings))


def _plain(value: object) -> object:
    """Turn what was found into what JSON holds: policies by their names, times as milliseconds since 1970."""
    if isinstance(value, enum.Enum):
        return value.name if isinstance(value, Policy) else value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _plain(value._asdict())
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


async def _read(settings: ServiceSettings, trades: int, revisions: int) -> ShadowRead:
    async with connect(settings.redis) as client:
        asked = ShadowAsked(settings.redis.key_prefix, trades, revisions, settings.sync.advice.max_regimes)
        return await read_shadow(client, asked)
