"""Breaks RESUMABLE: where a resumed stream begins, and what a refusal says."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from history.evidence import gather
from history.model import (
    Delivery,
    End,
    FeedbackMessage,
    HeartbeatMessage,
    History,
    Opening,
    Position,
    Refusal,
    Status,
    Stream,
    Subscriber,
)
from history.mutations.editing import (
    Apply,
    Mutation,
    feedback_sites,
    fresh,
    last_ms,
    sites,
    with_messages,
    with_stream,
    with_subscriber,
)
from history.promises import Promise, Tolerances

_COMPACTED, _FUTURE, _CHANGED = "REVISION_COMPACTED", "REVISION_IN_FUTURE", "EPOCH_CHANGED"


def _begins_with_resume_point(history: History, source: random.Random) -> History | None:
    published = {each.feedback.position: each.feedback for each in history.publishes}
    found = [
        (site, published[resume])
        for site in sites(history)
        if site.index == 0
        and not site.opened.opening.send_current
        and (resume := site.opened.opening.resume_after) in published
        and resume is not None
    ]
    if not found:
        return None
    site, feedback = source.choice(found)
    again = FeedbackMessage(site.message.at_ms, fresh(feedback, site.message.at_ms), 0)
    return with_messages(history, site, (again, *site.opened.messages))


def _goes_on_in_foreign_epoch(history: History, source: random.Random) -> History | None:
    found = [
        (site, replace(resume, epoch="of another log"))
        for site in sites(history)
        if site.index == 0 and (resume := site.opened.opening.resume_after) is not None
    ]
    if not found:
        return None
    site, foreign = source.choice(found)
    opened = replace(site.opened, opening=replace(site.opened.opening, resume_after=foreign))
    return with_stream(history, site.subscriber, site.stream, opened)


def _goes_on_in_future(history: History, _: random.Random) -> History | None:
    at_ms = last_ms(history)
    future = replace(gather(history, Tolerances()).log.newest, revision=1_000_000)
    opening = Opening("127.0.0.1:1001", at_ms, Delivery.LATEST, future)
    beat = HeartbeatMessage(at_ms + 5, future, Status.ACTIVE, at_ms + 1_000, at_ms + 4)
    return with_subscriber(history, Subscriber("ahead of its time", (Stream(opening, (beat,)),)))


def _lies(*reasons: str, change: Callable[[Refusal, Position], Refusal | None]) -> Apply:
    """Change what one refusal tells; the change is given what was asked for, None makes the ErrorInfo disappear."""

    def apply(history: History, source: random.Random) -> History | None:
        found = []
        for number, subscriber in enumerate(history.subscribers):
            for place, stream in enumerate(subscriber.streams):
                received = [each.feedback.position for each in stream.messages if isinstance(each, FeedbackMessage)]
                asked = received[-1] if received else stream.opening.resume_after
                refusal = stream.end.refusal if stream.end else None
                if stream.end and refusal and asked and refusal.reason in reasons and refusal.current:
                    end = replace(stream.end, refusal=change(refusal, asked))
                    found.append((number, place, replace(stream, end=end)))
        return with_stream(history, *source.choice(found)) if found else None

    return apply


def _refused_for_nothing(history: History, source: random.Random) -> History | None:
    """Claim that what follows the newest revision is trimmed already."""
    found = []
    log = gather(history, Tolerances()).log
    for site, message in feedback_sites(history):
        here = message.feedback.position
        broken = site.opened.end is not None and site.opened.end.code == "UNAVAILABLE"
        if not site.after and broken and here.revision and here.revision == log.newest_at(here.epoch, float("inf")):
            found.append((site, here))
    if not found:
        return None
    site, here = source.choice(found)
    refusal = Refusal("strategic_memory.v1", "REVISION_COMPACTED", here.revision + 2, here.revision, here.epoch)
    end = End(site.message.at_ms + 1, "OUT_OF_RANGE", "refused", refusal)
    return with_stream(history, site.subscriber, site.stream, replace(site.opened, end=end))


def _by_its_own_account(refusal: Refusal, asked: Position) -> Refusal:
    return replace(refusal, oldest=asked.revision + 1)


_WAYS: dict[str, Apply] = {
    "the resume point itself comes again": _begins_with_resume_point,
    "a foreign resume point is taken": _goes_on_in_foreign_epoch,
    "a future resume point is taken": _goes_on_in_future,
    "what was not compacted is refused": _refused_for_nothing,
    "a refusal without ErrorInfo": _lies(_COMPACTED, _CHANGED, change=lambda _refusal, _asked: None),
    "a refusal without oldest": _lies(_COMPACTED, _CHANGED, change=lambda refusal, _: replace(refusal, oldest=None)),
    "a refusal of another domain": _lies(
        _COMPACTED, _CHANGED, change=lambda refusal, _: replace(refusal, domain="other")
    ),
    "a compacted one is called future": _lies(_COMPACTED, change=lambda refusal, _: replace(refusal, reason=_FUTURE)),
    "a compacted one is called foreign": _lies(_COMPACTED, change=lambda refusal, _: replace(refusal, reason=_CHANGED)),
    "a foreign one is called compacted": _lies(_CHANGED, change=lambda refusal, _: replace(refusal, reason=_COMPACTED)),
    "a foreign one is called future": _lies(_CHANGED, change=lambda refusal, _: replace(refusal, reason=_FUTURE)),
    "one that is retained by the refusal's own account": _lies(_COMPACTED, change=_by_its_own_account),
    "oldest is too high": _lies(_COMPACTED, _CHANGED, change=lambda refusal, _: replace(refusal, oldest=1_000_000)),
    "current was never published": _lies(
        _COMPACTED, _CHANGED, change=lambda refusal, _: replace(refusal, current=1_000_000)
    ),
    "the epoch was never there": _lies(_CHANGED, change=lambda refusal, _: replace(refusal, epoch="never")),
}

MUTATIONS = [Mutation(Promise.RESUMABLE, name, apply) for name, apply in _WAYS.items()]
