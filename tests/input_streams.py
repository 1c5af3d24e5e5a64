"""Random input streams with explicit ids, and what a reader must make of them: windows and as-of join by search."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import redis
from brute_force import PortfolioRow, RegimeRow, Rows, TradeRow
from redis_inputs import portfolio_stream, regime_stream, trade_stream

MALFORMED: tuple[dict[bytes, bytes], ...] = (
    {b"nonsense": b"\xff\xfe"},
    {b"regime": b"BULL", b"pnl": b"nan", b"realized_pnl": b"nan"},
    {b"regime": b"BULL", b"pnl": b"1e400", b"realized_pnl": b"inf"},
    {b"regime": b"\xff", b"pnl": b"0.5", b"market_regime": b"\xff", b"realized_pnl": b"0.5"},
    {b"regime": b"x" * 100, b"pnl": b"9", b"market_regime": b"x" * 100, b"realized_pnl": b"9"},
    {b"pnl": b"", b"realized_pnl": b"", b"regime": b""},
)
"""Entries that are malformed in every one of the three streams."""

Id = tuple[int, int]

START_MS = 631_152_000_000
"""1990-01-01: from here on ids of entries are times, so that they can be compared with openings."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `usable` False: it is to be rejected. An empty regime is not written, nor an opening of None."""

    entry_id: Id
    fields: dict[bytes, bytes]
    regime: str = ""
    pnl: float = 0.0
    usable: bool = True
    policy: str = ""
    strategy: str = ""
    confidence: float | None = None
    opened_ms: int | None = None

    @property
    def opened(self) -> int | None:
        """When it was opened; None where that is not known, or not before the close."""
        return None if self.opened_ms is None or self.opened_ms >= self.entry_id[0] else self.opened_ms


@dataclass(slots=True)
class Streams:
    """The entries of the three streams, oldest first."""

    regimes: list[Entry] = field(default_factory=list)
    portfolio: list[Entry] = field(default_factory=list)
    trades: list[Entry] = field(default_factory=list)

    def write(self, client: redis.Redis, prefix: str, *, malformed: bool = True) -> None:
        """XADD everything, or the usable entries alone, with the ids that they have."""
        pipeline = client.pipeline(transaction=False)
        streams = {regime_stream: self.regimes, portfolio_stream: self.portfolio, trade_stream: self.trades}
        for key, entries in streams.items():
            for entry in entries:
                if entry.usable or malformed:
                    pipeline.xadd(key(prefix), dict(entry.fields.items()), id="{}-{}".format(*entry.entry_id))
        pipeline.execute()

    def rows(
        self,
        regime_window: int,
        portfolio_window: int,
        trade_window: int,
        first_ms: int = 0,
        last_ms: int = 2**64,
    ) -> Rows:
        """The windows of a span as plain rows; a missing regime is looked up among all observations, by search."""
        regimes = _usable(self.regimes)

        def within(entries: list[Entry]) -> list[Entry]:
            return [entry for entry in entries if first_ms <= entry.entry_id[0] <= last_ms]

        return Rows(
            regimes=[
                RegimeRow(entry.entry_id[0], entry.regime, entry.pnl, entry.confidence)
                for entry in within(regimes)[-regime_window:]
            ],
            portfolio=[
                PortfolioRow(entry.entry_id[0], _regime(entry, regimes), entry.pnl)
                for entry in within(_usable(self.portfolio))[-portfolio_window:]
            ],
            trades=[
                TradeRow(
                    entry.entry_id[0],
                    _regime(entry, regimes),
                    entry.pnl,
                    entry.policy,
                    entry.strategy,
                    entry.opened,
                )
                for entry in different_trades(within(self.trades), trade_window)
            ],
        )


def different_trades(trades: list[Entry], window: int) -> list[Entry]:
    """The window of trades: the shortest end with so many different ones, of each of which the first counts."""
    usable = _usable(trades)

    def different(start: int) -> list[Entry]:
        found: dict[bytes | Id, Entry] = {}
        for entry in usable[start:]:
            found.setdefault(entry.fields.get(b"trade_id", b"").strip() or entry.entry_id, entry)
        return list(found.values())

    starts = range(len(usable), -1, -1)
    return next((found for start in starts if len(found := different(start)) == window), different(0))


def random_streams(seed: int, length: int = 40, *, bad_share: float = 0.3) -> Streams:
    """Streams whose entries interleave, with equal ids across streams, and some malformed ones."""
    random = Random(seed)
    return Streams(
        regimes=_entries(random, length, bad_share, b"regime", b"pnl", missing_regime=False),
        portfolio=_entries(random, length, bad_share, b"regime", b"pnl", missing_regime=True),
        trades=_entries(random, length, bad_share, b"market_regime", b"realized_pnl", missing_regime=True),
    )


def _entries(
    random: Random, length: int, bad_share: float, regime_field: bytes, pnl_field: bytes, *, missing_regime: bool
) -> list[Entry]:
    ids = sorted({(START_MS + random.randint(1, 40), random.randrange(3)) for _ in range(random.randint(0, length))})
    made = []
    for entry_id in ids:
        if random.random() < bad_share:
            made.append(Entry(entry_id, random.choice(MALFORMED), usable=False))
            continue
        pnl = random.choice([-0.5, 0.25, 1.0, 0.1])
        regime = "" if missing_regime and random.random() < 0.6 else random.choice(["BULL", "BEAR", "RANGE"])
        fields = {pnl_field: repr(pnl).encode()} | ({regime_field: regime.lower().encode()} if regime else {})
        opened_ms = random_opening(random, entry_id[0]) if missing_regime else None
        fields |= {} if opened_ms is None else {b"opened_at": written_opening(random, opened_ms)}
        made.append(Entry(entry_id, fields, regime, pnl, opened_ms=opened_ms))
    return made


def random_opening(random: Random, closed_ms: int) -> int | None:
    """When an entry that was closed then was opened: long before, just before, a little after by another clock."""
    opened_ms = closed_ms - random.choice((-40, 0, 1, 2, 5, 11, 30))
    return None if random.random() < 0.4 or opened_ms < START_MS else opened_ms


def written_opening(random: Random, opened_ms: int) -> bytes:
    """One of the ways in which a producer writes a time."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=opened_ms)
    there = at.astimezone(timezone(timedelta(hours=random.choice((-5, 2)))))
    naive = at.replace(tzinfo=None).isoformat(" ", "milliseconds")
    zulu = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return random.choice((str(opened_ms), f" {opened_ms}.0", there.isoformat(), naive, zulu)).encode()


def _usable(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.usable]


def _regime(entry: Entry, observations: list[Entry]) -> str:
    if entry.regime:
        return entry.regime
    last = entry.entry_id if entry.opened is None else (entry.opened, 2**64)
    earlier = [observed.regime for observed in observations if observed.entry_id <= last]
    return earlier[-1] if earlier else "UNKNOWN"
