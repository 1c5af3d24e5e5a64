"""TradeReader on a real Redis: every usable trade with its regime, page by page, and turns for others in between."""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import AsyncIterator, Mapping
from random import Random
from typing import Any

import pytest
import redis
import redis.asyncio
from faults.link_conditions import Direction
from faults.tcp_proxy import TcpProxy
from input_streams import MALFORMED, START_MS, random_opening, written_opening
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis_inputs import add_regime, add_trade, regime_stream, trade_stream

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.long_memory.span_sums import sums_of_span
from strategic_memory_server.long_memory.trade_reader import AT_ONCE, PAGE_ENTRIES, TradeReader, _columns
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.time_span import ALL_TIME
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.windows.name_table import NameTable

DECAY = 0.99
POLICIES = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")


@pytest.fixture
def reader(async_client: redis.asyncio.Redis) -> TradeReader:
    return TradeReader(async_client, "quantum")


class History:
    """Random trades and observations, and the sums of them as they have to be, one by one."""

    def __init__(self, seed: int, trades: int, observations: int) -> None:
        random = Random(seed)
        span_ms = 10 * trades + 100
        self.observations: list[tuple[int, Mapping[bytes, bytes], str]] = []
        for time_ms in sorted(random.sample(range(START_MS + 1, START_MS + span_ms), observations)):
            regime = random.choice(["BULL", "BEAR", ""])
            usable = {b"regime": regime.encode(), b"pnl": b"1"}
            self.observations.append((time_ms, usable if regime else random.choice(MALFORMED), regime))
        self.trades: list[tuple[int, Mapping[bytes, bytes]]] = []
        seen = [(time_ms, regime) for time_ms, _, regime in self.observations if regime]
        self.sums, known = EvidenceSums(DECAY), set[str]()
        for time_ms in sorted(random.sample(range(START_MS + 1, START_MS + span_ms), trades)):
            if random.random() < 0.1:
                self.trades.append((time_ms, random.choice(MALFORMED)))
                continue
            pnl, policy = random.gauss(0, 1), random.choice([*POLICIES, "strange"])
            regime, trade_id = random.choice(["", "RANGE"]), random.choice(["", f"t{random.randrange(trades)}"])
            fields = {"realized_pnl": repr(pnl), "policy": policy, "market_regime": regime, "trade_id": trade_id}
            opened_ms = random_opening(random, time_ms)
            opened = {} if opened_ms is None else {b"opened_at": written_opening(random, opened_ms)}
            written = {name.encode(): text.encode() for name, text in fields.items() if text}
            self.trades.append((time_ms, written | opened))
            if trade_id not in known and policy in POLICIES:
                begun_ms = time_ms if opened_ms is None else min(opened_ms, time_ms)
                place = bisect_right(seen, begun_ms, key=lambda pair: pair[0])
                observed = seen[place - 1][1] if place else "UNKNOWN"
                self.sums = updated(self.sums, regime or observed, Policy[policy], pnl)
            known |= {trade_id} - {""}

    def write(self, client: redis.Redis) -> None:
        pipeline = client.pipeline(transaction=False)
        for time_ms, observed, _ in self.observations:
            pipeline.xadd(regime_stream(), dict(observed.items()), id=f"{time_ms}-0")
        for time_ms, fields in self.trades:
            pipeline.xadd(trade_stream(), dict(fields.items()), id=f"{time_ms}-0")
        pipeline.execute()


@pytest.mark.parametrize(
    ("trades", "observations"),
    [(0, 5), (9, 40), (300, 0), (300, 20), (2 * PAGE_ENTRIES + 77, 600), (40, 450), (700, 7_000)],
)
async def test_the_sums_are_those_of_one_trade_after_the_other(
    trades: int, observations: int, reader: TradeReader, redis_client: redis.Redis
) -> None:
    history = History(trades + observations, trades, observations)
    history.write(redis_client)
    found = await sums_of_span(reader, ALL_TIME, DECAY, 1_000_000)
    assert set(found.regimes) == set(history.sums.regimes)
    for regime, cells in history.sums.regimes.items():
        for ours, expected in zip(found.of(regime), cells, strict=True):
            assert ours.observations == expected.observations
            size = max(expected.squared_pnl * expected.weight, 1e-300) ** 0.5
            assert abs(ours.pnl - expected.pnl) <= 1e-9 * size
            assert (ours.weight, ours.squared_weight, ours.squared_pnl) == pytest.approx(
                (expected.weight, expected.squared_weight, expected.squared_pnl), rel=1e-9
            )


