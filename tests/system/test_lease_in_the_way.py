"""A lease that cannot be asked for: nobody publishes, and health says why."""

from __future__ import annotations

import pytest
import redis
from conftest import StartService
from patient_redis import PATIENT
from processes import eventually
from redis_inputs import add_regime
from service_calls import get_json

pytestmark = pytest.mark.system


@pytest.mark.parametrize("key", ["lease", "fencing_token"])
def test_a_key_of_another_type_is_named_as_a_problem(
    start_service: StartService, redis_client: redis.Redis, key: str
) -> None:
    in_the_way = f"quantum:feedback:strategic_memory:{key}"
    redis_client.sadd(in_the_way, "somebody else's")
    for _ in range(3):
        add_regime(redis_client)
    service = start_service(sync_interval_s=0.1, env=PATIENT)
    [problem] = eventually(lambda: get_json(service)["problems"])
    assert problem.startswith("leadership: ")
    assert in_the_way in problem
    assert "rename or delete it" in problem
    redis_client.delete(in_the_way)
    eventually(lambda: get_json(service)["status"] == "active")
    eventually(lambda: get_json(service)["problems"] == [])
