"""Prometheus metrics. One registry for each service, so that two in one process do not mix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, Times
from strategic_memory_server.entries.rejections import RejectionLedger
from strategic_memory_server.monitoring.advice_metrics import metrics_of_advice
from strategic_memory_server.redis_access.redis_clock import ClockSkew
from strategic_memory_server.revisions.replication import ReplicaRole, Replication
from strategic_memory_server.sync.shadow import risk_differs
from strategic_memory_server.sync.sync_status import SyncStatus

# A scrape must not carry the time of creation of every series.
_without_creation_times: Callable[[], None] = disable_created_metrics
_without_creation_times()

UNWRITABLE_LOG = "log_of_the_service"
"""The problem that the service cannot write its log, of which no line of it tells."""

SYNC_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class SyncMetrics:
    """Counters and a histogram of the sync loop."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._cycles = Counter(
            "strategic_memory_sync_cycles", "Sync cycles, by how they ended.", ("outcome",), registry=registry
        )
        self._seconds = Histogram(
            "strategic_memory_sync_duration_seconds",
            "Duration of a completed sync cycle, seconds.",
            buckets=SYNC_BUCKETS_S,
            registry=registry,
        )

    def observe(self, status: SyncStatus) -> None:
        """Count one cycle."""
        if status.failure is not None:
            self._cycles.labels("failed").inc()
            return
        self._cycles.labels(status.outcome).inc()
        self._seconds.observe(status.elapsed_s)


@dataclass(frozen=True, slots=True)
class GaugeSources:
    """Where the gauges look when they are asked."""

    in_force: Callable[[], Feedback]
    sync_status: Callable[[], SyncStatus]
    rejections: RejectionLedger
    subscribers: Callable[[], int]
    clock_ms: Callable[[], int]
    replication: Callable[[], Replication]
    tail_failure: Callable[[], str | None]
    input_gaps: Callable[[], Mapping[str, int]] = dict
    problems: Callable[[], Mapping[str, str]] = dict
    trades_lost: Callable[[], int] = int
    certificate_ends_s: Callable[[], float | None] = lambda: None
    clock_skew: Callable[[], ClockSkew | None] = lambda: None
    http_refused: Callable[[], Mapping[str, int]] = dict
    shadow: Callable[[], Feedback | None] = lambda: None
    log_failure: Callable[[], str | None] = lambda: None


