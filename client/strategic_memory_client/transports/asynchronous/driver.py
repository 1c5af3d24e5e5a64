"""Drives a subscription for a program with an event loop: opens its streams, feeds it, waits for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from time import monotonic

from strategic_memory_client.streams.disconnections import log_disconnection
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.transports.asynchronous.transport import AsyncTransport
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.events import SubscriptionEvent
from strategic_memory_client.wire.status_table import ended_stream


async def subscription_events(
    subscription: Subscription, transport: AsyncTransport
) -> AsyncGenerator[SubscriptionEvent]:
    """Yield what happens to the subscription until the transport is closed. Raises what that raises."""
    is_known_to_be_lost = False
    while not transport.closing.is_set():
        attempt = subscription.connect(monotonic())
        lost: StrategicMemoryError = ended_stream(attempt.address)
        try:
            async with transport.stream(attempt, subscription.silence_timeout_s) as stream:
                while True:
                    message = await stream.receive()
                    is_known_to_be_lost = False
                    for event in subscription.received(message):
                        yield event
        except StrategicMemoryError as error:
            lost = error
        if transport.closing.is_set():
            return
        disconnected = subscription.failed(lost, monotonic())
        retry_at_s = monotonic() + disconnected.retry_in_s
        log_disconnection(disconnected, is_new=not is_known_to_be_lost)
        is_known_to_be_lost = True
        yield disconnected
        await transport.wait_for_closing(retry_at_s - monotonic())
