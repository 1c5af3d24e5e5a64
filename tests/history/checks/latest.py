"""LATEST: a slow subscriber gets the newest feedback, and is told how many it skipped (contract 5.4)."""

from __future__ import annotations

from collections.abc import Iterator

from history.evidence import Evidence, feedbacks, left_behind, streams
from history.log_view import LogView
from history.model import Delivery, Position, Stream
from history.promises import Promise, Violation


def latest(evidence: Evidence) -> Iterator[Violation]:
    """Find wrong counts of skipped revisions, and subscribers that were not brought to the newest one."""
    for where, _, stream in streams(evidence.history):
        if stream.opening.delivery is Delivery.LATEST:
            yield from _wrong_counts(where, stream, evidence)
    for subscriber in evidence.history.subscribers:
        if subscriber.streams and subscriber.streams[-1].opening.delivery is Delivery.LATEST:
            final = left_behind(evidence, subscriber)
            if final is not None:
                what = f"stopped at revision {final}, and {evidence.log.newest.revision} is the newest"
                yield Violation(Promise.LATEST, subscriber.name, what)


def _wrong_counts(where: str, stream: Stream, evidence: Evidence) -> Iterator[Violation]:
    log, reached = evidence.log, stream.opening.resume_after
    nowhere_ms: float | None = None
    for number, message in enumerate(feedbacks(stream)):
        here = message.feedback.position
        expected = _skipped(reached, here, log)
        if stream.opening.send_current and not number and reached and here.revision == reached.revision:
            expected = (0,)  # the feedback of the resume point itself, which was asked for
        if expected == (0,) and nowhere_ms is not None and _had_not_begun(here.epoch, nowhere_ms, log):
            # Nothing had been said: what came since may be counted. Or the server had not read the log yet.
            expected = (0, here.revision - log.start(here.epoch))
        if expected is not None and message.skipped not in expected:
            before = f"after {reached.revision}" if reached else "as the first message"
            what = f"revision {here} {before} came with {message.skipped} skipped instead of {expected[0]}"
            yield Violation(Promise.LATEST, where, what)
        # Without an epoch it is no place in the log: there is none, or the server had not read it yet.
        if not here.epoch and reached is None:
            # It may be as old as the stream: what was published while it was on its way came after it. And a server
            # that has read that there is no log says so until it reads it again.
            nowhere_ms = stream.opening.opened_ms - evidence.tolerances.serving_lag_ms
        if here.epoch and (reached is None or reached.epoch != here.epoch or here.revision > reached.revision):
            reached = here


def _had_not_begun(epoch: str, at_ms: float, log: LogView) -> bool:
    """Whether nothing of an epoch had been seen in the log by a time."""
    return log.has_begun(epoch) and log.newest_at(epoch, at_ms) == 0


def _skipped(reached: Position | None, here: Position, log: LogView) -> tuple[int, ...] | None:
    """Return the counts that are right; None where another promise decides what may come at all."""
    if reached is None:
        return (0,)
    if here.revision <= reached.revision or (reached.epoch not in ("", here.epoch)):
        return None
    between = here.revision - reached.revision - 1
    if reached.revision:
        return (between,)
    # Before the first revision of an epoch that goes on above an older one, nothing was there to skip.
    return (between, here.revision - log.start(here.epoch))
