"""How long one query and one update take, at four regimes and three policies, for the thread that does them.

Processor time of the thread, so that a busy machine changes it little; the median of 30 rounds. The query is the whole
one, about the current regime, with the estimate of how many more observations are needed. An update with change is the
mean of 500 one after the other: one in ten closes a block, which takes most of the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed, updated
from study.options import Options
from study.row import Row, at_most
from study.worlds import POLICIES

_NAMES = ("BEAR", "BULL", "RANGE", "VOLATILE")
_OBSERVATIONS, _MORE, _ROUNDS, _SHORT_ROUNDS = 2_000, 500, 30, 5


def rows(options: Options) -> list[Row]:
    """Time a query and an update."""
    generator, settings = options.generator("speed"), EvidenceSettings()
    regimes = generator.choice(_NAMES, _OBSERVATIONS).tolist()
    policies = generator.integers(0, POLICIES, _OBSERVATIONS)
    pnl = generator.standard_normal(_OBSERVATIONS) + 0.1 * policies
    sums = batch(settings.decay, regimes, policies, pnl)
    rounds = _SHORT_ROUNDS if options.short else _ROUNDS
    query_us = median(_time_us(lambda: estimate(sums, _NAMES[:1], settings), 100, rounds))
    all_us = median(_time_us(lambda: estimate(sums, _NAMES, settings), 100, rounds))
    update_us = median(_time_us(lambda: updated(sums, "BULL", 1, 0.5), 2_000, rounds))
    return [
        Row("one query, 4 regimes", round(query_us / 1_000.0, 3), at_most(1.0), unit="ms"),
        Row("one update, 4 regimes", round(update_us, 2), at_most(20.0), unit="µs"),
        Row("one query about all 4 regimes", round(all_us / 1_000.0, 3), unit="ms"),
        *_with_change(regimes, policies.tolist(), pnl.tolist(), rounds),
    ]


def _with_change(regimes: list[str], policies: list[int], pnl: list[float], rounds: int) -> list[Row]:
    settings = EvidenceSettings(change=True)
    trades = list(zip(regimes, policies, pnl, strict=True))

    def summed(sums: EvidenceSums, trades: list[tuple[str, int, float]]) -> EvidenceSums:
        for trade in trades:
            sums = updated(sums, *trade)
        return sums

    sums = summed(nothing_summed(settings.decay, change=True), trades)
    query_us = median(_time_us(lambda: estimate(sums, _NAMES[:1], settings), 100, rounds))
    update_us = median(_time_us(lambda: summed(sums, trades[:_MORE]), 4, rounds)) / _MORE
    return [
        Row("one query with change, 4 regimes", round(query_us / 1_000.0, 3), at_most(0.8), unit="ms"),
        Row("one update with change, 4 regimes", round(update_us, 2), at_most(12.0), unit="µs"),
    ]


def _time_us(action: Callable[[], object], repeats: int, rounds: int) -> list[float]:
    """Time an action, microseconds a call, in each round."""
    action()
    return [_round_ns(action, repeats) / repeats / 1_000.0 for _ in range(rounds)]


def _round_ns(action: Callable[[], object], repeats: int) -> int:
    started = time.thread_time_ns()
    for _ in range(repeats):
        action()
    return time.thread_time_ns() - started
