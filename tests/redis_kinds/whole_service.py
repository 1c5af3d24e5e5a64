"""What a service must do on any Redis: sync, publish and stream."""

from __future__ import annotations

import json
from typing import Any

import redis
from processes import ServiceProcess, eventually
from redis_inputs import PREFIX, add_portfolio, add_regime, add_trade, portfolio_stream, regime_stream, trade_stream
from stream_recorder import StreamRecorder

from strategic_memory.v1 import feedback_pb2

PATIENCE_S = 60.0
"""Longest wait for what follows a failover, seconds."""


def publishes_what_is_written(
    service: ServiceProcess, client: redis.Redis, prefix: str = PREFIX, within_s: float = PATIENCE_S
) -> feedback_pb2.Feedback:
    """Write five inputs, and wait until a subscriber has a feedback that counts all of them; gives that one."""
    before = entry_count(client, prefix)
    with StreamRecorder(service.grpc_address) as recorder:
        for _ in range(3):
            add_regime(client, pnl=0.2, prefix=prefix)
        add_trade(client, prefix=prefix)
        add_portfolio(client, pnl=0.9, prefix=prefix)
        return wait_for_samples(recorder, before + 5, within_s)


def wait_for_samples(recorder: StreamRecorder, samples: int, within_s: float = PATIENCE_S) -> feedback_pb2.Feedback:
    """Wait until a subscriber has a feedback upon so many entries."""

    def received() -> feedback_pb2.Feedback:
        counted = {one.regime_performance.sample_count: one for one in recorder.feedbacks}
        assert samples in counted, f"received feedbacks upon {list(counted)} entries, error {recorder.error}"
        return counted[samples]

    return eventually(received, within_s, what=f"a feedback upon {samples} entries")


def stored_feedback(client: redis.Redis, prefix: str = PREFIX) -> dict[str, Any]:
    """Return what is in the key; empty while there is nothing."""
    found: Any = client.get(f"{prefix}:feedback:strategic_memory")
    document: dict[str, Any] = json.loads(found) if found else {}
    return document


def entry_count(client: redis.Redis, prefix: str = PREFIX) -> int:
    """Return the number of input entries: what a feedback is upon, while all have one regime and no window is full."""
    return sum(int(client.xlen(stream(prefix))) for stream in (regime_stream, portfolio_stream, trade_stream))
