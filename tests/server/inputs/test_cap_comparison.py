"""Caps of many portfolios are compared together: who acts on those of one is told that something else stands there."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from random import Random
from typing import Any, cast

import pytest
import redis
import redis.asyncio
from patient_redis import patient
from processes import aeventually

from strategic_memory_server.inputs import cap_comparison
from strategic_memory_server.inputs.cap_comparison import AT_ONCE, PASS_S, CapComparison, next_in_s
from strategic_memory_server.inputs.leverage_caps import CAP_VALUES, cap_commands
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.round_trip import round_trip
from strategic_memory_server.revisions.feedback_hub import PUBLISHING_MS
from strategic_memory_server.waiting.running_tasks import cancel

LIMITS = "p{number}:risk:leverage_limits"


def comparison() -> CapComparison:
    return CapComparison(lambda: 1)


class Told(Counter[int]):
    """How often each was told what stands there; it is told each time where it wants to hear of it again."""

    def watch(
        self, watch: CapComparison, client: redis.asyncio.Redis, number: int, *, again: bool = False
    ) -> AbstractContextManager[None]:
        def take(_replies: Sequence[object], has_changed: bool) -> bool:
            assert has_changed or again
            self.update([number])
            return again

        return watch.watching(client, cap_commands(f"p{number}")[:CAP_VALUES], take)


async def test_who_is_told_is_whose_cap_has_changed(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    watch, told = comparison(), Told()
    many = 2 * AT_ONCE + 1
    contexts = [told.watch(watch, async_client, number) for number in range(many)]
    for context in contexts:
        context.__enter__()
    await watch.compare()
    assert told == dict.fromkeys(range(many), 1)
    told.clear()
    await watch.compare()
    assert not told
    redis_client.set(LIMITS.format(number=AT_ONCE + 3), '{"max_leverage_hint": 0.3}')
    await watch.compare()
    assert told == {AT_ONCE + 3: 1}
    told.clear()
    redis_client.rpush(LIMITS.format(number=many - 1), "of another type")
    await watch.compare()
    assert told == {many - 1: 1}
    told.clear()
    redis_client.delete(LIMITS.format(number=AT_ONCE + 3))
    contexts[many - 1].__exit__(None, None, None)
    redis_client.delete(LIMITS.format(number=many - 1))
    await watch.compare()
    assert told == {AT_ONCE + 3: 1}


async def test_who_wants_to_hear_of_it_again_does_and_what_could_not_be_read_is_read_again(
    async_client: redis.asyncio.Redis,
) -> None:
    watch, told = comparison(), list[bool]()
    answers = iter([None, True, True, False])

    def take(_replies: Sequence[object], has_changed: bool) -> bool:
        told.append(has_changed)
        if (answer := next(answers)) is None:
            raise redis.ResponseError("LOADING")
        return answer

    with watch.watching(async_client, cap_commands("p1")[:CAP_VALUES], take):
        for _ in range(6):
            await watch.compare()
    assert told == [True, True, False, False]


async def test_it_goes_on_when_redis_comes_back(
    async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cap_comparison, "PASS_S", 0.001)
    watch, told = comparison(), Told()

    async def fails_first(_client: redis.asyncio.Redis, _commands: Sequence[bytes]) -> list[object]:
        monkeypatch.setattr(cap_comparison, "round_trip", round_trip)
        raise redis.ConnectionError

    monkeypatch.setattr(cap_comparison, "round_trip", fails_first)
    running = asyncio.create_task(watch.run())
    with told.watch(watch, async_client, 1):
        await aeventually(lambda: told == {1: 1})
    await cancel(running)


async def test_who_comes_is_read_at_once_and_waits_for_no_server_that_hangs(
    async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cap_comparison, "PASS_S", 3_600.0)
    watch, told = comparison(), Told()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It hangs for longer than anything is waited for here.
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        settings = replace(patient(url), connect_timeout_s=3_600.0, command_timeout_s=3_600.0)
        async with connect(settings) as hanging:
            running = asyncio.create_task(watch.run())
            with told.watch(watch, hanging, 1), told.watch(watch, async_client, 2):
                await aeventually(lambda: told == {2: 1})
                with told.watch(watch, async_client, 3):
                    await aeventually(lambda: told == {2: 1, 3: 1})
            await cancel(running)


async def test_who_comes_while_its_server_is_asked_is_read_once_that_has_answered(
    async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cap_comparison, "PASS_S", 3_600.0)
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slow_trip(client: redis.asyncio.Redis, asks: Sequence[bytes]) -> list[object]:
        asked.set()
        await may_answer.wait()
        return await round_trip(client, asks)

    monkeypatch.setattr(cap_comparison, "round_trip", slow_trip)
    watch, told = comparison(), Told()
    running = asyncio.create_task(watch.run())
    with told.watch(watch, async_client, 1):
        await asyncio.wait_for(asked.wait(), 30)
        with told.watch(watch, async_client, 2):
            # It is passed over meanwhile.
            await aeventually(lambda: not watch._came.is_set())
            may_answer.set()
            await aeventually(lambda: told == {1: 1, 2: 1})
    await cancel(running)


async def test_who_is_being_asked_is_not_asked_again_so_that_no_older_answer_comes_last(
    async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While all connections of a client are lent, nobody knows to which server it leads: it had another name."""
    passes, may_answer, told, is_first = 0, asyncio.Event(), list[object](), True

    def clock_ms() -> int:
        nonlocal passes
        passes += 1
        return 1

    async def first_trip_is_slow(_client: redis.asyncio.Redis, asks: Sequence[bytes]) -> list[object]:
        nonlocal is_first
        if not is_first:
            return [b"after"] * len(asks)
        is_first = False
        await may_answer.wait()
        return [b"before"] * len(asks)

    def take(replies: Sequence[object], _has_changed: bool) -> bool:
        told.append(replies[0])
        return False

    monkeypatch.setattr(cap_comparison, "PASS_S", 0.001)
    monkeypatch.setattr(cap_comparison, "round_trip", first_trip_is_slow)
    monkeypatch.setattr(cap_comparison, "server_of", lambda _client: object())
    watch = CapComparison(clock_ms)
    running = asyncio.create_task(watch.run())
    with watch.watching(async_client, cap_commands("p1")[:CAP_VALUES], take):
        await aeventually(lambda: passes > 5)
        may_answer.set()
        await aeventually(lambda: b"before" in told and b"after" in told)
        before = passes
        await aeventually(lambda: passes > before + 1)
    await cancel(running)
    assert told == [b"before", b"after"]


