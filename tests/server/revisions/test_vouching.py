"""Who vouches for what a snapshot of the log holds, where Redis is restarted or busy while it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from advice import feedback
from claimed import claim_on
from faults.busy_script import busy_script
from faults.free_ports import HOST, free_port
from faults.redis_process import RedisProcess
from least_user import IS_ASKED_FOR, keeps_users
from patient_redis import patient
from processes import aeventually
from redis.exceptions import ResponseError
from server.revisions.followed_log import following

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.log_state import LogState

pytestmark = pytest.mark.processes


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A Redis that keeps on disk only what it is told to save."""
    program = keeps_users(tmp_path / "users") if IS_ASKED_FOR else None
    with EmbeddedRedis(binary=program, start_timeout_s=60.0) as server:
        yield server


def save(server: EmbeddedRedis) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.save()


class RestartedLog(FeedbackLog):
    """Redis comes back as it was at the first revision as soon as it has said which process it is."""

    server: EmbeddedRedis

    async def _run_id(self) -> str:
        found = await super()._run_id()
        await asyncio.to_thread(self.server.kill)
        await asyncio.to_thread(self.server.start)
        return found


class BusyLog(FeedbackLog):
    """Redis is busy when it is asked which process it is, and only then."""

    server: EmbeddedRedis

    async def _run_id(self) -> str:
        with redis.Redis.from_url(self.server.url) as client, busy_script(client):
            return await super()._run_id()


async def test_nobody_vouches_for_what_another_redis_process_held(forgetful: EmbeddedRedis) -> None:
    async with connect(patient(forgetful.url)) as client:
        log = RestartedLog(client, "quantum", retained_revisions=100)
        log.server = forgetful
        claim = await claim_on(client)
        await log.open(claim, "e1")
        assert await log.publish(claim, feedback(1), LogState("e1", 0))
        await asyncio.to_thread(save, forgetful)
        assert await log.publish(claim, feedback(2), LogState("e1", 1, 1, feedback(1).times))
        snapshot = await log.snapshot(1)
    assert snapshot.state is not None
    assert snapshot.state.revision == 2 or not snapshot.is_vouched_for


async def test_a_redis_that_is_busy_leaves_nothing_vouched_for(redis_server: EmbeddedRedis) -> None:
    async with connect(patient(redis_server.url)) as client:
        log = BusyLog(client, "quantum", retained_revisions=100)
        log.server = redis_server
        await log.open(await claim_on(client), "e1")
        with pytest.raises(ResponseError, match="BUSY"):
            await log.snapshot(1)


async def test_a_replica_is_named_as_what_it_is(tmp_path: Path) -> None:
    """It is another process than the one that wrote the log, as one that was restarted is."""
    with RedisProcess(tmp_path / "primary", free_port()) as primary:
        async with connect(patient(primary.url)) as client:
            log = FeedbackLog(client, "quantum", retained_revisions=100)
            claim = await claim_on(client)
            await log.open(claim, "e1")
            assert await log.publish(claim, feedback(1), LogState("e1", 0))
        with RedisProcess(tmp_path / "replica", free_port(), [f"replicaof {HOST} {primary.port}"]) as replica:
            async with following(replica.url) as follower:
                await aeventually(lambda: "has to lead to the primary" in (follower.tail.failure or ""))
                with replica.client() as admin:
                    admin.execute_command("REPLICAOF", "NO", "ONE")
                await aeventually(lambda: "no leading server has vouched" in (follower.tail.failure or ""))
