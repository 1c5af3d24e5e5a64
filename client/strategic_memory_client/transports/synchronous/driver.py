"""Drives a subscription for a program that blocks: opens its streams, feeds it, waits for it."""

from __future__ import annotations

from collections.abc import Generator
from time import monotonic

from strategic_memory_client.streams.disconnections import Disconnections, log_disconnection
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.transports.synchronous.transport import SyncTransport
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.events import SubscriptionEvent
from strategic_memory_client.wire.status_table import ended_stream


def subscription_events(subscription: Subscription, transport: SyncTransport) -> Generator[SubscriptionEvent]:
    """Yield what happens to the subscription until the transport is closed. Raises what that raises."""
    outage = Disconnections()
    while not transport.closing.is_set():
        attempt = subscription.connect(monotonic())
        try:
            with transport.stream(attempt, subscription.silence_timeout_s) as stream:
                for message in stream.messages():
                    outage.heard()
                    yield from subscription.received(message)
            lost = ended_stream(attempt.address)
        except StrategicMemoryError as error:
            lost = error
        if transport.closing.is_set():
            return
        now_s = monotonic()
        disconnected = subscription.failed(lost, now_s)
        retry_at_s = now_s + disconnected.retry_in_s
        log_disconnection(disconnected, is_told=outage.is_to_be_told(now_s))
        yield disconnected
        transport.closing.wait(retry_at_s - monotonic())
