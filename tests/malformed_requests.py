"""Requests that are wrong in one field each, from seeded randomness, with the path that the refusal must name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import cast

from google.protobuf.duration_pb2 import Duration
from packed_memory import pack_column

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2, service_pb2

Request = service_pb2.AnalyzeRequest | service_pb2.StreamFeedbackRequest

NOT_FINITE = (math.nan, math.inf, -math.inf)
TOO_BIG = (1.1e15, -1e16, 1e300, -1e308)
BAD_NAMES = ("R" * 65, "R" * 10_000, "a\x00b", "a\nb", "\x1b[2J", "a\u202eb")
BAD_WINDOWS = (0, 1_000_001, 2**32 - 1)
BAD_DURATIONS = (
    *(Duration(), Duration(seconds=-1), Duration(seconds=-(2**62)), Duration(seconds=2**62), Duration(seconds=3_601)),
    *(Duration(nanos=1), Duration(nanos=99_999_999), Duration(seconds=1, nanos=-1), Duration(seconds=1, nanos=2**30)),
    *(Duration(seconds=3_600, nanos=1), Duration(nanos=-(2**31)), Duration(seconds=2**63 - 1, nanos=2**31 - 1)),
)


@dataclass(frozen=True, slots=True)
class MalformedRequest:
    """One request, and the path of the field that is wrong in it."""

    message: Request
    field: str


def malformed_requests(count: int, seed: int) -> list[MalformedRequest]:
    """Requests of both kinds, in which every kind of mistake occurs."""
    random = Random(seed)
    kinds: list[Callable[[Random], MalformedRequest]] = [
        _bad_number,
        _bad_name,
        _bad_length,
        _bad_code,
        _bad_times,
        _bad_opening,
        _bad_setting,
        _bad_rule,
        _bad_stream,
        _bad_cap,
    ]
    return [kinds[index % len(kinds)](random) for index in range(count)]


def good_memory(random: Random, rows: int) -> memory_pb2.InlineMemory:
    """An inline memory with nothing wrong in it, whose tables have `rows` rows each."""
    names = [random.choice(["BULL", "bear", " range "]) for _ in range(rows)]
    pnl = [random.gauss(0.1, 1.0) for _ in range(rows)]
    times = sorted(1_766_296_800_000 + random.randrange(100_000) for _ in range(rows))
    opened = [random.choice([0, time_ms, time_ms - 5_000]) for time_ms in times]
    some = [random.choice([math.nan, 0.5]) for _ in range(rows)]
    return memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(
            regime=names, pnl=pnl, volatility=some, trend=some, confidence=some, time_ms=times
        ),
        portfolio_entries=memory_pb2.PortfolioColumns(regime=names, pnl=pnl, time_ms=times, opened_at=opened),
        trade_results=memory_pb2.TradeColumns(
            market_regime=names,
            realized_pnl=pnl,
            policy=[random.choice(["", "AGGRESSIVE", "balanced"]) for _ in range(rows)],
            strategy=["momentum"] * rows,
            time_ms=times,
            opened_at=opened,
        ),
    )


_NUMBERS = ("portfolio_entries.pnl", "trade_results.realized_pnl")
_OPTIONAL_NUMBERS = tuple(f"regime_observations.{name}" for name in ("pnl", "volatility", "trend", "confidence"))
_NAMES = ("regime_observations.regime", "portfolio_entries.regime", "trade_results.market_regime")
_OTHER_NAMES = ("trade_results.policy", "trade_results.strategy")
_TIMES = ("regime_observations.time_ms", "portfolio_entries.time_ms", "trade_results.time_ms")
_OPENINGS = ("portfolio_entries.opened_at", "trade_results.opened_at")
_LEADING = ("regime_observations.regime", "portfolio_entries.pnl", "trade_results.realized_pnl")
_COLUMNS = (*_NUMBERS, *_OPTIONAL_NUMBERS, *_NAMES, *_OTHER_NAMES, *_TIMES, *_OPENINGS)


def _memory(random: Random) -> tuple[memory_pb2.InlineMemory, int]:
    """A good memory, and the index of the row to spoil."""
    rows = random.choice([1, 2, 50, 300])
    return good_memory(random, rows), random.randrange(rows)


def _column(memory: memory_pb2.InlineMemory, path: str) -> list[object]:
    table, _, column = path.partition(".")
    values: list[object] = getattr(getattr(memory, table), column)
    return values


def _refused(memory: memory_pb2.InlineMemory, path: str) -> MalformedRequest:
    return MalformedRequest(service_pb2.AnalyzeRequest(inline=memory), f"inline.{path}")


def _bad_number(random: Random) -> MalformedRequest:
    memory, index = _memory(random)
    path = random.choice((*_NUMBERS, *_OPTIONAL_NUMBERS))
    values = (*NOT_FINITE, *TOO_BIG) if path in _NUMBERS else (*NOT_FINITE[1:], *TOO_BIG)
    _column(memory, path)[index] = random.choice(values)
    return _refused(memory, f"{path}[{index}]")


def _bad_name(random: Random) -> MalformedRequest:
    memory, index = _memory(random)
    path = random.choice((*_NAMES, *_OTHER_NAMES))
    empty = ("", "   ") if path == "regime_observations.regime" else ()
    unknown = ("REDUCE", "AGGRESSIVE!") if path == "trade_results.policy" else ()
    _column(memory, path)[index] = random.choice((*BAD_NAMES, *empty, *unknown))
    return _refused(memory, f"{path}[{index}]")


def _bad_length(random: Random) -> MalformedRequest:
    memory, _ = _memory(random)
    path = random.choice([column for column in _COLUMNS if column not in _LEADING])
    column = _column(memory, path)
    if len(column) > 1 and random.randrange(2):
        del column[random.randrange(1, len(column)) :]
    else:
        column.append(column[-1])
    return _refused(memory, path)


def _bad_code(random: Random) -> MalformedRequest:
    """A packed column that refers to a name that is not there, or to one that cannot be used, or is there twice."""
    memory, index = _memory(random)
    path = random.choice((*_NAMES, *_OTHER_NAMES))
    table, _, column = path.partition(".")
    given = getattr(memory, table)
    kind = random.randrange(3)
    if kind:
        pack_column(given, column)
        codes, names = getattr(given, f"{column}_code"), getattr(given, f"{column}_names")
        codes[index] = len(names) if kind == 1 else len(names) + random.choice([1, 1_000, 2**31])
        if kind == 2 and random.randrange(2):
            codes[index] = len(names)
            names.append(random.choice(BAD_NAMES))
        return _refused(memory, f"{path}_code[{index}]")
    getattr(given, f"{column}_names").append("BULL")
    getattr(given, f"{column}_code").append(0)
    return _refused(memory, f"{path}_code")


def _bad_times(random: Random) -> MalformedRequest:
    memory, index = _memory(random)
    path = random.choice(_TIMES)
    times = _column(memory, path)
    if index and random.randrange(2):
        before = times[index - 1]
        assert isinstance(before, int)
        times[index] = before - 1
    else:
        times[index] = random.choice([-(2**63), 2**63 - 1, 253_402_300_800_000, -62_135_596_800_001])
    return _refused(memory, f"{path}[{index}]")


def _bad_opening(random: Random) -> MalformedRequest:
    memory, index = _memory(random)
    path = random.choice(_OPENINGS)
    _column(memory, path)[index] = random.choice([1_766_296_800, -1, 2**63 - 1, 1_766_300_000_000])
    return _refused(memory, f"{path}[{index}]")


def _bad_setting(random: Random) -> MalformedRequest:
    name = random.choice(
        ["regime_window", "portfolio_window", "trade_window", "minimum_samples", "minimum_policy_trades"]
    )
    settings = analysis_pb2.AnalysisSettings()
    setattr(settings, name, random.choice(BAD_WINDOWS))
    memory = random.choice([None, good_memory(random, 3)])
    return MalformedRequest(service_pb2.AnalyzeRequest(inline=memory, settings=settings), f"settings.{name}")


def _bad_rule(random: Random) -> MalformedRequest:
    good = analysis_pb2.PolicyRule(regime="BULL", win_rate_above=0.5, policy=feedback_pb2.POLICY_BALANCED)
    rules = [good] * random.randrange(4)
    bad = analysis_pb2.PolicyRule()
    bad.CopyFrom(good)
    field, value = random.choice(list(_bad_rule_fields()))
    setattr(bad, field, value)
    settings = analysis_pb2.AnalysisSettings(policy_rules=[*rules, bad, good])
    path = f"settings.policy_rules[{len(rules)}].{field}"
    return MalformedRequest(service_pb2.AnalyzeRequest(settings=settings), path)


def _bad_rule_fields() -> Iterator[tuple[str, object]]:
    yield from (("policy", value) for value in (0, 4, -1, 2**31 - 1))
    yield from (("win_rate_above", value) for value in (*NOT_FINITE, -0.1, 1.1))
    yield from (("avg_pnl_above", value) for value in (*NOT_FINITE, *TOO_BIG))
    yield from (("regime", value) for value in BAD_NAMES)


def _bad_stream(random: Random) -> MalformedRequest:
    request = service_pb2.StreamFeedbackRequest()
    kind = random.randrange(3)
    if kind == 0:
        request.heartbeat_interval.CopyFrom(random.choice(BAD_DURATIONS))
        return MalformedRequest(request, "heartbeat_interval")
    if kind == 1:
        request.delivery = cast("service_pb2.Delivery.ValueType", random.choice([3, 99, -1, 2**31 - 1]))
        return MalformedRequest(request, "delivery")
    request.epoch = random.choice(["abc", "\x1b[2J", "x" * 100_000, "\u202e"])
    return MalformedRequest(request, "epoch")


def _bad_cap(random: Random) -> MalformedRequest:
    memory = good_memory(random, 2)
    memory.max_leverage_hint = random.choice([*NOT_FINITE, -0.1, -1e300, 1e16])
    return _refused(memory, "max_leverage_hint")
