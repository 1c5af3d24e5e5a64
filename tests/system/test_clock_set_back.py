"""A wall clock that is set back while Redis is away: the advice turns stale all the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import redis
from conftest import StartService
from processes import eventually
from redis_inputs import add_regime
from service_calls import get_feedback

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.system

SHIFTED_CLOCK = """
import os, time
real_time, real_time_ns = time.time, time.time_ns
def shift_s():
    with open(os.environ["CLOCK_SHIFT_FILE"]) as file:
        return int(file.read())
time.time = lambda: real_time() + shift_s()
time.time_ns = lambda: real_time_ns() + shift_s() * 10**9
"""


def test_an_advice_does_not_live_longer_for_it(
    start_service: StartService, fresh_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SHIFTED_CLOCK)
    shift = tmp_path / "shift_s"
    shift.write_text("0")
    service = start_service(
        fresh_redis.url,
        sync_interval_s=0.2,
        env={
            "STRATEGIC_MEMORY_VALIDITY": "1.5",
            "CLOCK_SHIFT_FILE": str(shift),
            "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        },
    )
    with redis.Redis.from_url(fresh_redis.url) as client:
        for _ in range(3):
            add_regime(client, "BULL", 0.3)
    active = eventually(
        lambda: said if (said := get_feedback(service)).status == feedback_pb2.FEEDBACK_STATUS_ACTIVE else None
    )
    fresh_redis.kill()
    set_back = tmp_path / "set_back"
    set_back.write_text("-86400")
    set_back.replace(shift)
    stale = eventually(
        lambda: said if (said := get_feedback(service)).status == feedback_pb2.FEEDBACK_STATUS_STALE else None
    )
    assert stale.revision >= active.revision
    assert (stale.updated_policy, stale.leverage_hint) == (feedback_pb2.POLICY_CONSERVATIVE, 1.0)
    fresh_redis.start()
    back = eventually(
        lambda: said if (said := get_feedback(service)).status == feedback_pb2.FEEDBACK_STATUS_ACTIVE else None
    )
    assert back.timestamp.seconds < active.timestamp.seconds
