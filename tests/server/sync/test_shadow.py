"""A shadow on a real Redis: where it writes, what survives, and that nothing of it reaches the advice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import redis
from advice import advice
from claimed import said_in
from processes import aeventually
from redis.exceptions import ConnectionError as RedisConnectionError
from redis_inputs import add_regime, add_trade
from structlog.testing import capture_logs
from syncing import cycled, syncing_with

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.drawdown_guard import ClosedTrades
from strategic_memory_server.advice.feedback import Advice, RegimeAdvice, Rules, Times
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.columns.stream_position import position_column
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries.counted_ids import NOWHERE
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.redis_access.redis_script import RedisScript
from strategic_memory_server.revisions.beside import NOTHING_BESIDE, Beside
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher, Publication
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.sync.memory_sync_service import STANDBY
from strategic_memory_server.sync.shadow import PROBLEM, Shadow, _Seen, risk_differs

KEYS, SHADOW = LogKeys.under("quantum"), LogKeys.of_shadow("quantum")
OWN = {getattr(SHADOW, name).encode() for name in ("feedback", "log", "state", "pulse")}
SLOW = AdviceSettings(hysteresis=HysteresisSettings(results=2))


def said(client: redis.Redis, keys: LogKeys = SHADOW) -> dict[str, Any]:
    raw: Any = client.get(keys.feedback)
    return {} if raw is None else dict(json.loads(raw))


def good_times(client: redis.Redis) -> None:
    for _ in range(5):
        add_regime(client, "BULL", 0.3)


def written(client: redis.Redis) -> tuple[object, ...]:
    """All that the shadow has written."""
    return client.hgetall(SHADOW.state), client.xrange(SHADOW.log), client.xrange(SHADOW.pulse), said(client)


async def shadowed(client: redis.Redis, revision: int, policy: str) -> None:
    """Wait until the shadow has said this."""
    await aeventually(lambda: (said(client).get("revision"), said(client).get("updated_policy")) == (revision, policy))


async def test_it_says_what_its_own_settings_advise_to_its_own_key_and_log_alone(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    subscriber: Any = redis_client
    with subscriber.pubsub() as events:
        events.psubscribe("*")
        good_times(redis_client)
        async with syncing_with(redis_server.url) as syncing:
            await cycled(syncing)
        alone = said_in(redis_client)
        assert set(alone).isdisjoint(OWN), "without a shadow nothing of one is written"
        redis_client.delete(KEYS.lease)
        async with syncing_with(redis_server.url, shadow=SLOW) as syncing:
            assert await cycled(syncing) == "confirmed"
            await shadowed(redis_client, 1, "CONSERVATIVE")
        assert said(redis_client, KEYS)["updated_policy"] == "AGGRESSIVE"
        beside = said_in(redis_client)
        assert set(beside) - set(alone) == OWN
        assert beside[KEYS.log.encode()] == alone[KEYS.log.encode()]
        sent = [message["channel"] for message in iter(lambda: events.get_message(timeout=0.2), None)]
    assert sent == [b"*", KEYS.events.encode()]


async def test_it_comes_after_what_is_said_is_known(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    publish = FeedbackPublisher.publish

    async def published(
        self: FeedbackPublisher,
        claim: Claim,
        advice: Advice,
        times: Times,
        now_ms: int,
        beside: Beside = NOTHING_BESIDE,
        rests_on: Callable[[], str] = str,
    ) -> Publication:
        publication = await publish(self, claim, advice, times, now_ms, beside, rests_on)
        order.append("said")
        return publication

    look = Shadow.look

    def looked(self: Shadow, *given: object) -> None:
        order.append("shadow")
        look(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(FeedbackPublisher, "publish", published)
    monkeypatch.setattr(Shadow, "look", looked)
    good_times(redis_client)
    async with syncing_with(redis_server.url, shadow=SLOW) as syncing:
        await cycled(syncing)
        await aeventually(lambda: len(order) == 3)
    assert order == ["said", "shadow", "said"]


async def test_a_restart_and_another_leader_go_on_and_other_settings_have_another_epoch(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    good_times(redis_client)
    async with syncing_with(redis_server.url, holder="first", shadow=SLOW) as syncing:
        await cycled(syncing)
        await shadowed(redis_client, 1, "CONSERVATIVE")
    epoch = said(redis_client)["epoch"]
    redis_client.delete(KEYS.lease)
    async with syncing_with(redis_server.url, holder="second", shadow=SLOW) as syncing:
        for _ in range(2):
            add_trade(redis_client, "BULL", 0.3)
        await cycled(syncing)
        await shadowed(redis_client, 2, "AGGRESSIVE")
    assert said(redis_client)["epoch"] == epoch
    redis_client.delete(KEYS.lease)
    slower = replace(SLOW, hysteresis=HysteresisSettings(results=3))
    async with syncing_with(redis_server.url, holder="third", shadow=slower) as syncing:
        await cycled(syncing)
        await shadowed(redis_client, 3, "CONSERVATIVE")
    assert said(redis_client)["epoch"] != epoch
    settings: Any = redis_client.hget(SHADOW.state, "settings")
    assert json.loads(settings)["STRATEGIC_MEMORY_HYSTERESIS_RESULTS"] == 3


async def test_its_settings_are_written_down_though_the_connection_breaks_once_its_log_is_open(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    good_times(redis_client)
    asked: list[str] = []
    call = RedisScript.__call__

    async def breaks_once(self: RedisScript, keys: dict[str, str], args: dict[str, str], **more: object) -> object:
        if args.get("server") == "":
            asked.append(args["settings"])
            if len(asked) == 1:
                raise RedisConnectionError("it broke")
        return await call(self, keys, args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(RedisScript, "__call__", breaks_once)
    async with syncing_with(redis_server.url, shadow=SLOW) as syncing:
        assert await cycled(syncing) == "published"
        await aeventually(lambda: PROBLEM in syncing.problems.standing)
        assert (redis_client.exists(SHADOW.state), redis_client.hget(SHADOW.state, "settings")) == (1, None)
        assert await cycled(syncing) == "confirmed"
        await aeventually(lambda: PROBLEM not in syncing.problems.standing)
    assert said(redis_client)["updated_policy"] == "CONSERVATIVE"
    assert redis_client.hget(SHADOW.state, "settings") == asked[0].encode()


async def test_what_goes_wrong_with_it_is_told_and_harms_nothing(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    good_times(redis_client)
    redis_client.rpush(SHADOW.state, "text")
    async with syncing_with(redis_server.url, shadow=SLOW) as syncing:
        assert await cycled(syncing) == "published"
        await aeventually(lambda: PROBLEM in syncing.problems.standing)
        assert SHADOW.state in syncing.problems.standing[PROBLEM]
        redis_client.delete(SHADOW.state)
        assert await cycled(syncing) == "confirmed"
        await aeventually(lambda: PROBLEM not in syncing.problems.standing)
        with monkeypatch.context() as broken:
            broken.setattr(Shadow, "_of", lambda *_: 1 / 0)
            with capture_logs() as lines:
                for _ in range(3):
                    assert await cycled(syncing) == "confirmed"
            assert "fault of the program: ZeroDivisionError" in syncing.problems.standing[PROBLEM]
            assert [line["event"] for line in lines].count("Shadow failed by a fault of the program") == 1
            broken.setattr(Shadow, "_of", lambda *_: "no such thing")
            assert await cycled(syncing) == "confirmed"
            await aeventually(lambda: "AttributeError" in syncing.problems.standing[PROBLEM])
        assert await cycled(syncing) == "confirmed"
        await aeventually(lambda: PROBLEM not in syncing.problems.standing)


async def test_what_a_shadow_has_said_or_failed_at_is_not_told_for_good_once_another_server_leads(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    """It stood still for longer than its lease: the shadow of the next leader goes on, and this one looks no more."""
    good_times(redis_client)
    async with syncing_with(redis_server.url, shadow=SLOW) as syncing:
        shadow, leadership = syncing.shadow, syncing.leadership
        assert shadow is not None

        async def leads_again() -> bool:
            return (await syncing.sync.cycle()).outcome != STANDBY

        for leader in (leadership.name, "another"):
            await aeventually(leads_again)
            await aeventually(lambda: shadow.newest is not None and PROBLEM not in syncing.problems.standing)
            redis_client.rename(SHADOW.state, "kept")
            redis_client.rpush(SHADOW.state, "text")
            await cycled(syncing)
            await aeventually(lambda: PROBLEM in syncing.problems.standing)
            redis_client.rename("kept", SHADOW.state)
            leadership.deposed(leadership.claim)
            leadership.leader = leader
            assert (await syncing.sync.cycle()).outcome == STANDBY
            is_left = leader == "another"
            assert (shadow.newest is None, PROBLEM not in syncing.problems.standing) == (is_left, is_left)


async def test_one_that_hangs_delays_no_sync_and_says_the_newest_once_it_can(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    good_times(redis_client)
    may_go_on = asyncio.Event()
    say = Shadow._say

    async def hangs(self: Shadow, seen: _Seen) -> None:
        await may_go_on.wait()
        await say(self, seen)

    monkeypatch.setattr(Shadow, "_say", hangs)
    async with syncing_with(redis_server.url, shadow=AdviceSettings(rules=Rules.EVIDENCE)) as syncing:
        for _ in range(3):
            add_trade(redis_client, "BULL", 0.3, policy="CONSERVATIVE")
            assert await cycled(syncing) == "published"
        assert said(redis_client) == {}
        may_go_on.set()
        await aeventually(lambda: said(redis_client).get("revision") == 2)
        assert said(redis_client)["evidence"]["observations"] == 3


async def test_whoever_has_lost_the_lease_writes_nothing_of_it(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    good_times(redis_client)
    async with syncing_with(redis_server.url, shadow=SLOW) as syncing:
        await cycled(syncing)
        await shadowed(redis_client, 1, "CONSERVATIVE")
        before = written(redis_client)
        shadow, claim = syncing.shadow, syncing.leadership.claim
        assert shadow is not None
        assert claim is not None
        # What Redis holds already may be yet to come back to it.
        await aeventually(lambda: shadow.newest is not None)
        loaded = await syncing.sync._parts.loader.load()
        redis_client.set(KEYS.lease, "999999 another")
        gathered = await syncing.sync._parts.long_memory.gather()
        shadow.look(claim, loaded.memory, gathered, syncing.clock())
        await aeventually(lambda: shadow.newest is None)
        assert written(redis_client) == before
        assert PROBLEM not in syncing.problems.standing


async def test_trades_that_are_known_by_their_ids_alone_count_once_however_often_a_sync_of_them_fails(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    good_times(redis_client)
    async with syncing_with(redis_server.url, shadow=replace(SLOW, leverage_guard=True)) as syncing:
        assert await cycled(syncing) == "published"
        shadow, claim = syncing.shadow, syncing.leadership.claim
        assert shadow is not None
        assert claim is not None
        await aeventually(lambda: shadow.newest is not None)
        loaded = await syncing.sync._parts.loader.load()
        read = await syncing.sync._parts.long_memory.gather()
        new = ClosedTrades(index_column([1]), index_column([0]), np.array([0.2]), position_column([NOWHERE]))
        unwritten = replace(read, counted=new)
        beyond = replace(unwritten, stored=replace(read.stored, stands_at="9999999999999-0"))
        for failing in (unwritten, unwritten, unwritten, beyond, beyond):
            shadow.miss(failing)
        shadow.look(claim, loaded.memory, beyond, syncing.clock())
        # The first had been written down when the others were read; what the last one brings, they would have.
        assert shadow._seen is not None
        assert len(shadow._seen.trades.pnl) == 2


async def test_with_too_little_for_its_own_settings_it_says_nothing(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    good_times(redis_client)
    async with syncing_with(redis_server.url, shadow=AdviceSettings(minimum_samples=6)) as syncing:
        assert await cycled(syncing) == "published"
        await aeventually(lambda: redis_client.exists(SHADOW.state))
        assert said(redis_client) == {}
        good_times(redis_client)
        await cycled(syncing)
        await shadowed(redis_client, 1, "AGGRESSIVE")
        redis_client.delete("quantum:stream:meta.regime")
        assert await cycled(syncing) == "TOO_FEW_ENTRIES"
        await aeventually(lambda: said(redis_client) == {})


def test_it_differs_in_what_is_acted_upon_alone() -> None:
    current = RegimeAdvice("BULL", Policy.BALANCED, 0.6, 1.0)
    one = replace(advice(), current=current)
    assert risk_differs(one, replace(one, updated_policy=Policy.BALANCED))
    assert risk_differs(one, replace(one, leverage_hint=1.4))
    assert risk_differs(one, replace(one, current=replace(current, policy=Policy.AGGRESSIVE)))
    assert risk_differs(one, replace(one, current=None))
    same = replace(one, reasons=(), confidence_boost=0.1, preferred_regime="RANGE", version="2")
    assert not risk_differs(one, replace(same, current=replace(current, regime="BEAR", confidence_boost=0.2)))