@dataclass(eq=False)
class Node:
    """A client of a cluster: where its keys are, and where its last connection has led to."""

    keys_on: str
    leads_to: str


async def test_a_node_of_a_cluster_is_asked_for_many_in_one_trip_and_who_has_moved_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, told, trips = comparison(), Told(), list[int]()
    clients = [*(Node("a", "a") for _ in range(3)), *(Node("b", "b") for _ in range(2))]
    asked = {
        ask: client.keys_on for number, client in enumerate(clients) for ask in cap_commands(f"p{number}")[:CAP_VALUES]
    }

    async def trip(client: Node, commands: Sequence[bytes]) -> list[bytes]:
        trips.append(len(commands))
        client.leads_to = client.keys_on
        if any(asked[each] != client.keys_on for each in commands):
            raise redis.ConnectionError("has passed the keys on")
        return [b""] * len(commands)

    monkeypatch.setattr(cap_comparison, "round_trip", trip)
    monkeypatch.setattr(cap_comparison, "server_of", lambda client: client.leads_to)
    with ExitStack() as stack:
        for number, client in enumerate(clients):
            stack.enter_context(told.watch(watch, cast("Any", client), number, again=True))
        await watch.compare()
        assert (sorted(trips), told) == ([4, 6], dict.fromkeys(range(5), 1))
        clients[4].keys_on = "a"
        asked |= dict.fromkeys(cap_commands("p4")[:CAP_VALUES], "a")
        told.clear()
        await watch.compare()
        assert told == dict.fromkeys(range(5), 1), "nobody is left out as one has moved"
        trips.clear()
        await watch.compare()
        assert sorted(trips) == [2, 8]


def test_every_server_compares_at_the_same_moments_so_that_who_waits_for_the_leader_acts_within_2_s() -> None:
    random = Random(9)
    for _ in range(1_000):
        now_ms = random.randrange(2 * 10**12)
        moment_ms = now_ms + round(1000 * next_in_s(now_ms))
        assert now_ms < moment_ms <= now_ms + 1000 * PASS_S
        assert moment_ms % round(1000 * PASS_S) == 0
    assert 1000 * PASS_S + PUBLISHING_MS < 2_000
