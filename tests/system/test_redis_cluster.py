"""The whole service on a cluster of three nodes, before and after another node takes the slot over."""

from __future__ import annotations

import re
import subprocess
from typing import cast

import pytest
import redis
from conftest import StartService
from faults.cluster import ClusterDeployment
from faults.deployment_support import why_no_cluster
from patient_redis import PATIENT
from processes import command_path, eventually, service_environment
from redis_inputs import add_regime
from redis_kinds.documented import acl_rules, example
from redis_kinds.whole_service import PATIENCE_S, entry_count, publishes_what_is_written, wait_for_samples
from service_calls import get_json
from stream_recorder import StreamRecorder

pytestmark = pytest.mark.system

PREFIX = "{quantum}"
PRIMARIES = 3


@pytest.fixture(autouse=True)
def _clusters_can_be_run() -> None:
    if why := why_no_cluster():
        pytest.skip(f"this Redis cannot be a node of a cluster: {why}")


def test_the_service_follows_the_slot_and_its_subscribers_notice_nothing(start_service: StartService) -> None:
    with ClusterDeployment(PREFIX) as deployment:
        first_three = deployment.startup_addresses[:3]
        places = {f"node-{n}.example:6379": f"{host}:{port}" for n, (host, port) in enumerate(first_three, 1)}
        variables = example("cluster", places)
        prepare_cluster(deployment, variables)
        variables["REDIS_URL"] = as_least_user(variables["REDIS_URL"])
        service = start_service(variables["REDIS_URL"], env=variables)
        # Producers go through an ordinary cluster client.
        with redis.RedisCluster(*first_three[0]) as client:
            producer = cast("redis.Redis", client)
            before = publishes_what_is_written(service, producer, PREFIX)
            samples = entry_count(producer, PREFIX)
            with StreamRecorder(service.grpc_address) as recorder:
                recorder.wait_for_revision(before.revision)
                deployment.failover()
                add_regime(producer, pnl=0.7, prefix=PREFIX)
                wait_for_samples(recorder, samples + 1, PATIENCE_S)
                deployment.wait_for_replication()
                deployment.kill_master()
                add_regime(producer, pnl=0.8, prefix=PREFIX)
                after = wait_for_samples(recorder, samples + 2, PATIENCE_S)
                assert recorder.error is None
                assert recorder.revisions == sorted(set(recorder.revisions))
            assert after.epoch == before.epoch
            eventually(lambda: get_json(service)["problems"] == [])


def prepare_cluster(deployment: ClusterDeployment, variables: dict[str, str]) -> None:
    """Load what the service needs on every primary, as an operator does, and make its user on each node."""
    ended = subprocess.run(
        [command_path("strategic-memory-server"), "prepare-redis"],
        env=service_environment(variables | PATIENT),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"Each of {PRIMARIES} primaries has" in ended.stdout
    rules = [re.sub("(?<=[~&])quantum", PREFIX, rule) for rule in acl_rules("+cluster|slots")]
    for node in deployment.nodes:
        with node.client() as client:
            client.execute_command("ACL", "SETUSER", *rules)


def as_least_user(url: str) -> str:
    return url.replace("redis+cluster://", "redis+cluster://strategic-memory:change-me@")


def test_a_prefix_without_a_hash_tag_is_refused(start_service: StartService) -> None:
    service = start_service("redis+cluster://127.0.0.1:1", wait_until_ready=False)
    assert service.wait() == 2
    [line] = service.stderr().splitlines()
    assert line.startswith("strategic-memory-server: STRATEGIC_MEMORY_KEY_PREFIX: ")
    assert "set it to {quantum}" in line
