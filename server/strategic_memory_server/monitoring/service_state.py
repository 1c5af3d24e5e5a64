"""ServiceState: where health, metrics and the page look, put together from the parts of one running service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.long_memory.memory_loss import MemoryLoss
from strategic_memory_server.monitoring.health_report import health_report
from strategic_memory_server.monitoring.metrics import GaugeSources
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_tail import FeedbackTail
from strategic_memory_server.revisions.leadership import Leadership
from strategic_memory_server.revisions.replication import ReplicaRole, Replication
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
from strategic_memory_server.sync.shadow import Shadow
from strategic_memory_server.tls.served_certificates import ServedCertificates


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The parts of a running service that are looked at from outside, and what they say.

    Attributes:
        hub: what is in force.
        sync: the loop.
        tail: follows the log.
        loader: reads the inputs.
        leadership: who publishes.
        may_lead: whether this server ever leads; otherwise it serves alone.
        memory_loss: what Redis has lost.
        problems: what operators are told.
        clock: that of Redis.
        subscribers: gives the number of open streams.
        http_refused: requests over HTTP that came too often, by path.
        log_failure: tells why the log of the service cannot be written just now; None while it can.
        certificates: what is shown to clients; None: connections are not encrypted.
        shadow: advises beside it; None: there is none.
    """

    hub: FeedbackHub
    sync: StrategicMemorySync
    tail: FeedbackTail
    loader: MemoryLoader
    leadership: Leadership
    may_lead: bool
    memory_loss: MemoryLoss
    problems: Problems
    clock: RedisClock
    subscribers: Callable[[], int]
    http_refused: Mapping[str, int]
    log_failure: Callable[[], str | None]
    certificates: ServedCertificates | None
    shadow: Shadow | None

    def in_force(self) -> Feedback:
        """Return the feedback in force."""
        return self.hub.in_force(self.hub.now_ms())

    def replication(self) -> Replication:
        """Return the part that this server plays."""
        leadership = self.leadership
        if not self.may_lead:
            return Replication(ReplicaRole.SERVE, leadership.name)
        claim = leadership.claim
        return Replication(
            ReplicaRole.LEADER if claim else ReplicaRole.STANDBY,
            leadership.name,
            leadership.leader,
            claim.fencing_token if claim else None,
            leadership.terms,
            leadership.failure,
        )

    @property
    def status(self) -> FeedbackStatus:
        """The status of the feedback in force."""
        return self.in_force().status

    def problems_told(self) -> list[str]:
        """Return what operators are told of this portfolio, as one of many."""
        told = [self.sync.status.failure, self.tail.failure, self.leadership.failure, *self.problems.standing.values()]
        if self.status is FeedbackStatus.STALE:
            told.append("its feedback has turned stale: the safe values are served")
        return [each for each in told if each]

    def report(self) -> dict[str, Any]:
        """Return the answer of `/health`."""
        return health_report(
            self.in_force(),
            self.sync.status,
            self.sync.rejections,
            self.tail.failure,
            self.subscribers(),
            self.replication(),
            self.log_failure(),
            self.problems.standing,
            self.clock.skew,
            self._of_shadow(),
        )

    def gauges(self) -> GaugeSources:
        """Return where the gauges look."""
        return GaugeSources(
            self.in_force,
            lambda: self.sync.status,
            self.sync.rejections,
            self.subscribers,
            self.hub.now_ms,
            self.replication,
            lambda: self.tail.failure,
            lambda: self.loader.gaps,
            lambda: self.problems.standing,
            lambda: self.memory_loss.trades_lost,
            lambda: None if self.certificates is None else self.certificates.ends_s,
            lambda: self.clock.skew,
            lambda: self.http_refused,
            shadow=self._of_shadow,
            log_failure=self.log_failure,
        )

    def _of_shadow(self) -> Feedback | None:
        return None if self.shadow is None else self.shadow.newest
