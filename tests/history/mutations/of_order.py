"""Breaks ORDERED, GAP_FREE and LATEST: which revisions a stream brings, in which order."""

from __future__ import annotations

import random
from dataclasses import replace

from history.model import Delivery, FeedbackMessage, HeartbeatMessage, History, Status
from history.mutations.editing import (
    Mutation,
    Site,
    feedback_sites,
    fresh,
    last_position,
    with_message,
    with_messages,
    with_stream,
)
from history.promises import Promise


def _comes_twice(history: History, source: random.Random) -> History | None:
    found = list(feedback_sites(history))
    if not found:
        return None
    site, message = source.choice(found)
    return with_messages(history, site, (*site.before, message, message, *site.after))


def _comes_late(history: History, source: random.Random) -> History | None:
    pairs = [
        (site, message, earlier)
        for site, message in feedback_sites(history)
        for earlier in site.before
        if isinstance(earlier, FeedbackMessage)
        and earlier.feedback.position.epoch == message.feedback.position.epoch
        and earlier.feedback.status is not Status.STALE
    ]
    if not pairs:
        return None
    site, message, earlier = source.choice(pairs)
    late = replace(earlier, at_ms=message.at_ms, feedback=fresh(earlier.feedback, message.at_ms))
    return with_messages(history, site, (*site.before, message, late, *site.after))


def _may_be_left_out(site: Site) -> bool:
    return site.opened.opening.delivery is Delivery.EVERY and last_position(site.before, site.opened) is not None


def _left_out(history: History, source: random.Random) -> History | None:
    found = [
        site
        for site, message in feedback_sites(history)
        if _may_be_left_out(site)
        and message.feedback.position.revision
        and site.after
        and isinstance(site.after[0], FeedbackMessage)
    ]
    if not found:
        return None
    site = source.choice(found)
    return with_messages(history, site, (*site.before, *site.after))


def _left_out_between_streams(history: History, source: random.Random) -> History | None:
    found = []
    for site, message in feedback_sites(history):
        following = history.subscribers[site.subscriber].streams[site.stream + 1 : site.stream + 2]
        last = not any(isinstance(later, FeedbackMessage) for later in site.after)
        goes_on = following and following[0].opening.resume_after == message.feedback.position
        brings = goes_on and any(isinstance(each, FeedbackMessage) for each in following[0].messages)
        if _may_be_left_out(site) and last and brings and message.feedback.position.revision > 1:
            found.append(site)
    if not found:
        return None
    site = source.choice(found)
    return with_messages(history, site, site.before)


def _counted_on_every(history: History, source: random.Random) -> History | None:
    found = [each for each in feedback_sites(history) if each[0].opened.opening.delivery is Delivery.EVERY]
    if not found:
        return None
    site, message = source.choice(found)
    return with_message(history, site, replace(message, skipped=1))


def _stops_short(delivery: Delivery) -> Mutation:
    def apply(history: History, source: random.Random) -> History | None:
        found = []
        for number, subscriber in enumerate(history.subscribers):
            place = len(subscriber.streams) - 1
            stream = subscriber.streams[place] if subscriber.streams else None
            if stream is None or stream.opening.delivery is not delivery:
                continue
            last = max((i for i, each in enumerate(stream.messages) if isinstance(each, FeedbackMessage)), default=None)
            if last is None:
                continue
            kept = stream.messages[:last]
            if (reached := last_position(kept, stream)) is not None and reached.epoch == history.epochs[-1]:
                found.append((number, place, replace(stream, messages=kept)))
        if not found or history.settled_ms is None:
            return None
        return with_stream(history, *source.choice(found))

    promise = Promise.GAP_FREE if delivery is Delivery.EVERY else Promise.LATEST
    return Mutation(promise, "a subscriber is not brought to the newest revision", apply)


def _miscounted(history: History, source: random.Random) -> History | None:
    found = []
    for site, message in feedback_sites(history):
        reached = last_position(site.before, site.opened)
        if site.opened.opening.delivery is Delivery.LATEST and (reached is None or reached.revision):
            found.append((site, message))
    if not found:
        return None
    site, message = source.choice(found)
    wrong = message.skipped - 1 if message.skipped and source.random() < 0.5 else message.skipped + 1
    return with_message(history, site, replace(message, skipped=wrong))


def _beats_before_feedback(history: History, source: random.Random) -> History | None:
    """Let a heartbeat overtake the feedback that it is about."""
    found = [
        (site, site.after[0])
        for site, _ in feedback_sites(history)
        if last_position(site.before, site.opened) is not None
        and not (site.opened.opening.send_current and not site.before)
        and site.after
        and isinstance(site.after[0], HeartbeatMessage)
    ]
    if not found:
        return None
    site, beat = source.choice(found)
    early = replace(beat, at_ms=site.message.at_ms, sent_ms=site.message.at_ms)
    return with_messages(history, site, (*site.before, early, site.message, *site.after[1:]))


MUTATIONS = [
    Mutation(Promise.ORDERED, "a revision comes twice", _comes_twice),
    Mutation(Promise.ORDERED, "an older revision comes late", _comes_late),
    Mutation(Promise.GAP_FREE, "a revision is left out", _left_out),
    Mutation(Promise.GAP_FREE, "a revision is left out between two streams", _left_out_between_streams),
    Mutation(Promise.GAP_FREE, "a stream of every revision skips", _counted_on_every),
    _stops_short(Delivery.EVERY),
    Mutation(Promise.LATEST, "the count of skipped revisions is wrong", _miscounted),
    _stops_short(Delivery.LATEST),
    Mutation(Promise.VALID, "a heartbeat overtakes its feedback", _beats_before_feedback),
]
