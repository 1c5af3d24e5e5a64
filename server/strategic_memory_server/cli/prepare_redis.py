"""`strategic-memory-server prepare-redis`: loads what the service runs in Redis, and checks the rights of its user."""

from __future__ import annotations

import click
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from strategic_memory_server.cli.portfolio_option import portfolio_option, settings_asked
from strategic_memory_server.cli.redis_options import redis_options
from strategic_memory_server.cli.run_stoppable import run_stoppable
from strategic_memory_server.redis_access.redis_connection import (
    as_user,
    connect,
    connect_to_primaries,
    failure_at,
    shown_url,
)
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.revisions.log_scripts import SCRIPTS
from strategic_memory_server.revisions.permissions import Permissions, missing_permissions
from strategic_memory_server.revisions.prepared_redis import Loaded, load_scripts

NEEDED_TO_LOAD = "+function|load and +function|list (before Redis 7: +script|load and +script|exists)"


@click.command("prepare-redis")
@redis_options
@click.option("--admin", metavar="NAME", help="The Redis user that loads them. Default: the one of REDIS_URL.")
@click.option(
    "--admin-password-file", metavar="FILE", help="The file whose only line is the password of the user of --admin."
)
@portfolio_option
def prepare_redis(*, admin: str | None, admin_password_file: str | None, portfolio: str, **overrides: object) -> None:
    """Load what the service runs in Redis, and check its user.

    For a service whose Redis user may load no scripts. It is run before the service is started for the first time and
    before each new version; what servers of the version before still run stays there. Nothing else is written, and a
    running server needs no restart.

    Redis 7 and Valkey keep what is loaded (functions) on disk and on replicas, so once is enough. Redis 6.2 has scripts
    alone, and forgets them where it starts without its append-only file: run it again then.

    Exit codes: 0 done, 1 Redis failed or the user of REDIS_URL lacks a permission, 2 wrong flag or setting,
    130 interrupted.
    """
    if (admin is None) is not (admin_password_file is None):
        raise click.UsageError("--admin and --admin-password-file belong together: give both or none")
    # What is loaded is for every portfolio; the rights of the user are checked for the one that is named.
    settings = settings_asked(overrides, portfolio).redis
    loading = (
        settings if admin is None or admin_password_file is None else as_user(settings, admin, admin_password_file)
    )
    try:
        click.echo("\n".join(run_stoppable(_load(loading))))
    except (RedisError, OSError) as error:
        raise click.ClickException(_not_loaded(settings.url, error, admin, admin_password_file)) from None
    try:
        missing = run_stoppable(_missing(settings))
    except (RedisError, OSError) as error:
        raise click.ClickException(f"as the user of the service: {failure_at(settings.url, error)}") from None
    if missing:
        raise click.ClickException(missing_permissions(missing))
    click.echo("The user of REDIS_URL may do there what the service needs.")


def _not_loaded(url: str, error: Exception, admin: str | None, password_file: str | None) -> str:
    where = f"Redis at {shown_url(url)}"
    if isinstance(error, NoPermissionError):
        who = "the user of REDIS_URL" if admin is None else f"the user {admin}"
        return f"{where}: {who} may not load them, which takes {NEEDED_TO_LOAD}: {error}"
    if isinstance(error, AuthenticationError) and admin is not None:
        return f"{where}: the user {admin} is not known with the password in {password_file}"
    return failure_at(url, error)


async def _load(settings: RedisSettings) -> list[str]:
    loaded = []
    for client in await connect_to_primaries(settings):
        async with client:
            loaded.append(await load_scripts(client))
    servers = "Redis" if len(loaded) == 1 else f"Each of {len(loaded)} primaries"
    new = {name for each in loaded for name in each.new}
    said = [
        f"{servers} has the {len(SCRIPTS)} scripts of this version; {len(new)} of them are new there. {_kept(loaded)}"
    ]
    if others := sorted({name for each in loaded for name in each.others}):
        said.append(f"Of other versions it has {', '.join(others)}.")
        said.append("Once no server of those runs: `redis-cli FUNCTION DELETE NAME` for each.")
    return said


def _kept(loaded: list[Loaded]) -> str:
    if all(each.as_functions for each in loaded):
        return "They are functions, which it keeps on disk and on replicas."
    return "It forgets them where it starts without its append-only file (appendonly yes): run this again then."


async def _missing(settings: RedisSettings) -> list[str]:
    async with connect(settings) as client:
        return await Permissions(client, settings.key_prefix).missing()
