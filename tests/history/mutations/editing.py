"""Changes single things in a history, which is otherwise left as it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from history.model import Answer, Feedback, FeedbackMessage, History, Message, Position, Stream, Subscriber
from history.promises import Promise

Apply = Callable[[History, random.Random], History | None]
"""Gives a broken history, or None where the history has no place for this."""

FRESH_MS = 4_000.0


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to break one promise in a history."""

    promise: Promise
    name: str
    apply: Apply

    def __str__(self) -> str:
        return f"{self.promise.name}-{self.name}"


@dataclass(frozen=True, slots=True)
class Site:
    """A message, with the stream and the subscriber that it is of."""

    subscriber: int
    stream: int
    index: int
    opened: Stream
    message: Message

    @property
    def feedback(self) -> Feedback | None:
        """The feedback of the message, when it has one."""
        return self.message.feedback if isinstance(self.message, FeedbackMessage) else None

    @property
    def before(self) -> tuple[Message, ...]:
        """The messages before it on its stream."""
        return self.opened.messages[: self.index]

    @property
    def after(self) -> tuple[Message, ...]:
        """The messages after it on its stream."""
        return self.opened.messages[self.index + 1 :]


def sites(history: History) -> Iterator[Site]:
    """Yield every message of every stream."""
    for number, subscriber in enumerate(history.subscribers):
        for place, stream in enumerate(subscriber.streams):
            for index, message in enumerate(stream.messages):
                yield Site(number, place, index, stream, message)


def feedback_sites(history: History) -> Iterator[tuple[Site, FeedbackMessage]]:
    """Yield every feedback of every stream."""
    for site in sites(history):
        if isinstance(site.message, FeedbackMessage):
            yield site, site.message


def last_position(messages: tuple[Message, ...], stream: Stream) -> Position | None:
    """Return where a stream stood after some of its messages."""
    received = [message.feedback.position for message in messages if isinstance(message, FeedbackMessage)]
    return received[-1] if received else stream.opening.resume_after


def with_streams(history: History, subscriber: int, streams: tuple[Stream, ...]) -> History:
    """Replace all streams of a subscriber."""
    changed = list(history.subscribers)
    changed[subscriber] = replace(changed[subscriber], streams=streams)
    return replace(history, subscribers=tuple(changed))


def with_stream(history: History, subscriber: int, place: int, stream: Stream) -> History:
    """Replace one stream."""
    streams = list(history.subscribers[subscriber].streams)
    streams[place] = stream
    return with_streams(history, subscriber, tuple(streams))


def with_messages(history: History, site: Site, messages: tuple[Message, ...]) -> History:
    """Replace all messages of the stream that a site is of."""
    return with_stream(history, site.subscriber, site.stream, replace(site.opened, messages=messages))


def with_message(history: History, site: Site, message: Message) -> History:
    """Replace one message."""
    return with_messages(history, site, (*site.before, message, *site.after))


def with_subscriber(history: History, subscriber: Subscriber) -> History:
    """Add a subscriber."""
    return replace(history, subscribers=(*history.subscribers, subscriber))


def with_answer(history: History, index: int, answer: Answer) -> History:
    """Replace one answer of GetFeedback."""
    return replace(history, answers=(*history.answers[:index], answer, *history.answers[index + 1 :]))


def with_feedbacks(history: History, change: Callable[[Feedback], Feedback]) -> History:
    """Change what servers said, wherever they said it."""

    def changed(stream: Stream) -> Stream:
        messages = (
            replace(message, feedback=change(message.feedback)) if isinstance(message, FeedbackMessage) else message
            for message in stream.messages
        )
        return replace(stream, messages=tuple(messages))

    return replace(
        history,
        subscribers=tuple(
            replace(subscriber, streams=tuple(changed(stream) for stream in subscriber.streams))
            for subscriber in history.subscribers
        ),
        answers=tuple(replace(answer, feedback=change(answer.feedback)) for answer in history.answers),
    )


def fresh(feedback: Feedback, at_ms: float) -> Feedback:
    """Return a feedback as if a sync had just confirmed it."""
    return replace(feedback, valid_until_ms=at_ms + FRESH_MS)


def last_ms(history: History) -> float:
    """Return a time after everything that happened."""
    times = [publish.seen_ms for publish in history.publishes] + [answer.at_ms for answer in history.answers]
    times += [site.message.at_ms for site in sites(history)]
    return max(times, default=0.0) + 1_000.0
