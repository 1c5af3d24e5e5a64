"""Every row of the study's table, with fewer worlds: a hold may be missed by three standard errors, not more."""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt

import pytest

from study import best_policy, calibration, change, equal_policies, exactness, first_words, groups, guard, regret
from study.bandits import for_each_regime
from study.learners import DECAYING
from study.options import Options
from study.row import Row
from study.scenarios import SCENARIOS

SHORT = Options(worlds=150, short=True)


@pytest.mark.parametrize(
    "part",
    [best_policy.rows, calibration.rows, change.rows, exactness.rows, first_words.rows, groups.rows, guard.rows],
    ids=["best_policy", "calibration", "change", "exactness", "first_words", "groups", "guard"],
)
def test_every_row_holds(part: Callable[[Options], list[Row]]) -> None:
    rows = part(SHORT)
    assert any(row.hold for row in rows)
    assert [row.test for row in rows if not row.holds(short=True)] == []


def test_equal_policies_rarely_leave_conservative() -> None:
    rows = equal_policies.rows(Options(worlds=150, short=True))
    assert [row.test for row in rows if not row.limit and not row.holds(short=True)] == []
    assert sum(not row.limit for row in rows) == 4
    # The known limits: how far they go is held too, so that they do not grow unseen.
    assert all(row.measured <= 0.15 + 3.0 * row.standard_error for row in rows)


def test_exploring_costs_less_than_a_bandit_that_never_shares_what_it_learns() -> None:
    """UCB1 for each regime, written out here: the libraries of the full row are not there in every environment."""
    ratios = []
    for kind in SCENARIOS:
        worlds = regret.played(Options(worlds=100, short=True), f"{kind}, gap 0.3")
        regrets = regret.regrets(worlds, {"UCB1": for_each_regime(Ucb1)}, [DECAYING])
        ratios.append(regret.against_best(regrets, DECAYING))
    errors = [error for _, error in ratios]
    assert sum(ratio for ratio, _ in ratios) / 3 <= 0.95 + sqrt(sum(error**2 for error in errors))


class Ucb1:
    """Mean plus sqrt(2 log n / n of the arm), every arm once first."""

    def __init__(self, seed: int) -> None:
        del seed
        self.counts, self.sums = [0, 0, 0], [0.0, 0.0, 0.0]

    def choose(self) -> int:
        if 0 in self.counts:
            return self.counts.index(0)
        total = sum(self.counts)
        bounds = [
            earned / count + sqrt(2.0 * log(total) / count)
            for earned, count in zip(self.sums, self.counts, strict=True)
        ]
        return bounds.index(max(bounds))

    def learn(self, policy: int, pnl: float) -> None:
        self.counts[policy] += 1
        self.sums[policy] += pnl
