"""Whether the ErrorInfo of a refused resume point tells the truth about the log (docs/streams.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from history.evidence import Evidence, feedbacks
from history.model import Delivery, Position, Refusal, Stream

ERROR_DOMAIN = "strategic_memory.v1"


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a server said when it refused to go on after `asked`: where its log stands."""

    asked: Position
    oldest: int
    current: int
    epoch: str
    stream: Stream

    @property
    def opened_ms(self) -> float:
        return self.stream.opening.opened_ms

    @property
    def ended_ms(self) -> float:
        return self.stream.end.at_ms if self.stream.end else self.opened_ms


def untruth(refusal: Refusal, asked: Position, stream: Stream, evidence: Evidence) -> str:
    """Say what is not true about a refusal; "" when nothing is."""
    judge = _REASONS.get(refusal.reason)
    if refusal.domain != ERROR_DOMAIN or judge is None:
        return f"it is none of {', '.join(_REASONS)} of domain {ERROR_DOMAIN}"
    if refusal.oldest is None or refusal.current is None or refusal.epoch is None:
        return "it does not tell oldest, current and epoch"
    claim = _Claim(asked, refusal.oldest, refusal.current, refusal.epoch, stream)
    return judge(claim, evidence) or _untrue_current(claim, evidence) or _untrue_oldest(claim, evidence)


def _compacted(claim: _Claim, evidence: Evidence) -> str:
    if claim.asked.epoch not in ("", claim.epoch):
        return "the resume point is of another epoch"
    if claim.stream.opening.delivery is Delivery.LATEST and next(feedbacks(claim.stream), None) is not None:
        return "a running stream of the newest feedback needs nothing that is trimmed"
    following = claim.asked.revision + 1
    if claim.oldest <= following and (claim.oldest > 0 or claim.current < following):
        return f"revision {following} is retained by its own account"
    return ""


def _in_future(claim: _Claim, evidence: Evidence) -> str:
    if claim.asked.epoch not in ("", claim.epoch):
        return "the resume point is of another epoch"
    if claim.asked.revision <= claim.current:
        return "the resume point is published by its own account"
    publish = evidence.log.published.get(Position(claim.epoch, claim.asked.revision))
    if publish is None or publish.seen_ms >= claim.opened_ms:
        return ""
    since_ms = max(publish.seen_ms, claim.opened_ms - evidence.tolerances.serving_lag_ms)
    fell_to = evidence.log.lowest_newest(claim.epoch, since_ms, claim.ended_ms)
    if fell_to is not None and fell_to < claim.asked.revision:
        return ""  # Redis has lost it, and what it holds now is all that a server can know which has just started.
    # A server that lags behind the log has to say so: it must not look as if history was lost.
    return f"the resume point was published {claim.opened_ms - publish.seen_ms:.0f} ms before"


def _epoch_changed(claim: _Claim, evidence: Evidence) -> str:
    if claim.asked.epoch in ("", claim.epoch):
        return "the resume point is of the same epoch"
    if not evidence.log.knows(claim.epoch):
        return f"the log never had the epoch {claim.epoch}"
    asked_since_ms = _known_since_ms(claim.asked, evidence)
    is_older = evidence.log.rank(Position(claim.epoch, 0)) < evidence.log.rank(Position(claim.asked.epoch, 0))
    lag_ms = evidence.tolerances.serving_lag_ms
    if evidence.log.lowest_newest(claim.epoch, claim.opened_ms - lag_ms, claim.ended_ms) is not None:
        return ""  # Redis itself has fallen back to it.
    if is_older and asked_since_ms < claim.opened_ms - lag_ms:
        return "the resume point is of a later epoch, which the server has not come to"
    return ""


def _known_since_ms(position: Position, evidence: Evidence) -> float:
    publish = evidence.log.published.get(position)
    return publish.seen_ms if publish else float("inf")


_REASONS: dict[str, Callable[[_Claim, Evidence], str]] = {
    "REVISION_COMPACTED": _compacted,
    "REVISION_IN_FUTURE": _in_future,
    "EPOCH_CHANGED": _epoch_changed,
}


def _untrue_current(claim: _Claim, evidence: Evidence) -> str:
    log, lag_ms = evidence.log, evidence.tolerances.serving_lag_ms
    current = Position(claim.epoch, claim.current)
    known = current in log.published or log.may_have_been_missed(current, claim.ended_ms)
    # An epoch in which nothing was published yet stands at the revision that it goes on above.
    known = known or not log.has_begun(claim.epoch) or claim.current == log.start(claim.epoch) - 1
    if claim.current and not known:
        return f"revision {current} was never published"
    if claim.current < log.newest_at(claim.epoch, claim.opened_ms - lag_ms) and not _disturbed(claim, evidence):
        return f"revision {log.newest_at(claim.epoch, claim.opened_ms - lag_ms)} was published before"
    return ""


def _untrue_oldest(claim: _Claim, evidence: Evidence) -> str:
    log = evidence.log
    latest_ms = claim.ended_ms + evidence.tolerances.clock_ms
    if claim.oldest > log.oldest_at(claim.epoch, latest_ms) > 0:
        return f"revision {log.oldest_at(claim.epoch, latest_ms)} is retained"
    oldest_then = log.oldest_at(claim.epoch, claim.opened_ms - evidence.tolerances.serving_lag_ms)
    if claim.oldest < oldest_then and not _disturbed(claim, evidence):
        return f"revision {oldest_then} is the oldest"
    return ""


def _disturbed(claim: _Claim, evidence: Evidence) -> bool:
    lag_ms = evidence.tolerances.serving_lag_ms
    return evidence.log.fault_during(claim.opened_ms - lag_ms, claim.ended_ms) is not None
