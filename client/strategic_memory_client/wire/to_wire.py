"""Requests for streams as wire messages."""

from __future__ import annotations

from datetime import timedelta

from strategic_memory.v1 import service_pb2
from strategic_memory_client.streams.stream_attempt import StreamAttempt
from strategic_memory_client.streams.subscription_settings import Delivery

_DELIVERIES = {delivery: service_pb2.Delivery.Value(f"DELIVERY_{delivery}") for delivery in Delivery}


def stream_request(attempt: StreamAttempt) -> service_pb2.StreamFeedbackRequest:
    """Return the request that opens the stream."""
    request = service_pb2.StreamFeedbackRequest(
        delivery=_DELIVERIES[attempt.delivery], send_current=attempt.send_current, portfolio=attempt.portfolio
    )
    request.heartbeat_interval.FromTimedelta(timedelta(seconds=attempt.heartbeat_interval_s))
    if attempt.resume_after is not None:
        request.resume_after_revision = attempt.resume_after.revision
        request.epoch = attempt.resume_after.epoch
    return request
