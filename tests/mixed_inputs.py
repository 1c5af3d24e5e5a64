"""Three streams in which well-formed entries stand among malformed ones, and the same memory without the latter."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import redis
from malformed_entries import PORTFOLIO, REGIMES, TRADES, Fields, malformed_entries
from redis_inputs import PREFIX

from strategic_memory.v1 import memory_pb2

SOURCES = (REGIMES, PORTFOLIO, TRADES)
START_MS = 1_766_296_800_000
_USABLE = {REGIMES: 45, PORTFOLIO: 45, TRADES: 28}
"""Well-formed entries of each stream: fewer than the windows hold, so that a load looks at everything."""


@dataclass(slots=True)
class MixedInputs:
    """What is written, and what must come out: the counts of rejections, and the memory of the usable entries."""

    entries: list[tuple[str, int, Fields]] = field(default_factory=list)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    usable: memory_pb2.InlineMemory = field(default_factory=memory_pb2.InlineMemory)
    end_ms: int = START_MS

    def write(self, client: redis.Redis) -> None:
        """XADD everything, oldest first."""
        pipeline = client.pipeline(transaction=False)
        for source, time_ms, fields in self.entries:
            pipeline.xadd(f"{PREFIX}:{source}", dict(fields.items()), id=f"{time_ms}-0")
        pipeline.execute()


def mixed_inputs(malformed: int, seed: int, *, with_usable: bool = True, start_ms: int = START_MS) -> MixedInputs:
    """Streams with this many malformed entries in all, one entry every 7 ms; the same ones for the same seed."""
    random = Random(seed)
    made = MixedInputs(end_ms=start_ms)
    plan: list[tuple[str, Fields | None]] = []
    for source in SOURCES:
        for entry in malformed_entries(source, malformed // len(SOURCES), seed):
            plan.append((source, entry.fields))
            made.rejected[source, entry.reason] += 1
        plan += [(source, None)] * (_USABLE[source] if with_usable else 0)
    random.shuffle(plan)
    for source, fields in plan:
        made.end_ms += 7
        made.entries.append((source, made.end_ms, _usable(made, random, source) if fields is None else fields))
    return made


def _usable(made: MixedInputs, random: Random, source: str) -> Fields:
    """Make a well-formed entry, and note it in the memory of the usable ones."""
    regime = random.choice(["BULL", "bear", " Range ", "VOLATILE"])
    pnl = random.gauss(0.1, 1.0)
    written = {b"pnl": repr(pnl).encode(), b"regime": regime.encode()}
    if source == REGIMES:
        confidence = random.random()
        observed = made.usable.regime_observations
        observed.regime.append(regime)
        observed.pnl.append(pnl)
        observed.confidence.append(confidence)
        observed.time_ms.append(made.end_ms)
        return written | {b"confidence": repr(confidence).encode(), b"unknown field": b"\xff"}
    named = random.random() < 0.5
    opened_ms = random.choice((0, made.end_ms - 30, made.end_ms - 700, made.end_ms + 20_000))
    opened = {b"opened_at": str(opened_ms).encode()} if opened_ms else {}
    if source == PORTFOLIO:
        earned = made.usable.portfolio_entries
        earned.regime.append(regime if named else "")
        earned.pnl.append(pnl)
        earned.time_ms.append(made.end_ms)
        earned.opened_at.append(opened_ms)
        return (written if named else {b"pnl": written[b"pnl"], b"symbol": b"BTCUSDT"}) | opened
    traded = made.usable.trade_results
    policy = random.choice(["AGGRESSIVE", "BALANCED", "CONSERVATIVE", ""])
    traded.market_regime.append(regime if named else "")
    traded.realized_pnl.append(pnl)
    traded.policy.append(policy)
    traded.time_ms.append(made.end_ms)
    traded.opened_at.append(opened_ms)
    by_name = {b"market_regime": regime.encode()} if named else {}
    return {b"realized_pnl": written[b"pnl"], b"policy": policy.encode(), **by_name, **opened}
