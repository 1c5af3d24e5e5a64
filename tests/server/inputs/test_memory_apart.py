"""A memory with more regimes than are kept apart: as if the others had been named OTHER from the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import redis
import redis.asyncio
from brute_force import PortfolioRow, RegimeRow, Rows, TradeRow, expected_regimes, expected_transitions
from each_case import each_case
from memory_rows import rows_of
from random_memory import START_MS, memory_of
from redis_inputs import add_trade

from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.inputs.memory_apart import with_regimes_apart
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.what_if.regime_details import regime_details

MOST = 5


def rows_with_many_names(seed: int) -> Rows:
    random = Random(seed)
    names = [f"R{number}" for number in range(random.choice((MOST, MOST + 1, 12, 60)))] + ["OTHER", "UNKNOWN"]

    def times() -> list[int]:
        return sorted(START_MS + random.randrange(60) for _ in range(random.randint(0, 40)))

    return Rows(
        regimes=[RegimeRow(time, random.choice(names), random.gauss(0.1, 1.0), 0.5) for time in times()],
        portfolio=[PortfolioRow(time, random.choice(names), random.gauss(0.1, 1.0)) for time in times()],
        trades=[
            TradeRow(time, random.choice(names), random.gauss(0.1, 1.0), random.choice(("BALANCED", "")), "")
            for time in times()
        ],
    )


def renamed(rows: Rows, name_of: Callable[[str], str]) -> Rows:
    return Rows(
        [replace(row, regime=name_of(row.regime)) for row in rows.regimes],
        [replace(row, regime=name_of(row.regime)) for row in rows.portfolio],
        [replace(row, regime=name_of(row.regime)) for row in rows.trades],
    )


def used_last(rows: Rows) -> set[str]:
    """By brute force: the present regime, and those with the newest entries; of two, the first by name."""
    newest: dict[str, int] = {}
    for row in rows.all():
        newest[row.regime] = max(newest.get(row.regime, 0), row.time_ms)
    if rows.regimes:
        newest[rows.regimes[-1].regime] = 2 * START_MS
    newest.pop("OTHER", None)
    return set(sorted(newest, key=lambda name: (-newest[name], name))[:MOST])


@each_case("seed", range(60))
def test_it_is_as_if_the_others_had_been_named_so(seed: int) -> None:
    rows = rows_with_many_names(seed)
    kept = used_last(rows)
    wanted = renamed(rows, lambda name: name if name in kept else "OTHER")
    memory = with_regimes_apart(memory_of(rows), MOST)
    assert rows_of(memory) == wanted
    found = PatternAnalyzer().analyze(memory)
    assert [figures.regime for figures in found.regimes] == [each.regime for each in expected_regimes(wanted)]
    transitions = {(step.from_regime, step.to_regime): step.count for step in regime_details(memory).transitions}
    assert transitions == expected_transitions(wanted)
    assert "OTHER" not in {figures.regime for figures in found.known_regimes}
    assert memory.others == len({row.regime for row in rows.all()} - kept - {"OTHER"})
    noted = sum(report.noted.get("counted_as_other", 0) for report in memory.sources)
    assert noted == (sum(row.regime == "OTHER" for row in wanted.all()) if memory.others else 0)


async def test_a_loader_that_reads_on_knows_what_a_new_one_reads(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    random, windows = Random(3), WindowSettings(trades=40)
    loader = MemoryLoader(async_client, "quantum", windows, max_regimes=MOST)
    others = []
    # More names, then fewer again: what was OTHER is itself once there is a place for it.
    for names in (3, 30, 200, 30, 3, 3, 3):
        for _ in range(25):
            add_trade(redis_client, f"R{random.randrange(names)}", 0.5)
        read = (await loader.load()).memory
        fresh = (await MemoryLoader(async_client, "quantum", windows, max_regimes=MOST).load()).memory
        assert rows_of(read) == rows_of(fresh)
        assert (read.others, read.sources) == (fresh.others, fresh.sources)
        assert len(PatternAnalyzer().analyze(read).regimes) <= MOST + 1
        others.append(read.others)
    assert others[0] == others[-1] == 0 < others[2]
