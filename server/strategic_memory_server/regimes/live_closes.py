"""Closes as they become known: from files that grow, or from a Redis stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import redis

from strategic_memory_server.entries.entry_fields import RejectionError, parse_number
from strategic_memory_server.regimes.price_files import CLOSE, SYMBOL
from strategic_memory_server.regimes.prices import KnownClose, Prices, PricesError, Stamps, symbols_told

LOOKED_AT_S = 1.0
"""How often a file is looked at, and how long one read of a stream waits, seconds."""

WRITTEN_LATE_MS = 1_000
"""By so much the clock of who writes a file may be behind ours, milliseconds."""

PAGE = 1_000

CHANGED_LOOKS = 10
"""A file that has changed at so many looks in a row is told: it is left for the next one each time."""

UNREAD_LOOKS = 15
"""A file that was read, and cannot be at so many looks in a row, ends it: who writes it anew may stand still."""

OVERDUE = 3
"""No close within so many times the longest that there was between two is told, where other entries come meanwhile."""

_GOES_ON = (b"false", b"0")
"""What a field `closed` says of a candle that has not ended, as cryptofeed writes those."""

_CHANGES = (
    "PRICES have changed at every look and are not read, since they may be half written: write them less often than "
    "every two seconds"
)


class KnownCloses(NamedTuple):
    """Closes, oldest first.

    Attributes:
        closes: they.
        more_known: whether more are known already: then all of these are history.
        why_none: why there has been none for a while, in a sentence; empty: that is no wonder.
    """

    closes: Sequence[KnownClose]
    more_known: bool = False
    why_none: str = ""


def closes_of_files(
    paths: Sequence[Path],
    read: Callable[[], Prices],
    stamps: Stamps,
    *,
    clock_s: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[KnownCloses]:
    """Yield the closes that are known, oldest first, then those that come to be, for as long as it is asked.

    A candle that has not ended yet is left for later, and a file that has just changed for the next look: it may still
    be written. It may be appended to, or written anew as a whole; one that was read and cannot be any more is read
    again, for who writes it may stand still. The last candle has ended once the file that holds it was written
    at its end or later, whatever was written to another: what it closed at before is not its close.

    Args:
        paths: what `read` reads; looked at for changes.
        read: reads the files. Raises PricesError.
        stamps: what the time of a candle is.
        clock_s: the time now, seconds since 1970 UTC.
        pause: waits for so many seconds.
    """
    known_until_ms, before, is_read, waits, changed = -1, _looked_at(paths), False, False, 0
    most_unread, unread = 1, 0
    while True:
        pause(LOOKED_AT_S)
        try:
            # Looked at before it is read: what comes in between is a change for the next look.
            now = _looked_at(paths)
            before, is_still = now, now == before
            # What is read is no newer than this, however long reading takes.
            ended_ms = int(clock_s() * 1000)
            prices = read() if is_still and (waits or not is_read) else None
            found = prices.known_closes(stamps) if prices is not None else []
        except PricesError as error:
            unread, is_read = unread + 1, False
            if unread >= most_unread:
                raise
            yield KnownCloses((), why_none=str(error) if unread > 1 else "")
            continue
        is_read = is_read and is_still
        changed = 0 if is_still else changed + 1
        if prices is not None:
            is_read, most_unread, unread = True, UNREAD_LOOKS, 0
            written_ns = max(at_ns for path, (at_ns, _) in zip(paths, now, strict=True) if path == prices.newest_in)
            written_ms = written_ns // 1_000_000 + WRITTEN_LATE_MS
            if found[-1][0] > written_ms:
                found.pop()
            new = [(known, close) for known, close in found if known_until_ms < known <= ended_ms]
            waits = bool(found) and found[-1][0] > ended_ms
            known_until_ms = new[-1][0] if new else known_until_ms
            yield KnownCloses(new)
        else:
            yield KnownCloses((), why_none=_CHANGES if changed >= CHANGED_LOOKS else "")


def closes_of_stream(client: redis.Redis, key: str, symbol: str | None) -> Iterator[KnownCloses]:
    """Yield the closes of a stream, oldest first, then those that come, for as long as it is asked.

    An entry is a candle that has ended: its field `close` is the price, its id the time. One without a price above 0,
    of another symbol, or whose field `closed` says that it goes on, is passed over.

    Raises:
        redis.exceptions.RedisError: the stream cannot be read.
        PricesError: no symbol is asked for, and candles name several: prices of two markets are those of none.
    """
    last, used_ms, longest_ms = "0-0", -1, 0
    held: set[str] = set()
    of_symbol = f" of the symbol {symbol}" if symbol else ""
    candle = f"is a candle{of_symbol} that has ended, with a price in a field {CLOSE}"
    while True:
        reply: Any = client.xread({key: last}, count=PAGE, block=round(LOOKED_AT_S * 1000))
        entries = reply[0][1] if reply else []
        last = entries[-1][0].decode() if entries else last
        candles = [(_close_of(entry_id, fields, symbol), _symbol_of(fields)) for entry_id, fields in entries]
        closes = [close for close, _ in candles if close is not None]
        held |= {name for close, name in candles if name and close is not None}
        if len(held) > 1:
            some = symbols_told(sorted(held))
            raise PricesError(f"{key}: its candles are of {len(held)} symbols, {some}: choose one with --symbol")
        for known_ms, _ in closes:
            longest_ms, used_ms = max(longest_ms, known_ms - used_ms if used_ms >= 0 else 0), known_ms
        why_none, more_known = "", len(entries) == PAGE
        if used_ms < 0:
            why_none = f"{key}: {'there is no entry yet' if last == '0-0' else f'no entry so far {candle}'}"
        elif not more_known and 0 < OVERDUE * longest_ms < _ms_of(last) - used_ms:
            why_none = f"{key}: no entry since {used_ms} {candle}, and others come: the label of then goes on to hold"
        yield KnownCloses(closes, more_known, why_none)


def _ms_of(entry_id: str) -> int:
    return int(entry_id.partition("-")[0])


def _close_of(entry_id: bytes, fields: Mapping[bytes, bytes], symbol: str | None) -> KnownClose | None:
    if symbol is not None and _symbol_of(fields) != symbol.upper():
        return None
    if fields.get(b"closed", b"").lower() in _GOES_ON:
        return None
    try:
        close = parse_number(CLOSE, fields.get(CLOSE.encode(), b""))
    except RejectionError:
        return None
    return (_ms_of(entry_id.decode()), close) if close > 0.0 else None


def _symbol_of(fields: Mapping[bytes, bytes]) -> str:
    return fields.get(SYMBOL.encode(), b"").decode(errors="replace").upper()


def _looked_at(paths: Sequence[Path]) -> list[tuple[int, int]]:
    try:
        return [(found.st_mtime_ns, found.st_size) for found in map(Path.stat, paths)]
    except OSError as error:
        raise PricesError(f"{error.filename}: cannot be read: {error.strerror}") from None
