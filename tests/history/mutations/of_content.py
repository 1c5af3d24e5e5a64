"""Breaks UNIQUE, SAFE, VALID and DURABLE: what a feedback says, whether it may be said now, and since when."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from history.evidence import sightings
from history.model import Advice, Delivery, Feedback, HeartbeatMessage, History, Publish, Status
from history.mutations.editing import (
    Apply,
    Mutation,
    Site,
    feedback_sites,
    last_ms,
    last_position,
    sites,
    with_answer,
    with_feedbacks,
    with_message,
)
from history.promises import Promise

Change = Callable[[Feedback], Feedback]
Condition = Callable[[Feedback], bool]

BOLD = Advice("POLICY_AGGRESSIVE", 0.9, 2.0)
LONG_MS = 30_000.0


def _says_otherwise(change: Change, *statuses: Status) -> Apply:
    """Change one feedback on one stream."""

    def apply(history: History, source: random.Random) -> History | None:
        found = [
            (site, message)
            for site, message in feedback_sites(history)
            if message.feedback.position.revision and message.feedback.status in statuses
        ]
        if not found:
            return None
        site, message = source.choice(found)
        return with_message(history, site, replace(message, feedback=change(message.feedback)))

    return apply


def _sees_otherwise(feedback: Feedback) -> Feedback:
    return replace(feedback, seen=(("preferred_regime", '"ANOTHER"'), *feedback.seen[1:]))


def _answers_otherwise(history: History, source: random.Random) -> History | None:
    found = [index for index, answer in enumerate(history.answers) if answer.feedback.position.revision]
    if not found:
        return None
    index = source.choice(found)
    answer = history.answers[index]
    return with_answer(history, index, replace(answer, feedback=_sees_otherwise(answer.feedback)))


def _rewritten_in_log(history: History, _: random.Random) -> History | None:
    if not history.publishes:
        return None
    newest = history.publishes[-1]
    at_ms = last_ms(history)
    again = Publish(replace(newest.feedback, advice=BOLD), newest.absent_ms, at_ms)
    return replace(history, publishes=(*history.publishes, again))


def _wherever(condition: Condition, change: Change) -> Apply:
    """Change every rendering of one position that fits, so that it is at least the same everywhere."""

    def apply(history: History, source: random.Random) -> History | None:
        found = [each.feedback.position for each in sightings(history) if condition(each.feedback)]
        if not found:
            return None
        position = source.choice(found)
        return with_feedbacks(
            history, lambda each: change(each) if each.position == position and condition(each) else each
        )

    return apply


def _expired(history: History, source: random.Random) -> History | None:
    found = [
        (site, message)
        for site, message in feedback_sites(history)
        if message.feedback.status is Status.ACTIVE and site.opened.opening.delivery is Delivery.LATEST
    ]
    if not found:
        return None
    site, message = source.choice(found)
    feedback = replace(message.feedback, valid_until_ms=message.at_ms - LONG_MS)
    return with_message(history, site, replace(message, feedback=feedback))


def _withdrawn_early(history: History, source: random.Random) -> History | None:
    found = [each for each in feedback_sites(history) if each[1].feedback.status is Status.STALE]
    if not found:
        return None
    site, message = source.choice(found)
    feedback = replace(message.feedback, valid_until_ms=message.at_ms + LONG_MS)
    return with_message(history, site, replace(message, feedback=feedback))


def _expired_answer(history: History, source: random.Random) -> History | None:
    found = [index for index, answer in enumerate(history.answers) if answer.feedback.status is Status.ACTIVE]
    if not found:
        return None
    index = source.choice(found)
    answer = history.answers[index]
    expired = replace(answer.feedback, valid_until_ms=answer.asked_ms - LONG_MS)
    return with_answer(history, index, replace(answer, feedback=expired))


def _beat(change: Callable[[Site, HeartbeatMessage], HeartbeatMessage | None]) -> Apply:
    """Change one heartbeat."""

    def apply(history: History, source: random.Random) -> History | None:
        found = [
            (site, changed)
            for site in sites(history)
            if isinstance(site.message, HeartbeatMessage) and (changed := change(site, site.message)) is not None
        ]
        return with_message(history, *source.choice(found)) if found else None

    return apply


def _expired_beat(_: Site, beat: HeartbeatMessage) -> HeartbeatMessage | None:
    if beat.status is not Status.ACTIVE or beat.sent_ms is None:
        return None
    return replace(beat, valid_until_ms=beat.sent_ms - 5)


def _beat_withdrawn_early(_: Site, beat: HeartbeatMessage) -> HeartbeatMessage | None:
    if beat.sent_ms is None:
        return None
    return replace(beat, status=Status.STALE, valid_until_ms=beat.sent_ms + 5)


def _beat_goes_back(site: Site, beat: HeartbeatMessage) -> HeartbeatMessage | None:
    reached = last_position(site.before, site.opened)
    if reached is None or not reached.revision:
        return None
    return replace(beat, position=replace(beat.position, revision=beat.position.revision - 1))


def _never_in_log(history: History, _: random.Random) -> History | None:
    """Let the newest revision be in the log no more; in a settled history it was said to somebody."""
    newest = history.publishes[-1].feedback.position
    ends = [stream.end for subscriber in history.subscribers for stream in subscriber.streams if stream.end]
    told = any(end.refusal is not None and end.refusal.current == newest.revision for end in ends)
    return None if told or history.settled_ms is None else replace(history, publishes=history.publishes[:-1])


def _said_early(history: History, source: random.Random) -> History | None:
    first: dict[object, float] = {}
    for sighting in sightings(history):
        position = sighting.feedback.position
        first[position] = min(sighting.at_ms, first.get(position, sighting.at_ms))
    found = [index for index, each in enumerate(history.publishes) if each.feedback.position in first]
    if not found:
        return None
    index = source.choice(found)
    said_ms = first[history.publishes[index].feedback.position]
    late = replace(history.publishes[index], absent_ms=said_ms + 20, seen_ms=said_ms + 30)
    return replace(history, publishes=(*history.publishes[:index], late, *history.publishes[index + 1 :]))


def _bolder(policy: str = "", confidence: float = 0.0, leverage: float = 1.0) -> Change:
    """Replace the advice by a safe one that is bolder in what is given."""
    advice = Advice(policy or "POLICY_CONSERVATIVE", confidence, leverage)
    return lambda feedback: replace(feedback, advice=advice)


def _is_stale(feedback: Feedback) -> bool:
    return feedback.status is Status.STALE


def _is_nothing(feedback: Feedback) -> bool:
    return feedback.position.revision == 0


def _active_for_ever(feedback: Feedback) -> Feedback:
    return replace(feedback, status=Status.ACTIVE, valid_until_ms=float("inf"))


_UNIQUE: dict[str, Apply] = {
    "a feedback says other advice": _says_otherwise(lambda each: replace(each, advice=BOLD), Status.ACTIVE),
    "a feedback says it saw something else": _says_otherwise(_sees_otherwise, Status.ACTIVE),
    "a stale feedback forgets what it saw": _says_otherwise(_sees_otherwise, Status.STALE),
    "GetFeedback says something else": _answers_otherwise,
    "an entry of the log is rewritten": _rewritten_in_log,
}

_SAFE: dict[str, Apply] = {
    "a stale feedback keeps its policy": _wherever(_is_stale, _bolder(policy="POLICY_BALANCED")),
    "a stale feedback keeps its confidence": _wherever(_is_stale, _bolder(confidence=0.5)),
    "a stale feedback keeps its leverage": _wherever(_is_stale, _bolder(leverage=1.5)),
    "leverage is no number": _wherever(_is_stale, _bolder(leverage=float("nan"))),
    "warming up advises boldly": _wherever(_is_nothing, _bolder("POLICY_AGGRESSIVE", 0.9, 2.0)),
    "active before anything was published": _wherever(_is_nothing, _active_for_ever),
}

_VALID: dict[str, Apply] = {
    "active after its validity": _expired,
    "stale before its validity ends": _withdrawn_early,
    "GetFeedback is active after its validity": _expired_answer,
    "a heartbeat is active after its validity": _beat(_expired_beat),
    "a heartbeat is stale before its validity ends": _beat(_beat_withdrawn_early),
    "a heartbeat goes back": _beat(_beat_goes_back),
}

_DURABLE: dict[str, Apply] = {
    "a revision was never in the log": _never_in_log,
    "a revision was said before it was in the log": _said_early,
}

MUTATIONS = [
    Mutation(promise, name, apply)
    for promise, ways in (
        (Promise.UNIQUE, _UNIQUE),
        (Promise.SAFE, _SAFE),
        (Promise.VALID, _VALID),
        (Promise.DURABLE, _DURABLE),
    )
    for name, apply in ways.items()
]
