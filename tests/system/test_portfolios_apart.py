"""What is wrong with one portfolio, and what floods it, is no matter of another."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from conftest import StartService
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, trade_stream
from service_calls import get_json
from system.test_portfolios import feedback_of

pytestmark = pytest.mark.system

FLOODED, BROKEN, QUIET = "flooded", "broken", "quiet"
FLOOD = 5_000


def sync_of(service: ServiceProcess) -> dict[str, Any]:
    """What the quiet portfolio says of its syncs."""
    found: dict[str, Any] = get_json(service, f"/health?portfolio={QUIET}")["metrics"]["sync"]
    return found


def test_a_flood_and_a_broken_key_of_others_start_no_sync_of_a_quiet_portfolio(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    # A Redis that does not answer in time would be a reason to sync.
    named = {"STRATEGIC_MEMORY_PORTFOLIOS": f"{FLOODED},{BROKEN},{QUIET}"}
    service = start_service(env={**named, **PATIENT}, sync_interval_s=3_600)
    for name in (FLOODED, BROKEN, QUIET):
        for _ in range(4):
            add_regime(redis_client, "BULL", 0.3, prefix=f"quantum:{name}", entry_id="*")
        eventually(lambda name=name: feedback_of(service, name).revision, 30.0)  # type: ignore[misc]
    eventually(lambda: sync_of(service)["samples"] == 4, 30.0)
    syncs = sync_of(service)["iteration"]

    redis_client.set(trade_stream(f"quantum:{BROKEN}"), "no stream")
    for _ in range(FLOOD // 500):
        with redis_client.pipeline(transaction=False) as pipeline:
            for number in range(500):
                add_regime(pipeline, "BEAR", -0.01 * (number % 7), prefix=f"quantum:{FLOODED}", entry_id="*")
            pipeline.execute()
    eventually(lambda: feedback_of(service, FLOODED).preferred_regime == "BEAR", 30.0)
    add_regime(redis_client, "BULL", 0.3, prefix=f"quantum:{BROKEN}", entry_id="*")
    eventually(
        lambda: [each for each in get_json(service)["problems"] if each.startswith(f"portfolio {BROKEN}: ")], 30.0
    )

    assert get_json(service, f"/health?portfolio={QUIET}")["problems"] == []
    assert sync_of(service)["iteration"] == syncs, "nothing has come for it"
    before = feedback_of(service, QUIET).revision
    for _ in range(4):
        add_regime(redis_client, "RANGE", 0.9, prefix=f"quantum:{QUIET}", entry_id="*")
    eventually(lambda: feedback_of(service, QUIET).preferred_regime == "RANGE", 30.0)
    assert feedback_of(service, QUIET).revision > before
    assert feedback_of(service, FLOODED).preferred_regime == "BEAR"
