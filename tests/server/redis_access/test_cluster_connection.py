"""Connections to a real cluster: the node that owns the slot is found, also when the slot moves key by key."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import redis
from faults.cluster import ClusterDeployment
from faults.deployment_support import why_no_cluster
from faults.redis_process import RedisProcess
from patient_redis import PATIENCE_S, patient
from redis.crc import key_slot

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings

pytestmark = pytest.mark.processes

PREFIX = "{quantum}"
SLOT = key_slot(b"quantum")
KEYS = [f"{PREFIX}:a", f"{PREFIX}:b"]
WRITE = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1]) return ARGV[1]"


@pytest.fixture(scope="module")
def deployment() -> Iterator[ClusterDeployment]:
    if why := why_no_cluster():
        pytest.skip(f"this Redis cannot be a node of a cluster: {why}")
    with ClusterDeployment(PREFIX) as one:
        yield one


def settings(*nodes: RedisProcess, scheme: str = "redis+cluster") -> RedisSettings:
    hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
    return replace(patient(f"{scheme}://{hosts}"), key_prefix=PREFIX)


def others(deployment: ClusterDeployment) -> list[RedisProcess]:
    """The masters of other slots."""
    return [node for node in deployment.nodes if node not in (deployment.master, deployment.replica)]


def ask(node: RedisProcess, *command: object) -> str:
    with node.client() as client:
        return str(client.execute_command(*(str(word) for word in command)))


@contextmanager
def stopped(node: RedisProcess) -> Iterator[None]:
    os.kill(node.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(node.pid, signal.SIGCONT)


async def test_the_owner_is_found_through_any_node(deployment: ClusterDeployment) -> None:
    for node in deployment.nodes:
        async with connect(settings(node)) as client:
            await client.set(KEYS[0], node.port)
            async with client.pipeline(transaction=True) as pipeline:
                pipeline.get(KEYS[0])
                pipeline.get(KEYS[1])
                assert (await pipeline.execute())[0] == str(node.port).encode()


async def test_a_slot_that_moves_key_by_key_is_followed_once_it_has_moved(deployment: ClusterDeployment) -> None:
    source, (target, bystander) = deployment.master, others(deployment)
    async with connect(settings(source)) as client, connect(settings(bystander)) as idle:
        await idle.set(KEYS[0], "before")
        script = client.register_script(WRITE)
        assert await script(keys=KEYS, args=["before"]) == b"before"
        ask(target, "CLUSTER", "SETSLOT", SLOT, "IMPORTING", ask(source, "CLUSTER", "MYID"))
        ask(source, "CLUSTER", "SETSLOT", SLOT, "MIGRATING", ask(target, "CLUSTER", "MYID"))
        ask(source, "MIGRATE", "127.0.0.1", target.port, KEYS[0], 0, 5_000)
        with pytest.raises(redis.ConnectionError, match="is passing the keys on to another node of the cluster"):
            await script(keys=KEYS, args=["during"])
        ask(source, "MIGRATE", "127.0.0.1", target.port, KEYS[1], 0, 5_000)
        for node in (target, source, bystander):
            ask(node, "CLUSTER", "SETSLOT", SLOT, "NODE", ask(target, "CLUSTER", "MYID"))
        assert await script(keys=KEYS, args=["after"]) == b"after"
        # The node that was asked before hangs; the one that has the keys now is the one to ask.
        with stopped(bystander):
            started = time.monotonic()
            with pytest.raises(redis.ConnectionError, match="has passed the keys on to another node"):
                await idle.get(KEYS[0])
            assert await idle.get(KEYS[0]) == b"after"
            assert time.monotonic() - started < PATIENCE_S
    with target.client() as admin:
        assert admin.mget(KEYS) == ["after", "after"]


async def test_a_node_of_a_cluster_behind_the_url_of_a_single_server(deployment: ClusterDeployment) -> None:
    strangers = [node for node in deployment.nodes if node is not deployment.master]
    async with connect(settings(strangers[0], scheme="redis")) as client:
        with pytest.raises(redis.ConnectionError, match=r"REDIS_URL must begin with redis\+cluster://"):
            await client.set(KEYS[0], "value")


async def test_a_single_server_behind_the_url_of_a_cluster(redis_server: EmbeddedRedis) -> None:
    url = f"redis+cluster://127.0.0.1:{redis_server.port}"
    async with connect(replace(patient(url), key_prefix=PREFIX)) as client:
        with pytest.raises(redis.ConnectionError, match=r"no node of the cluster says who owns slot .*disabled"):
            await client.ping()
