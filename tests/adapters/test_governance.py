"""Governance, look by look: what it proposes, what it knows as its own, and what it leaves to others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from adapters.loaded_examples import AGGRESSIVE, BALANCED, CONSERVATIVE, advice, loaded
from faults.free_ports import free_port
from faults.tcp_proxy import TcpProxy

from strategic_memory_client import Policy
from strategic_memory_client.values.results import WARMING_UP
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

POLICY = "quantum:governance:policy"


def test_governance_goes_up_slowly_and_down_at_once() -> None:
    governor = loaded("governance").Governor(hold_s=60.0, enter=0.6, leave=0.5)
    sure, doubtful = advice(AGGRESSIVE, 0.8), advice(AGGRESSIVE, 0.55)
    for now_s, given, in_force, proposed in (
        (0.0, sure, CONSERVATIVE, None),
        (59.0, sure, CONSERVATIVE, None),
        (60.0, sure, CONSERVATIVE, AGGRESSIVE),
        (61.0, sure, AGGRESSIVE, None),
        (62.0, doubtful, AGGRESSIVE, None),  # between the two confidences nothing changes
        (63.0, advice(AGGRESSIVE, 0.49), AGGRESSIVE, CONSERVATIVE),
        (64.0, advice(BALANCED, 0.55), AGGRESSIVE, BALANCED),
        (70.0, sure, CONSERVATIVE, None),
        (100.0, sure.as_stale(), CONSERVATIVE, None),
        (131.0, sure, CONSERVATIVE, None),  # it has begun anew
        (150.0, advice(BALANCED, 0.9), CONSERVATIVE, None),
        (191.0, sure, CONSERVATIVE, BALANCED),  # the least bold of the last minute
        (192.0, doubtful, CONSERVATIVE, None),
        (200.0, sure, CONSERVATIVE, None),
        (270.0, advice(AGGRESSIVE, 0.9, is_probe=True), CONSERVATIVE, None),
        (271.0, sure, CONSERVATIVE, None),
        (400.0, sure.as_stale(), AGGRESSIVE, None),
        (401.0, WARMING_UP, AGGRESSIVE, None),
        (402.0, replace(sure, current=None), AGGRESSIVE, None),
        (500.0, advice(BALANCED, 0.9), CONSERVATIVE, None),
        (560.0, sure, CONSERVATIVE, BALANCED),
        (560.2, sure, BALANCED, None),  # a step further needs its own minute
        (620.1, sure, BALANCED, None),
        (620.3, sure, BALANCED, AGGRESSIVE),
        (620.5, sure.as_stale(), AGGRESSIVE, None),
        (621.0, advice(BALANCED, 0.9), CONSERVATIVE, None),
        (690.0, sure, BALANCED, None),  # which somebody else has set meanwhile
    ):
        assert governor.proposal(given, in_force, now_s) is proposed, now_s


class SetTime:
    """Stands for the module: a second is over with each look."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, _seconds: float) -> None:
        self.now_s += 1.0


class GivenKey:
    """A key that holds CONSERVATIVE, or nothing that can be read, or that Redis does not tell of, look by look.

    Where it is a number the process stands still for so many seconds.
    """

    name, has_arrived = POLICY, False

    def __init__(self, time: SetTime, *looks: float | Exception | None) -> None:
        self._time, self._looks = time, iter(looks)

    def read(self) -> tuple[Policy | None, bool]:
        found = next(self._looks)
        if isinstance(found, Exception):
            raise found
        self._time.now_s += found or 0.0
        return None if found is None else CONSERVATIVE, False


AWAY = redis.TimeoutError("Redis stands still")


