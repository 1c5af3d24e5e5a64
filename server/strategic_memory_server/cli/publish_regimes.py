"""`strategic-memory-server regimes --publish`: labels go into `meta.regime` as soon as a candle has ended."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click
import redis
from redis.exceptions import RedisError

from strategic_memory_producer import TraceWriter, UnwrittenError, WriterSettings
from strategic_memory_producer.connection import without_login
from strategic_memory_server.regimes.label import Detector
from strategic_memory_server.regimes.labelling import TimedLabel
from strategic_memory_server.regimes.live_closes import KnownCloses, closes_of_stream

_MOST_IN_DOUBT = 3
"""So often a label is published that may be there already: each that is takes a place among the newest observations."""

_TOO_FEW = "the closes so far are too few for a label: the first is published once there are enough"


def publish(closes: Iterator[KnownCloses], detector: Detector, redis_url: str, key_prefix: str) -> None:
    """Publish the label of the newest close now, and of each later one when it is known, until interrupted.

    Of several closes that come at once the newest label is published: the others are history. A Redis that is away is
    said on stderr, and the label that is the newest then is published once it is back, also where it may be there
    already; so is why there is no label yet.
    """
    waiting: TimedLabel | None = None
    said, told, is_labelled, in_doubt = "", "", False, 0
    with TraceWriter(redis_url, WriterSettings(prefix=key_prefix)) as writer:
        for found in closes:
            for known_ms, close in found.closes:
                label = detector.update(known_ms / 1000.0, close)
                waiting, in_doubt = (waiting, in_doubt) if label is None else (TimedLabel(known_ms, label), 0)
            is_labelled = is_labelled or waiting is not None
            if why := found.why_none or (_TOO_FEW if found.closes and not is_labelled else ""):
                told = _say_once(why, told)
            elif found.closes:
                # It is over. Where it comes again in weeks it is news.
                told = ""
            if waiting is None or found.more_known:
                continue
            try:
                _write(writer, waiting)
                waiting, said = None, ""
            except UnwrittenError as error:
                # In doubt it is published again, too, some times: without a pnl it counts in no result, and one that
                # has not arrived would leave the regime before in force until another candle has ended.
                in_doubt += bool(error.in_doubt)
                waiting = waiting if in_doubt < _MOST_IN_DOUBT else None
                said = _say_once(str(error), said)


def stream_of(redis_url: str, key: str, symbol: str | None) -> Iterator[KnownCloses]:
    """Yield the closes of a stream of that Redis; when that is away the command ends, for it may miss some."""
    with redis.Redis.from_url(redis_url) as client:
        try:
            yield from closes_of_stream(client, key, symbol)
        except RedisError as error:
            raise click.ClickException(f"{key}: cannot be read: {without_login(error)}") from None


def _write(writer: TraceWriter, timed: TimedLabel) -> None:
    label = timed.label
    writer.observe_regime(
        label.regime,
        confidence=round(label.confidence, 4),
        volatility=label.volatility,
        trend=label.trend,
        timestamp=timed.time_ms,
    )
    at = datetime.fromtimestamp(timed.time_ms / 1000.0, UTC).strftime("%Y-%m-%d %H:%M:%S")
    click.echo(f"{at} {label.regime} {label.confidence:.2f}")
    sys.stdout.flush()


def _say_once(message: str, before: str) -> str:
    if message != before:
        click.echo(message, err=True)
    return message
