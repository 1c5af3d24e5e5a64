"""How long a subscription keeps trying, where, and how fast."""

from __future__ import annotations

import random
from functools import partial

import pytest
from client.feedback_samples import feedback, heartbeat

from strategic_memory_client import (
    AccessDeniedError,
    Backoff,
    Disconnected,
    InvalidRequestError,
    ServiceUnavailableError,
    StrategicMemoryError,
    TooManySubscribersError,
    UnsupportedOperationError,
)
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.streams.subscription_settings import SubscriptionSettings

LOST = ServiceUnavailableError("gone")
settings = partial(SubscriptionSettings, addresses=("a:1",))


def subscription(given: SubscriptionSettings | None = None) -> Subscription:
    return Subscription(given or settings(), random.Random(7))


@pytest.mark.parametrize(
    "error", [InvalidRequestError("bad"), AccessDeniedError("no"), UnsupportedOperationError("what?")]
)
def test_gives_up_at_once_where_trying_again_cannot_help(error: StrategicMemoryError) -> None:
    state = subscription()
    state.connect(0.0)
    with pytest.raises(type(error)):
        state.failed(error, 1.0)
    follower = subscription(settings(retry_refusals=True))
    follower.connect(0.0)
    assert isinstance(follower.failed(error, 1.0), Disconnected)


@pytest.mark.parametrize("first", [[], [LOST], [LOST, LOST]])
def test_a_server_of_an_older_version_does_not_speak_for_the_others(first: list[StrategicMemoryError]) -> None:
    """One that knows it may be starting again, with the upgrade: the stream ended at the first that did not."""
    unknown = UnsupportedOperationError("it knows no portfolios")
    state = subscription(settings(addresses=("a:1", "b:2")))
    for error in [*first, unknown, LOST, unknown]:
        state.connect(1.0)
        assert isinstance(state.failed(error, 1.0), Disconnected)
    state.connect(1.0)
    with pytest.raises(UnsupportedOperationError):
        state.failed(unknown, 1.0)


def test_gives_up_after_the_given_time_without_any_server() -> None:
    state = subscription(settings(give_up_after_s=10.0))
    state.connect(0.0)
    state.received(feedback(1))
    assert isinstance(state.failed(LOST, 100.0), Disconnected)  # the outage begins here
    state.connect(101.0)
    assert isinstance(state.failed(LOST, 108.0), Disconnected)
    state.connect(109.0)
    with pytest.raises(ServiceUnavailableError):
        state.failed(LOST, 110.0)


def test_an_outage_counts_from_the_first_attempt() -> None:
    state = subscription(settings(give_up_after_s=10.0))
    state.connect(50.0)
    with pytest.raises(ServiceUnavailableError):
        state.failed(LOST, 60.5)


def test_a_message_ends_the_outage() -> None:
    state = subscription(settings(give_up_after_s=10.0))
    state.connect(0.0)
    state.failed(LOST, 1.0)
    state.connect(2.0)
    state.received(heartbeat())
    assert isinstance(state.failed(LOST, 30.0), Disconnected)


def test_tries_the_addresses_in_turn_and_slows_down_by_the_round() -> None:
    backoff = Backoff(initial_s=1.0, max_s=8.0, factor=2.0)
    state = subscription(settings(addresses=("a:1", "b:2"), backoff=backoff))
    seen, bounds = [], []
    for _ in range(8):
        seen.append(state.connect(0.0).address)
        disconnected = state.failed(LOST, 0.0)
        assert disconnected.address == seen[-1]
        bounds.append(disconnected.retry_in_s)
    assert seen == ["a:1", "b:2"] * 4
    for delay_s, bound_s in zip(bounds, [1, 1, 2, 2, 4, 4, 8, 8], strict=True):
        assert bound_s / 2 <= delay_s <= bound_s
    assert len(set(bounds)) == len(bounds), "every delay is drawn anew"


def test_the_delay_starts_over_after_a_stream_that_had_lived() -> None:
    state = subscription(settings(backoff=Backoff(initial_s=0.1, max_s=5.0)))
    delay_s = 0.0
    for _ in range(9):
        state.connect(0.0)
        delay_s = state.failed(LOST, 0.0).retry_in_s
    assert delay_s > 2.4
    state.connect(100.0)
    state.received(feedback())
    assert state.failed(LOST, 101.0).retry_in_s > 2.4, "a stream that broke at once is no recovery"
    state.connect(110.0)
    state.received(heartbeat())
    assert state.failed(LOST, 200.0).retry_in_s <= 0.1


def test_silence_is_several_missed_heartbeats_with_their_jitter() -> None:
    state = subscription(settings(heartbeat_interval_s=10.0, missed_heartbeats=3))
    assert state.silence_timeout_s == pytest.approx(33.0)
    assert state.connect(0.0).heartbeat_interval_s == 10.0


def test_a_full_server_is_left_alone_for_as_long_as_it_says() -> None:
    def full(retry_after_s: float) -> TooManySubscribersError:
        return TooManySubscribersError("full", retry_after_s=retry_after_s)

    state = subscription(settings(addresses=("a:1", "b:1")))
    state.connect(0.0)
    assert state.failed(full(8.0), 0.0).retry_in_s < 1.0, "the other one is not full yet"
    state.connect(1.0)
    assert 7.0 <= state.failed(full(8.0), 1.0).retry_in_s < 9.0
    alone = subscription()
    alone.connect(0.0)
    assert 60.0 <= alone.failed(full(3_600.0), 0.0).retry_in_s <= 75.0
