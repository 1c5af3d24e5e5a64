"""The whole service on a master that sentinels name, before and after another one takes over."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import StartService
from faults.deployment_support import why_no_sentinel
from faults.free_ports import free_port
from faults.redis_process import RedisProcess
from faults.sentinel import MASTER_NAME, SentinelDeployment
from least_user import load, make_user, prepare
from processes import eventually
from redis_inputs import add_regime
from redis_kinds.documented import PAGE, example
from redis_kinds.whole_service import (
    PATIENCE_S,
    entry_count,
    publishes_what_is_written,
    stored_feedback,
    wait_for_samples,
)
from service_calls import get_json
from stream_recorder import StreamRecorder

pytestmark = pytest.mark.system

IN_NO_MESSAGE = "9c1e77-of-sentinels"
SENTINEL_RULE = "+sentinel|get-master-addr-by-name"


@pytest.fixture(autouse=True)
def _sentinels_can_be_run() -> None:
    if why := why_no_sentinel():
        pytest.skip(f"this Redis cannot be a sentinel: {why}")


def test_the_service_follows_the_master_and_its_subscribers_notice_nothing(start_service: StartService) -> None:
    with SentinelDeployment() as deployment:
        addresses = [f"{host}:{port}" for host, port in deployment.sentinel_addresses]
        places = {f"sentinel-{number}.example:26379": address for number, address in enumerate(addresses, 1)}
        variables = example("sentinel", {**places, "mymaster": MASTER_NAME})
        # What is loaded on the master reaches the replica, and users do not.
        for server in (deployment.replica, deployment.master):
            with server.client() as client:
                make_user(client, "+role")
        with deployment.master.client() as client:
            load(client)
        variables["REDIS_URL"] = variables["REDIS_URL"].replace("://", "://strategic-memory:change-me@")
        service = start_service(variables["REDIS_URL"], env=variables)
        with deployment.master.client() as client:
            before = publishes_what_is_written(service, client)
            samples = entry_count(client)
        with StreamRecorder(service.grpc_address) as recorder:
            recorder.wait_for_revision(before.revision)
            deployment.wait_for_replication()
            deployment.kill_master()
            with deployment.master.client() as client:
                add_regime(client, pnl=0.7)
                after = wait_for_samples(recorder, samples + 1, PATIENCE_S)
                assert stored_feedback(client)["revision"] == after.revision
            assert recorder.error is None
            assert recorder.revisions == sorted(set(recorder.revisions))
        assert after.epoch == before.epoch
        assert after.revision > before.revision
        eventually(lambda: get_json(service)["problems"] == [])


def test_sentinels_and_data_servers_with_users_of_their_own(tmp_path: Path, start_service: StartService) -> None:
    word, sentinel_word = tmp_path / "word", tmp_path / "sentinel-word"
    word.write_text("change-me\n")
    sentinel_word.write_text(f"{IN_NO_MESSAGE}\n")
    with RedisProcess(tmp_path / "master", free_port()) as master, master.client() as client:
        monitor = (f"sentinel monitor {MASTER_NAME} 127.0.0.1 {master.port} 1",)
        with (
            RedisProcess(tmp_path / "sentinel", free_port(), monitor, ("--sentinel",)) as sentinel,
            sentinel.client() as asked,
        ):
            prepare(client, "+role")
            assert "`+role`" in PAGE
            assert f"`{SENTINEL_RULE}`" in PAGE
            asked.execute_command(
                "ACL", "SETUSER", "strategic-memory", "on", f">{IN_NO_MESSAGE}", "-@all", SENTINEL_RULE
            )
            places = {
                "sentinel-1.example:26379": f"127.0.0.1:{sentinel.port}",
                "sentinel-2.example:26379": f"127.0.0.1:{free_port()}",
                "mymaster": MASTER_NAME,
                "/etc/strategic-memory/redis-password": word,
                "/etc/strategic-memory/sentinel-password": sentinel_word,
            }
            variables = example("sentinel with passwords", places)
            service = start_service(variables["REDIS_URL"], env=variables)
            publishes_what_is_written(service, client)
            sentinel_word.write_text("wrong\n")
            client.execute_command("CLIENT", "KILL", "USER", "strategic-memory")
            # A sentinel that does not answer for a moment, on a busy machine, is told in the same words.
            said = f"no sentinel names a master for {MASTER_NAME}: "
            why = f"127.0.0.1:{sentinel.port}: AuthenticationError"
            eventually(lambda: any(said in one and why in one for one in get_json(service)["problems"]))
            sentinel_word.write_text(f"{IN_NO_MESSAGE}\n")
            publishes_what_is_written(service, client)
            assert "change-me" not in service.output()
            assert IN_NO_MESSAGE not in service.output()
