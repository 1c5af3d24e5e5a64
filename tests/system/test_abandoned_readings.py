"""An analysis of a long memory whose caller gives up: reading stops soon, and others are served."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest
import redis
from conftest import StartService
from google.protobuf.timestamp_pb2 import Timestamp
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from raw_calls import outcome_of
from redis_inputs import add_regime, regime_stream
from service_calls import get_feedback, get_text, stub_of

from strategic_memory.v1 import analysis_pb2, service_pb2
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.rpc.analyses.analysis_threads import ANALYSES_AT_ONCE

pytestmark = pytest.mark.system

ENTRIES = 600_000
LONGEST = 1_000_000
DEADLINES_S = (1.0, 3.0, 9.0, 27.0)
"""The first that is long enough for the machine, which may have much else to do, to begin to read."""
ENTRIES_A_CALL = 20_000
FILL = """
local entry = cjson.decode(ARGV[1])
for time_ms = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  redis.call('XADD', KEYS[1], time_ms .. '-0', unpack(entry))
end
"""


@pytest.fixture
def service(start_service: StartService, redis_client: redis.Redis) -> ServiceProcess:
    entry = json.dumps(["regime", "BULL", "pnl", "0.5", "volatility", "0.1", "trend", "0.2", "confidence", "0.9"])
    fill = redis_client.register_script(FILL)
    for first in range(1, ENTRIES, ENTRIES_A_CALL):
        fill(keys=[regime_stream()], args=[entry, first, first + ENTRIES_A_CALL - 1])
    started = start_service(sync_interval_s=300, env=PATIENT)
    eventually(lambda: get_feedback(started).revision)
    redis_client.config_resetstat()
    return started


def pages_read(client: redis.Redis) -> int:
    stats: Any = client.info("commandstats")
    return int(stats.get("cmdstat_xrevrange", {}).get("calls", 0))


def all_have_ended(service: ServiceProcess) -> bool:
    """Whether no analysis that has begun goes on."""
    counts = {"grpc_server_started_total": 0.0, "grpc_server_handled_total": 0.0}
    for line in get_text(service, "/metrics").splitlines():
        name = line.partition("{")[0]
        if name in counts and '"Analyze"' in line:
            counts[name] += float(line.rpartition(" ")[2])
    begun, ended = counts.values()
    return begun == ended


@pytest.mark.parametrize("as_of", [None, Timestamp(seconds=ENTRIES)])
def test_reading_stops_when_the_deadline_has_passed(
    as_of: Timestamp | None, service: ServiceProcess, redis_client: redis.Redis
) -> None:
    """As many callers as there are places: a reading that went on would keep the next one waiting."""
    whole = analysis_pb2.AnalysisSettings(
        regime_window=LONGEST, portfolio_window=LONGEST, trade_window=LONGEST, as_of=as_of
    )
    with stub_of(service) as stub:
        pages = 0
        for deadline_s in DEADLINES_S:
            calls: list[Any] = [
                stub.Analyze.future(service_pb2.AnalyzeRequest(settings=whole), timeout=deadline_s)
                for _ in range(ANALYSES_AT_ONCE)
            ]
            for call in calls:
                with pytest.raises(grpc.RpcError) as gave_up:
                    call.result()
                assert outcome_of(gave_up.value).code is grpc.StatusCode.DEADLINE_EXCEEDED
            eventually(lambda: all_have_ended(service))
            if pages := pages_read(redis_client):
                break
        assert 0 < pages < ANALYSES_AT_ONCE * ENTRIES / ReadingLimits().page_entries
        add_regime(redis_client, "BEAR", entry_id=f"{ENTRIES + 1}-0")
        answer = stub.Analyze(service_pb2.AnalyzeRequest(), timeout=60).analysis
        assert answer.sample_count == 50
    # That one, and what the sync has read meanwhile.
    assert pages_read(redis_client) <= pages + 2 * 3
