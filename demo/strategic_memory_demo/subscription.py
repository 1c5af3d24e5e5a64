"""The demo's own subscriber: the client library, as any program would use it."""

from __future__ import annotations

from datetime import UTC, datetime

from strategic_memory_client import AsyncStrategicMemoryClient, Disconnected, FeedbackReceived, HeartbeatReceived
from strategic_memory_demo.display import Display
from strategic_memory_demo.tally import DemoTally

_HEARTBEAT_S = 1.0


async def follow_feedback(client: AsyncStrategicMemoryClient, tally: DemoTally, display: Display) -> None:
    """Hand what the service says to the tally and to the display, until cancelled."""
    # The first feedback of a connection was in force before.
    live = False
    async for event in client.stream_events(heartbeat_interval_s=_HEARTBEAT_S):
        if isinstance(event, FeedbackReceived):
            display.changed(tally.feedback_received(event.feedback, datetime.now(UTC), live=live))
            live = True
        elif isinstance(event, HeartbeatReceived):
            tally.heartbeat_received(event.heartbeat)
        elif isinstance(event, Disconnected):
            live = False
