"""An agent that sizes its position, trained with recorded advice and without, and then run on live advice.

    pip install 'strategic-memory[server,rl]'
    python examples/rl_sizing.py
    python examples/rl_sizing.py --picture curves.svg      # needs matplotlib
    python examples/rl_sizing.py --address 127.0.0.1:50051 # the trained agent on live advice

The market is made up and seeded: its mean return depends on a regime that lasts for some fifty steps, and a change of
the position costs. A labeller, who is wrong at times, says the regime; trades of three policies say what each earned
in it. `strategic-memory-server replay --advice-out` makes advice of them. The agent learns to predict the next return
from the last one, its trend and its own position, and takes one of five positions; with advice it sees its features
too.

It is trained over the first part of the market and judged, without learning, over the second, once for each seed. The
table says what a step earned there after costs. With labels of chance there is nothing to know, and advice does not
help: the third row shows that, and how much its features cost as noise.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from strategic_memory_client.rl import AdviceWrapper, RecordedAdvice
from strategic_memory_server.cli.commands import app

REGIMES = ("BULL", "RANGE", "BEAR")
MEAN_RETURN = np.array([0.15, 0.0, -0.15])
DEVIATION = 1.0
FEATURES = 1
"""Version of the features that the figures of docs/rl.md are of."""

STAYS, LABELLED_RIGHT = 0.98, 0.9
EXPOSURE = {"CONSERVATIVE": 0.3, "BALANCED": 1.0, "AGGRESSIVE": 1.8}
COLUMNS = ("time", "kind", "regime", "policy", "opened", "pnl")
STEPS_A_TRADE = 3
"""Returns are in percent of the capital, and a step is an hour."""

POSITIONS = (0.0, 0.5, 1.0, 1.5, 2.0)
COST = 0.02
RISK = 0.005
"""What a change of the position by one costs, and a step at a position of one at unit variance, in percent."""

BEGIN, STEP = datetime(2024, 1, 1, tzinfo=UTC), timedelta(hours=1)
EPISODE = 400

Floats = NDArray[np.float64]
Observation = NDArray[np.float32]


@dataclass(frozen=True)
class Market:
    """Returns of a market, in percent, and the label of each step, known at its end."""

    returns: Floats
    labels: NDArray[np.int64]


def made_up(seed: int, steps: int, *, labels_know: bool) -> Market:
    """Make a market up; its labels tell the regime, mostly, or are chance."""
    source = np.random.default_rng(seed)
    changes = source.random(steps) > STAYS
    regimes = np.maximum.accumulate(np.where(changes, np.arange(steps), 0))
    regimes = source.integers(0, len(REGIMES), steps)[regimes]
    told = regimes if labels_know else regimes[np.roll(np.arange(steps), steps // 2)]
    wrong = source.random(steps) > LABELLED_RIGHT
    labels = np.where(wrong, source.integers(0, len(REGIMES), steps), told)
    return Market(source.normal(MEAN_RETURN[regimes], DEVIATION), labels)


def advice_on(market: Market, folder: Path) -> RecordedAdvice:
    """Return what the service would have advised over a market, by the evidence of what each policy earned in it."""
    record, advice = folder / "record.csv", folder / "advice.csv"
    with record.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["time", "kind", "regime", "policy", "opened", "pnl", *(f"pnl_{name.lower()}" for name in EXPOSURE)]
        )
        for number, label in enumerate(market.labels.tolist()):
            rows.writerow([time_of(number).isoformat(), "regime", REGIMES[label], "", "", "", "", "", ""])
            if number % STEPS_A_TRADE == 0 and number >= STEPS_A_TRADE:
                earned = market.returns[number - STEPS_A_TRADE + 1 : number + 1].sum()
                pnl = [f"{share * earned:.6f}" for share in EXPOSURE.values()]
                followed = number // (20 * STEPS_A_TRADE) % len(EXPOSURE)
                opened = time_of(number - STEPS_A_TRADE).isoformat()
                rows.writerow(
                    [time_of(number).isoformat(), "trade", "", list(EXPOSURE)[followed], opened, pnl[followed], *pnl]
                )
    flags = ["--advice-out", str(advice), "--advice-rules", "evidence", "--every", "1", "--against", "reference"]
    app(["replay", str(record), *flags, "--out", str(folder / "report"), "--quiet"], standalone_mode=False)
    return RecordedAdvice.from_file(advice)


def time_of(number: int) -> datetime:
    """Return the end of a step of the market."""
    return BEGIN + number * STEP


class Sizing(gymnasium.Env[Observation, np.int64]):
    """Hold a share of the capital in a market for an episode that begins at a random step within bounds."""

    def __init__(self, market: Market, first: int, last: int, episode: int = EPISODE) -> None:
        self.market, self.first, self.last, self.episode = market, first, last, episode
        self.observation_space = Box(-5.0, 5.0, (3,), np.float32)
        self.action_space = Discrete(len(POSITIONS))
        self._trend = market.returns.copy()
        for number in range(1, len(self._trend)):
            self._trend[number] = 0.95 * self._trend[number - 1] + 0.05 * market.returns[number]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin at a step of the market, without a position."""
        super().reset(seed=seed)
        self._begin = int(self.np_random.integers(self.first, max(self.first, self.last - self.episode) + 1))
        self._number, self._position = self._begin, 0.0
        return self._observation(), self._info()

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take a position, and live through the next step of the market with it."""
        position = POSITIONS[int(action)]
        self._number += 1
        earned = position * self.market.returns[self._number]
        reward = earned - COST * abs(position - self._position) - RISK * position**2
        self._position = position
        is_over = self._number - self._begin >= self.episode or self._number + 1 >= len(self.market.returns)
        return self._observation(), float(reward), False, is_over, self._info()

    def _observation(self) -> Observation:
        seen = self.market.returns[self._number], 10.0 * self._trend[self._number], self._position
        return np.clip(seen, -5.0, 5.0).astype(np.float32)

    def _info(self) -> dict[str, Any]:
        # A moment after the end of the step: the label and the trade that ended with it are known.
        return {
            "time": time_of(self._number) + timedelta(seconds=1),
            "return": float(self.market.returns[self._number]),
        }


class Agent:
    """Learns, step by step, to predict the next return from what is seen; takes the position that this is best for.

    The prediction is linear, by recursive least squares with a ridge (Ljung, System Identification, 2nd edition, 11.2):
    what each position would have earned is known once the return is, so that every step teaches about all of them.
    """

    def __init__(self, ridge: float = 100.0) -> None:
        self._ridge = ridge
        self.weights: Floats = np.zeros(0)
        self._inverse: Floats = np.zeros((0, 0))

    def seen(self, observation: Observation) -> Floats:
        """Return what is seen, with a constant."""
        seen = np.append(observation.astype(float), 1.0)
        if not self.weights.size:
            self.weights, self._inverse = np.zeros(seen.size), np.eye(seen.size) / self._ridge
        return seen

    def choose(self, seen: Floats) -> int:
        """Return a position; the third number that is seen is the one that is held."""
        expected = self.weights @ seen
        worth = [each * expected - COST * abs(each - seen[2]) - RISK * each**2 for each in POSITIONS]
        return int(np.argmax(worth))

    def learn(self, seen: Floats, change: float) -> None:
        """Take the return after a step into account."""
        weighed = self._inverse @ seen
        gain = weighed / (1.0 + seen @ weighed)
        self.weights += gain * (change - self.weights @ seen)
        self._inverse -= np.outer(gain, weighed)


def run_episode(env: gymnasium.Env[Any, Any], agent: Agent, seed: int, *, learns: bool) -> float:
    """Run an episode; return what a step earned."""
    observation, _ = env.reset(seed=seed)
    total, steps, is_over = 0.0, 0, False
    while not is_over:
        seen = agent.seen(observation)
        observation, reward, _, is_over, info = env.step(np.int64(agent.choose(seen)))
        if learns:
            agent.learn(seen, info["return"])
        total, steps = total + float(reward), steps + 1
    return total / steps


def trained(market: Market, advice: RecordedAdvice | None, seed: int, episodes: int) -> tuple[list[float], Agent]:
    """Train an agent; return what a step earned over the part that is kept aside, after each tenth, and the agent."""
    split = len(market.returns) * 2 // 3

    def seeing(env: Sizing) -> gymnasium.Env[Any, Any]:
        if advice is None:
            return env
        return AdviceWrapper(env, advice, regimes=REGIMES, time="time", advice_for="current", features_version=FEATURES)

    train = seeing(Sizing(market, 0, split))
    judge = seeing(Sizing(market, split + 1, split + 1, len(market.returns) - split - 3))
    agent, curve = Agent(), []
    for number in range(episodes):
        run_episode(train, agent, 1_000 * seed + number, learns=True)
        if (number + 1) % max(episodes // 10, 1) == 0:
            curve.append(run_episode(judge, agent, seed, learns=False))
    return curve, agent


def told(name: str, curves: Sequence[Sequence[float]], beside: Sequence[Sequence[float]]) -> str:
    """Return a row of the table: the mean over the seeds after training, and its difference to the agents beside."""
    last = np.array([curve[-1] for curve in curves])
    difference = last - np.array([curve[-1] for curve in beside])
    error = 1.96 * difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else np.nan
    against = "" if curves is beside else f"{difference.mean():+.4f} ± {error:.4f}"
    return f"{name:<34} {last.mean():>8.4f} {last.min():>8.4f} {last.max():>8.4f}   {against}"


def draw(curves: dict[str, Sequence[Sequence[float]]], file: Path) -> None:
    """Draw the learning curves: the mean over the seeds, and where eight of ten lie."""
    plot = importlib.import_module("matplotlib.pyplot")
    figure, axes = plot.subplots(figsize=(6.4, 3.6))
    for name, each in curves.items():
        values = np.array(each)
        shares = np.linspace(10, 100, values.shape[1])
        (drawn,) = axes.plot(shares, values.mean(axis=0), label=name)
        axes.fill_between(shares, *np.quantile(values, (0.1, 0.9), axis=0), alpha=0.15, color=drawn.get_color())
    axes.set(xlabel="share of the training, %", ylabel="earned a step, % of the capital")
    axes.axhline(0.0, linewidth=0.5, color="grey")
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(file)


def live(agent: Agent, market: Market, address: str, steps: int) -> str:
    """Run a trained agent on live advice; return what came of it."""
    env = AdviceWrapper(
        Sizing(market, 0, 0, steps), address, regimes=REGIMES, advice_for="current", features_version=FEATURES
    )
    observation, info = env.reset(seed=1)
    active, positions = int(info["advice_is_active"]), []
    for _ in range(steps):
        action = agent.choose(agent.seen(observation))
        positions.append(POSITIONS[action])
        observation, _, _, _, info = env.step(np.int64(action))
        active += int(info["advice_is_active"])
    env.close()
    return f"live: {active} of {steps + 1} steps had active advice; mean position {np.mean(positions):.2f}"


def compared(
    seeds: Iterable[int], steps: int, episodes: int, folder: Path
) -> tuple[dict[str, list[list[float]]], Agent]:
    """Train on each seed, in three ways; return the curves by way, and the last agent with advice."""
    curves: dict[str, list[list[float]]] = {"without advice": [], "with advice": [], "with advice on chance": []}
    agent = Agent()
    for seed in seeds:
        knowing, guessing = (made_up(seed, steps, labels_know=knows) for knows in (True, False))
        curves["without advice"].append(trained(knowing, None, seed, episodes)[0])
        curve, agent = trained(knowing, advice_on(knowing, folder), seed, episodes)
        curves["with advice"].append(curve)
        curves["with advice on chance"].append(trained(guessing, advice_on(guessing, folder), seed, episodes)[0])
    return curves, agent


def main() -> None:
    """Train, judge, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=6_000, help="steps of the market")
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the learning curves; needs matplotlib")
    parser.add_argument("--address", metavar="HOST:PORT", help="run the last agent on the live advice of this service")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        curves, agent = compared(range(1, asked.seeds + 1), asked.steps, asked.episodes, Path(folder))
    beside = curves["without advice"]
    print(f"{'earned a step, % of the capital':<34} {'mean':>8} {'lowest':>8} {'highest':>8}   against without")
    for name, each in curves.items():
        print(told(name, each, beside))
    if asked.picture:
        draw(dict(curves), asked.picture)
    if asked.address:
        print(live(agent, made_up(1, asked.steps, labels_know=True), asked.address, steps=200))


if __name__ == "__main__":
    main()
