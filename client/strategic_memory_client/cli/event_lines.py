"""What happens to a subscription as lines for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from strategic_memory_client.cli.evidence_text import evidence_note, regime_advice
from strategic_memory_client.cli.text import number, one_line, plain
from strategic_memory_client.values.events import (
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    HeartbeatReceived,
    SubscriptionEvent,
)
from strategic_memory_client.values.results import Feedback


def event_line(event: SubscriptionEvent) -> str:
    """Return one line that begins with the time of this machine, in UTC."""
    return f"{datetime.now(UTC):%H:%M:%S}  {_what_happened(event)}"


def _what_happened(event: SubscriptionEvent) -> str:
    match event:
        case FeedbackReceived(feedback):
            return advice_line(feedback)
        case HeartbeatReceived(heartbeat):
            until = heartbeat.valid_until
            valid = "" if until is None else f", valid until {until.astimezone(UTC):%H:%M:%S}"
            return f"heartbeat: {heartbeat.status} at revision {heartbeat.revision}{valid}"
        case EpochChanged():
            before, after = plain(event.old_epoch), plain(event.new_epoch)
            return f"epoch changed: from {before} at {event.old_revision} to {after} at {event.new_revision}"
        case Disconnected():
            why = one_line(str(event.error))
            return f"disconnected from {event.address}: {why}; next attempt in {event.retry_in_s:.1f} s"


def advice_line(feedback: Feedback) -> str:
    """Return a feedback as one line, without a time."""
    there = "" if feedback.current is None else f": {regime_advice(feedback.current)}"
    advice = (
        f"{feedback.status:<10}  {feedback.updated_policy:<12}  leverage {number(feedback.leverage_hint):<5}  "
        f"confidence {number(feedback.confidence_boost):<6}  {plain(feedback.preferred_regime)} "
        f"(now {plain(feedback.current_regime)}{there})"
    )
    notes = [f"revision {feedback.revision} of {plain(feedback.epoch) or '-'}"]
    if feedback.evidence is not None:
        notes.append(evidence_note(feedback.evidence))
    if feedback.is_overridden:
        notes.append("overridden")
    if feedback.skipped_revisions:
        notes.append(f"{feedback.skipped_revisions} skipped before")
    if feedback.epoch_changed:
        notes.append("new epoch")
    return f"{advice}  {', '.join(notes)}"
