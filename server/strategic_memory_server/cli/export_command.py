"""Flags and help of `strategic-memory-server export`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from redis.exceptions import RedisError

from strategic_memory_server.cli.portfolio_option import portfolio_option, settings_asked
from strategic_memory_server.cli.redis_options import redis_options
from strategic_memory_server.cli.run_stoppable import run_stoppable
from strategic_memory_server.entries.input_keys import STREAM_SOURCES, VALUE_SOURCES, key_of
from strategic_memory_server.exporting.export import export
from strategic_memory_server.exporting.folder import NEEDS_PYARROW, FolderError, Manifest
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.redis_access.redis_connection import connect, failure_at
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip
from strategic_memory_server.replay.files.errors import NotInstalledError
from strategic_memory_server.replay.files.optional_module import optional_module
from strategic_memory_server.revisions.decay_in_use import decay_in_use
from strategic_memory_server.revisions.log_keys import LogKeys


@click.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@portfolio_option
@redis_options
def export_memory(folder: Path, portfolio: str, **overrides: object) -> None:
    """Write the memory into FOLDER, as Parquet files.

    That is streams, long memory, other inputs and advice. Nothing in Redis is changed, and a server that runs goes on.
    `import FOLDER` brings it back, into an empty Redis or under another --key-prefix; a service there gives the same
    advice, but for hysteresis, which waits anew. `replay` reads the files of the streams.

    Exit codes: 0 done, 1 failed, 2 wrong flag or setting, 130 interrupted.
    """
    settings = settings_asked(overrides, portfolio)
    try:
        optional_module("pyarrow", NEEDS_PYARROW)
        manifest = run_stoppable(_export(settings.redis, settings.sync.advice.evidence.decay, folder))
    except (FolderError, NotInstalledError) as error:
        raise click.ClickException(str(error)) from None
    except (RedisError, OSError) as error:
        raise click.ClickException(failure_at(settings.redis.url, error)) from None
    for name, rows in manifest.rows.items():
        click.echo(f"{folder / name}: {rows:,} rows")


async def _export(settings: RedisSettings, decay: float, folder: Path) -> Manifest:
    prefix = settings.key_prefix
    async with connect(settings) as client:
        streams = [*(key_of(prefix, source) for source in STREAM_SOURCES), LogKeys.under(prefix).log]
        replies = await round_trip(client, [packed("XLEN", key) for key in streams])
        entries = [checked(reply, key, "stream") for reply, key in zip(replies, streams, strict=True)]
        memories, values = MemoryKeys.under(prefix), [key_of(prefix, source) for source in VALUE_SOURCES]
        others = [memories.evidence, memories.trade_ids, *values]
        (there,) = await round_trip(client, [packed("EXISTS", *others)])
        if not sum(entries) + checked(there, others[0], "hash"):
            raise FolderError(f"nothing lies under {prefix}: is the --key-prefix another one?")
        with click.progressbar(length=sum(entries), label="Reading", file=sys.stderr) as bar:
            return await export(client, prefix, await decay_in_use(client, prefix, decay), folder, bar.update)
