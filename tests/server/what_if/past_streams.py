"""Random histories with policies, trades that were sent twice and malformed entries, and cuts of them in time."""

from __future__ import annotations

from random import Random

from input_streams import START_MS, Streams, random_streams

LAST_MS = START_MS + 40
"""The latest time of an entry."""


def random_history(seed: int, length: int = 120) -> Streams:
    """Streams of entries from `START_MS` to `LAST_MS`; the same ones for the same seed."""
    random = Random(seed)
    streams = random_streams(seed, length)
    for trade in streams.trades:
        if trade.usable:
            trade.fields[b"policy"] = random.choice([b"CONSERVATIVE", b"BALANCED", b"AGGRESSIVE", b"strange", b""])
            if random.random() < 0.6:
                trade.fields[b"trade_id"] = b"t%d" % random.randrange(12)
    return streams


def cut(streams: Streams, first_ms: int, last_ms: int) -> Streams:
    """The entries from one millisecond to another, both included."""
    regimes, portfolio, trades = (
        [entry for entry in entries if first_ms <= entry.entry_id[0] <= last_ms]
        for entries in (streams.regimes, streams.portfolio, streams.trades)
    )
    return Streams(regimes, portfolio, trades)
