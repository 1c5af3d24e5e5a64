"""Flags and help of `strategic-memory-server import`."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import click
from redis.exceptions import RedisError

from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.importing.past import Past, Pasts, read_pasts
from strategic_memory_server.importing.writing import BehindError, places_to_write, write
from strategic_memory_server.redis_access.redis_connection import connect, describe_failure, shown_url
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.replay.files.column_names import parse_map
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.entry_columns import Kind


@click.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--map", "names", multiple=True, metavar="OURS=THEIRS,...", help="The file's names of columns.")
@click.option(
    "--kind",
    type=click.Choice([kind.name.lower() for kind in Kind]),
    help="What rows are that do not say it. Default: what their columns say.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--redis-url", metavar="URL", help="Where Redis is. [env: REDIS_URL; default: redis://redis:6379/0]")
@click.option("--key-prefix", metavar="PREFIX", help="What every Redis key starts with. [default: quantum]")
def import_past(
    files: tuple[Path, ...], names: tuple[str, ...], kind: str | None, *, dry_run: bool, **overrides: object
) -> None:
    """Write the past into the input streams, so that the memory begins with it.

    FILE is what `replay` reads. Every entry gets an id of its own time, so the past goes in before anything live; it is
    written once, however often this is run, and goes on where it was cut off. A running server learns it with its next
    sync.

    Exit codes: 0 done, 1 failed, 2 wrong flag or setting, 130 interrupted.
    """
    try:
        settings = read_environment(overrides).service_settings().redis
        columns = parse_map(names)
    except (SettingsError, ReplayError) as error:
        raise click.UsageError(str(error)) from None
    try:
        pasts = read_pasts(files, columns, None if kind is None else Kind[kind.upper()], lambda _share: None)
        _require_past(pasts)
        asyncio.run(_write_past(settings, pasts, dry_run=dry_run))
    except (ReplayError, BehindError) as error:
        raise click.ClickException(str(error)) from None
    except (RedisError, OSError) as error:
        raise click.ClickException(f"Redis at {shown_url(settings.url)}: {describe_failure(error)}") from None


def _require_past(pasts: Pasts) -> None:
    newest_ms = max(past.id_at(len(past) - 1)[0] for past in pasts.streams)
    if newest_ms > time.time() * 1000:
        raise ReplayError(
            "the files hold entries of times to come, and what happens now would count as older: is the time in "
            "another unit, or in another column?"
        )


async def _write_past(settings: RedisSettings, pasts: Pasts, *, dry_run: bool) -> None:
    async with connect(settings) as client:
        begins = [await places_to_write(client, settings.key_prefix, past) for past in pasts.streams]
        for past, begin in zip(pasts.streams, begins, strict=True):
            click.echo(_told(settings.key_prefix, past, begin, dry_run=dry_run))
        if pasts.rejected.rows:
            click.echo(f"Refused: {pasts.rejected.told()}")
        if pasts.repeated:
            click.echo(f"{pasts.repeated} trades have the id of an earlier one and are left out")
        left = sum(len(past) - begin for past, begin in zip(pasts.streams, begins, strict=True))
        if dry_run or not left:
            return
        with click.progressbar(length=left, label="Writing", file=sys.stderr) as bar:
            for past, begin in zip(pasts.streams, begins, strict=True):
                await write(client, settings.key_prefix, past, begin, bar.update)


def _told(prefix: str, past: Past, begin: int, *, dry_run: bool) -> str:
    days = [time.strftime("%Y-%m-%d", time.gmtime(past.id_at(place)[0] / 1000)) for place in (0, len(past) - 1)]
    will = "would be written" if dry_run else "to write"
    there = f", {begin} are there already" if begin else ""
    return f"{prefix}:{past.source}: {len(past) - begin} entries {will}{there} ({days[0]} to {days[1]})"
