"""A recorded history: what was published, what each subscriber was sent, what GetFeedback answered, and when.

Plain values without behaviour. Times are milliseconds since 1970-01-01 UTC by the observer's clock, which never goes
back within one history; the few times of a server's clock are named so.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Status(enum.Enum):
    """Whether a feedback may be acted upon."""

    WARMING_UP = "WARMING_UP"
    ACTIVE = "ACTIVE"
    STALE = "STALE"
    UNSPECIFIED = "UNSPECIFIED"


class Delivery(enum.Enum):
    """What a slow subscriber asked to get."""

    LATEST = "LATEST"
    EVERY = "EVERY"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the history of what was said. Revision 0: nothing was published yet; epoch "": not known."""

    epoch: str
    revision: int

    def __str__(self) -> str:
        return f"{self.revision} of epoch {self.epoch or '(none)'}"


@dataclass(frozen=True, slots=True)
class Advice:
    """The part of a feedback that a STALE rendering replaces by the safe values.

    Attributes:
        policy: what to do.
        confidence: how sure that is.
        leverage: multiple of the base position.
        beside: the same of the current regime and of the evidence, as far as they were told.
        rules: what would be advised without an override, as JSON text; empty: that was not told.
    """

    policy: str
    confidence: float
    leverage: float
    beside: tuple[Advice, ...] = ()
    rules: str = ""


Content = tuple[tuple[str, str], ...]
"""Fields with their values as JSON text, in the order of the wire."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One feedback as somebody was told it.

    Attributes:
        position: its epoch and revision.
        status: its status.
        advice: what to do.
        seen: every other field but the times; a STALE rendering keeps it.
        valid_until_ms: until when it may be acted upon, by the server's clock; None: not told.
    """

    position: Position
    status: Status
    advice: Advice
    seen: Content
    valid_until_ms: float | None


@dataclass(frozen=True, slots=True)
class FeedbackMessage:
    """A feedback on a stream, how many revisions were passed over before it, and the portfolio that it is about."""

    at_ms: float
    feedback: Feedback
    skipped: int
    portfolio: str = ""


@dataclass(frozen=True, slots=True)
class HeartbeatMessage:
    """A heartbeat on a stream. `sent_ms` and `valid_until_ms` are of the server's clock; None: not told."""

    at_ms: float
    position: Position
    status: Status
    valid_until_ms: float | None
    sent_ms: float | None
    portfolio: str = ""


Message = FeedbackMessage | HeartbeatMessage


@dataclass(frozen=True, slots=True)
class Opening:
    """How a stream was asked for, and where.

    Attributes:
        address: the server; one address leads to one server, which may be restarted, unless it is shared.
        opened_ms: when the request was sent.
        delivery: the delivery asked for.
        resume_after: the resume point, whose epoch may be ""; None: start with the feedback in force.
        send_current: whether the feedback in force was asked for where nothing came after the resume point.
    """

    address: str
    opened_ms: float
    delivery: Delivery
    resume_after: Position | None
    send_current: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """The ErrorInfo that came with a status, as it was told; a number that is absent or no number is None."""

    domain: str
    reason: str
    oldest: int | None = None
    current: int | None = None
    epoch: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How a stream ended.

    Attributes:
        at_ms: when the observer learned it.
        code: name of the gRPC status, for example "OUT_OF_RANGE".
        detail: the text that came with it.
        refusal: the ErrorInfo; None when there was none.
        by_observer: the observer ended it itself (it stopped, or took the server for gone).
    """

    at_ms: float
    code: str
    detail: str = ""
    refusal: Refusal | None = None
    by_observer: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream, from its opening to its end; `end` is None while it is open."""

    opening: Opening
    messages: tuple[Message, ...] = ()
    end: End | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One subscriber and its streams, one after the other.

    Attributes:
        name: for messages.
        streams: in the order in which they were opened.
        slow: it leaves messages unread on purpose, so they may be old when they are recorded.
    """

    name: str
    streams: tuple[Stream, ...] = ()
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What GetFeedback answered at an address, about which portfolio, and when it was asked and answered."""

    address: str
    asked_ms: float
    at_ms: float
    feedback: Feedback
    portfolio: str = ""


@dataclass(frozen=True, slots=True)
class Publish:
    """A feedback in the log.

    Attributes:
        feedback: the feedback as the log holds it.
        absent_ms: when the log was last seen without it; minus infinity for what was there from the start.
        seen_ms: when it was first seen.
    """

    feedback: Feedback
    absent_ms: float
    seen_ms: float


@dataclass(frozen=True, slots=True)
class LogSample:
    """Where the log stood at a moment: the epoch of its newest entry, and its oldest and newest retained revision.

    An empty log has epoch "" and zeros. `oldest` may belong to an earlier epoch.
    """

    at_ms: float
    epoch: str
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class LogGap:
    """Revisions of an epoch that may have been in the log unseen: trimmed or lost before the recorder came to them.

    Attributes:
        epoch: the epoch.
        after: the revisions are above this one.
        before: and below this one; None: there is no bound.
        since_ms: they came no earlier.
    """

    epoch: str
    after: int
    before: int | None
    since_ms: float


@dataclass(frozen=True, slots=True)
class Fault:
    """A time in which something was broken on purpose, so that servers may lag and messages may be late."""

    name: str
    from_ms: float
    until_ms: float


@dataclass(frozen=True, slots=True)
class Restart:
    """A server was about to be started again at its address: it knows nothing of what was said there before."""

    address: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class Absence:
    """A time in which the portfolio was not named.

    Attributes:
        from_ms: since when.
        gone_ms: every server was seen to have noticed; infinite: that was not waited for.
        until_ms: when it was named again; infinite: it was not.
        known_ms: every server was seen to have noticed that.
    """

    from_ms: float
    gone_ms: float = float("inf")
    until_ms: float = float("inf")
    known_ms: float = float("inf")


@dataclass(frozen=True, slots=True)
class History:
    """Everything that was observed of one portfolio.

    Attributes:
        publishes: what was seen in the log, in that order.
        samples: where the log stood, each time that this changed.
        gaps: what the recorder of the log cannot know.
        epochs: names of the log, oldest first.
        subscribers: the subscribers.
        answers: what GetFeedback answered, in the order of the answers.
        faults: when something was broken on purpose.
        settled_ms: when all was healed and every subscriber had had time to catch up; None: that was not waited for.
        restarts: servers that were started again.
        shared: addresses at which several processes answer, each a server of its own.
        portfolio: the portfolio that was asked for; empty: the default one.
        absences: when it was not named.
    """

    publishes: tuple[Publish, ...] = ()
    samples: tuple[LogSample, ...] = ()
    gaps: tuple[LogGap, ...] = ()
    epochs: tuple[str, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    answers: tuple[Answer, ...] = ()
    faults: tuple[Fault, ...] = ()
    settled_ms: float | None = None
    restarts: tuple[Restart, ...] = ()
    shared: tuple[str, ...] = ()
    portfolio: str = ""
    absences: tuple[Absence, ...] = ()