async def test_a_page_ends_at_its_last_entry_also_where_that_is_malformed(
    reader: TradeReader, redis_client: redis.Redis
) -> None:
    for number in (1, 2):
        add_trade(redis_client, "BULL", 1.0, policy="BALANCED", entry_id=f"{number}-0")
    redis_client.xadd(trade_stream(), {"nonsense": "1"}, id="3-0")
    page = await reader.read_after("1-0")
    assert (page.trades.pnl.size, page.read_up_to, page.is_last) == (1, "3-0", True)
    page = await reader.read_after("3-0")
    assert (page.trades.pnl.size, page.read_up_to, page.is_last) == (0, "3-0", True)


@pytest.mark.parametrize("kind", ["another type", "not permitted"])
async def test_observations_that_cannot_be_read_leave_the_regime_unknown(
    kind: str, reader: TradeReader, redis_client: redis.Redis, unprivileged: redis.asyncio.Redis
) -> None:
    add_trade(redis_client, None, 1.0, policy="BALANCED")
    if kind == "another type":
        redis_client.set(regime_stream(), "no stream")
    else:
        add_regime(redis_client, entry_id="1-0")
        reader = TradeReader(unprivileged, "quantum")
    page = await reader.read_after("0-0")
    assert [page.trades.regime_names[code] for code in page.trades.regimes] == ["UNKNOWN"]


@pytest.fixture
async def unprivileged(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of a user that may not read the regime stream."""
    redis_client.acl_setuser(
        "half",
        enabled=True,
        nopass=True,
        keys=[trade_stream()],
        commands=["+xrange", "+xrevrange", "+ping"],
        reset=True,
    )
    options: Any = async_client.connection_pool.connection_kwargs
    async with redis.asyncio.Redis(host=options["host"], port=options["port"], username="half", password="") as client:
        yield client
    redis_client.acl_deluser("half")


async def test_a_stream_of_another_type_has_no_trades(reader: TradeReader, redis_client: redis.Redis) -> None:
    redis_client.set(trade_stream(), "no stream")
    page = await reader.read_after("7-0")
    assert (page.trades.pnl.size, page.read_up_to, page.is_last) == (0, "7-0", True)


async def test_ids_that_do_not_arrive_in_time_at_once_are_asked_for_in_parts(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    for number in range(200):
        add_trade(redis_client, trade_id=f"{number:050d}")
    with TcpProxy(f"127.0.0.1:{redis_server.port}") as link:
        link.throttle(60_000, direction=Direction.TO_CLIENT)
        async with connect(RedisSettings(url=f"redis://{link.address}/0", command_timeout_s=0.4)) as client:
            far = TradeReader(client, "quantum")
            for _ in range(20):
                with contextlib.suppress(RedisTimeoutError):
                    assert await far.ids_until("+", 1_000) == [f"{number:050d}" for number in range(200)]
                    return
    raise AssertionError("they never arrive")


async def test_others_have_their_turn_while_a_page_is_made_into_columns() -> None:
    fields = [b"realized_pnl", b"1", b"policy", b"BALANCED", b"market_regime", b"BULL"]
    reply = [[b"%d-0" % number, fields] for number in range(1, PAGE_ENTRIES + 1)]
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(take_turns())
    columns = await _columns(reply, NameTable())
    other.cancel()
    assert columns["pnl"].size == PAGE_ENTRIES
    assert turns >= PAGE_ENTRIES / AT_ONCE - 1 > 0
