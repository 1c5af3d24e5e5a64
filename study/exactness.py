"""What must not depend on unit, on order, or on when it is asked.

One memory of four regimes, 400 observations a world (Markov chain that stays with probability 0.98, policies at random,
means drawn from -0.3, 0 and 0.3, spread 1), in a tenth of the worlds; the largest difference over all of them is shown.
"""

from __future__ import annotations

import pickle
from itertools import chain

import numpy as np

from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.estimate import Estimate
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from study.options import Options
from study.row import Row, at_most
from study.worlds import POLICIES, REGIMES, ordered_means, regime_paths

OBSERVATIONS = 400
_NAMES = ("BEAR", "BULL", "RANGE", "VOLATILE")
_FACTOR = 1_000.0

Trades = tuple[list[str], list[int], list[float]]


def rows(options: Options) -> list[Row]:
    """Measure the largest differences."""
    generator, worlds = options.generator("exactness"), options.share_of_worlds(10)
    histories = [_trades(generator) for _ in range(worlds)]
    return [
        Row("pnl times 1,000 changes a probability by", max(map(_by_unit, histories)), at_most(1e-9)),
        Row("batch against one by one, of the sums' size", max(map(_by_batch, histories)), at_most(1e-9)),
        Row("same memory, other bytes", float(sum(map(_differs, histories))), at_most(0.0)),
    ]


def _trades(generator: np.random.Generator) -> Trades:
    regimes = regime_paths(generator, 1, OBSERVATIONS)[0]
    policies = generator.integers(0, POLICIES, OBSERVATIONS)
    mean = ordered_means(generator, 1, 0.3)[0][regimes, policies]
    pnl = mean + generator.standard_normal(OBSERVATIONS)
    return [_NAMES[regime] for regime in regimes], policies.tolist(), pnl.tolist()


def _by_unit(trades: Trades) -> float:
    regimes, policies, pnl = trades
    settings = EvidenceSettings()
    one, other = (
        estimate(batch(settings.decay, regimes, policies, np.array(pnl) * factor), _NAMES, settings)
        for factor in (1.0, _FACTOR)
    )
    return float(np.abs(np.subtract(probabilities(one), probabilities(other))).max())


def probabilities(estimated: Estimate) -> list[float]:
    """Return every probability of an estimate, in order."""
    return [
        *estimated.tau_weights,
        *chain.from_iterable(
            (
                policy.probability_best,
                policy.probability_mean_positive,
                policy.probability_beats_conservative or 0.0,
            )
            for regime in estimated.regimes
            for policy in regime.policies
        ),
    ]


def _by_batch(trades: Trades) -> float:
    """Compare at the end; the difference of S1 is taken relative to the sum of the absolute values."""
    regimes, policies, pnl = trades
    decay = EvidenceSettings().decay
    summed, size = batch(decay, regimes, policies, pnl), batch(decay, regimes, policies, np.abs(pnl))
    one_by_one = _one_by_one(trades)
    differences = [
        abs(mine - other) / scale
        for name in summed.regimes
        for policy in range(POLICIES)
        for mine, other, scale in zip(
            summed.regimes[name][policy], one_by_one.regimes[name][policy], size.regimes[name][policy], strict=True
        )
        if scale
    ]
    return max(differences)


def _one_by_one(trades: Trades) -> EvidenceSums:
    sums = EvidenceSums(EvidenceSettings().decay)
    for regime, policy, pnl in zip(*trades, strict=True):
        sums = updated(sums, regime, policy, pnl)
    return sums


def _differs(trades: Trades) -> bool:
    """Say whether the same sums, asked again or with regimes seen in another order, give other bytes."""
    settings, sums = EvidenceSettings(), _one_by_one(trades)
    turned = EvidenceSums(sums.decay, dict(reversed(list(sums.regimes.items()))), sums.last_trade_id)
    asked = [pickle.dumps(estimate(memory, _NAMES[:REGIMES], settings)) for memory in (sums, sums, turned)]
    return len(set(asked)) != 1
