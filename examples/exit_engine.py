"""An exit engine: sets take-profit and stop-loss of a position by the confidence of the newest advice, within bounds.

    python examples/exit_engine.py --positions 50                  # shows what it does, on a made-up price
    python examples/exit_engine.py --positions 50 --write          # writes quantum:exit:statistics too

The take-profit is 0.7 to 1.3 times its usual distance and the stop-loss 0.5 to 1.0 times: a stop is never further away
than usual. While a position is open its stop only comes nearer. Advice that is not ACTIVE changes nothing: distances
are the usual ones then, and stops that were set stay.

It needs the extra `producer`: pip install 'strategic-memory[producer]'.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import redis

from strategic_memory_client import Feedback, FeedbackStatus, StrategicMemoryClient

TAKE_PROFIT_SCALES = (0.7, 1.3)
"""At a confidence of 0 and of 1; neutral advice, of 0.5, leaves the usual distance."""

STOP_LOSS_SCALES = (0.5, 1.0)
"""At a confidence of 0 and of 0.5, from where on it stays."""

USUAL_TAKE_PROFIT, USUAL_STOP_LOSS = 0.02, 0.015
"""Distances from the price of the opening, as shares of it."""

KEY = "exit:statistics"
LONGEST_STEPS = 500


@dataclass(frozen=True)
class Scales:
    """Factors on the usual distances."""

    take_profit: float = 1.0
    stop_loss: float = 1.0


def scales(advice: Feedback) -> Scales:
    """Return the factors for a position now, by the confidence in the present regime; 1 where none is to be had."""
    if advice.status is not FeedbackStatus.ACTIVE or advice.current is None:
        return Scales()
    confidence = min(1.0, max(0.0, advice.current.confidence_boost))
    return Scales(_between(TAKE_PROFIT_SCALES, confidence), _between(STOP_LOSS_SCALES, min(1.0, 2 * confidence)))


def _between(bounds: tuple[float, float], share: float) -> float:
    lowest, highest = bounds
    return min(highest, max(lowest, lowest + (highest - lowest) * share))


@dataclass
class Position:
    """A long position that was opened at a price of 1."""

    take_profit: float
    stop_loss: float

    @classmethod
    def opened(cls, by: Scales) -> Position:
        """Open one with its distances scaled."""
        return cls(USUAL_TAKE_PROFIT * by.take_profit, USUAL_STOP_LOSS * by.stop_loss)

    def tighten(self, by: Scales) -> None:
        """Bring the stop nearer where less is to be risked now; never further away."""
        self.stop_loss = min(self.stop_loss, USUAL_STOP_LOSS * by.stop_loss)

    def exit(self, price: float) -> str:
        """Return why to leave at a price; empty: stay."""
        if price >= 1.0 + self.take_profit:
            return "take_profit"
        return "stop_loss" if price <= 1.0 - self.stop_loss else ""


def held(newest: Callable[[], Feedback], source: random.Random) -> tuple[str, float]:
    """Hold one position to its end; return why it ended, and what it earned."""
    position, price = Position.opened(scales(newest())), 1.0
    for _ in range(LONGEST_STEPS):
        price *= 1.0 + source.gauss(0.0, 0.003)
        position.tighten(scales(newest()))
        if reason := position.exit(price):
            return reason, price - 1.0
    return "timed_out", price - 1.0


def unwritten(url: str, key: str, text: str) -> str:
    """Set the key; return why it cannot be said that it is set, empty where it is."""
    is_connected = False
    try:
        with redis.Redis.from_url(url, socket_timeout=2.0, single_connection_client=True) as connection:
            is_connected = True
            connection.set(key, text)
    except (redis.RedisError, ValueError) as error:
        # What Redis has refused is of these kinds, too.
        is_refused = isinstance(error, redis.BusyLoadingError | redis.AuthenticationError)
        if is_connected and not is_refused and isinstance(error, redis.ConnectionError | redis.TimeoutError):
            return f"Redis gave no answer, so {key} may hold the statistics or not: {error}"
        return f"the statistics cannot be written, look at --redis: {error}"
    return ""


def main() -> int:
    """Read the command line, hold positions, and say how they ended; 1 where Redis does not take the statistics."""
    parser = argparse.ArgumentParser(description="Exit by the newest advice.")
    parser.add_argument("--address", default="127.0.0.1:50051", help="host:port of the service")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/0", help="URL of the service's Redis")
    parser.add_argument("--prefix", default="quantum", help="what its keys start with")
    parser.add_argument("--write", action="store_true", help="write the statistics into Redis")
    parser.add_argument("--positions", type=int, default=50, help="number of positions")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two positions")
    parser.add_argument("--seed", type=int, default=7, help="seed of the price")
    chosen = parser.parse_args()
    source, ends, earned = random.Random(chosen.seed), Counter[str](), 0.0
    with StrategicMemoryClient(chosen.address) as client:
        client.follow()
        client.wait_for_newest(timeout_s=2.0)
        for _ in range(chosen.positions):
            reason, gain = held(lambda: client.newest, source)
            ends[reason] += 1
            earned += gain
            time.sleep(chosen.pause)
        advice = client.newest
    by = scales(advice)
    statistics = {"exits": ends.total(), **{name: ends[name] for name in ("take_profit", "stop_loss", "timed_out")}}
    print(f"{ends.total()} positions earned {earned:+.4f}: {json.dumps(statistics)}")
    print(f"scales now: take-profit {by.take_profit:.2f}, stop-loss {by.stop_loss:.2f} (advice is {advice.status})")
    if chosen.write:
        if why := unwritten(chosen.redis, key := f"{chosen.prefix}:{KEY}", json.dumps(statistics)):
            print(why, file=sys.stderr)
            return 1
        print(f"wrote {key}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
