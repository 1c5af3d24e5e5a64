"""StreamAttempt: the stream that a subscription opens next."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_client.streams.subscription_settings import Delivery, ResumePoint


@dataclass(frozen=True, slots=True)
class StreamAttempt:
    """The stream to open next."""

    address: str
    resume_after: ResumePoint | None
    """None: start with the feedback in force."""
    delivery: Delivery
    heartbeat_interval_s: float
    send_current: bool = False
    """Whether the feedback in force comes first where nothing came after `resume_after`."""
    portfolio: str = ""
    """The portfolio that it is about. Empty: the default one."""
