"""What is strange about entries that are used: told with a count and an example, and withdrawn once it is gone."""

from __future__ import annotations

from random import Random

import pytest
import redis
import redis.asyncio
from redis_inputs import add_entry, add_portfolio, add_regime, add_trade, portfolio_stream, regime_stream, trade_stream

from strategic_memory_server.advice.rules.reference_rules import LEVERAGE_TABLE, POLICY_TABLE
from strategic_memory_server.entries.oddities import MEANT, look_alikes
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.input_problems import InputProblems
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.memory.window_settings import WindowSettings


class Looking:
    """A loader whose every reading is looked at."""

    def __init__(self, client: redis.asyncio.Redis, minimum_samples: int = 0) -> None:
        self.problems = Problems()
        self._loader = MemoryLoader(client, "quantum", WindowSettings())
        self._look = InputProblems(self.problems, minimum_samples).look

    async def told(self) -> dict[str, str]:
        self._look((await self._loader.load()).memory)
        return dict(self.problems.standing)


@pytest.fixture
async def looking(async_client: redis.asyncio.Redis) -> Looking:
    return Looking(async_client)


async def test_ordinary_inputs_are_no_problem(looking: Looking, redis_client: redis.Redis) -> None:
    random = Random(1)
    for _ in range(60):
        add_regime(redis_client, random.choice(("BULL", "BEAR", "VOLATILE_UP")), random.gauss(0, 0.3), confidence=1.0)
        add_portfolio(redis_client, random.gauss(0, 0.01))
        add_trade(redis_client, " bull ", random.gauss(0, 0.2), trade_id=f"T-{random.random()}")
    add_regime(redis_client, confidence=None)
    add_regime(redis_client, confidence=0.0)
    assert await looking.told() == {}


async def test_a_confidence_that_is_no_share_is_not_followed(looking: Looking, redis_client: redis.Redis) -> None:
    for confidence in (0.5, 80, -0.1, "nan"):
        add_regime(redis_client, confidence=confidence)
    [told] = (await looking.told()).items()
    assert told[0] == "confidence_out_of_range"
    assert told[1].startswith("2 entries of stream:meta.regime give a confidence that is not from 0 to 1, such as -0.1")
    for confidence, shown in ((80, "80"), (1.0000000000000002, "1.0000000000000002")):
        add_regime(redis_client, confidence=repr(confidence))
        assert f"such as {shown}: it counts as 0" in (await looking.told())["confidence_out_of_range"]
    for _ in range(50):
        add_regime(redis_client)
    assert await looking.told() == {}, "they have left the window"
    redis_client.delete(regime_stream())
    assert await looking.told() == {}


@pytest.mark.parametrize("odd", [250.0, -1_250.0])
async def test_dollars_among_fractions(looking: Looking, redis_client: redis.Redis, odd: float) -> None:
    random = Random(2)
    for _ in range(20):
        add_trade(redis_client, realized_pnl=random.choice((-1, 1)) * random.uniform(0.05, 0.5))
    assert await looking.told() == {}
    add_trade(redis_client, realized_pnl=odd)
    told = await looking.told()
    assert list(told) == ["units_mixed"]
    assert (
        f"1 entries of stream:trade.results seem to be in another unit than the others, such as {abs(odd):g}"
        in (told["units_mixed"])
    )
    redis_client.delete(trade_stream())
    assert await looking.told() == {}
    for _ in range(20):
        add_trade(redis_client, realized_pnl=random.uniform(-300, 300))
        add_portfolio(redis_client, pnl=random.uniform(-0.3, 0.3))
    told = await looking.told()
    assert "the median is" in told["units_mixed"]
    assert "stream:trade.results and stream:portfolio.memory" in told["units_mixed"]
    redis_client.delete(portfolio_stream())
    assert await looking.told() == {}


async def test_what_broke_even_but_for_rounding_is_in_no_unit(looking: Looking, redis_client: redis.Redis) -> None:
    for _ in range(4):
        for pnl in (0.3, 0.1 + 0.2 - 0.3, 0.2, 60_000.3 - 60_000.0 - 0.3):
            add_trade(redis_client, realized_pnl=repr(pnl))
    assert await looking.told() == {}
    add_trade(redis_client, realized_pnl=90.0)
    assert "1 entries of stream:trade.results" in (await looking.told())["units_mixed"]