@pytest.mark.parametrize(
    ("looks", "proposals"),
    [
        ((0.0, 0.0, 0.0, 0.0, 0.0), 2),
        ((0.0, AWAY, 0.0, 0.0, 0.0), 2),
        ((0.0, 0.0, AWAY, AWAY, 0.0, 0.0, 0.0), 0),
        ((0.0, 0.0, None, None, 0.0, 0.0, 0.0), 0),
        ((0.0, 0.0, 10.0, 0.0, 0.0), 0),
    ],
)
def test_governance_takes_no_advice_for_held_that_it_has_not_looked_at(
    looks: tuple[float | Exception | None, ...],
    proposals: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While Redis was away the market might turn and turn back: the advice of a second counted as that of a minute."""
    governance, time = loaded("governance"), SetTime()
    monkeypatch.setattr(governance, "time", time)
    newest, said = advice(AGGRESSIVE, 0.8), []
    key, governor = GivenKey(time, *looks), governance.Governor(3.0, 0.6, 0.5)
    for _ in looks:
        with suppress(redis.RedisError):
            said.append(governance.looked(lambda: newest, key, governor, writes=False))
        time.sleep(governance.LOOK_S)
    assert sum(each.startswith("proposes AGGRESSIVE") for each in said) == proposals


def test_governance_acts_by_the_advice_of_after_it_has_read_the_key() -> None:
    """A Redis that took its time handed advice on as if it still held."""
    governance, given = loaded("governance"), [advice(AGGRESSIVE, 0.8)]
    governor = governance.Governor(0.0, 0.6, 0.5)

    class SlowKey(GivenKey):
        def read(self) -> tuple[Policy | None, bool]:
            given.append(given[-1].as_stale())
            return super().read()

    said = governance.looked(lambda: given[-1], SlowKey(SetTime(), 0.0), governor, writes=True)
    assert said == "advice is STALE: nothing is proposed, CONSERVATIVE stays"


@pytest.mark.processes
@pytest.mark.parametrize("is_away", [False, True])
@pytest.mark.parametrize("arrives", [False, True])
def test_governance_knows_as_its_own_what_it_wrote_without_an_answer(
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    *,
    arrives: bool,
    is_away: bool,
) -> None:
    """It took it for somebody else's, and left a bold policy in force for good."""
    key = loaded("governance").PolicyKey(redis_server.url, "quantum")
    assert key.write(BALANCED, CONSERVATIVE)
    pipeline: Any = redis.client.Pipeline
    execute, watch = pipeline._execute_transaction, pipeline.watch
    away: list[bool] = []

    def without_an_answer(self: Any, *arguments: Any) -> Any:  # noqa: ANN401  as redis-py has it
        if away:
            return execute(self, *arguments)
        away.append(is_away)
        if arrives:
            execute(self, *arguments)
            # As where the answer to EXEC was not read.
            self.watching = True
        raise redis.TimeoutError("no answer")

    def watched(self: Any, *names: Any) -> Any:  # noqa: ANN401
        if any(away):
            raise redis.TimeoutError("no answer")
        return watch(self, *names)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "_execute_transaction", without_an_answer)
        patched.setattr(pipeline, "watch", watched)
        if is_away:
            with pytest.raises(redis.TimeoutError):
                key.write(AGGRESSIVE, BALANCED)
        else:
            assert key.write(AGGRESSIVE, BALANCED)
    holds = AGGRESSIVE if arrives or not is_away else BALANCED
    assert key.read() == (holds, False)
    assert key.write(CONSERVATIVE, holds)
    assert redis_client.get(POLICY) == b"CONSERVATIVE"
    redis_client.set(POLICY, "BALANCED")
    assert key.read() == (BALANCED, True)
    assert not key.write(CONSERVATIVE, AGGRESSIVE)


