"""Flags and help of `strategic-memory-server import`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import redis.asyncio as redis
from redis.exceptions import RedisError

from strategic_memory_server.cli.each_once import each_once
from strategic_memory_server.cli.redis_options import redis_options
from strategic_memory_server.cli.run_stoppable import run_stoppable
from strategic_memory_server.cli.written_options import declared, possible_ms, record_options
from strategic_memory_server.configuration.environment import SettingsError, read_environment
from strategic_memory_server.entries.input_keys import TRADE_RESULTS, key_of
from strategic_memory_server.exporting.folder import FolderError
from strategic_memory_server.importing.exported import read_export
from strategic_memory_server.importing.guard_writing import Stands, write_guard
from strategic_memory_server.importing.memory_writing import OtherMemoryError, write_memory, write_values
from strategic_memory_server.importing.override_writing import write_override
from strategic_memory_server.importing.past import Pasts, read_pasts
from strategic_memory_server.importing.writing import BehindError, PastEntries, places_to_write, write
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.redis_access.redis_clock import unix_time_ms
from strategic_memory_server.redis_access.redis_connection import connect, failure_at
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.column_map import parse_map
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.report.what_was_read import noted

_GUARD_TOLD = {
    Stands.THE_SAME: "is there already",
    Stands.ANOTHER: "another one stands there, and is left as it is",
    Stands.SERVICE: "is not brought back, and leverage may be higher than before: a service has been there without it; "
    "stop the servers and import under another --key-prefix",
}

_OVERRIDE_TOLD = {
    Stands.THE_SAME: "is there already",
    Stands.ANOTHER: "another one holds, and is left as it is",
}

_OVERRIDE_LEFT_OUT = (
    "is not brought back: this version cannot read it, and takes it for ended a day after it was exported; where the "
    "version that wrote it lets one hold for longer, leverage may be higher than before: set it again"
)

_HYSTERESIS_TOLD = (
    "is not brought back; where no service has been, it starts from the safe values, and what is bolder waits anew"
)


@click.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, path_type=Path),
    callback=lambda _context, _parameter, files: each_once(files),
)
@record_options
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@redis_options
def import_past(
    files: tuple[Path, ...],
    names: tuple[str, ...],
    kind: str | None,
    strategy: str | None,
    decimal: str | None,
    dates: str | None,
    zone: str | None,
    accept_refused: float | None,
    *,
    one_unit: bool,
    dry_run: bool,
    **overrides: object,
) -> None:
    """Write the past into the input streams.

    So the memory begins with it. FILE is what `replay` reads, or one folder that `export` has written. Every entry gets
    an id of its own time, so the past goes in before anything live; it is written once, however often this is run, and
    goes on where it was cut off. A running server learns it with its next sync.

    Exit codes: 0 done, 1 failed, 2 wrong flag or setting, 130 interrupted.
    """
    try:
        service = read_environment(overrides, listens=False).service_settings()
        settings, waits = service.redis, service.sync.advice.hysteresis.is_on
        columns, known = parse_map(names), declared(decimal, dates, zone, one_unit=one_unit)
    except (SettingsError, ReplayError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    try:
        if any(file.is_dir() for file in files):
            reads = {"--map": names, "--kind": kind, "--strategy": strategy, "--accept-refused": accept_refused}
            written = {"--decimal": decimal, "--dates": dates, "--zone": zone, "--one-unit": one_unit or None}
            run_stoppable(_bring_back(settings, _only_folder(files, {**reads, **written}), dry_run=dry_run))
            if waits:
                click.echo(f"hysteresis: {_HYSTERESIS_TOLD}")
            return
        pasts = read_pasts(
            files,
            columns,
            None if kind is None else Kind[kind.upper()],
            lambda _share: None,
            accept_refused=accept_refused,
            within_ms=possible_ms(),
            declared=known,
            strategy=strategy,
        )
        _require_past(pasts)
        run_stoppable(_write_past(settings, pasts, dry_run=dry_run))
    except (ReplayError, BehindError, FolderError, OtherMemoryError) as error:
        raise click.ClickException(str(error)) from None
    except (RedisError, OSError) as error:
        raise click.ClickException(failure_at(settings.url, error)) from None


def _only_folder(files: tuple[Path, ...], flags: Mapping[str, object]) -> Path:
    folder = next(file for file in files if file.is_dir())
    given = [flag for flag, value in flags.items() if value is not None and value != ()]
    if len(files) > 1 or given:
        raise click.UsageError(
            f"{folder}: a folder of `export` is brought back by itself, as it was: without {' and '.join(given)}"
            if given
            else f"{folder}: a folder of `export` is brought back by itself: without any other file"
        )
    return folder


async def _bring_back(settings: RedisSettings, folder: Path, *, dry_run: bool) -> None:
    """Bring an export back: the long memory first, so that a server that runs does not sum the trades itself."""
    exported, prefix = read_export(folder), settings.key_prefix
    places = {"first": MemoryKeys.under(prefix), "beside": MemoryKeys.beside(prefix, exported.decay)}
    async with connect(settings) as client:
        begins = [await places_to_write(client, prefix, entries) for entries in exported.streams]
        begun = {entries.source: begin > 0 for entries, begin in zip(exported.streams, begins, strict=True)}
        for place, memory in exported.memories.items():
            # Where none of its trades is there, a memory that is further on is another one.
            is_begun = begun.get(TRADE_RESULTS, True)
            written = await write_memory(client, places[place], memory, may_be_further=is_begun, dry_run=dry_run)
            click.echo(f"{places[place].evidence}: {_done(dry_run=dry_run) if written else 'is there already'}")
        if exported.guard is not None:
            stands = await write_guard(client, prefix, exported.guard, dry_run=dry_run)
            click.echo(f"drawdown guard: {_GUARD_TOLD.get(stands) or _done(dry_run=dry_run)}")
        found = await write_values(client, prefix, exported.values, dry_run=dry_run)
        for source, there in found.items():
            told = (
                "is there already" if there == exported.values[source] else "holds another value, and is left as it is"
            )
            click.echo(f"{key_of(prefix, source)}: {_done(dry_run=dry_run) if there is None else told}")
        brought = await write_override(client, prefix, exported.override, unix_time_ms(), dry_run=dry_run)
        if brought is not None:
            click.echo(f"override: {_OVERRIDE_TOLD.get(brought) or _done(dry_run=dry_run)}")
        if exported.leaves_override_out:
            click.echo(f"override: {_OVERRIDE_LEFT_OUT}")
        await _write_entries(client, prefix, exported.streams, begins, dry_run=dry_run)


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
        for table in pasts.tables:
            click.echo(table.describe())
        for file, columns in pasts.written.items():
            click.echo(f"{file}: {'; '.join(f'{column}: {said}' for column, said in columns.items())}")
        if pasts.rejected.rows:
            click.echo(f"Refused: {pasts.rejected.describe()}")
        for note in noted(pasts.notes, pasts.look_alike):
            click.echo(note)
        await _write_entries(client, settings.key_prefix, pasts.streams, begins, dry_run=dry_run)


async def _write_entries(
    client: redis.Redis, prefix: str, streams: Sequence[PastEntries], begins: Sequence[int], *, dry_run: bool
) -> None:
    for past, begin in zip(streams, begins, strict=True):
        click.echo(_told(prefix, past, begin, dry_run=dry_run))
    left = sum(len(past) - begin for past, begin in zip(streams, begins, strict=True))
    if dry_run or not left:
        return
    with click.progressbar(length=left, label="Writing", file=sys.stderr) as bar:
        for past, begin in zip(streams, begins, strict=True):
            await write(client, prefix, past, begin, bar.update)
    click.echo(f"{left:,} entries written")


def _told(prefix: str, past: PastEntries, begin: int, *, dry_run: bool) -> str:
    days = [time.strftime("%Y-%m-%d", time.gmtime(past.id_at(place)[0] / 1000)) for place in (0, len(past) - 1)]
    will = _done(dry_run=dry_run)
    there = f", {begin} are there already" if begin else ""
    return f"{prefix}:{past.source}: {len(past) - begin} entries {will}{there} ({days[0]} to {days[1]})"


def _done(*, dry_run: bool) -> str:
    return "would be written" if dry_run else "to write"
