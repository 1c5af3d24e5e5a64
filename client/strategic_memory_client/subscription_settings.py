"""What a subscription is for: where it starts, what it must not miss, how persistent it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from strategic_memory_client.backoff import Backoff
from strategic_memory_client.options import ClientOptions, checked_heartbeat_interval

HEARTBEAT_JITTER = 0.1
"""Share of the interval by which a server may send a heartbeat later."""


class Delivery(StrEnum):
    """How a stream treats a subscriber that reads more slowly than the feedback changes."""

    LATEST = "LATEST"
    """The newest feedback; `skipped_revisions` says how many were passed over."""
    EVERY = "EVERY"
    """Every revision in order, or an error."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """A place in a feedback log: what comes after it is what a resumed subscription starts with."""

    revision: int
    """The last revision that is known already."""
    epoch: str = ""
    """Epoch in which the revision counts. Empty: whatever the log's epoch is."""

    def __post_init__(self) -> None:
        if not 0 <= self.revision < 2**64:
            raise ValueError(f"a revision is from 0 to 2**64 - 1, not {self.revision}")


@dataclass(frozen=True, slots=True)
class SubscriptionSettings:
    """Settings of one subscription."""

    addresses: tuple[str, ...]
    """Servers, tried in turn."""
    delivery: Delivery = Delivery.LATEST
    resume_after: ResumePoint | None = None
    """Where to go on. None: start with the feedback in force."""
    heartbeat_interval_s: float = 15.0
    missed_heartbeats: int = 3
    """Heartbeats that may fail to come before the server is taken for gone."""
    backoff: Backoff = field(default_factory=Backoff)
    give_up_after_s: float | None = None
    """Seconds without any server after which the last error is raised. None: never."""
    retry_refusals: bool = False
    """Whether to try again even after an error that is not transient."""
    always_afresh: bool = False
    """Whether each connection starts with the feedback in force, known already or not: for who wants to know
    the present rather than what changed."""

    @property
    def silence_timeout_s(self) -> float:
        """Seconds to wait for one message before the server is taken for gone."""
        return self.heartbeat_interval_s * (1 + HEARTBEAT_JITTER) * self.missed_heartbeats


def streaming_settings(
    addresses: tuple[str, ...],
    options: ClientOptions,
    *,
    resume_after: ResumePoint | None,
    delivery: Delivery,
    heartbeat_interval_s: float | None,
    give_up_after_s: float | None,
) -> SubscriptionSettings:
    """Return the settings for a stream that hands out what changes. Raises ValueError for a bad interval."""
    if heartbeat_interval_s is None:
        heartbeat_interval_s = options.heartbeat_interval_s
    return SubscriptionSettings(
        addresses=addresses,
        delivery=Delivery(delivery),
        resume_after=resume_after,
        heartbeat_interval_s=checked_heartbeat_interval(heartbeat_interval_s),
        missed_heartbeats=options.missed_heartbeats,
        backoff=options.backoff,
        give_up_after_s=give_up_after_s,
    )


def following_settings(addresses: tuple[str, ...], options: ClientOptions) -> SubscriptionSettings:
    """Return the settings for keeping the newest feedback at hand for as long as the client lives."""
    return SubscriptionSettings(
        addresses=addresses,
        heartbeat_interval_s=options.heartbeat_interval_s,
        missed_heartbeats=options.missed_heartbeats,
        backoff=options.backoff,
        retry_refusals=True,
        always_afresh=True,
    )
