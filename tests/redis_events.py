"""Hears what is published on a channel of Redis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis


class Events:
    """What has arrived on one channel."""

    def __init__(self, client: redis.Redis, channel: str, subscription: redis.client.PubSub) -> None:
        self._client = client
        self._channel = channel
        self._subscription = subscription

    def next(self, within_s: float = 30.0) -> dict[str, Any]:
        """The next event; fails when none arrives in time."""
        message = self._subscription.get_message(timeout=within_s)
        assert message is not None, "no event arrived"
        event: dict[str, Any] = json.loads(message["data"])
        return event

    def none_has_arrived(self) -> bool:
        """Whether nothing has been published since; an event of its own shows that everything before it is here."""
        self._client.publish(self._channel, json.dumps({"marker": True}))
        return self.next() == {"marker": True}


@contextmanager
def subscribed(client: redis.Redis, channel: str) -> Iterator[Events]:
    """Subscribe, and wait until it is in force."""
    subscriber: Any = client
    with subscriber.pubsub() as subscription:
        subscription.subscribe(channel)
        assert subscription.get_message(timeout=30)["type"] == "subscribe"
        yield Events(client, channel, subscription)
