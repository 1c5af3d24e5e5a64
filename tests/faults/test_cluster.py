"""A real cluster: both ways to another owner of a slot, and what a client of it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from faults.cluster import ClusterDeployment
from faults.deployment_support import why_no_cluster
from processes import process_is_gone


@pytest.fixture(scope="module")
def deployment() -> Iterator[ClusterDeployment]:
    if why := why_no_cluster():
        pytest.skip(f"this Redis cannot be a node of a cluster: {why}")
    with ClusterDeployment("{quantum}") as one:
        yield one


@pytest.fixture
def client(deployment: ClusterDeployment) -> Iterator[redis.RedisCluster]:
    host, port = deployment.startup_addresses[0]
    with redis.RedisCluster(host, port, decode_responses=True) as one:
        yield one


def test_keys_are_spread_and_those_of_interest_are_replicated(
    deployment: ClusterDeployment, client: redis.RedisCluster
) -> None:
    for number in range(20):
        client.set(f"key {number}", number)
    client.set("{quantum}:key", "copied")
    owner_of: Callable[..., Any] = client.get_node_from_key
    assert owner_of("{quantum}:key").port == deployment.master.port
    deployment.wait_for_replication()
    with deployment.replica.client() as replica:
        assert replica.dbsize() > 0
    with deployment.master.client() as master:
        assert master.dbsize() < 21, "the other nodes hold something too"


def test_a_failover_in_order_swaps_the_two(deployment: ClusterDeployment, client: redis.RedisCluster) -> None:
    master, replica = deployment.master, deployment.replica
    client.set("{quantum}:key", "before")
    deployment.failover()
    assert deployment.master is replica
    assert master.running
    assert client.get("{quantum}:key") == "before"
    deployment.wait_for_replication()
    assert deployment.replica is master


def test_a_killed_owner_is_replaced_and_comes_back_as_replica(
    deployment: ClusterDeployment, client: redis.RedisCluster
) -> None:
    client.set("{quantum}:key", "survives")
    deployment.wait_for_replication()
    killed = deployment.kill_master()
    assert not killed.running
    assert deployment.master is not killed
    assert client.get("{quantum}:key") == "survives"
    killed.start()
    deployment.wait_for_replication()
    assert deployment.replica is killed
    deployment.wait_until_well()


def test_everything_ends_with_it(deployment: ClusterDeployment) -> None:
    pids = [node.pid for node in deployment.nodes]
    assert len(pids) == 4
    deployment.close()
    assert all(process_is_gone(pid) for pid in pids)
    deployment.close()