class StateCollector(Collector):
    """Gauges that are read from the state of the service at the moment of a scrape."""

    def __init__(self, observed: GaugeSources) -> None:
        self._observed = observed

    def collect(self) -> Iterable[Metric]:
        """The metrics as they stand now."""
        yield from self.of_portfolio(() if self._observed.log_failure() is None else (UNWRITABLE_LOG,))
        yield from self._of_process()

    def of_portfolio(self, further: Iterable[str] = ()) -> Iterable[Metric]:
        """Return those that are about the memory and its advice; `further`: problems beside its own, by name."""
        yield from self._feedback()
        yield from self._inputs()
        yield from self._replication()
        yield GaugeMetricFamily(
            "strategic_memory_subscribers", "Open StreamFeedback streams.", value=self._observed.subscribers()
        )
        yield CounterMetricFamily(
            "strategic_memory_trades_lost",
            "Trades that Redis has lost from the long memory and that the trade stream does not hold any more.",
            value=self._observed.trades_lost(),
        )
        if (shadow := self._observed.shadow()) is not None:
            yield GaugeMetricFamily(
                "strategic_memory_shadow_differs",
                "1 while the shadow of this server says another policy or leverage than is in force, 0 otherwise.",
                value=float(risk_differs(shadow.advice, self._observed.in_force().advice)),
            )
        problems = GaugeMetricFamily(
            "strategic_memory_problem", "1 for each problem that stands; /health has its sentence.", labels=["problem"]
        )
        for name in (*self._observed.problems(), *further):
            problems.add_metric([name], 1.0)
        yield problems

    def _of_process(self) -> Iterable[Metric]:
        if (skew := self._observed.clock_skew()) is not None:
            yield GaugeMetricFamily(
                "strategic_memory_clock_skew_seconds",
                "By how much the clock of this machine is ahead of that of Redis, seconds; negative: behind.",
                value=skew.skew_ms / 1000,
            )
        refused = CounterMetricFamily(
            "strategic_memory_http_refused", "Requests over HTTP refused as too many of a caller.", labels=["path"]
        )
        for path, count in sorted(self._observed.http_refused().items()):
            refused.add_metric([path], count)
        yield refused
        if (ends_s := self._observed.certificate_ends_s()) is not None:
            yield GaugeMetricFamily(
                "strategic_memory_tls_certificate_ends_seconds",
                "Until when the certificate of the service holds, seconds since 1970.",
                value=ends_s,
            )

    def _feedback(self) -> Iterable[Metric]:
        feedback, now_ms = self._observed.in_force(), self._observed.clock_ms()
        yield GaugeMetricFamily(
            "strategic_memory_revision", "Revision of the feedback in force.", value=feedback.revision
        )
        status = GaugeMetricFamily(
            "strategic_memory_status",
            "1 for the status of the feedback in force, 0 for the others.",
            labels=["status"],
        )
        for known in FeedbackStatus:
            status.add_metric([known.value.lower()], float(feedback.status is known))
        yield status
        yield from metrics_of_advice(feedback.advice, self._observed.sync_status().flaps, now_ms)
        yield from self._times(feedback.times, now_ms)

    def _times(self, known: Times, now_ms: int) -> Iterable[Metric]:
        times = (
            (
                "strategic_memory_feedback_age_seconds",
                "Time since the last successful sync, seconds.",
                self._synced_ms(),
            ),
            (
                "strategic_memory_data_age_seconds",
                "Age of the newest input entry, seconds.",
                known.data_as_of_ms,
            ),
        )
        for name, documentation, since_ms in times:
            if since_ms is not None:
                yield GaugeMetricFamily(name, documentation, value=max(now_ms - since_ms, 0) / 1000)
        if known.valid_until_ms is not None:
            yield GaugeMetricFamily(
                "strategic_memory_valid_seconds",
                "Time until the feedback in force turns stale, seconds; negative once it has.",
                value=(known.valid_until_ms - now_ms) / 1000,
            )

    def _inputs(self) -> Iterable[Metric]:
        loaded = GaugeMetricFamily(
            "strategic_memory_entries_loaded", "Entries used by the last sync, by source.", labels=["source"]
        )
        for report in self._observed.sync_status().sources:
            loaded.add_metric([report.source], report.accepted)
        yield loaded
        noted = GaugeMetricFamily(
            "strategic_memory_entries_noted",
            "Entries used by the last sync that are worth a note, by source and note.",
            labels=["source", "note"],
        )
        for report in self._observed.sync_status().sources:
            for note, count in report.noted.items():
                noted.add_metric([report.source, note], count)
        yield noted
        rejected = CounterMetricFamily(
            "strategic_memory_entries_rejected",
            "Inputs rejected since the start, each counted once.",
            labels=["source", "reason"],
        )
        for (source, reason), count in sorted(self._observed.rejections.totals.items()):
            rejected.add_metric([source, reason], count)
        yield rejected
        gaps = CounterMetricFamily(
            "strategic_memory_input_gaps",
            "Readings that found that entries were, or may have been, trimmed before they could be read.",
            labels=["source"],
        )
        for source, count in sorted(self._observed.input_gaps().items()):
            gaps.add_metric([source], count)
        yield gaps

    def _replication(self) -> Iterable[Metric]:
        replication = self._observed.replication()
        role = GaugeMetricFamily(
            "strategic_memory_role", "1 for what this server does just now, 0 for the others.", labels=["role"]
        )
        for known in ReplicaRole:
            role.add_metric([known.value], float(replication.role is known))
        yield role
        yield CounterMetricFamily(
            "strategic_memory_leadership_terms",
            "How often this server has become the leader.",
            value=replication.terms,
        )
        yield GaugeMetricFamily(
            "strategic_memory_log_followed",
            "1 while the feedback log in Redis can be followed, 0 while what is known is served.",
            value=float(self._observed.tail_failure() is None),
        )

    def _synced_ms(self) -> int | None:
        return self._observed.sync_status().completed_at_ms
