"""Redis and the server are killed under running subscribers: both live on, nothing is lost or said twice."""

from __future__ import annotations

import json
from functools import partial

import grpc
import redis
from conftest import StartService
from faults.free_ports import HOST, free_port
from least_user import IS_ASKED_FOR, least_url
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, read_stream
from service_calls import get_feedback, get_json
from stream_recorder import StreamRecorder

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, Persistence

LOG = "quantum:stream:strategic_feedback"
LONG_VALID = {"STRATEGIC_MEMORY_VALIDITY": "60"}


def add_three(client: redis.Redis, regime: str = "BULL", pnl: float = 0.3) -> None:
    """Add them at once: a sync between two of them would make a revision of the first ones."""
    with client.pipeline(transaction=True) as together:
        for _ in range(3):
            add_regime(together, regime, pnl)
        together.execute()


def logged_revisions(client: redis.Redis) -> list[int]:
    return [int(entry_id.split(b"-")[0]) for entry_id, _ in read_stream(client, LOG)]


def more_than(client: redis.Redis, known: int) -> bool:
    return len(logged_revisions(client)) > known


def test_redis_killed_and_restarted_under_server_and_subscriber(
    start_service: StartService, fresh_redis: EmbeddedRedis
) -> None:
    service = start_service(fresh_redis.url, sync_interval_s=0.2, env=LONG_VALID)
    with StreamRecorder(service.grpc_address) as subscriber:
        with redis.Redis.from_url(fresh_redis.url) as client:
            add_three(client)
        before = subscriber.wait_for_revision(1)
        fresh_redis.kill()
        eventually(lambda: get_json(service)["problems"], what="health says that Redis is away")
        assert get_feedback(service) == before or get_feedback(service).revision == before.revision
        fresh_redis.start()
        with redis.Redis.from_url(fresh_redis.url) as client:
            add_three(client, "RANGE", 0.9)
            newest = eventually(lambda: subscriber.feedbacks[-1] if len(subscriber.feedbacks) > 1 else None)
            eventually(lambda: subscriber.feedbacks[-1].preferred_regime == "RANGE")
            assert newest.epoch == before.epoch
            assert subscriber.revisions == sorted(set(subscriber.revisions))
            eventually(
                lambda: subscriber.revisions[-1] == logged_revisions(client)[-1], what="the newest revision is heard"
            )
        eventually(lambda: not get_json(service)["problems"], what="health says that all is well again")
        assert not subscriber.ended.is_set()


def test_redis_that_forgot_everything_gets_another_epoch(start_service: StartService) -> None:
    with EmbeddedRedis(persistence=Persistence.NONE) as forgetful:
        service = start_service(forgetful.url, sync_interval_s=0.2)
        with StreamRecorder(service.grpc_address) as subscriber:
            with redis.Redis.from_url(forgetful.url) as client:
                add_three(client)
            before = subscriber.wait_for_revision(1)
            forgetful.kill()
            forgetful.start()
            if IS_ASKED_FOR:
                # It has forgotten its users and functions, too: an operator has to come.
                least_url(forgetful.url)
            with redis.Redis.from_url(forgetful.url) as client:
                add_three(client)
            ended = subscriber.wait_for_end().code()
            # Before there is another epoch, no resume point can be judged.
            assert ended in (grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.UNAVAILABLE)
        after = eventually(lambda: found if (found := get_feedback(service)).epoch not in ("", before.epoch) else None)
        resumed = service_pb2.StreamFeedbackRequest(resume_after_revision=before.revision, epoch=before.epoch)
        with StreamRecorder(service.grpc_address, resumed) as subscriber:
            assert subscriber.wait_for_end().code() == grpc.StatusCode.OUT_OF_RANGE
        after = eventually(lambda: found if (found := get_feedback(service)).revision > before.revision else None)
        assert after.epoch != before.epoch
        assert after.revision > before.revision


def test_server_starts_without_redis_and_syncs_once_it_is_there(start_service: StartService) -> None:
    with EmbeddedRedis() as late:
        late.stop()
        service = start_service(late.url, sync_interval_s=0.2)
        health = eventually(lambda: document if (document := get_json(service))["problems"] else None)
        assert health["status"] == "warming_up"
        assert get_feedback(service).status == feedback_pb2.FEEDBACK_STATUS_WARMING_UP
        with StreamRecorder(service.grpc_address) as subscriber:
            late.start()
            with redis.Redis.from_url(late.url) as client:
                add_three(client)
            subscriber.wait_for_revision(1)
        failures = [line for line in service.log_lines() if line["event"] == "Memory sync failed; retrying"]
        assert failures, "the log says that Redis is away"
        assert "start Redis, or give REDIS_URL" in failures[0]["what_to_do"]


def restart(start_service: StartService, service: ServiceProcess, redis_url: str) -> ServiceProcess:
    """Kill a server with -9 and start another one on the same port."""
    address = service.grpc_address
    service.kill()
    return start_service(redis_url, sync_interval_s=0.2, env={"STRATEGIC_MEMORY_GRPC_ADDRESS": address, **LONG_VALID})


def test_kill_9_of_the_server_goes_on_from_the_log(start_service: StartService, redis_server: EmbeddedRedis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        add_three(client)
        # One that the kernel gives by chance could be given to somebody else while nobody listens there.
        address = {"STRATEGIC_MEMORY_GRPC_ADDRESS": f"{HOST}:{free_port()}"}
        service = start_service(sync_interval_s=0.2, env={**LONG_VALID, **address})
        with StreamRecorder(service.grpc_address) as subscriber:
            first = subscriber.wait_for_revision(1)
        service = restart(start_service, service, redis_server.url)
        again = eventually(lambda: feedback if (feedback := get_feedback(service)).revision else None)
        assert (again.epoch, again.revision) == (first.epoch, first.revision), "a restart alone changes nothing"
        add_three(client, "RANGE", 0.9)
        resume = service_pb2.StreamFeedbackRequest(
            resume_after_revision=first.revision, epoch=first.epoch, delivery=service_pb2.DELIVERY_EVERY
        )
        with StreamRecorder(service.grpc_address, resume) as resumed:
            eventually(lambda: resumed.feedbacks and resumed.feedbacks[-1].preferred_regime == "RANGE")
            newest = resumed.revisions[-1]
            assert resumed.revisions == list(range(first.revision + 1, newest + 1))
        assert logged_revisions(client) == list(range(1, newest + 1))


def test_kill_9_in_the_middle_of_syncing_never_reuses_a_revision(
    start_service: StartService, redis_server: EmbeddedRedis
) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        for round_number in range(4):
            service = start_service(sync_interval_s=0.05)
            known = len(logged_revisions(client))
            for number in range(20):
                add_regime(client, "BULL", 0.1 + round_number + number / 100)
            eventually(partial(more_than, client, known))
            service.kill()
        contents = [fields[b"feedback"] for _, fields in read_stream(client, LOG)]
        revisions = logged_revisions(client)
        assert revisions == list(range(1, len(revisions) + 1))
        assert [json.loads(content)["revision"] for content in contents] == revisions
        assert len({json.loads(content)["epoch"] for content in contents}) == 1
