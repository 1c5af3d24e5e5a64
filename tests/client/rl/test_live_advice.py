"""The wrappers on a real service: one client a process, a server that is killed and comes back, and nothing left."""

from __future__ import annotations

import gc
import threading
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
from client.rl.markets import Market
from conftest import StartService
from faults.free_ports import free_port
from gymnasium.vector import SyncVectorEnv
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client import Feedback, StrategicMemoryClient
from strategic_memory_client.rl import AdviceVectorWrapper, AdviceWrapper, RecordedAdvice
from strategic_memory_client.rl.cautions import CLOSED_ELSEWHERE
from strategic_memory_client.rl.sources import Live

pytestmark = pytest.mark.processes

NOTHING = np.array([0.0], np.float32)
# On a busy machine a server may be heard later than the 5 s after which an episode begins without advice.
PATIENT: dict[str, Any] = {"regimes": ["BULL", "BEAR"], "first_within_s": 60.0}


@pytest.fixture(autouse=True)
def learned(redis_client: redis.Redis) -> None:
    for _ in range(4):
        add_regime(redis_client, "BULL", 0.4)
        add_trade(redis_client, "BULL", 0.3)


def advising(service: ServiceProcess) -> str:
    """The address of a service, once its advice is active."""
    eventually(lambda: get_feedback(service).status == feedback_pb2.FEEDBACK_STATUS_ACTIVE)
    return service.grpc_address


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_training_goes_on_through_the_death_of_the_server(start_service: StartService) -> None:
    address = f"127.0.0.1:{free_port()}"
    service = start_service(arguments=("--grpc-address", address))
    advising(service)
    env = AdviceWrapper(Market(length=10_000), address, **PATIENT)
    _, info = env.reset(seed=1)
    assert info["advice_is_active"] == 1
    before = info["advice_revision"]
    service.kill()
    service.wait()

    def stepped_to(active: int) -> bool:
        observation, *_, info = env.step(NOTHING)
        assert env.observation_space.contains(observation)
        if not info["advice_is_active"]:
            assert (info["advice_policy"], info["advice_confidence"]) == (0, 0.0)
            assert info["advice_leverage"] <= 1.0
        return bool(info["advice_is_active"] == active)

    eventually(lambda: stepped_to(0))
    start_service(arguments=("--grpc-address", address))
    eventually(lambda: stepped_to(1))
    assert env.step(NOTHING)[-1]["advice_revision"] >= before
    env.close()


def test_environments_of_a_process_share_a_client_and_leave_nothing(start_service: StartService) -> None:
    address, before = advising(start_service()), threading.active_count()
    one = AdviceWrapper(Market(), address, **PATIENT)
    one.reset(seed=1)
    one.close()
    eventually(lambda: threading.active_count() <= before)
    gc.collect()
    threads, files = threading.active_count(), descriptors()
    environments = [AdviceWrapper(Market(), address, **PATIENT) for _ in range(200)]
    assert descriptors() <= files, "nothing is open before the first reset"
    assert threading.active_count() <= threads, "threads of gRPC may end after the client that was closed"
    for env in environments:
        env.reset(seed=1)
        env.step(NOTHING)
    assert threading.active_count() <= threads + 4
    # Half are closed, half are dropped.
    for env in environments[::2]:
        env.close()
    assert environments[1].step(NOTHING)[-1]["advice_is_active"]
    environments.clear()
    del env
    gc.collect()
    eventually(lambda: threading.active_count() <= threads and descriptors() <= files)


def test_a_client_that_somebody_else_has_closed_is_told_once_and_steps_go_on(start_service: StartService) -> None:
    env = AdviceWrapper(Market(), advising(start_service()), **PATIENT)
    env.reset(seed=1)
    assert isinstance(env._advising, Live)
    env._advising._client.close()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        infos = [env.step(NOTHING)[-1] for _ in range(5)]
    assert [str(each.message).partition(":")[0] for each in told].count(
        "the client of the advice was closed by somebody else"
    ) == 1
    assert {int(info["advice_is_active"]) for info in infos} == {0}
    env.close()


def test_a_cap_that_comes_between_a_look_and_an_action_binds_at_once(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    env = AdviceWrapper(Market(bound=1.5), advising(start_service()), latch="episode", positions="all", **PATIENT)
    _, info = env.reset(seed=1)
    assert info["advice_leverage"] > 0.25
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.25}')

    def taken() -> float:
        env.step(np.array([0.4], np.float32))
        return float(env.unwrapped.last_action[0])  # type: ignore[attr-defined]

    eventually(lambda: taken() <= 0.1 + 1e-6)
    env.close()


def test_where_warnings_are_errors_a_step_goes_on(start_service: StartService) -> None:
    env = AdviceWrapper(Market(length=2), advising(start_service()), **PATIENT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env.reset(seed=1)
        assert isinstance(env._advising, Live)
        env._advising._client.close()
        for _ in range(2):
            env.step(NOTHING)
    env.close()


def test_all_of_a_vector_see_the_same_advice(start_service: StartService) -> None:
    env = AdviceVectorWrapper(SyncVectorEnv([Market] * 3), advising(start_service()), **PATIENT)
    observations, infos = env.reset(seed=1)
    assert infos["advice_is_active"].tolist() == [1, 1, 1]
    assert env.observation_space.contains(observations)
    assert isinstance(env._advising[0], Live)
    env._advising[0]._client.close()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        active = [env.step(np.zeros((3, 1), np.float32))[-1]["advice_is_active"].tolist() for _ in range(5)]
    assert [str(each.message) for each in told].count(CLOSED_ELSEWHERE) == 1
    assert active == [[0, 0, 0]] * 5
    env.close()


def _after(client: StrategicMemoryClient, revision: int) -> Feedback | None:
    feedback = client.get_feedback()
    return feedback if feedback.revision > revision else None


def test_the_log_of_a_service_is_a_record(
    start_service: StartService, redis_client: redis.Redis, tmp_path: Path
) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": "60", "STRATEGIC_MEMORY_RETAINED_REVISIONS": "5"})
    with StrategicMemoryClient(service.grpc_address) as client:
        newest, said = client.get_feedback(), dict[int, Feedback]()
        for number in range(8):
            add_trade(redis_client, "BULL", 0.1 + number / 10)
            newest = eventually(partial(_after, client, newest.revision))
            said[newest.revision] = newest
        record = RecordedAdvice.from_log(service.grpc_address)
    # Some of those that were said first are no longer kept.
    assert 5 <= len(record) < newest.revision + 1
    kept = [each for each in said.values() if each.revision > newest.revision - 4]
    assert kept
    for feedback in kept:
        assert feedback.timestamp is not None
        moment = np.datetime64(feedback.timestamp.replace(tzinfo=None), "ns")
        assert record.at(moment).revision < feedback.revision
        held = record.at(moment + np.timedelta64(1, "ns"))
        assert (held.revision, held.leverage) == (feedback.revision, feedback.leverage_hint)
