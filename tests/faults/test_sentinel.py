"""Three real sentinels: both ways to another master, and what a client of them sees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis.sentinel
from faults.deployment_support import why_no_sentinel
from faults.redis_process import RedisProcess
from faults.sentinel import MASTER_NAME, SentinelDeployment
from history.history_recorder import HistoryRecorder
from history.log_entries import LOG, entry
from history.model import Position
from processes import aeventually, process_is_gone


@pytest.fixture(scope="module")
def deployment() -> Iterator[SentinelDeployment]:
    if why := why_no_sentinel():
        pytest.skip(f"this Redis cannot be a sentinel: {why}")
    with SentinelDeployment() as one:
        yield one


def value(deployment: SentinelDeployment) -> str | None:
    """Read through the sentinels, as a client does."""
    make: Callable[..., Any] = redis.sentinel.Sentinel
    sentinel = make(deployment.sentinel_addresses, decode_responses=True)
    with sentinel.master_for(MASTER_NAME) as client:
        got: str | None = client.get("key")
    for asked in sentinel.sentinels:
        asked.close()
    return got


def write_entry(master: RedisProcess, revision: int) -> None:
    entry_id, fields = entry(revision)
    with master.client() as client:
        client.xadd(LOG, {name.decode(): value.decode() for name, value in fields.items()}, id=entry_id.decode())


def write(deployment: SentinelDeployment, text: str) -> None:
    with deployment.master.client() as client:
        client.set("key", text)


def is_patient(deployment: SentinelDeployment) -> bool:
    """Whether no sentinel takes a server for dead that only has to wait for the processor."""
    told = []
    for sentinel in deployment.sentinels:
        with sentinel.client() as client:
            told.append(client.sentinel_master(MASTER_NAME)["down-after-milliseconds"])
    return bool(min(told) >= 10_000)


def test_the_replica_copies_the_master(deployment: SentinelDeployment) -> None:
    assert len(deployment.sentinel_addresses) == 3
    write(deployment, "copied")
    deployment.wait_for_replication()
    with deployment.replica.client() as client:
        assert client.get("key") == "copied"
    assert value(deployment) == "copied"


async def test_a_failover_in_order_swaps_the_two_and_the_recorder_of_the_log_follows(
    deployment: SentinelDeployment,
) -> None:
    master, replica = deployment.master, deployment.replica
    async with HistoryRecorder(lambda: deployment.master.url) as recorder:
        write_entry(master, 1)
        await aeventually(lambda: recorder.log.reading.newest == Position("e", 1))
        deployment.wait_for_replication()
        await asyncio.to_thread(deployment.failover)
        assert deployment.master is replica
        assert master.running
        write_entry(replica, 2)
        await aeventually(lambda: recorder.log.reading.newest == Position("e", 2))
        history = await recorder.settled_history()
    assert [each.feedback.position.revision for each in history.publishes] == [1, 2]
    assert history.gaps == ()
    deployment.wait_for_replication()
    assert deployment.replica is master
    assert is_patient(deployment)


def test_a_killed_master_is_replaced_and_comes_back_as_replica(deployment: SentinelDeployment) -> None:
    deployment.wait_for_replication()
    write(deployment, "survives")
    deployment.wait_for_replication()
    killed = deployment.kill_master()
    assert not killed.running
    assert deployment.master is not killed
    assert value(deployment) == "survives"
    assert is_patient(deployment)
    killed.start()
    deployment.wait_for_replication()
    assert deployment.replica is killed


def test_everything_ends_with_it(deployment: SentinelDeployment) -> None:
    with SentinelDeployment() as another:
        pids = [process.pid for process in (*another.sentinels, another.master, another.replica)]
    assert all(process_is_gone(pid) for pid in pids)
    another.close()
    assert all(sentinel.running for sentinel in deployment.sentinels)
