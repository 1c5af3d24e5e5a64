"""The newest revisions as columns: read once from the log, then kept up from what the server knows."""

from __future__ import annotations

from functools import partial

import pytest
import redis
from conftest import StartService
from patient_redis import PATIENT
from processes import eventually
from redis_inputs import add_regime
from service_calls import get_json_from

pytestmark = pytest.mark.processes


def test_it_goes_on_with_the_log_and_begins_anew_with_an_epoch(
    redis_client: redis.Redis, start_service: StartService
) -> None:
    service = start_service(sync_interval_s=0.2, env=PATIENT)

    def columns() -> dict[str, list[object]]:
        return get_json_from(service.http_address, "/page/revisions")

    def longer_than(revisions: int) -> list[object] | None:
        found = columns()["revision"]
        return found if len(found) > revisions else None

    assert columns()["revision"] == []
    for number in range(8):
        for _ in range(3):
            add_regime(redis_client, "BULL", 0.1 + number / 10)
        stands_at = eventually(partial(longer_than, number), what="another revision")
        assert stands_at == list(range(1, len(stands_at) + 1))
    logged = redis_client.xlen("quantum:stream:strategic_feedback")
    found = eventually(lambda: seen if len((seen := columns())["revision"]) >= logged else None)
    assert {len(found[name]) for name in found.keys() - {"epoch", "policies"}} == {len(found["revision"])}
    assert set(found["preferred"]) == {"BULL"}
    before = found["epoch"]
    redis_client.flushall()
    for _ in range(3):
        add_regime(redis_client, "RANGE", 0.2)
    eventually(lambda: columns()["epoch"] != before and columns()["revision"], what="another epoch")
    assert set(columns()["preferred"]) == {"RANGE"}