@pytest.mark.parametrize(
    ("regimes", "portfolio", "trades", "odd", "example"),
    [
        ((), (), (0.01, -0.02, 250.0), 1, "250 where the median is 0.02"),
        ((0.01, 0.02, -0.01), (0.02, 0.01), (-1_250.0,), 1, "1250 where the median is 0.02"),
        ((0.01,), (250.0,), (0.02,), 1, "250 where the median is 0.02"),
        ((310.0, -80.0, 95.0), (), (0.01, -0.03), 2, "0.01 where the median is 80"),
        (tuple(0.01 * place for place in range(1, 31)), (), (480.0,), 1, "480 where the median is 0.16"),
    ],
)
async def test_dollars_among_a_few_fractions(
    looking: Looking,
    redis_client: redis.Redis,
    regimes: tuple[float, ...],
    portfolio: tuple[float, ...],
    trades: tuple[float, ...],
    odd: int,
    example: str,
) -> None:
    """There is advice from three entries on, and the first hour is when a producer is set up wrongly."""
    for pnl in regimes:
        add_regime(redis_client, pnl=pnl)
    for pnl in portfolio:
        add_portfolio(redis_client, pnl)
    for pnl in trades:
        add_trade(redis_client, realized_pnl=pnl)
    [(problem, sentence)] = (await looking.told()).items()
    assert problem == "units_mixed"
    assert sentence.startswith(f"{odd} entries of all streams seem to be in another unit than the others, such as ")
    assert example in sentence


async def test_a_few_of_various_sizes_are_no_problem(looking: Looking, redis_client: redis.Redis) -> None:
    for pnl in (0.31, -0.0002, 0.9, 0.07):
        add_trade(redis_client, realized_pnl=pnl)
    assert await looking.told() == {}, "one of them has cost its fees alone"
    for pnl in (0.004, 0.003, -0.002):
        add_regime(redis_client, pnl=pnl)
    assert await looking.told() == {}
    redis_client.delete(regime_stream(), trade_stream())
    for pnl in (0.3, 0.1 + 0.2 - 0.3, 60_000.3 - 60_000.0 - 0.3, 0.2, -0.1):
        add_trade(redis_client, realized_pnl=repr(pnl))
    assert await looking.told() == {}, "two broke even"
    redis_client.delete(trade_stream())
    for pnl in (0.01, 250.0):
        add_trade(redis_client, realized_pnl=pnl)
    assert await looking.told() == {}, "of two nobody can say which is in another unit, and nothing is advised"


async def test_regimes_that_look_alike(looking: Looking, redis_client: redis.Redis) -> None:
    cyrillic, wide = "\u0412ULL", "\uff22\uff35\uff2c\uff2c"
    for regime in ("BULL", "BULL", cyrillic, wide, "BULL\u00a0", "BEAR"):
        add_trade(redis_client, regime)
    told = await looking.told()
    assert list(told) == ["regimes_look_alike"]
    assert told["regimes_look_alike"].startswith("2 entries of all streams name a regime that looks like another one")
    assert "'\\u0412ULL' beside 'BULL'" in told["regimes_look_alike"], "what cannot be told apart is written in ASCII"
    assert told["regimes_look_alike"].isascii()


async def test_regimes_that_are_observed_without_a_pnl_are_looked_at_too(
    looking: Looking, redis_client: redis.Redis
) -> None:
    for observed, problem in (("b'BULL'", "regimes_look_alike"), ("None", "regimes_not_given")):
        add_entry(redis_client, regime_stream(), regime=observed)
        add_trade(redis_client, "BULL")
        told = await looking.told()
        assert list(told) == [problem]
        assert told[problem].startswith("1 entries of all streams name")
        redis_client.delete(regime_stream())


async def test_policies_of_which_none_is_one_of_the_three_are_told(looking: Looking, redis_client: redis.Redis) -> None:
    for _ in range(2):
        add_trade(redis_client, "BULL", policy="Policy.BALANCED")
    assert await looking.told() == {}
    add_trade(redis_client, "BULL", policy="HEDGE")
    told = await looking.told()
    assert list(told) == ["policies_unrecognised"]
    assert told["policies_unrecognised"].startswith("3 entries of stream:trade.results name a policy, and none of them")
    add_trade(redis_client, "BULL", policy="balanced")
    assert await looking.told() == {}, "others may have policies of their own"


async def test_a_source_of_which_no_entry_has_a_regime_is_told(looking: Looking, redis_client: redis.Redis) -> None:
    """Its entries are used, and nothing is advised upon them: as where a trade names its regime in another field."""
    for _ in range(2):
        add_entry(redis_client, trade_stream(), realized_pnl="0.3", regime="BULL")
    assert await looking.told() == {}
    add_entry(redis_client, trade_stream(), realized_pnl="0.3", market_regime="")
    told = await looking.told()
    assert list(told) == ["regimes_missing"]
    assert told["regimes_missing"].startswith("none of the 3 entries of stream:trade.results has a regime, and none")
    assert "market_regime of a trade" in told["regimes_missing"]
    for _ in range(3):
        add_portfolio(redis_client, 0.1, regime="")
    assert "none of the 3 entries of stream:portfolio.memory has" in (await looking.told())["regimes_missing"]
    redis_client.delete(portfolio_stream())
    add_trade(redis_client, "BULL")
    assert await looking.told() == {}, "one that has shows that its producer writes them"


