"""SubscriberRecorder: a real subscriber on the wire that writes down everything it is sent."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

import grpc
from google.protobuf.duration_pb2 import Duration
from history.channels import ChannelPool
from history.event_budget import EventBudget
from history.from_wire import FeedbackReader, heartbeat_of, refusal_of
from history.model import Delivery, End, FeedbackMessage, Message, Opening, Position, Stream, Subscriber
from history.observer_clock import ObserverClock
from history.resume_policy import Backoff, ResumePolicy

from strategic_memory.v1 import service_pb2, service_pb2_grpc

SILENT = "SILENT"
"""Code of the end of a stream that the observer has given up because nothing came."""

_DELIVERIES = {Delivery.LATEST: service_pb2.DELIVERY_LATEST, Delivery.EVERY: service_pb2.DELIVERY_EVERY}
_DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class SubscriberSettings:
    """How one subscriber behaves.

    Attributes:
        name: for messages.
        addresses: the servers, in the order in which they are tried.
        delivery: what to ask for.
        heartbeat_interval_s: what to ask for, seconds.
        silence_intervals: heartbeat intervals without a message after which a server is taken for gone.
        resumes: whether it goes on where it was; otherwise each stream starts with the feedback in force.
        send_current: whether it asks, as a program that was started again, for the feedback of its resume point.
        read_pause_s: seconds that it leaves what comes next unread after each message; it is slow when above 0.
        window_bytes: unread bytes that it takes from the server; None: as gRPC sees fit. Needs a connection of its own.
        connection: name of the connection to each address; all who name the same one, or none, share it.
        backoff: waits between two streams.
    """

    name: str
    addresses: tuple[str, ...]
    delivery: Delivery = Delivery.LATEST
    heartbeat_interval_s: float = 1.0
    silence_intervals: float = 3.0
    resumes: bool = True
    send_current: bool = False
    read_pause_s: float = 0.0
    window_bytes: int | None = None
    connection: str | None = None
    backoff: Backoff = field(default_factory=Backoff)


class SubscriberRecorder:
    """Opens one stream after the other until it is cancelled.

    Args:
        settings: how it behaves.
        channels: connections to the servers.
        reader: reads feedbacks; shared, so that equal ones are held once.
        clock: tells the time of every event.
        budget: bounds what is held.
        seed: of the waits between streams.
        portfolio: the portfolio to ask for.
    """

    def __init__(
        self,
        settings: SubscriberSettings,
        channels: ChannelPool,
        reader: FeedbackReader,
        clock: ObserverClock,
        budget: EventBudget,
        seed: int = 0,
        portfolio: str = "",
    ) -> None:
        self.settings = settings
        self.is_open = False
        """Whether a stream is open that has brought a message."""
        self.read_pause_s = settings.read_pause_s
        """Seconds that it leaves what comes next unread; may be changed while it runs."""
        self._channels = channels
        self._reader = reader
        self._clock = clock
        self._budget = budget
        self._portfolio = portfolio
        self._policy = ResumePolicy(settings.addresses, settings.backoff, random.Random(seed), resumes=settings.resumes)
        self._streams: list[Stream] = []
        self._opening: Opening | None = None
        self._messages: list[Message] = []

    @property
    def position(self) -> Position | None:
        """The last place that it has come to."""
        return self._policy.position

    def recorded(self) -> Subscriber:
        """Return everything so far."""
        streams = tuple(self._streams)
        if self._opening is not None:
            streams = (*streams, Stream(self._opening, tuple(self._messages)))
        slow = self.settings.read_pause_s > 0
        return Subscriber(self.settings.name, streams, slow)

    async def run(self) -> None:
        """Subscribe until cancelled.

        Raises:
            HistoryTooLongError: there is no room for what came.
        """
        while True:
            end = await self._one_stream()
            await asyncio.sleep(self._policy.ended(end))

    async def _one_stream(self) -> End:
        self._budget.spend()
        opening = Opening(
            self._policy.address,
            self._clock.now_ms(),
            self.settings.delivery,
            self._policy.resume_after,
            self.settings.send_current,
        )
        self._opening, self._messages = opening, []
        try:
            end = await self._follow(opening)
        except asyncio.CancelledError:
            self._close(opening, End(self._clock.now_ms(), "CANCELLED", "the recording was stopped", by_observer=True))
            raise
        self._close(opening, end)
        return end

    def _close(self, opening: Opening, end: End) -> None:
        self.is_open = False
        self._streams.append(Stream(opening, tuple(self._messages), end))
        self._opening, self._messages = None, []

    async def _follow(self, opening: Opening) -> End:
        shared = self.settings.connection
        channel = self._channels.channel(opening.address, own=shared, window_bytes=self.settings.window_bytes)
        stub = service_pb2_grpc.StrategicMemoryServiceStub(channel)
        call = stub.StreamFeedback(self._request(opening))
        try:
            while True:
                async with asyncio.timeout(self._silence_s):
                    response = await call.read()
                if not isinstance(response, service_pb2.StreamFeedbackResponse):
                    return End(self._clock.now_ms(), "OK")
                self._record(response)
                if self.read_pause_s:
                    await asyncio.sleep(self.read_pause_s)
        except grpc.aio.AioRpcError as error:
            return self._ended_by(error)
        except TimeoutError:
            # The connection may be dead under all its streams, so the next stream gets another one.
            self._channels.renew(opening.address, channel, own=shared)
            silent = f"neither feedback nor heartbeat for {self._silence_s:g} s"
            return End(self._clock.now_ms(), SILENT, silent, by_observer=True)

    @property
    def _silence_s(self) -> float:
        return self.settings.heartbeat_interval_s * self.settings.silence_intervals

    def _request(self, opening: Opening) -> service_pb2.StreamFeedbackRequest:
        heartbeat = Duration()
        heartbeat.FromNanoseconds(round(self.settings.heartbeat_interval_s * 1e9))
        request = service_pb2.StreamFeedbackRequest(
            delivery=_DELIVERIES[opening.delivery],
            heartbeat_interval=heartbeat,
            send_current=opening.send_current,
            portfolio=self._portfolio,
        )
        if opening.resume_after is not None:
            request.resume_after_revision = opening.resume_after.revision
            request.epoch = opening.resume_after.epoch
        return request

    def _record(self, response: service_pb2.StreamFeedbackResponse) -> None:
        at_ms = self._clock.now_ms()
        kind = response.WhichOneof("event")
        self._budget.spend()
        if kind == "feedback":
            feedback = self._reader.read(response.feedback)
            self._messages.append(FeedbackMessage(at_ms, feedback, response.skipped_revisions, response.portfolio))
            self._policy.received(feedback.position)
        elif kind == "heartbeat":
            self._messages.append(heartbeat_of(response.heartbeat, at_ms, response.portfolio))
        self.is_open = True

    def _ended_by(self, error: grpc.aio.AioRpcError) -> End:
        details = dict(error.trailing_metadata()).get(_DETAILS_KEY)
        refusal = refusal_of(details) if isinstance(details, bytes) else None
        return End(self._clock.now_ms(), error.code().name, error.details() or "", refusal)
