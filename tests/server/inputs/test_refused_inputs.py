"""What was refused is told with its number, its reason and one example: a source that is lost is never silent."""

from __future__ import annotations

import json

import pytest
import redis
import redis.asyncio
from redis_inputs import add_regime, add_trade, portfolio_stream, regime_stream, trade_stream

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.cap_problems import unreadable_sources
from strategic_memory_server.inputs.input_problems import REFUSED, InputProblems
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.inputs.refused_inputs import explained, refusals, why
from strategic_memory_server.memory.strategic_memory import SourceReport, StrategicMemory
from strategic_memory_server.memory.window_settings import WindowSettings

MINIMUM_SAMPLES = 3


class Looking:
    """A loader whose every reading is looked at."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._problems = Problems()
        self._loader = MemoryLoader(client, "quantum", WindowSettings())
        self._look = InputProblems(self._problems, MINIMUM_SAMPLES).look
        self.memory: StrategicMemory | None = None

    async def told(self) -> str:
        self.memory = (await self._loader.load()).memory
        self._look(self.memory, unreadable_sources(self._loader.caps))
        return self._problems.standing.get(REFUSED, "")

    def noted(self, source: str) -> tuple[dict[str, int], str | None]:
        assert self.memory is not None
        report = next(report for report in self.memory.sources if report.source == source)
        return dict(report.noted), report.examples.get("numpy_scalar")


@pytest.fixture
async def looking(async_client: redis.asyncio.Redis) -> Looking:
    return Looking(async_client)


@pytest.mark.parametrize(
    ("reason", "example", "words"),
    [
        ("realized_pnl_not_a_number", "n/a", 'realized_pnl "n/a" is not a number'),
        ("pnl_not_finite", "nan", 'pnl "nan" is not finite'),
        ("pnl_missing", "", "pnl is missing"),
        ("pnl_missing", "PnL, regime", 'pnl is missing, where the entry has "PnL, regime"'),
        ("pnl_given_twice", r"1\x00, given again: 2", r'pnl "1\x00, given again: 2" is given twice'),
        ("market_regime_not_utf8", "\\xff", 'market_regime "\\xff" is not UTF-8'),
        ("strategy_too_long", "s" * 80, f'strategy "{"s" * 40}…" is too long'),
        ("wrong_type", "the key holds another Redis type", "the key holds another Redis type"),
        ("not_json", "{", 'not json "{"'),
        (
            "json_in_one_field",
            'data={"pnl": 1}',
            'the fields are inside JSON in one field ("data={"pnl": 1}"): each has to be a field of the entry',
        ),
        ("some_reason_of_tomorrow", "", "some reason of tomorrow"),
    ],
)
def test_why(reason: str, example: str, words: str) -> None:
    assert why(reason, example) == words


async def test_a_source_that_is_refused_as_a_whole_is_a_problem_until_it_is_mended(
    looking: Looking, redis_client: redis.Redis
) -> None:
    for _ in range(5):
        add_regime(redis_client)
    assert await looking.told() == ""
    for _ in range(5):
        add_trade(redis_client, "BULL", "n/a")
    add_trade(redis_client, "BULL", "nan")
    assert (await looking.told()).startswith(
        'stream:trade.results: all 6 entries are refused: realized_pnl "n/a" is not a number (5), '
        'realized_pnl "nan" is not finite (1).'
    )
    assert await looking.told() != "", "also when nothing new was read"
    for _ in range(30):
        add_trade(redis_client, "BULL", 0.3)
    assert await looking.told() == ""


async def test_a_refused_input_of_which_no_cap_was_ever_read_is_said_to_cap_nothing(
    looking: Looking, redis_client: redis.Redis
) -> None:
    for _ in range(5):
        add_regime(redis_client)
    redis_client.set("quantum:risk:leverage_limits", "0.5")
    redis_client.set("quantum:exit:statistics", "0.5")
    told = await looking.told()
    assert told.startswith('risk:leverage_limits is refused: not a json object "0.5"; exit:statistics is refused')
    assert told.endswith("mend the producer. No cap on leverage of risk:leverage_limits is in force.")
    redis_client.set("quantum:exposure:summary", "{")
    assert (await looking.told()).endswith(" of exposure:summary and risk:leverage_limits is in force.")
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.5}')
    assert (await looking.told()).endswith("No cap on leverage of exposure:summary is in force.")
    redis_client.set("quantum:risk:leverage_limits", "0.5")
    assert (await looking.told()).endswith("No cap on leverage of exposure:summary is in force."), "the last one holds"
    redis_client.delete("quantum:exposure:summary")
    assert (await looking.told()).endswith("mend the producer.")


async def test_refused_losses_among_gains_are_told_for_as_long_as_the_figures_lack_them(
    looking: Looking, redis_client: redis.Redis
) -> None:
    for _ in range(10):
        add_trade(redis_client, "BULL", 0.3)
        add_trade(redis_client, "BULL", "\u22120.3")
    add_trade(redis_client, "BULL", 0.3)
    assert (await looking.told()).startswith("stream:trade.results: 10 of 21 entries are refused: realized_pnl ")
    for _ in range(30):
        add_trade(redis_client, "BULL", 0.3)
    assert await looking.told() == "", "the window is full without them"


async def test_a_few_that_are_refused_among_many_are_only_counted(looking: Looking, redis_client: redis.Redis) -> None:
    for number in range(30):
        add_trade(redis_client, "BULL", 0.3)
        if number in {5, 10, 15}:
            add_trade(redis_client, "BULL", "n/a")
    assert await looking.told() == "", "3 of 33"


async def test_a_source_that_goes_bad_is_told_although_its_window_is_full(
    looking: Looking, redis_client: redis.Redis
) -> None:
    for _ in range(40):
        add_trade(redis_client, "BULL", 0.3)
    for _ in range(2):
        add_trade(redis_client, "BULL", "")
        assert await looking.told() == ""
    add_trade(redis_client, "BULL", "")
    assert (await looking.told()).startswith(
        "stream:trade.results: the newest 3 entries are refused: realized_pnl is missing, where "
        'the entry has "market_regime, policy" (3).'
    )
    redis_client.delete(trade_stream())
    for _ in range(3):
        add_regime(redis_client)
    assert await looking.told() == ""


async def test_where_there_is_too_little_every_refusal_is_told(looking: Looking, redis_client: redis.Redis) -> None:
    for pnl in ("0.3", "1,041.80", "0.2"):
        redis_client.xadd(portfolio_stream(), {"regime": "BULL", "pnl": pnl})
    redis_client.xadd(regime_stream(), {"data": json.dumps({"regime": "BULL", "pnl": 0.3, "secret": "s" * 300})})
    told = await looking.told()
    assert 'stream:portfolio.memory: 1 of 3 entries are refused: pnl "1,041.80" is not a number' in told
    assert 'stream:meta.regime is refused: the fields are inside JSON in one field ("data={' in told
    assert "s" * 40 not in told
    assert looking.memory is not None
    said = explained("Only 2 of the 3 entries needed are there.", looking.memory.sources)
    assert said.startswith("Only 2 of the 3 entries needed are there. Refused were: ")
    assert explained("Only 2.", [SourceReport("stream:meta.regime", 2)]) == "Only 2."


async def test_a_value_that_is_refused_is_told(looking: Looking, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client)
    redis_client.set("quantum:governance:policy", "RECKLESS")
    assert (await looking.told()).startswith('governance:policy is refused: policy "RECKLESS" is none of those')
    redis_client.delete("quantum:governance:policy")
    assert await looking.told() == ""


async def test_a_cap_that_cannot_be_read_is_told_as_that_alone(looking: Looking, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client)
    redis_client.set("quantum:exposure:summary", "broken")
    assert (await looking.told()).startswith("exposure:summary is refused"), "no cap is held that could be told of"
    redis_client.set("quantum:exposure:summary", '{"max_leverage_hint": 0.2}')
    assert await looking.told() == ""
    redis_client.set("quantum:exposure:summary", "broken")
    assert await looking.told() == ""


def test_many_reasons_are_cut() -> None:
    report = SourceReport("stream:trade.results", 0, {f"f{number}_missing": number for number in range(1, 9)})
    told = refusals([report])
    assert told == (
        "stream:trade.results: all 36 entries are refused: f8 is missing (8), f7 is missing (7), f6 is missing (6), "
        "and 5 reasons more"
    )


async def test_numpy_scalars_are_used_and_noted_for_as_long_as_they_stay(
    looking: Looking, redis_client: redis.Redis
) -> None:
    source = "stream:trade.results"
    for _ in range(20):
        add_trade(redis_client, "BULL", "np.float64(0.3)")
    assert await looking.told() == ""
    assert looking.noted(source) == ({"numpy_scalar": 20}, "realized_pnl=np.float64(0.3)")
    assert looking.memory is not None
    assert looking.memory.trades.pnl.tolist() == [0.3] * 20
    for _ in range(25):
        add_trade(redis_client, "BULL", 0.2)
    await looking.told()
    assert looking.noted(source)[0] == {"numpy_scalar": 5}
    for _ in range(5):
        add_trade(redis_client, "BULL", 0.2)
    await looking.told()
    assert looking.noted(source) == ({}, None)
