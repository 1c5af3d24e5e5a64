"""Signs of life of a stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strategic_memory_client.values.results import FeedbackStatus, LeverageCap
from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class Heartbeat(Unchanging):
    """Sign of life of a stream, and the validity of what it last sent. Times are aware and in UTC."""

    revision: int
    """Newest revision of the log when this heartbeat was sent."""
    epoch: str
    """Name of the feedback log that `revision` counts in."""
    status: FeedbackStatus
    """Status of the feedback in force when the heartbeat was sent."""
    data_as_of: datetime | None = None
    """Time of the newest input entry that the last successful sync had seen. None when there is none."""
    valid_until: datetime | None = None
    """Until when the feedback in force may be acted upon. None when nothing was published yet."""
    timestamp: datetime | None = None
    """When the heartbeat was sent, by the server's clock."""
    leverage_caps: tuple[LeverageCap, ...] = ()
    """Limits on leverage in force when the heartbeat was sent, lowest first."""
