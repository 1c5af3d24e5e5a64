"""The example that trains an agent on recorded advice, and runs it on live advice."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import redis
from conftest import StartService
from processes import REPOSITORY, eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback

from strategic_memory.v1 import feedback_pb2

pytestmark = pytest.mark.processes


def test_it_is_trained_with_advice_and_without_and_runs_live(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    for _ in range(4):
        add_regime(redis_client, "BULL", 0.4)
        add_trade(redis_client, "BULL", 0.3)
    service = start_service()
    eventually(lambda: get_feedback(service).status == feedback_pb2.FEEDBACK_STATUS_ACTIVE)
    example = REPOSITORY / "examples" / "rl_sizing.py"
    small = ["--seeds", "1", "--steps", "400", "--episodes", "2"]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example), *small, "--address", service.grpc_address],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = re.findall(r"^(with\S* advice\S*(?: on chance)?) +(-?\d\.\d+)", done.stdout, re.MULTILINE)
    assert [name for name, _ in rows] == ["without advice", "with advice", "with advice on chance"]
    assert "live: 201 of 201 steps had active advice" in done.stdout