@pytest.mark.processes
def test_governance_takes_nothing_of_others_for_its_own_once_it_is_known_what_arrived(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood before a write without an answer, and what another one had tried to set, were its own for good."""
    key = loaded("governance").PolicyKey(redis_server.url, "quantum")
    pipeline: Any = redis.client.Pipeline
    execute = pipeline._execute_transaction

    def without_an_answer(self: Any, *arguments: Any) -> None:  # noqa: ANN401  as redis-py has it
        execute(self, *arguments)
        raise redis.ConnectionError("no answer")

    def overtaken(self: Any, *arguments: Any) -> Any:  # noqa: ANN401
        if redis_client.get(POLICY) == b"AGGRESSIVE":
            redis_client.set(POLICY, "CONSERVATIVE")
        return execute(self, *arguments)

    assert key.write(BALANCED, CONSERVATIVE)
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "_execute_transaction", without_an_answer)
        with pytest.raises(redis.ConnectionError):
            key.write(AGGRESSIVE, BALANCED)
    assert key.read() == (AGGRESSIVE, False)
    redis_client.set(POLICY, "BALANCED")
    assert key.read() == (BALANCED, True)
    assert key.write(AGGRESSIVE, BALANCED)
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "_execute_transaction", overtaken)
        assert not key.write(BALANCED, AGGRESSIVE)
    redis_client.set(POLICY, "BALANCED")
    assert key.read() == (BALANCED, True)


@pytest.mark.processes
@pytest.mark.parametrize("arrives", [False, True])
def test_governance_says_what_it_wrote_without_an_answer_and_that_redis_is_back(
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    arrives: bool,
) -> None:
    """A bold policy came into force, and the last that was said stayed that Redis cannot be used."""
    governance, time = loaded("governance"), SetTime()
    client, key = SimpleNamespace(newest=advice(AGGRESSIVE, 0.8)), governance.PolicyKey(redis_server.url, "quantum")
    transaction = redis.Redis.transaction

    def without_an_answer(self: redis.Redis, change: Callable[[Any], None], *names: str) -> None:
        with monkeypatch.context() as whole:
            whole.setattr(redis.Redis, "transaction", transaction)
            if arrives:
                self.transaction(change, *names)
        monkeypatch.setattr(redis.Redis, "transaction", transaction)
        if not arrives:
            client.newest = advice(CONSERVATIVE, 0.8)
        raise redis.TimeoutError("no answer")

    monkeypatch.setattr(governance, "time", time)
    monkeypatch.setattr(redis.Redis, "transaction", without_an_answer)
    governance.govern(client, key, governance.Governor(0.0, 0.6, 0.5), writes=True, until_s=time.now_s + 4)
    assert redis_client.get(POLICY) == (b"AGGRESSIVE" if arrives else None)
    then = "wrote AGGRESSIVE, as was proposed before: Redis gave no answer to it then"
    assert capsys.readouterr().out.splitlines() == [
        "Redis cannot be used, trying again: no answer",
        then if arrives else "Redis can be used again",
    ]


@pytest.mark.processes
def test_governance_knows_as_its_own_what_arrives_after_another_write_without_an_answer(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bold policy that came late, from behind a proxy, was somebody else's and stayed in force for good."""
    key = loaded("governance").PolicyKey(redis_server.url, "quantum")

    def not_yet(self: redis.Redis, change: Callable[[Any], None], *names: str) -> None:
        pipeline: Any = self.pipeline()
        with pipeline:
            pipeline.watch(*names)
            change(pipeline)
        raise redis.TimeoutError("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(redis.Redis, "transaction", not_yet)
        for policy in (AGGRESSIVE, BALANCED):
            with pytest.raises(redis.TimeoutError):
                key.write(policy, CONSERVATIVE)
            assert key.read() == (CONSERVATIVE, False)
    redis_client.set(POLICY, "AGGRESSIVE")
    assert key.read() == (AGGRESSIVE, False)
    assert key.write(CONSERVATIVE, AGGRESSIVE)
    redis_client.set(POLICY, "BALANCED")
    assert key.read() == (BALANCED, True)


def test_governance_keeps_each_policy_once_that_it_has_no_answer_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """While Redis refused to write it kept one more with each look, five a second, and looked through all of them."""
    key = loaded("governance").PolicyKey("redis://127.0.0.1:1/0", "quantum")
    changes: Any = SimpleNamespace(get=lambda _name: None, multi=lambda: None, set=lambda *_given: None)

    def refused(_self: redis.Redis, change: Callable[[Any], None], *_names: str) -> None:
        change(changes)
        raise redis.ReadOnlyError("a replica")

    monkeypatch.setattr(redis.Redis, "transaction", refused)
    for policy in (AGGRESSIVE, BALANCED) * 20:
        with pytest.raises(redis.ReadOnlyError):
            key.write(policy, CONSERVATIVE)
    assert sorted(key._ours[1:]) == [AGGRESSIVE.value, BALANCED.value]


@pytest.mark.processes
@pytest.mark.parametrize("serves_stale_data", ["yes", "no"])
def test_governance_leaves_a_redis_that_has_become_a_replica(
    fresh_redis: EmbeddedRedis,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    serves_stale_data: str,
) -> None:
    """Its address led to the new primary by then, but the connection stayed until governance was started again."""
    governance, time = loaded("governance"), SetTime()
    monkeypatch.setattr(governance, "time", time)
    with TcpProxy(f"127.0.0.1:{fresh_redis.port}") as proxy:
        key = governance.PolicyKey(f"redis://{proxy.address}", "quantum")
        assert key.read() == (CONSERVATIVE, False)
        with redis.Redis.from_url(fresh_redis.url) as before:
            before.config_set("replica-serve-stale-data", serves_stale_data)
            before.replicaof("127.0.0.1", free_port())
        proxy.retarget(f"127.0.0.1:{redis_server.port}")
        client = SimpleNamespace(newest=advice(AGGRESSIVE, 0.8))
        governance.govern(client, key, governance.Governor(0.0, 0.6, 0.5), writes=True, until_s=time.now_s + 3)
        key.connect_anew()
    assert redis_client.get(POLICY) == b"AGGRESSIVE"
