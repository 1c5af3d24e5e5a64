"""What happens to a subscription, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.heartbeats import Heartbeat
from strategic_memory_client.values.results import Feedback
from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class FeedbackReceived(Unchanging):
    """A feedback that was not handed out before."""

    feedback: Feedback
    """The whole feedback."""
    skipped_revisions: int = 0
    """Revisions of the same epoch that were passed over right before it."""


@dataclass(frozen=True, slots=True)
class HeartbeatReceived(Unchanging):
    """Nothing new, but the stream is alive."""

    heartbeat: Heartbeat
    """Where the log stands, and until when the feedback holds."""


@dataclass(frozen=True, slots=True)
class EpochChanged(Unchanging):
    """History was lost: revisions now count in another log. The feedback in force there comes right after."""

    old_epoch: str
    """The log that was followed so far."""
    old_revision: int
    """Last revision known of the old epoch."""
    new_epoch: str
    """The log that is followed from now on."""
    new_revision: int
    """Revision of the feedback that comes right after."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A stream ended; the subscription goes on at the next address, afresh after a `ResumePointError`."""

    address: str
    """Address of the server that was lost."""
    error: StrategicMemoryError
    """Why."""
    retry_in_s: float
    """Seconds until the next attempt."""


SubscriptionEvent: TypeAlias = FeedbackReceived | HeartbeatReceived | EpochChanged | Disconnected
"""Everything that can happen to a subscription."""
