"""Breaks FIRST, EPOCH_HONEST and ENDED: how streams begin and end, and what the log goes through."""

from __future__ import annotations

import random
from dataclasses import replace

from history.evidence import gather
from history.model import Answer, FeedbackMessage, HeartbeatMessage, History, LogSample, Opening, Position, Publish
from history.mutations.editing import (
    Apply,
    Mutation,
    feedback_sites,
    fresh,
    last_ms,
    with_messages,
    with_stream,
    with_streams,
)
from history.promises import Promise, Tolerances


def _begins_with_heartbeat(*, resumed: bool) -> Apply:
    def apply(history: History, source: random.Random) -> History | None:
        found = [
            (site, message)
            for site, message in feedback_sites(history)
            if site.index == 0 and _owes_feedback(site.opened.opening, message, resumed=resumed)
        ]
        if not found:
            return None
        site, message = source.choice(found)
        feedback = message.feedback
        beat = HeartbeatMessage(
            message.at_ms, feedback.position, feedback.status, feedback.valid_until_ms, sent_ms=message.at_ms - 0.5
        )
        return with_messages(history, site, (beat, *site.opened.messages))

    return apply


def _owes_feedback(opening: Opening, message: FeedbackMessage, *, resumed: bool) -> bool:
    if not resumed:
        return opening.resume_after is None
    return opening.send_current and opening.resume_after == message.feedback.position


def _begins_with_older(history: History, source: random.Random) -> History | None:
    evidence = gather(history, Tolerances())
    lag_ms = evidence.tolerances.serving_lag_ms
    found = []
    for site, message in feedback_sites(history):
        opening, here = site.opened.opening, message.feedback.position
        if site.index or opening.resume_after is not None:
            continue
        told = evidence.servers.told_before(opening.address, opening.opened_ms)
        in_force = evidence.log.newest_position_at(opening.opened_ms - lag_ms)
        older = evidence.log.published.get(Position(here.epoch, here.revision - 1))
        if older and here in (told, in_force):
            found.append((site, message, older.feedback))
    if not found:
        return None
    site, message, older_feedback = source.choice(found)
    early = FeedbackMessage(message.at_ms, fresh(older_feedback, message.at_ms), 0)
    return with_messages(history, site, (early, *site.opened.messages))


def _answer_goes_back(history: History, source: random.Random) -> History | None:
    log = gather(history, Tolerances()).log
    older = log.published.get(replace(log.newest, revision=log.newest.revision - 1))
    if older is None or history.settled_ms is None:
        return None
    told = [
        site.opened.opening.address for site, each in feedback_sites(history) if each.feedback.position == log.newest
    ]
    at_ms = last_ms(history)
    answer = Answer(source.choice(told), at_ms, at_ms + 1, fresh(older.feedback, at_ms))
    return replace(history, answers=(*history.answers, answer))


def _log_falls_and_grows(history: History, _: random.Random) -> History | None:
    if not history.samples or history.samples[-1].newest < 2:
        return None
    last, at_ms = history.samples[-1], last_ms(history)
    fallen = LogSample(at_ms, last.epoch, last.oldest, last.newest - 1)
    return replace(history, samples=(*history.samples, fallen, replace(last, at_ms=at_ms + 1)))


def _published_again(step: int) -> Apply:
    def apply(history: History, _: random.Random) -> History | None:
        if not history.publishes or history.settled_ms is not None:
            return None
        newest = history.publishes[-1].feedback
        position = replace(newest.position, revision=newest.position.revision + step)
        published = {each.feedback.position: each.feedback for each in history.publishes}
        feedback = published.get(position) if step < 0 else replace(newest, position=position)
        if feedback is None:
            return None
        at_ms = last_ms(history)
        return replace(history, publishes=(*history.publishes, Publish(feedback, at_ms - 1, at_ms)))

    return apply


def _goes_on_after_its_epoch(history: History, source: random.Random) -> History | None:
    found = []
    for number, subscriber in enumerate(history.subscribers):
        for place, (one, next_one) in enumerate(zip(subscriber.streams, subscriber.streams[1:], strict=False)):
            ended = one.end is not None and one.end.refusal is not None and one.end.refusal.reason == "EPOCH_CHANGED"
            last = one.messages[-1] if one.messages else None
            begins = next_one.messages and next_one.opening.resume_after is None
            if ended and begins and isinstance(last, FeedbackMessage) and last.feedback.position.revision:
                merged = replace(one, messages=one.messages + next_one.messages, end=next_one.end)
                streams = subscriber.streams
                found.append((number, (*streams[:place], merged, *streams[place + 2 :])))
    return with_streams(history, *source.choice(found)) if found else None


def _outlives_its_epoch(history: History, source: random.Random) -> History | None:
    found = []
    for number, subscriber in enumerate(history.subscribers):
        for place, stream in enumerate(subscriber.streams):
            refusal = stream.end.refusal if stream.end else None
            last = stream.messages[-1] if stream.messages else None
            if refusal and refusal.reason == "EPOCH_CHANGED" and isinstance(last, FeedbackMessage):
                kept = (*subscriber.streams[:place], replace(stream, end=None))
                if last.feedback.position.revision:
                    found.append((number, kept))
    return with_streams(history, *source.choice(found)) if found and history.settled_ms is not None else None


def _ends_with(code: str) -> Mutation:
    def apply(history: History, source: random.Random) -> History | None:
        found = [
            (number, place, replace(stream, end=replace(stream.end, code=code)))
            for number, subscriber in enumerate(history.subscribers)
            for place, stream in enumerate(subscriber.streams)
            if stream.end is not None and stream.end.code == "UNAVAILABLE"
        ]
        return with_stream(history, *source.choice(found)) if found else None

    return Mutation(Promise.ENDED, f"a stream ends with {code}", apply)


MUTATIONS = [
    Mutation(Promise.FIRST, "a stream begins with a heartbeat", _begins_with_heartbeat(resumed=False)),
    Mutation(Promise.FIRST, "a resumed one that owes a feedback does", _begins_with_heartbeat(resumed=True)),
    Mutation(Promise.FIRST, "a stream begins with an older revision", _begins_with_older),
    Mutation(Promise.EPOCH_HONEST, "GetFeedback goes back", _answer_goes_back),
    Mutation(Promise.EPOCH_HONEST, "the log falls and grows again", _log_falls_and_grows),
    Mutation(Promise.EPOCH_HONEST, "the log goes back", _published_again(-1)),
    Mutation(Promise.EPOCH_HONEST, "the log leaves out a revision", _published_again(2)),
    Mutation(Promise.EPOCH_HONEST, "a stream goes on in another epoch", _goes_on_after_its_epoch),
    Mutation(Promise.EPOCH_HONEST, "a stream outlives its epoch", _outlives_its_epoch),
    _ends_with("OK"),
    _ends_with("UNKNOWN"),
    _ends_with("INTERNAL"),
]
