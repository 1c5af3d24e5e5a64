"""A tiny trading agent that sizes its position by the newest advice, without ever waiting for it.

Start a service first, then run this beside it:

    strategic-memory-server demo --grpc-address 127.0.0.1:50051
    python examples/rl_agent.py --steps 200

Without a service it runs just the same, on the safe values. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from strategic_memory_client import Feedback, FeedbackStatus, Policy, StrategicMemoryClient

BASE_POSITION = 0.1
"""Share of the capital in one position at a leverage of 1."""

RISK = {Policy.CONSERVATIVE: 0.5, Policy.BALANCED: 1.0, Policy.AGGRESSIVE: 1.5}
"""Factor on the position, by policy."""


@dataclass
class Market:
    """A price that wanders; seeded, so that a run can be repeated."""

    source: random.Random

    def next_return(self) -> float:
        """Return the relative change of the price in one step."""
        return self.source.gauss(0.0002, 0.01)


@dataclass
class Agent:
    """Learns one number, its edge, from its rewards; what it knows of the past it takes from the advice."""

    edge: float = 0.0

    def position(self, advice: Feedback) -> float:
        """Return the share of the capital to hold, from 0 to what the advice allows."""
        largest = BASE_POSITION * RISK[advice.updated_policy] * advice.leverage_hint
        conviction = min(1.0, max(0.0, 0.5 + 50.0 * self.edge))
        return largest * conviction

    def learn(self, market_return: float) -> None:
        """Take one step's outcome into account."""
        self.edge += 0.05 * (market_return - self.edge)


def run(newest: Callable[[], Feedback], steps: int, pause_s: float, seed: int) -> tuple[float, Counter[str]]:
    """Trade for so many steps, or until Ctrl-C; return the final capital and how often each status was met."""
    market, agent, capital = Market(random.Random(seed)), Agent(), 1.0
    met: Counter[str] = Counter()
    with suppress(KeyboardInterrupt):
        for _ in range(steps):
            advice = newest()
            position = agent.position(advice)
            market_return = market.next_return()
            capital *= 1.0 + position * market_return
            agent.learn(market_return)
            met[advice.status] += 1
            time.sleep(pause_s)
    return capital, met


def main() -> None:
    """Read the command line and trade."""
    parser = argparse.ArgumentParser(description="Trade on the newest advice.")
    parser.add_argument("--address", default="127.0.0.1:50051", help="host:port of the service")
    parser.add_argument("--steps", type=int, default=1_000, help="number of steps")
    parser.add_argument("--pause", type=float, default=0.01, help="seconds between two steps")
    parser.add_argument("--seed", type=int, default=7, help="seed of the market")
    chosen = parser.parse_args()
    with StrategicMemoryClient(chosen.address) as client:
        client.follow()
        client.wait_for_newest(timeout_s=1.0)
        capital, met = run(lambda: client.newest, chosen.steps, chosen.pause, chosen.seed)
        advice = client.newest
    print(f"capital after {met.total()} steps: {capital:.4f}")
    print("advice met:", ", ".join(f"{status} {met[status]} times" for status in FeedbackStatus if met[status]))
    print(f"last advice: {advice.updated_policy} at leverage {advice.leverage_hint:g} for {advice.preferred_regime}")


if __name__ == "__main__":
    main()
