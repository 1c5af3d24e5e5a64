"""Flags and help of `strategic-memory-server prepare-redis`."""

from __future__ import annotations

import click

from strategic_memory_server.cli.portfolio_option import portfolio_option
from strategic_memory_server.cli.prepare_redis import prepare_redis
from strategic_memory_server.cli.redis_options import redis_options


@click.command("prepare-redis")
@redis_options
@click.option("--admin", metavar="NAME", help="The Redis user that loads them. Default: the one of REDIS_URL.")
@click.option(
    "--admin-password-file", metavar="FILE", help="The file whose only line is the password of the user of --admin."
)
@portfolio_option
@click.pass_context
def prepare(
    context: click.Context, /, admin: str | None, admin_password_file: str | None, portfolio: str, **overrides: object
) -> None:
    """Load what the service runs in Redis, and check its user.

    For a service whose Redis user may load no scripts. It is run before the service is started for the first time and
    before each new version; what servers of the version before still run stays there. Nothing else is written, and a
    running server needs no restart.

    Redis 7 and Valkey keep what is loaded (functions) on disk and on replicas, so once is enough. Redis 6.2 has scripts
    alone, and forgets them where it starts without its append-only file: run it again then.

    Exit codes: 0 done, 1 Redis failed or the user of REDIS_URL lacks a permission, 2 wrong flag or setting.
    """
    if (admin is None) is not (admin_password_file is None):
        raise click.UsageError("--admin and --admin-password-file belong together: give both or none")
    context.exit(prepare_redis(overrides, admin, admin_password_file, portfolio))
