"""What happened in a demo so far: what was written, what the service advised, how quickly."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from strategic_memory_client import Feedback, FeedbackStatus, Heartbeat
from strategic_memory_demo.input_entries import InputEntry
from strategic_memory_demo.market_model import MarketStep

_REMEMBERED_CHANGES = 5
_REMEMBERED_LATENCIES = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """One feedback as it arrived at the subscriber."""

    feedback: Feedback
    received_at: datetime
    """Aware, UTC."""
    since_newest_input_s: float | None
    """Seconds from the newest input that it rests on to its arrival; None where that says nothing."""
    turned: bool
    """Whether status, preferred regime or policy differ from the feedback before."""


class DemoTally:
    """Counts and remembers; it does no I/O and reads no clock."""

    def __init__(self) -> None:
        self.written: Counter[str] = Counter()
        """Entries written, by source."""
        self.malformed: Counter[str] = Counter()
        """Those of them that are malformed on purpose, by source."""
        self.failed_writes = 0
        """Steps of the market that Redis did not take."""
        self.true_regime = "UNKNOWN"
        """The regime that the market is really in."""
        self.revisions = 0
        """Feedbacks received that carry a revision."""
        self.regimes_seen: Counter[str] = Counter()
        """Regimes reported by the detector."""
        self.policies_advised: Counter[str] = Counter()
        """Revisions that advised each policy."""
        self.changes: deque[Change] = deque(maxlen=_REMEMBERED_CHANGES)
        """The newest feedbacks, oldest first."""
        self.status: FeedbackStatus | None = None
        """What the service last said about its advice, in a feedback or a heartbeat."""
        self.used: dict[str, int] = {}
        """Entries of each source that the last sync used."""
        self.rejected: dict[str, dict[str, int]] = {}
        """Inputs that the service has rejected, by source and reason."""
        self._latencies_s: deque[float] = deque(maxlen=_REMEMBERED_LATENCIES)

    @property
    def newest(self) -> Change | None:
        """The newest feedback."""
        return self.changes[-1] if self.changes else None

    @property
    def median_latency_s(self) -> float | None:
        """Median time from the newest input to the arrival of its feedback; None before there is one."""
        return median(self._latencies_s) if self._latencies_s else None

    def step_written(self, step: MarketStep, entries: Iterable[InputEntry]) -> None:
        """Count a step of the market and the entries that were written about it."""
        self.true_regime = step.true_regime
        self.regimes_seen[step.observation.regime] += 1
        for entry in entries:
            self.written[entry.source] += 1
            if entry.malformed:
                self.malformed[entry.source] += 1

    def feedback_received(self, feedback: Feedback, received_at: datetime, *, live: bool) -> Change:
        """Take in a feedback. `live` is false for the first of a stream: it may have been in force long."""
        before = self.newest
        latency_s = None
        if live and feedback.data_as_of is not None:
            latency_s = (received_at - feedback.data_as_of).total_seconds()
            self._latencies_s.append(latency_s)
        change = Change(
            feedback=feedback,
            received_at=received_at,
            since_newest_input_s=latency_s,
            turned=before is None or _direction(before.feedback) != _direction(feedback),
        )
        self.changes.append(change)
        self.status = feedback.status
        if feedback.revision:
            self.revisions += 1
            self.policies_advised[feedback.updated_policy] += 1
        return change

    def heartbeat_received(self, heartbeat: Heartbeat) -> None:
        """Take in a heartbeat."""
        self.status = heartbeat.status

    def inputs_read(self, used: Mapping[str, int], rejected: Mapping[tuple[str, str], int]) -> None:
        """Take in what the service has used of each source, and rejected by source and reason."""
        self.used = dict(used)
        self.rejected = {}
        for (source, reason), count in rejected.items():
            self.rejected.setdefault(source, {})[reason] = count


def summary_lines(tally: DemoTally) -> list[str]:
    """Sum up a demo in a few lines."""
    rejected = sum(sum(reasons.values()) for reasons in tally.rejected.values())
    latency = "unknown" if tally.median_latency_s is None else f"{tally.median_latency_s * 1000:.0f} ms"
    return [
        f"entries written  {tally.written.total()} ({tally.malformed.total()} of them malformed on purpose)",
        f"rejected         {rejected} by the service",
        f"revisions        {tally.revisions}",
        f"regimes seen     {_counts(tally.regimes_seen)}",
        f"policies         {_counts(tally.policies_advised)}",
        f"median time      {latency} from the newest input to its feedback",
    ]


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common()) or "none"


def _direction(feedback: Feedback) -> tuple[str, str, str]:
    return (feedback.status, feedback.preferred_regime, feedback.updated_policy)
