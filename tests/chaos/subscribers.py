"""Everybody who listens in a fault run: bare gRPC subscribers, and programs of the client library."""

from __future__ import annotations

from chaos.client_history import ClientHistory
from chaos.client_recorders import AsyncClientRecorder, NewestRecorder, SyncClientRecorder
from history.history_recorder import HistoryRecorder
from history.model import Delivery
from history.resume_policy import Backoff
from history.subscriber_recorder import SubscriberRecorder, SubscriberSettings

_HEARTBEAT_S = 0.2
_SAMPLE_S = 0.05
_LONG_AWAY = Backoff(1.5, 1.5)
"""Much is said until they come back."""
_READ_PAUSE_S = 0.25
_WINDOW_BYTES = 1_024


def subscribe_all(recorder: HistoryRecorder, addresses: tuple[str, ...], *, send_current: bool) -> None:
    """Add one of every kind, to servers in different orders; with `send_current` two ask for it when they resume."""
    for number, delivery in enumerate((Delivery.LATEST, Delivery.EVERY) * 2):
        name, turned = f"bare {delivery.value} {number + 1}", _turned(addresses, number // 2)
        asks = send_current and number >= len(Delivery)
        settings = SubscriberSettings(name, turned, delivery, _HEARTBEAT_S, send_current=asks)
        recorder.subscribe(settings)
    for number in range(len(addresses)):
        turned = _turned(addresses, number)
        for delivery in Delivery:
            name = f"away {delivery.value} {number + 1}"
            recorder.subscribe(SubscriberSettings(name, turned, delivery, _HEARTBEAT_S, backoff=_LONG_AWAY))
    afresh = SubscriberSettings("bare afresh", addresses, Delivery.LATEST, _HEARTBEAT_S, resumes=False)
    recorder.subscribe(afresh)
    for delivery in Delivery:
        history = _history(recorder, f"async {delivery.value}", delivery)
        recorder.add_subscriber(AsyncClientRecorder(_turned(addresses, 1), history, delivery))
    every = _history(recorder, "sync EVERY", Delivery.EVERY)
    recorder.add_subscriber(SyncClientRecorder(addresses, every, Delivery.EVERY))
    recorder.add_answers(NewestRecorder("client.newest", addresses, recorder.clock, recorder.budget))
    for address in addresses:
        recorder.sample(address, _SAMPLE_S)


def subscribe_slowly(recorder: HistoryRecorder, addresses: tuple[str, ...]) -> list[SubscriberRecorder]:
    """Add subscribers that take little from the server, and read that with long pauses."""
    return [
        recorder.subscribe(
            SubscriberSettings(
                f"slow {delivery.value}",
                addresses,
                delivery,
                _HEARTBEAT_S,
                silence_intervals=10.0,
                read_pause_s=_READ_PAUSE_S,
                window_bytes=_WINDOW_BYTES,
                connection=f"slow {delivery.value}",
            )
        )
        for delivery in Delivery
    ]


def _history(recorder: HistoryRecorder, name: str, delivery: Delivery) -> ClientHistory:
    return ClientHistory(name, delivery, recorder.clock, recorder.budget)


def _turned(addresses: tuple[str, ...], by: int) -> tuple[str, ...]:
    by %= len(addresses)
    return addresses[by:] + addresses[:by]
