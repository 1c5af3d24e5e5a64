"""Long computing asks again and again whether anybody waits for it, and ends where nobody does."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from brute_force import RegimeRow, Rows
from malformed_requests import good_memory
from random_memory import memory_of, random_rows

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.figures.block_bootstrap import RESAMPLES, mean_interval
from strategic_memory_server.figures.breakdown import breakdown
from strategic_memory_server.figures.correlation import correlations
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.rpc.inline.inline_memory import read_inline_memory
from strategic_memory_server.rpc.inline.inline_names import NAMES_AT_ONCE, SentNames, codes_of_names
from strategic_memory_server.waiting.checkpoint import AbandonedError, Checkpoint
from strategic_memory_server.what_if.regime_details import regime_details
from strategic_memory_server.what_if.what_if import AnalysisOrder, analyze_memory

WINDOWS = WindowSettings(100, 100, 100)
ORDER = AnalysisOrder(AdviceSettings(windows=WINDOWS))
RANDOM = np.random.default_rng(1)
PNL = np.convolve(RANDOM.normal(size=3_001), [0.7, 0.7], mode="valid")
CODES = RANDOM.integers(0, 4, PNL.size)
TIMES = np.arange(PNL.size)
REGIMES = 20
MANY_PAIRS = Rows(
    regimes=[
        RegimeRow(place, f"R{code}", 0.5, None)
        for place, code in enumerate(RANDOM.integers(0, REGIMES, 2_000).tolist())
    ]
)


class Countdown:
    """A checkpoint that ends the computing when it has been called so many times."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self) -> None:
        self.left -= 1
        if not self.left:
            raise AbandonedError


def calls_of(work: Callable[[Checkpoint], object]) -> int:
    """How often work that goes on to its end asks."""
    endless = Countdown(0)
    work(endless)
    return -endless.left


LONG_WORK: dict[str, tuple[Callable[[Checkpoint], object], int]] = {
    "reading an inline memory": (
        lambda checkpoint: read_inline_memory(good_memory(Random(1), 50), WINDOWS, checkpoint=checkpoint),
        # One for each column.
        14,
    ),
    "reading names": (
        lambda checkpoint: codes_of_names(
            SentNames("regime", ["A"] * (3 * NAMES_AT_ONCE), (), ()), lambda _: 0, checkpoint
        ),
        3,
    ),
    "an analysis": (
        lambda checkpoint: analyze_memory(
            memory_of(random_rows(2)), ORDER, 0, EvidenceSums(EvidenceSettings().decay), checkpoint=checkpoint
        ),
        10,
    ),
    "counting what follows what": (
        lambda checkpoint: regime_details(memory_of(MANY_PAIRS), checkpoint),
        REGIMES * REGIMES // 2,
    ),
    "the figures of every group": (lambda checkpoint: breakdown(PNL, CODES, CODES, checkpoint=checkpoint), 4),
    "a bootstrap": (lambda checkpoint: mean_interval(PNL, 10, checkpoint=checkpoint), RESAMPLES // 200),
    "correlations": (lambda checkpoint: correlations(PNL, CODES, TIMES, checkpoint=checkpoint), 4 + 6),
}


@pytest.mark.parametrize("name", LONG_WORK)
def test_it_asks_often_and_ends_wherever_it_is_told_to(name: str) -> None:
    work, least = LONG_WORK[name]
    calls = calls_of(work)
    assert calls >= least
    for ended_by in {1, calls // 2 + 1, calls}:
        countdown = Countdown(ended_by)
        with pytest.raises(AbandonedError):
            work(countdown)
        assert countdown.left == 0
