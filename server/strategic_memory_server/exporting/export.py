"""Reads everything that the memory is made of from Redis, and writes it into a folder: whole, or not at all."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import redis.asyncio as redis

from strategic_memory_server.columns.stream_position import LAST_ID
from strategic_memory_server.entries.input_keys import VALUE_SOURCES, key_of
from strategic_memory_server.exporting.folder import (
    ADVICE_FILE,
    EXPORT_VERSION,
    GUARD_VALUE,
    GUARDLESS_VERSION,
    MANIFEST,
    MEMORY_FILE,
    OVERRIDE_VALUE,
    STREAM_FILES,
    VALUES_FILE,
    FolderError,
    Manifest,
)
from strategic_memory_server.exporting.tables import parquet_writer, write_entries
from strategic_memory_server.files.moved import flush_files, flush_folder, move
from strategic_memory_server.inputs.leverage_caps import CAP_SOURCES, in_force, read_cap
from strategic_memory_server.inputs.misspelt_cap import FIELD
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.redis_access.reading_pace import ReadingPace
from strategic_memory_server.redis_access.redis_clock import unix_time_ms
from strategic_memory_server.redis_access.round_trip import Entry, Reply, checked, packed, round_trip, stream_entries
from strategic_memory_server.replay.courses.advice_table import advice_file
from strategic_memory_server.replay.courses.served_advice import Served
from strategic_memory_server.revisions.caps_json import caps_of_text
from strategic_memory_server.revisions.guard_text import carried_guard
from strategic_memory_server.revisions.log_entries import decode_entries
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.said_log import SaidLog

PAGE = 2_000

READINGS = 100
"""How often the long memory is read at most, until it has stood still meanwhile."""

Read = Callable[[int], None]
"""Told how many entries more have been read."""


async def export(client: redis.Redis, prefix: str, decay: float, folder: Path, read: Read) -> Manifest:
    """Write an export.

    The long memory is read first, together with the drawdown guard, which has taken in the same trades: what they have
    not counted yet is in the stream then, and is counted by whoever brings the export back.

    Args:
        client: how Redis is reached.
        prefix: what the keys start with.
        decay: how the sums of the long memory decay.
        folder: where to; it must not be there, or be empty.
        read: told the progress.

    Raises:
        FolderError: the folder cannot be written, or holds something.
        redis.exceptions.RedisError: Redis could not be reached, or refused.
    """
    with _file_system_of(folder):
        unfinished = _unfinished(folder)
        try:
            manifest = await _written(client, prefix, decay, unfinished, read)
            # Whoever is told that it is there may let go of the Redis.
            flush_files(unfinished)
            _put_in_place(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return manifest


async def _written(client: redis.Redis, prefix: str, decay: float, unfinished: Path, read: Read) -> Manifest:
    rows: dict[str, int] = {}
    rows[MEMORY_FILE], guard = await _memory(client, prefix, decay, unfinished / MEMORY_FILE)
    rows[VALUES_FILE] = await _values(client, prefix, guard, unfinished / VALUES_FILE)
    for source, name in STREAM_FILES.items():
        pages = _pages(client, key_of(prefix, source), read)
        rows[name] = await write_entries(unfinished / name, source, pages)
    rows[ADVICE_FILE] = await _advice(client, prefix, unfinished / ADVICE_FILE, read)
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    needs = GUARDLESS_VERSION if guard is None else EXPORT_VERSION
    manifest = Manifest(needs, version("strategic-memory"), at, prefix, decay, rows)
    manifest.write(unfinished)
    return manifest


@contextmanager
def _file_system_of(folder: Path) -> Iterator[None]:
    """Say of the folder what its file system refuses. What Redis refuses is a RedisError, also where it is away."""
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        raise FolderError(f"{folder}: cannot be written: {why}; nothing is left of it: give another folder") from None


def _unfinished(folder: Path) -> Path:
    """Make a folder for what is not finished yet: beside the other one, or in it where that is there.

    One that is there may be a disk of its own, or a link, whose place nothing can take.
    """
    is_there = folder.exists()
    if is_there and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderError(f"{folder}: holds something already; give a new folder, or an empty one")
    unfinished = (folder if is_there else folder.absolute().parent) / f".unfinished.{secrets.token_hex(4)}"
    unfinished.mkdir(parents=True)
    return unfinished


def _put_in_place(unfinished: Path, folder: Path) -> None:
    if unfinished.parent != folder:
        move(unfinished, folder)
        flush_folder(folder.absolute().parent)
        return
    moved: list[Path] = []
    try:
        # What says that this is an export comes last.
        for file in sorted(unfinished.iterdir(), key=lambda file: file.name == MANIFEST):
            moved.append(folder / file.name)
            move(file, moved[-1])
        flush_folder(folder)
    except OSError:
        for file in moved:
            file.unlink(missing_ok=True)
        raise


async def _pages(client: redis.Redis, key: str, read: Read) -> AsyncIterator[Sequence[Entry]]:
    pace = ReadingPace()
    start = "-"

    def ask() -> list[bytes]:
        return [packed("XRANGE", key, start, "+", "COUNT", pace.entries(PAGE))]

    while True:
        (reply,) = await pace.read(client, ask, is_alive=start != "-")
        page = stream_entries(checked(reply, key, "stream"))
        if not page:
            return
        yield page
        read(len(page))
        if page[-1][0] == LAST_ID:
            return
        start = f"({page[-1][0].decode()}"


async def _values(client: redis.Redis, prefix: str, guard: bytes | None, file: Path) -> int:
    keys, state = [key_of(prefix, source) for source in VALUE_SOURCES], LogKeys.under(prefix).state
    asked = [*(packed("GET", key) for key in keys), packed("HGET", state, "leverage_caps")]
    *replies, caps = await round_trip(client, asked)
    found = [checked(reply, key, "string") for reply, key in zip(replies, keys, strict=True)]
    held = caps_of_text(checked(caps, state, "hash") or b"") or NO_CAPS
    with parquet_writer(file, {"source": "string", "value": "binary"}) as table:
        given = zip(VALUE_SOURCES, found, strict=True)
        table.write(
            [
                {"source": source, "value": _under_cap(source, value, held)}
                for source, value in given
                if value is not None
            ]
        )
        if (said := await SaidLog(client, prefix).newest_text(unix_time_ms())) is not None:
            table.write([{"source": OVERRIDE_VALUE, "value": said}])
        if guard is not None:
            table.write([{"source": GUARD_VALUE, "value": guard}])
    return table.rows


def _under_cap(source: str, value: bytes, held: LeverageCaps) -> bytes:
    """Return a value that whoever brings the export back can read a cap from that is only held, having been read once.

    Args:
        source: the input.
        value: what its key holds.
        held: the caps in force where it is written.
    """
    known = tuple(cap for cap in held if cap.source == source)
    if not known or source not in CAP_SOURCES or (reading := read_cap(source, value, exists=1)).rejected is None:
        return value
    (cap,) = in_force(known, {source: reading}, unix_time_ms())
    return json.dumps({FIELD: cap.value}).encode()


async def _memory(client: redis.Redis, prefix: str, decay: float, file: Path) -> tuple[int, bytes | None]:
    """Write both places where a memory can lie, as they stand: fields of the hash, and ids with their numbers.

    Returns:
        How many rows that were, and what the drawdown guard went on from at the same moment; None: nothing.
    """
    places = {"first": MemoryKeys.under(prefix), "beside": MemoryKeys.beside(prefix, decay)}
    state = LogKeys.under(prefix).state
    *evidence_and_ids, guard = await _at_one_moment(client, tuple(places.values()), state)
    each = iter(evidence_and_ids)
    with parquet_writer(file, {"place": "string", "part": "string", "name": "binary", "value": "binary"}) as table:
        for place, keys in places.items():
            table.write(list(_named(place, "evidence", checked(next(each), keys.evidence, "hash"))))
            table.write(list(_named(place, "trade_ids", checked(next(each), keys.trade_ids, "sorted set"))))
    return table.rows, carried_guard(checked(guard, state, "hash") or b"")


async def _at_one_moment(client: redis.Redis, places: Sequence[MemoryKeys], state: str) -> list[Reply]:
    """Read the memory in each place, and the guard last, as they stood together.

    Whoever writes them moves what is asked before and after. A transaction would say the same, but a Redis 6.2 or 7.0
    that is full refuses to read in one.
    """
    moved = [packed("HMGET", keys.evidence, "read_up_to", "duplicates", "numbered", "exploration") for keys in places]
    moved.append(packed("HGET", state, "guard"))
    read: list[bytes] = []
    for keys in places:
        read += packed("HGETALL", keys.evidence), packed("ZRANGE", keys.trade_ids, 0, -1, "WITHSCORES")
    for _ in range(READINGS):
        replies = await round_trip(client, [*moved, *read, *moved], patience=16.0)
        before, after = replies[: len(moved)], replies[-len(moved) :]
        # A key of another type is named by whoever reads the replies.
        if before == after or any(isinstance(reply, Exception) for reply in replies):
            return [*replies[len(moved) : -len(moved)], after[-1]]
    raise FolderError("the long memory moves while it is read, each time; export again, or stop the service meanwhile")


def _named(place: str, part: str, reply: Sequence[bytes]) -> Iterator[Mapping[str, object]]:
    each = iter(reply)
    for name, value in zip(each, each, strict=True):
        yield {"place": place, "part": part, "name": name, "value": value}


async def _advice(client: redis.Redis, prefix: str, file: Path, read: Read) -> int:
    """Write the log of revisions as `replay --advice-out` writes advice; each is known from when it was computed on."""
    rows = 0
    with advice_file(file, file.suffix) as write:
        # What another version has said, and this one cannot read, may fill any number of pages.
        async for entries in _pages(client, LogKeys.under(prefix).log, read):
            if said := decode_entries(list(entries)):
                rows += len(said)
                write([Served(feedback.times.computed_at_ms or 0, feedback) for feedback in said])
    return rows
