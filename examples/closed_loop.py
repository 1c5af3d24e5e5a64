"""An agent that learns from its own past: it reads the newest advice, trades by it, and records how each trade ended.

Start a Redis and a service first, then run this beside them:

    strategic-memory-server serve --embedded-redis --interval 1       # says which Redis it has
    python examples/closed_loop.py --redis redis://127.0.0.1:6379/0 --trades 200

It needs the extra `producer`: pip install 'strategic-memory[producer]'.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import uuid
from datetime import UTC, datetime

from strategic_memory_client import Feedback, Policy, StrategicMemoryClient
from strategic_memory_producer import TraceError, TraceWriter

EDGE = {
    ("BULL", Policy.AGGRESSIVE): 0.4,
    ("BULL", Policy.BALANCED): 0.25,
    ("BEAR", Policy.AGGRESSIVE): -0.5,
    ("BEAR", Policy.CONSERVATIVE): 0.05,
}
"""What a trade earns on average in this made-up market, by regime and policy; 0 where nothing is said."""


def regime_at(number: int) -> str:
    """Return the regime that rules when so many trades were made: they take turns."""
    return "BULL" if number // 25 % 2 == 0 else "BEAR"


def policy_for(advice: Feedback, regime: str, source: random.Random) -> Policy:
    """Return the advised policy for this regime, and now and then another: one never tried teaches nothing."""
    if source.random() < 0.2:
        return source.choice(list(Policy))
    if advice.preferred_regime == regime:
        return advice.updated_policy
    return Policy.CONSERVATIVE


def leverage_for(advice: Feedback, regime: str) -> float:
    """Return the leverage advised for this regime; where it is for another one, no more than the safe one."""
    return advice.leverage_hint if advice.preferred_regime == regime else advice.as_safe().leverage_hint


def trade(client: StrategicMemoryClient, writer: TraceWriter, trades: int, pause_s: float, seed: int) -> float:
    """Make so many trades by the newest advice, and record each; return what they earned."""
    # A trade id counts once: two agents that begin in one second must not share theirs.
    source, earned, run = random.Random(seed), 0.0, uuid.uuid4().hex
    for number in range(trades):
        regime = regime_at(number)
        writer.observe_regime(regime, confidence=0.8)
        advice = client.newest
        policy, opened = policy_for(advice, regime, source), datetime.now(UTC)
        pnl = source.gauss(EDGE.get((regime, policy), 0.0), 0.3) * leverage_for(advice, regime)
        writer.record_trade(pnl, regime=regime, policy=policy.name, trade_id=f"{run}-{number}", opened_at=opened)
        earned += pnl
        time.sleep(pause_s)
    return earned


def main() -> int:
    """Read the command line, trade, and say what was earned; 1 where that cannot be recorded."""
    parser = argparse.ArgumentParser(description="Trade, record, and trade by what was learned.")
    parser.add_argument("--address", default="127.0.0.1:50051", help="host:port of the service")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/0", help="URL of the service's Redis")
    parser.add_argument("--trades", type=int, default=200, help="number of trades")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two trades")
    parser.add_argument("--seed", type=int, default=7, help="seed of the market")
    chosen = parser.parse_args()
    try:
        with StrategicMemoryClient(chosen.address) as client, TraceWriter(chosen.redis) as writer:
            client.follow()
            earned = trade(client, writer, chosen.trades, chosen.pause, chosen.seed)
            newest = client.newest
    except (TraceError, ValueError) as error:
        print(f"closed_loop.py: {error}; look at --redis and --address", file=sys.stderr)
        return 1
    print(f"{chosen.trades} trades earned {earned:+.2f}. The advice now is {newest.status.name}:")
    print(f"{newest.updated_policy.name} in {newest.preferred_regime}, at leverage {newest.leverage_hint:g}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
