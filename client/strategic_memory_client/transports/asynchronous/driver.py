"""Drives a subscription for a program with an event loop: opens its streams, feeds it, waits for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from time import monotonic

from strategic_memory_client.streams.disconnections import Disconnections, log_disconnection
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.transports.asynchronous.transport import AsyncTransport
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.events import SubscriptionEvent
from strategic_memory_client.wire.status_table import ended_stream


async def subscription_events(
    subscription: Subscription, transport: AsyncTransport
) -> AsyncGenerator[SubscriptionEvent]:
    """Yield what happens to the subscription until the transport is closed. Raises what that raises."""
    outage = Disconnections()
    while not transport.closing.is_set():
        attempt = subscription.connect(monotonic())
        lost: StrategicMemoryError = ended_stream(attempt.address)
        try:
            async with transport.stream(attempt, subscription.silence_timeout_s) as stream:
                while True:
                    message = await stream.receive()
                    outage.heard()
                    for event in subscription.received(message):
                        yield event
        except StrategicMemoryError as error:
            lost = error
        if transport.closing.is_set():
            return
        now_s = monotonic()
        disconnected = subscription.failed(lost, now_s)
        retry_at_s = now_s + disconnected.retry_in_s
        log_disconnection(disconnected, is_told=outage.is_to_be_told(now_s))
        yield disconnected
        await transport.wait_for_closing(retry_at_s - monotonic())
