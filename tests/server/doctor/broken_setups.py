"""A sound Redis, and ways to break it: each says which check has to find it first."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import redis
from redis_inputs import add_entry, add_portfolio, add_regime, add_trade, portfolio_stream, regime_stream, trade_stream

MINUTE_MS = 60_000
ENTRIES = 60
STATE = "quantum:feedback:strategic_memory:state"

Break = Callable[[redis.Redis], object]


@dataclass(frozen=True, slots=True)
class BrokenSetup:
    """One way to break it.

    Attributes:
        check: which check has to find it, before all others.
        words: stand in what is said.
        break_it: breaks it, after a service has published.
        env: settings of the doctor, and of nobody else.
    """

    check: str
    words: str
    break_it: Break = lambda client: None
    env: Mapping[str, str] = field(default_factory=dict)


def fill(client: redis.Redis) -> None:
    """Write an hour of sound entries into each stream, the newest a moment ago."""
    draw, now_ms = random.Random(20261129), round(time.time() * 1000)
    for minute in range(ENTRIES, 0, -1):
        entry_id = f"{now_ms - minute * MINUTE_MS + 30_000}-0"
        regime = draw.choice(("BULL", "RANGE"))
        add_regime(client, regime, round(draw.gauss(0.1, 0.5), 4), entry_id=entry_id)
        add_portfolio(client, round(draw.gauss(0.1, 0.5), 4), regime=regime, entry_id=entry_id)
        add_trade(client, regime, round(draw.gauss(0.1, 0.5), 4), policy="BALANCED", entry_id=entry_id)


def _trades(*pnl: float | str, **fields: str) -> Break:
    def write(client: redis.Redis) -> None:
        for each in pnl:
            add_entry(client, trade_stream(), **{"market_regime": "BULL", "realized_pnl": str(each), **fields})

    return write


def _anew(stream: str, entries: list[tuple[str, dict[str, str]]]) -> Break:
    def write(client: redis.Redis) -> None:
        client.delete(stream)
        for entry_id, fields in entries:
            add_entry(client, stream, entry_id=entry_id, **fields)

    return write


def _silent(client: redis.Redis) -> None:
    client.delete(regime_stream())
    began_ms = round(time.time() * 1000) - 10 * 60 * MINUTE_MS
    for minute in range(30):
        add_regime(client, "BULL", 0.1 * (-1) ** minute, entry_id=f"{began_ms + minute * MINUTE_MS}-0")


SETUPS = {
    "a cap in another field": BrokenSetup(
        "leverage_caps",
        "maxLeverageHint",
        lambda client: client.set("quantum:risk:leverage_limits", json.dumps({"maxLeverageHint": 0.5})),
    ),
    "a cap that cannot be read": BrokenSetup(
        "leverage_caps",
        "no cap of it is in force",
        lambda client: client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": '),
    ),
    "a cap that holds though it cannot be read": BrokenSetup(
        "leverage_caps",
        "so its cap of 0.5 holds",
        lambda client: (
            client.set("quantum:exposure:summary", "null"),
            client.hset(STATE, "leverage_caps", '[{"source": "exposure:summary", "value": 0.5, "since": null}]'),
        ),
    ),
    "dollars among fractions": BrokenSetup("mixed_units", "another unit", _trades(1_250.0, -900.0)),
    "ids that count microseconds": BrokenSetup(
        "stream_ids",
        "beyond the clock of Redis",
        lambda client: add_trade(client, "BULL", 0.2, entry_id=f"{round(time.time() * 1e6)}-0"),
    ),
    "ids that are a count": BrokenSetup(
        "stream_ids",
        "no time in milliseconds",
        _anew(
            portfolio_stream(),
            [(f"{number}-0", {"regime": "BULL", "pnl": str(0.1 * (-1) ** number)}) for number in range(1, 30)],
        ),
    ),
    "null of JavaScript": BrokenSetup("refused_inputs", "JSON.stringify", _trades("null")),
    "fields inside JSON": BrokenSetup(
        "refused_inputs",
        "inside JSON in one field",
        lambda client: client.xadd(trade_stream(), {"data": json.dumps({"market_regime": "BULL", "realized_pnl": 1})}),
    ),
    "another type of key": BrokenSetup(
        "refused_inputs",
        "another Redis type",
        lambda client: (client.delete(trade_stream()), client.rpush(trade_stream(), "a trade")),
    ),
    "a regime stream that has stopped": BrokenSetup("silent_streams", "has been silent for", _silent),
    "no regime stream": BrokenSetup("silent_streams", "no entry", lambda client: client.delete(regime_stream())),
    "trades without a regime": BrokenSetup(
        "missing_regimes",
        "have no regime",
        _anew(
            trade_stream(), [(f"{631_152_000_000 + each}-0", {"realized_pnl": str(each - 15)}) for each in range(30)]
        ),
    ),
    "always the same pnl": BrokenSetup("odd_pnl", "all have the pnl 0.25", _trades(*[0.25] * 30)),
    "never a loss": BrokenSetup(
        "odd_pnl", "lost anything", _trades(*[round(0.1 + number / 100, 2) for number in range(30)])
    ),
    "text of numpy": BrokenSetup("numpy_text", "np.float64", _trades("np.float64(0.3)")),
    "names that look alike": BrokenSetup(
        "regimes_look_alike", "looks like another", _trades(0.2, market_regime="BU LL")
    ),
    "nothing advised, and nobody who would": BrokenSetup(
        "nobody_syncs", "no server holds the lease", lambda client: client.hset(STATE, "withdrawn", "1")
    ),
    "nothing was ever advised, and nobody would": BrokenSetup(
        "nobody_syncs",
        "no server holds the lease",
        lambda client: client.hdel(STATE, "computed_at_ms", "data_as_of_ms", "valid_until_ms"),
    ),
    "what operators say in the way": BrokenSetup(
        "wrong_key_types",
        "no operator is heard",
        lambda client: client.set("quantum:stream:strategic_feedback:override", "mine"),
    ),
    "what a server that stands back says in the way": BrokenSetup(
        "wrong_key_types",
        "nothing can be published",
        lambda client: client.rpush("quantum:feedback:strategic_memory:other_settings", "mine"),
    ),
    "a key of the service in the way": BrokenSetup(
        "wrong_key_types",
        "holds a string in place of a zset",
        lambda client: client.set("quantum:feedback:strategic_memory:trade_ids", "mine"),
    ),
    "memory that is full": BrokenSetup(
        "takes_no_writes",
        "OutOfMemoryError",
        lambda client: client.config_set("maxmemory", "1"),
    ),
    "memory that is evicted": BrokenSetup(
        "redis_may_evict", "allkeys-lru", lambda client: client.config_set("maxmemory-policy", "allkeys-lru")
    ),
    "nothing on disk": BrokenSetup("redis_not_persistent", "on disk", lambda client: client.config_set("save", "")),
    "other settings": BrokenSetup(
        "other_settings", "STRATEGIC_MEMORY_TRADE_WINDOW", env={"STRATEGIC_MEMORY_TRADE_WINDOW": "40"}
    ),
    "a stream that is cut short": BrokenSetup(
        "trimmed_too_soon",
        "holds 20 entries",
        lambda client: client.xtrim(trade_stream(), maxlen=20, approximate=False),
    ),
    "a log that is cut short": BrokenSetup(
        "short_log",
        "cannot resume",
        env={"STRATEGIC_MEMORY_RETAINED_REVISIONS": "2", "STRATEGIC_MEMORY_RECENT_REVISIONS": "2"},
    ),
    "nobody confirms": BrokenSetup(
        "nobody_syncs", "holds no more", lambda client: client.hset(STATE, "valid_until_ms", "631152000000")
    ),
}
