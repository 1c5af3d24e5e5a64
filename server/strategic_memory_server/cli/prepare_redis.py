"""`strategic-memory-server prepare-redis`: loads what the service runs in Redis, and checks the rights of its user."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from strategic_memory_server.cli.portfolio_option import settings_asked
from strategic_memory_server.configuration.environment import SettingsError
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

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_WRONG_SETTING = 2

NEEDED_TO_LOAD = "+function|load and +function|list (before Redis 7: +script|load and +script|exists)"


def prepare_redis(
    overrides: Mapping[str, object], admin: str | None, admin_password_file: str | None, portfolio: str = ""
) -> int:
    """Prepare Redis as `admin` (None: as the user of REDIS_URL), and check that user; give the exit code.

    What is loaded is for every portfolio; whether the user may do what one needs is checked for the one that is named.
    """
    try:
        settings = settings_asked(overrides, portfolio).redis
    except SettingsError as error:
        return _failed(str(error), EXIT_WRONG_SETTING)
    loading = (
        settings if admin is None or admin_password_file is None else as_user(settings, admin, admin_password_file)
    )
    where = f"Redis at {shown_url(settings.url)}"
    try:
        said = asyncio.run(_load(loading))
    except NoPermissionError as error:
        who = "the user of REDIS_URL" if admin is None else f"the user {admin}"
        return _failed(f"{where}: {who} may not load them, which takes {NEEDED_TO_LOAD}: {error}", EXIT_FAILED)
    except AuthenticationError as error:
        if admin is None:
            return _failed(failure_at(settings.url, error), EXIT_FAILED)
        return _failed(
            f"{where}: the user {admin} is not known with the password in {admin_password_file}", EXIT_FAILED
        )
    except (RedisError, OSError) as error:
        return _failed(failure_at(settings.url, error), EXIT_FAILED)
    sys.stdout.write("".join(f"{line}\n" for line in said))
    try:
        missing = asyncio.run(_missing(settings))
    except (RedisError, OSError) as error:
        return _failed(f"as the user of the service: {failure_at(settings.url, error)}", EXIT_FAILED)
    if missing:
        return _failed(missing_permissions(missing), EXIT_FAILED)
    sys.stdout.write("The user of REDIS_URL may do there what the service needs.\n")
    return EXIT_OK


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


def _failed(message: str, code: int) -> int:
    sys.stderr.write(f"strategic-memory-server: {message}\n")
    return code
