"""Writes inputs as producers do (contract 1) and loads the golden cases."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from redis.typing import EncodableT, FieldT

PREFIX = "quantum"
GOLDEN = Path(__file__).resolve().parent / "golden" / "reference_cases.json"


def is_written_out(client: redis.Redis) -> bool:
    """Whether a Redis with an append-only file has given the kernel all that it has acknowledged.

    Flushed every second, it holds writes back for up to 2 s while a slow disk flushes: SIGKILL loses those.
    """
    told: Any = client.info("persistence")
    return bool(told["aof_buffer_length"] == 0)


def regime_stream(prefix: str = PREFIX) -> str:
    """Key of the regime observations."""
    return f"{prefix}:stream:meta.regime"


def portfolio_stream(prefix: str = PREFIX) -> str:
    """Key of the portfolio entries."""
    return f"{prefix}:stream:portfolio.memory"


def trade_stream(prefix: str = PREFIX) -> str:
    """Key of the trade results."""
    return f"{prefix}:stream:trade.results"


def add_entry(client: redis.Redis, stream: str, *, entry_id: str = "*", **fields: EncodableT) -> str:
    """XADD an entry with exactly these fields; the id it got."""
    entry: dict[FieldT, EncodableT] = dict(fields.items())
    return _text(client.xadd(stream, entry, id=entry_id))


def add_regime(
    client: redis.Redis,
    regime: str = "BULL",
    pnl: float | str = 0.25,
    *,
    confidence: float | str | None = 0.8,
    prefix: str = PREFIX,
    entry_id: str = "*",
    **more: EncodableT,
) -> str:
    """XADD a regime observation; the id it got. `confidence=None` leaves the field out."""
    fields: dict[str, EncodableT] = {
        "regime": regime,
        "pnl": pnl,
        "volatility": 0.012,
        "trend": 0.001,
        "timestamp": "2025-12-21T06:00:00Z",
    }
    if confidence is not None:
        fields["confidence"] = confidence
    return add_entry(client, regime_stream(prefix), entry_id=entry_id, **{**fields, **more})


def add_portfolio(
    client: redis.Redis,
    pnl: float | str = 0.1,
    *,
    regime: str | None = "BULL",
    prefix: str = PREFIX,
    entry_id: str = "*",
    **more: EncodableT,
) -> str:
    """XADD a portfolio entry; the id it got. `regime=None` leaves the field out."""
    fields: dict[str, EncodableT] = {"pnl": pnl, "timestamp": "2025-12-21T06:00:00Z"}
    if regime is not None:
        fields |= {"regime": regime, "total_pnl": 1_000.0}
    return add_entry(client, portfolio_stream(prefix), entry_id=entry_id, **{**fields, **more})


def add_trade(
    client: redis.Redis,
    market_regime: str | None = "BULL",
    realized_pnl: float | str = 0.2,
    *,
    policy: str | None = "BALANCED",
    prefix: str = PREFIX,
    entry_id: str = "*",
    **more: EncodableT,
) -> str:
    """XADD a trade result; the id it got. `None` leaves a field out."""
    fields: dict[str, EncodableT] = {"realized_pnl": realized_pnl}
    if market_regime is not None:
        fields["market_regime"] = market_regime
    if policy is not None:
        fields["policy"] = policy
    return add_entry(client, trade_stream(prefix), entry_id=entry_id, **{**fields, **more})


def read_stream(client: redis.Redis, stream: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Every entry of a stream, oldest first, as id and fields; for a client that answers in bytes."""
    entries: Any = client.xrange(stream)
    return list(entries)


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """Redis contents, and what the reference rules make of them."""

    streams: dict[str, list[dict[str, str]]]
    keys: dict[str, str]
    expected_feedback: dict[str, Any] | None
    expected_regimes: dict[str, dict[str, Any]]


def golden_cases() -> list[GoldenCase]:
    """Every golden case, in the order of the file."""
    return [GoldenCase(**case) for case in json.loads(GOLDEN.read_text())]


def load_golden_case(client: redis.Redis, case: GoldenCase) -> None:
    """Write the contents of one golden case into an empty Redis."""
    pipeline = client.pipeline(transaction=False)
    for stream, entries in case.streams.items():
        for entry in entries:
            pipeline.xadd(stream, dict(entry.items()))
    for key, value in case.keys.items():
        pipeline.set(key, value)
    pipeline.execute()


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