async def test_regimes_that_are_what_programs_write_for_none(looking: Looking, redis_client: redis.Redis) -> None:
    add_regime(redis_client, "BULL", 0.1)
    add_portfolio(redis_client, 0.1, regime="None")
    add_trade(redis_client, "nan", 0.1)
    told = await looking.told()
    assert list(told) == ["regimes_not_given"]
    assert told["regimes_not_given"].startswith("2 entries of all streams name as their regime what programs write for")


def test_names_that_are_quoted_look_like_those_that_are_not() -> None:
    wrapped = [
        "B'BULL'",
        '"BULL"',
        "['BULL']",
        "('BULL',)",
        "\u201cBULL\u201d",
        "<REGIME.BULL: 1>",
        "<STATE.BULL: '^'>",
    ]
    unseen = ["BULL\ufe0f", "BULL\u3164", "\u2800BULL"]
    names = [*wrapped, *unseen]
    assert look_alikes({"BULL": 3, **dict.fromkeys(names, 1)}) == [(name, "BULL") for name in names]


@pytest.mark.parametrize(
    ("odd", "usual"),
    [
        *((f"BULL{mark}", "BULL") for mark in ".,;:!"),
        (":BULL", "BULL"),
        ("\ua4d0\ua4f4\ua4e1\ua4e1", "BULL"),
        ("\u0299\u1d1c\u029f\u029f", "BULL"),
        ("\u13f4\u13ac\u13aa\u13a1", "BEAR"),
        ("B\u054dLL", "BULL"),
        ("\u0474OLATILE", "VOLATILE"),
        ("RAN\u050cE", "RANGE"),
        ("V0LATILE", "VOLATILE"),
        ("BU11", "BULL"),
        ("UNCERTA1N", "UNCERTAIN"),
        ("UNCERTALN", "UNCERTAIN"),
    ],
)
def test_marks_scripts_and_digits_that_a_reader_overlooks(odd: str, usual: str) -> None:
    assert look_alikes({odd: 2}) == [(odd, usual)]


async def test_regimes_that_all_write_otherwise_than_the_rules_are_told(
    looking: Looking, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_regime(redis_client, '"BULL"', 0.3)
        add_trade(redis_client, "Regime.RANGE", 0.3)
    told = await looking.told()
    assert list(told) == ["regimes_look_alike"]
    assert told["regimes_look_alike"].startswith("6 entries of all streams name a regime that looks like another one")
    assert "'\"BULL\"' beside 'BULL'" in told["regimes_look_alike"]


def test_the_names_that_are_meant_are_those_of_the_rules() -> None:
    assert {name for row in (*POLICY_TABLE, *LEVERAGE_TABLE) for name in row.regimes} <= set(MEANT)
    assert look_alikes(dict.fromkeys(MEANT, 1)) == []
    assert look_alikes({"\u0412ULL": 9, "BULL": 1}) == [("\u0412ULL", "BULL")]
    assert look_alikes({"MARKETREGIME.TREND": 2, "TREND": 1}) == [("TREND", "MARKETREGIME.TREND")]
    assert look_alikes({"US.TREND": 2, "EU.TREND": 1}) == [], "what comes before the name tells them apart"


def test_names_that_a_reader_can_tell_apart_are_no_look_alikes() -> None:
    names = ("BULL", "BULLISH", "BÜLL", "BULL1", "BULL2", "牛", "熊", "R", "", "-", "_", "-1", "0", "1", "VOL<", "VOL>")
    assert look_alikes(dict.fromkeys(names, 3)) == []
    for odd in ("B ULL", "BULL_", "B\u00a0ULL", "\u0392ULL", "\U0001d401\U0001d414\U0001d40b\U0001d40b"):
        assert look_alikes({odd: 1, "BULL": 3}) == [(odd, "BULL")]
    assert look_alikes(dict.fromkeys(("STATE1", "STATEL", "STATE0", "STATEO", ".", "..", "UP", "U.P"), 3)) == []
    assert look_alikes({"\u22121": 1, "-1": 3, "-1.0": 1}) == [("\u22121", "-1"), ("-1.0", "-1")]


async def test_a_flood_of_malformed_entries_is_told_with_its_source_and_reason(
    looking: Looking, redis_client: redis.Redis
) -> None:
    pipeline = redis_client.pipeline(transaction=False)
    for number in range(2_700):
        pipeline.xadd(trade_stream(), {"market_regime": "BULL", "realized_pnl": "n/a" if number % 9 else "inf"})
    pipeline.execute()
    told = await looking.told()
    assert told.keys() == {"malformed_flood", "inputs_refused"}
    assert told["malformed_flood"].startswith(
        "2700 malformed entries of stream:trade.results lie among the newest, most of them for realized_pnl_not_a_num"
    )
    for _ in range(30):
        add_trade(redis_client)
    assert await looking.told() == {}, "the window is full without them"
