"""Inline memories as of a moment: what a memory gives that holds the entries up to then and no others."""

from __future__ import annotations

from random import Random

import pytest
from each_case import each_case

from strategic_memory.v1 import memory_pb2
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.faults.errors import InvalidRequestError
from strategic_memory_server.memory.time_span import ALL_TIME, TimeSpan
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.rpc.inline.inline_memory import read_inline_memory

Row = tuple[int, str, float]


def random_rows(random: Random) -> list[Row]:
    times = sorted(random.randint(-30, 30) for _ in range(random.randint(0, 40)))
    return [(time_ms, random.choice(["", "A", "B"]), random.choice([-0.5, 0.25, 1.0])) for time_ms in times]


def message_of(observed: list[Row], earned: list[Row], traded: list[Row]) -> memory_pb2.InlineMemory:
    return memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(
            regime=[row[1] or "C" for row in observed],
            pnl=[row[2] for row in observed],
            time_ms=[row[0] for row in observed],
        ),
        portfolio_entries=memory_pb2.PortfolioColumns(
            regime=[row[1] for row in earned], pnl=[row[2] for row in earned], time_ms=[row[0] for row in earned]
        ),
        trade_results=memory_pb2.TradeColumns(
            market_regime=[row[1] for row in traded],
            realized_pnl=[row[2] for row in traded],
            time_ms=[row[0] for row in traded],
        ),
        max_leverage_hint=0.5,
    )


@each_case("seed", range(40))
def test_later_entries_are_counted_and_left_out(seed: int) -> None:
    random = Random(seed)
    tables = [random_rows(random) for _ in range(3)]
    at_ms = random.randint(-32, 32)
    windows = WindowSettings(random.randint(1, 20), random.randint(1, 20), random.randint(1, 20))
    found = read_inline_memory(message_of(*tables), windows, TimeSpan(None, at_ms)).memory
    earlier = [[row for row in table if row[0] <= at_ms] for table in tables]
    expected = read_inline_memory(message_of(*earlier), windows).memory
    analyzer = PatternAnalyzer(1)
    assert analyzer.analyze(found) == analyzer.analyze(expected)
    assert found.context == expected.context
    for report, want, table, kept in zip(found.sources, expected.sources, tables, earlier, strict=True):
        later = {"after_as_of": len(table) - len(kept)} if len(table) > len(kept) else {}
        assert report.accepted == want.accepted
        assert report.noted == {**want.noted, **later}


@each_case("seed", range(20))
def test_entries_that_are_too_old_still_say_which_regime_it_was(seed: int) -> None:
    random = Random(seed)
    tables = [random_rows(random) for _ in range(3)]
    at_ms, age_ms = random.randint(0, 30), random.randint(1, 20)
    windows = WindowSettings(50, 50, 50)
    found = read_inline_memory(message_of(*tables), windows, TimeSpan(at_ms - age_ms, at_ms)).memory
    whole = read_inline_memory(message_of(*tables), windows).memory
    kept = [at_ms - age_ms <= row[0] <= at_ms for row in tables[2]]
    regimes = [whole.regime_names[code] for code in whole.trades.regime]
    assert [found.regime_names[code] for code in found.trades.regime] == [
        regime for regime, is_kept in zip(regimes, kept, strict=True) if is_kept
    ]
    too_old = sum(row[0] < at_ms - age_ms for row in tables[2])
    assert found.sources[2].noted.get("older_than_max_age", 0) == too_old


def test_times_of_the_future_are_noted() -> None:
    """Local times that are sent as UTC; the clocks of two machines differ by less than a minute."""
    now_ms = 1_766_296_800_000
    times = [now_ms - 5_000, now_ms + 60_000, now_ms + 60_001, now_ms + 3_600_000]
    rows: list[Row] = [(time_ms, "A", 0.25) for time_ms in times]
    message = message_of(rows, rows[:2], rows)

    def noted(windows: WindowSettings, span: TimeSpan, known_ms: int | None = now_ms) -> list[dict[str, int]]:
        return [
            dict(report.noted) for report in read_inline_memory(message, windows, span, now_ms=known_ms).memory.sources
        ]

    two = {"time_in_future": 2}
    assert noted(WindowSettings(), ALL_TIME) == [two, {}, two]
    assert noted(WindowSettings(), ALL_TIME, None) == [{}, {}, {}]
    assert noted(WindowSettings(trades=1), ALL_TIME)[2] == {"outside_window": 3, "time_in_future": 1}
    assert noted(WindowSettings(), TimeSpan(None, now_ms))[0] == {"after_as_of": 3}
    assert noted(WindowSettings(), TimeSpan(now_ms + 60_001))[0] == {"older_than_max_age": 2, "time_in_future": 2}
    del message.regime_observations.time_ms[:]
    del message.portfolio_entries.time_ms[:]
    del message.trade_results.time_ms[:]
    assert noted(WindowSettings(), ALL_TIME) == [{}, {}, {}]


def test_a_memory_without_times_has_no_then() -> None:
    message = memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(regime=["A"], pnl=[1.0], time_ms=[1]),
        trade_results=memory_pb2.TradeColumns(realized_pnl=[1.0]),
    )
    with pytest.raises(InvalidRequestError, match="needs times: give time_ms in every table") as refused:
        read_inline_memory(message, WindowSettings(), TimeSpan(1, 2))
    assert [violation.field for violation in refused.value.violations] == ["settings.as_of", "settings.max_age"]
    with pytest.raises(InvalidRequestError) as refused:
        read_inline_memory(message, WindowSettings(), TimeSpan(None, 2))
    assert [violation.field for violation in refused.value.violations] == ["settings.as_of"]
