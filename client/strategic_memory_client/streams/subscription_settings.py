"""What a subscription is for: where it starts, what it must not miss, how persistent it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from strategic_memory_client.values.backoff import Backoff
from strategic_memory_client.values.option_checks import (
    LONGEST_S,
    checked_count,
    checked_flag,
    checked_heartbeat_interval,
    checked_seconds,
    checked_text,
)
from strategic_memory_client.values.options import ClientOptions
from strategic_memory_client.values.unchanging import Unchanging

HEARTBEAT_JITTER = 0.1
"""Share of the interval by which a heartbeat may be heard later than it was due."""

LEAST_SILENCE_S = 1.0
"""Heartbeats that are asked for more often come this often, in seconds."""

READ_WITHIN_S = 0.5
"""So soon after the program goes on what came while it stood still is read. No server is silent before that is over."""


class Delivery(StrEnum):
    """How a stream treats a subscriber that reads more slowly than the feedback changes."""

    LATEST = "LATEST"
    """The newest feedback; `skipped_revisions` says how many were passed over."""
    EVERY = "EVERY"
    """Every revision in order, or an error."""


@dataclass(frozen=True, slots=True)
class ResumePoint(Unchanging):
    """A place in a feedback log: what comes after it is what a resumed subscription starts with."""

    revision: int
    """The last revision that is known already."""
    epoch: str = ""
    """Epoch in which the revision counts. Empty: whatever the log's epoch is."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "revision", checked_count("revision", self.revision, lowest=0, highest=2**64 - 1))
        checked_text("epoch", self.epoch)


@dataclass(frozen=True, slots=True)
class SubscriptionSettings:
    """Settings of one subscription."""

    addresses: tuple[str, ...]
    """Servers, tried in turn."""
    delivery: Delivery = Delivery.LATEST
    resume_after: ResumePoint | None = None
    """Where to go on. None: start with the feedback in force."""
    send_current: bool = False
    """Whether the feedback in force comes first where nothing came after `resume_after`."""
    heartbeat_interval_s: float = 15.0
    missed_heartbeats: int = 3
    """Heartbeats that may fail to come before the server is taken for gone."""
    backoff: Backoff = field(default_factory=Backoff)
    give_up_after_s: float | None = None
    """Seconds without any server after which the last error is raised. None: never."""
    catch_up_s: float = 15.0
    """Seconds that servers which are behind the resume point are given before it is taken for lost."""
    retry_refusals: bool = False
    """Whether to try again even after an error that is not transient."""
    portfolio: str = ""
    """The portfolio that it is about. Empty: the default one."""
    always_afresh: bool = False
    """Whether each connection starts with the feedback in force, known already or not: for who wants to know
    the present rather than what changed."""

    @property
    def silence_timeout_s(self) -> float:
        """Seconds to wait for one message before the server is taken for gone."""
        silence_s = max(self.heartbeat_interval_s, LEAST_SILENCE_S) * (1 + HEARTBEAT_JITTER) * self.missed_heartbeats
        return min(silence_s, LONGEST_S)  # a thread cannot wait for centuries


def streaming_settings(
    addresses: tuple[str, ...],
    options: ClientOptions,
    *,
    resume_after: ResumePoint | None,
    send_current: bool,
    delivery: Delivery,
    heartbeat_interval_s: float | None,
    give_up_after_s: float | None,
) -> SubscriptionSettings:
    """Return the settings for a stream that hands out what changes. Raises ValueError naming a bad one."""
    if heartbeat_interval_s is None:
        heartbeat_interval_s = options.heartbeat_interval_s
    return SubscriptionSettings(
        addresses=addresses,
        delivery=_checked_delivery(delivery),
        resume_after=_checked_resume_point(resume_after),
        send_current=checked_flag("send_current", send_current),
        heartbeat_interval_s=checked_heartbeat_interval(heartbeat_interval_s),
        missed_heartbeats=options.missed_heartbeats,
        backoff=options.backoff,
        give_up_after_s=None if give_up_after_s is None else checked_seconds("give_up_after_s", give_up_after_s),
        catch_up_s=options.catch_up_s,
        portfolio=options.portfolio,
    )


def following_settings(addresses: tuple[str, ...], options: ClientOptions) -> SubscriptionSettings:
    """Return the settings for keeping the newest feedback at hand for as long as the client lives."""
    return SubscriptionSettings(
        addresses=addresses,
        heartbeat_interval_s=options.heartbeat_interval_s,
        missed_heartbeats=options.missed_heartbeats,
        backoff=options.backoff,
        portfolio=options.portfolio,
        retry_refusals=True,
        always_afresh=True,
    )


def _checked_delivery(delivery: Delivery) -> Delivery:
    try:
        return Delivery(delivery)
    except ValueError:
        raise ValueError(f"delivery must be one of {', '.join(Delivery)}, is {delivery!r}") from None


def _checked_resume_point(resume_after: ResumePoint | None) -> ResumePoint | None:
    if resume_after is not None and not isinstance(resume_after, ResumePoint):
        raise ValueError(f"resume_after must be a ResumePoint(revision, epoch), is {resume_after!r}")
    return resume_after
