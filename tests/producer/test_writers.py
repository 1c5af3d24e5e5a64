"""Both writers against a real Redis, on good and bad connections, and what the service makes of what they write."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
import redis
from conftest import StartService
from faults.free_ports import free_port
from faults.tcp_proxy import TcpProxy
from processes import aeventually, eventually
from producer.both_writers import QUICK, MakeWriter
from service_calls import get_feedback

from strategic_memory_producer import (
    AsyncTraceWriter,
    BackgroundWriter,
    Entry,
    EntryRefusedError,
    TraceError,
    UnwrittenError,
    WriterSettings,
    portfolio_entry,
    regime_observation,
    trade_result,
)
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

REGIMES, TRADES, PORTFOLIO = (f"quantum:stream:{name}" for name in ("meta.regime", "trade.results", "portfolio.memory"))


@pytest.fixture
def proxy(redis_server: EmbeddedRedis) -> Iterator[TcpProxy]:
    proxy = TcpProxy(f"127.0.0.1:{redis_server.port}")
    yield proxy
    proxy.close()


def entries_of(client: redis.Redis, stream: str) -> list[tuple[str, dict[str, str]]]:
    found: Any = client.xrange(stream)
    return [(i.decode(), {name.decode(): value.decode() for name, value in fields.items()}) for i, fields in found]


def test_the_service_learns_from_what_is_written(
    make_writer: MakeWriter, redis_server: EmbeddedRedis, start_service: StartService
) -> None:
    writer = make_writer(redis_server.url)
    for number in range(4):
        writer.observe_regime("bull", pnl=0.4, confidence=0.9)
        writer.record_trade(0.5, regime="BULL", policy="AGGRESSIVE", trade_id=f"t{number}")
    writer.record_portfolio(0.4, regime="BULL", total_pnl=9)
    service = start_service()
    feedback = eventually(lambda: get_feedback(service) if get_feedback(service).revision else None)
    assert feedback.preferred_regime == "BULL"
    assert feedback.regime_performance.sample_count == 9
    assert feedback.regime_performance.avg_pnl == pytest.approx((4 * 0.4 + 4 * 0.5 + 0.4) / 9)


def test_entries_are_written_in_their_order_and_by_pages(
    make_writer: MakeWriter, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    writer = make_writer(redis_server.url, WriterSettings(page=7))
    ids = writer.write([trade_result(number, {"trade_id": str(number)}) for number in range(40)])
    assert [entry_id for entry_id, _ in entries_of(redis_client, TRADES)] == ids
    assert [int(fields["trade_id"]) for _, fields in entries_of(redis_client, TRADES)] == list(range(40))
    assert writer.write([]) == []


def test_streams_are_kept_to_about_their_length(
    make_writer: MakeWriter, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    writer = make_writer(redis_server.url, WriterSettings(maxlen=100))
    writer.write([portfolio_entry(1, {}) for _ in range(1_000)])
    assert 100 <= redis_client.xlen(PORTFOLIO) < 400
    make_writer(redis_server.url, WriterSettings(maxlen=None)).write(
        [regime_observation("A", {}) for _ in range(1_000)]
    )
    assert redis_client.xlen(REGIMES) == 1_000


def test_without_a_redis_the_call_ends_in_time_and_gives_the_entries_back(
    make_writer: MakeWriter, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    with pytest.raises(UnwrittenError, match=r"its URL is right \(.*1 of 1 entries were not confirmed") as away:
        make_writer(f"redis://127.0.0.1:{free_port()}/0", QUICK).observe_regime("BULL")
    assert not away.value.in_doubt
    make_writer(redis_server.url).write(away.value.entries)
    assert redis_client.xlen(REGIMES) == 1


def test_what_was_not_sent_is_sent_once_redis_is_back(make_writer: MakeWriter, fresh_redis: EmbeddedRedis) -> None:
    writer = make_writer(fresh_redis.url, WriterSettings(timeout_s=30))
    writer.observe_regime("BULL")
    fresh_redis.kill()
    restart = threading.Timer(0.2, fresh_redis.start)
    restart.start()
    writer.observe_regime("BEAR")
    restart.join()
    with redis.Redis.from_url(fresh_redis.url) as client:
        assert [fields["regime"] for _, fields in entries_of(client, REGIMES)] == ["BULL", "BEAR"]


def test_a_redis_that_has_become_a_replica_is_left_for_the_one_that_has_its_address_by_now(
    make_writer: MakeWriter, fresh_redis: EmbeddedRedis, proxy: TcpProxy, redis_client: redis.Redis
) -> None:
    """The connection to it stayed, and so did the refusals until the program was started again."""
    primary = f"127.0.0.1:{redis_client.connection_pool.connection_kwargs['port']}"
    proxy.retarget(f"127.0.0.1:{fresh_redis.port}")
    writer = make_writer(f"redis://{proxy.address}/0", WriterSettings(timeout_s=30))
    writer.observe_regime("BULL")
    with redis.Redis.from_url(fresh_redis.url) as before:
        before.replicaof("127.0.0.1", free_port())
    proxy.retarget(primary)
    writer.observe_regime("BEAR")
    assert [fields["regime"] for _, fields in entries_of(redis_client, REGIMES)] == ["BEAR"]


def test_trades_are_sent_again_when_the_connection_breaks_and_the_rest_is_in_doubt(
    make_writer: MakeWriter, redis_client: redis.Redis, proxy: TcpProxy
) -> None:
    writer = make_writer(f"redis://{proxy.address}/0", WriterSettings(timeout_s=20))
    writer.observe_regime("RANGE")
    redis_client.client_pause(60_000, all=False)
    told: list[UnwrittenError] = []

    def write() -> None:
        try:
            writer.write([regime_observation("BULL", {}), trade_result(1, {"trade_id": "7"}), trade_result(2, {})])
        except UnwrittenError as error:
            told.append(error)

    call = threading.Thread(target=write)
    call.start()
    # They are on their way once a client waits for Redis to go on writing.
    eventually(lambda: redis_client.info("clients")["blocked_clients"] >= 1)
    proxy.reset()
    proxy.heal()
    redis_client.client_unpause()
    call.join(60)
    assert not call.is_alive()
    assert [entry.fields["regime"] for entry in told[0].in_doubt] == ["BULL"]
    assert not told[0].entries
    assert "1 of 3 entries are in doubt" in str(told[0])
    assert {fields["realized_pnl"] for _, fields in entries_of(redis_client, TRADES)} == {"1", "2"}


@pytest.mark.parametrize("turn_s", [0.0, 0.3], ids=["idle", "busy"])
async def test_what_redis_answered_while_the_loop_stood_still_is_not_in_doubt(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, turn_s: float
) -> None:
    loop, stood_still_s = asyncio.get_running_loop(), 0.0

    def turn() -> None:
        nonlocal stood_still_s
        stood_still_s += turn_s
        if not writing.done():
            loop.call_soon(turn)

    monkeypatch.setattr(loop, "time", lambda: monotonic() + stood_still_s)
    async with AsyncTraceWriter(redis_server.url, WriterSettings(timeout_s=60)) as writer:
        await writer.observe_regime("RANGE")
        redis_client.client_pause(60_000, all=False)
        writing = asyncio.ensure_future(writer.observe_regime("BULL"))
        assert await aeventually(lambda: redis_client.info("clients")["blocked_clients"] >= 1)
        redis_client.client_unpause()
        # The loop waits for this: the answer lies in its socket, and its timers are overdue.
        assert eventually(lambda: redis_client.xlen(REGIMES) == 2)
        stood_still_s = 100.0
        loop.call_soon(turn)
        assert await writing == entries_of(redis_client, REGIMES)[1][0]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda client: client.set(REGIMES, "x"), "the key is no stream"),
        (lambda client: client.config_set("maxmemory", 1), "Redis is full"),
    ],
    ids=["type", "full"],
)
def test_a_lasting_refusal_is_told_at_once_and_harms_nothing_else(
    make_writer: MakeWriter,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    prepare: Callable[[redis.Redis], object],
    said: str,
) -> None:
    writer = make_writer(redis_server.url, WriterSettings(timeout_s=3_600))
    prepare(redis_client)
    entries = [regime_observation("BULL", {}), regime_observation("BEAR", {})]
    with pytest.raises(UnwrittenError, match=said) as refused:
        writer.write(entries)
    assert list(refused.value.entries) == entries
    redis_client.config_set("maxmemory", 0)
    redis_client.delete(REGIMES)
    assert len(writer.write(refused.value.entries)) == 2


def test_one_refused_entry_does_not_hold_up_the_others(
    make_writer: MakeWriter, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    redis_client.set(REGIMES, "x")
    for page in (500, 1):
        with pytest.raises(UnwrittenError, match=r"the key is no stream.*: 3 of 5 entries") as refused:
            make_writer(redis_server.url, WriterSettings(page=page)).write(
                [*(regime_observation(name) for name in ("A", "B", "C")), trade_result(1), portfolio_entry(1)]
            )
        assert [entry.fields["regime"] for entry in refused.value.entries] == ["A", "B", "C"]
    assert redis_client.xlen(TRADES) == redis_client.xlen(PORTFOLIO) == 2


def test_what_is_no_entry_is_refused_with_its_place_before_anything_is_sent(
    make_writer: MakeWriter, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    trade, wrong_ones = trade_result(0.1), dict[str, Any]()
    wrong_ones["entries: is one entry; give a list of entries"] = trade
    for given in (1, None, "trade", {"realized_pnl": 0.1}):
        wrong_ones[f"entries: {given!a} is no list of entries; give what trade_result, regime_obs"] = given
    wrong_ones["entries[1]: 1 is no entry; give what trade_result, regime_observation and portfolio_entry"] = [trade, 1]
    wrong_ones["entries[0]: {'realized_pnl': 0.1} is no entry"] = [{"realized_pnl": 0.1}]
    wrong_ones["entries[0]: 'trades' is none of meta.regime, trade.results, portfolio.memory"] = [
        Entry("trades", {"a": "1"})
    ]
    for value in (None, True, "\ud800", [0.1]):
        fields: Any = {"trade_id": "1", "realized_pnl": value}
        wrong_ones[f"entries[1]: {value!a} is no text that can be sent"] = [trade, Entry("trade.results", fields)]
    wrong_ones["entries[0]: {} is no mapping of fields"] = [Entry("trade.results", {})]
    writers = (make_writer(redis_server.url), BackgroundWriter(redis_server.url))
    for writer in writers:
        for said, given in wrong_ones.items():
            with pytest.raises(EntryRefusedError) as refused:
                writer.write(given)
            assert str(refused.value).startswith(said)
    for wrong in (5, None):
        with pytest.raises(ValueError, match=r"^redis_url: .* is no text; give redis://"):
            make_writer(wrong)
    with pytest.raises(ValueError, match=r"^settings: 5 are none; give WriterSettings"):
        make_writer(redis_server.url, 5)
    writers[1].close()
    assert redis_client.xlen(TRADES) == 0
    made = (trade_result(number, trade_id=str(number)) for number in range(3))
    assert len(writers[0].write(made)) == 3
    assert redis_client.xlen(TRADES) == 3


def test_a_second_event_loop_is_told_that_it_needs_a_writer_of_its_own(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    writer = AsyncTraceWriter(redis_server.url)
    with asyncio.Runner() as first:
        first.run(writer.observe_regime("BULL"))
        for call in (writer.observe_regime("BEAR"), writer.close()):
            with pytest.raises(TraceError, match="the event loop that it was first used in: make one in each"):
                asyncio.run(call)
        assert redis_client.xlen(REGIMES) == 1
        first.run(writer.close())
