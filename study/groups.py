"""What a portfolio of a group says, beside what it would say alone.

Worlds: groups of 5 portfolios with 4 regimes; tau is drawn once for a group, the standardised means from the prior of a
group (`evidence/group_posterior.py`) with a correlation f that is drawn from (0, 1), or is 0, or 1; the spread of each
regime and policy log-uniformly between 1/2 and 2 in each portfolio, and its currency between 1/64 and 64. Trades fall
evenly on regimes and policies, pnl is normal, nothing is forgotten. Truth is the true utility, with the true spreads.

The log score is the mean logarithm of what P(best) said of the policy that is the best (higher is better); the
difference is taken group by group.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Cells, Floats
from strategic_memory_server.evidence.figures import Figures, figures_of
from strategic_memory_server.evidence.group import figures_among
from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.prior import COMMON, OWN, POLICY, REGIME
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.calibration import Truths, calibration_error
from study.options import Options
from study.row import Direction, Hold, Row, at_least, at_most
from study.worlds import POLICIES, REGIMES, share, summed

PORTFOLIOS, TRADES = 5, 30
_SETTINGS = EvidenceSettings(decay=1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """True standardised means and spreads, shape (groups, portfolios, regimes, policies), and what was seen of them."""

    theta: Floats
    spread: Floats
    cells: Cells

    @property
    def is_best(self) -> Truths:
        """Whether a policy has the highest true utility of its regime and portfolio."""
        square = np.square(self.spread) * (1.0 + np.square(self.theta))
        risk = np.sqrt(square.mean(axis=(-2, -1)))[..., None, None]
        utility = self.spread * self.theta - 0.5 * _SETTINGS.risk_aversion * square / risk
        best: Truths = np.arange(POLICIES) == utility.argmax(-1)[..., None]
        return best


def rows(options: Options) -> list[Row]:
    """Measure calibration, coverage and log score for correlations of every kind, and with more trades."""
    worlds = options.share_of_worlds(2)
    drawn: tuple[tuple[str, int, Callable[[np.random.Generator], Floats]], ...] = (
        ("f drawn from 0 to 1", TRADES, lambda generator: generator.random(worlds)),
        ("f = 0", TRADES, lambda _: np.zeros(worlds)),
        ("f = 1", TRADES, lambda _: np.ones(worlds)),
        ("f drawn, 300 trades", 10 * TRADES, lambda generator: generator.random(worlds)),
    )
    return [row for name, trades, f in drawn for row in _rows(options, name, trades, f)]


def _rows(options: Options, name: str, trades: int, f: Callable[[np.random.Generator], Floats]) -> list[Row]:
    generator = options.generator(f"groups {name}")
    groups = made(generator, f(generator), trades)
    best = groups.is_best
    alone = figures_of(groups.cells, _SETTINGS)
    said = [figures_among(groups.cells, _SETTINGS, member)[0] for member in range(PORTFOLIOS)]
    together = np.stack([judge(figures, _SETTINGS).best for figures in said], axis=1)
    error = calibration_error(generator, together, best)
    covered = share(np.stack([_covers(groups, figures, member) for member, figures in enumerate(said)], axis=1))
    gained = share(_log_score(together, best) - _log_score(judge(alone, _SETTINGS).best, best))
    # Portfolios that have nothing in common lose a little until it is known: the hold is for groups as they are drawn.
    gains = None if name == "f = 0" else at_least(0.0)
    return [
        Row(f"group: calibration error of P(best), {name}", error[0], at_most(0.03), error[1]),
        Row(f"group: coverage of the 90 % interval, {name}", covered[0], at_least(0.88), covered[1]),
        Row(f"group: the same, at most, {name}", covered[0], Hold(Direction.AT_MOST, 0.94), covered[1]),
        Row(f"group: log score, less that of portfolios apart, {name}", gained[0], gains, gained[1]),
    ]


def made(generator: np.random.Generator, f: Floats, trades: int) -> Groups:
    """Make groups, one for each correlation, and let every portfolio trade."""
    count = len(f)
    tau = generator.choice(_SETTINGS.prior_spreads, size=(count, 1, 1, 1))
    agree = f[:, None, None, None]
    theta = tau * (
        np.sqrt(agree) * _from_prior(generator, count, 1)
        + np.sqrt(1.0 - agree) * _from_prior(generator, count, PORTFOLIOS)
    )
    spread = (
        np.exp2(generator.uniform(-1.0, 1.0, (count, PORTFOLIOS, REGIMES, 1)))
        * np.exp2(generator.uniform(-1.0, 1.0, (count, PORTFOLIOS, 1, POLICIES)))
        * np.exp2(generator.uniform(-6.0, 6.0, (count, PORTFOLIOS, 1, 1)))
    )
    even = np.full(REGIMES * POLICIES, 1.0 / (REGIMES * POLICIES))
    counts = generator.multinomial(trades, even, size=(count, PORTFOLIOS)).reshape(theta.shape)
    return Groups(theta, spread, summed(generator, theta * spread, spread, counts))


def _from_prior(generator: np.random.Generator, count: int, portfolios: int) -> Floats:
    shapes = ((COMMON, (1, 1)), (REGIME, (REGIMES, 1)), (POLICY, (1, POLICIES)), (OWN, (REGIMES, POLICIES)))
    theta: Floats = np.zeros((count, portfolios, REGIMES, POLICIES))
    for part, shape in shapes:
        theta += np.sqrt(part) * generator.standard_normal((count, portfolios, *shape))
    return theta


def _covers(groups: Groups, figures: Figures, member: int) -> Truths:
    mean, unit, (low, high) = (
        (groups.spread * groups.theta)[:, member],
        figures.scale.unit[:, None, None],
        figures.interval,
    )
    covers: Truths = (unit * low <= mean) & (mean <= unit * high)
    return covers


def _log_score(said: Floats, best: Truths) -> Floats:
    score: Floats = np.log(np.maximum(np.where(best, said, 0.0).sum(axis=-1), 1e-12))
    return score
