"""Running totals: together as one by one, and nothing is left when everything that was added is taken away."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
from each_case import each_case

from strategic_memory_server.regime_runs import RunTally, RunTotals
from strategic_memory_server.tallies import FEW, PnlTallies, PnlTotal

NAMES = ("BULL", "BEAR", "RANGE")
SIZES = (0, 1, 2, FEW, FEW + 1, 200)


def pnl(random: Random) -> float:
    return random.choice((random.gauss(0, 1), random.uniform(-1e15, 1e15), 1e-300, 0.0, -0.0))


@each_case("seed", range(30))
def test_adding_together_is_adding_one_by_one_and_taking_away_undoes_it(seed: int) -> None:
    random = Random(seed)
    together: PnlTallies[str] = PnlTallies()
    one_by_one: PnlTallies[str] = PnlTallies()
    added = []
    for _ in range(3):
        batch = [(random.randrange(3), pnl(random)) for _ in range(random.choice(SIZES))]
        codes, values = (np.array(column) for column in zip(*batch, strict=True)) if batch else (np.empty(0),) * 2
        together.add_all(NAMES.__getitem__, codes.astype(np.int64), values.astype(np.float64))
        for code, value in batch:
            one_by_one.add(NAMES[code], value)
        added.extend(batch)
    assert together.totals == one_by_one.totals
    random.shuffle(added)
    for left in range(len(added), 0, -1):
        code, value = added[left - 1]
        together.remove(NAMES[code], value)
        assert sum(total.entries for total in together.totals.values()) == left - 1
    assert together.totals == {}


def test_a_total_that_was_handed_out_does_not_change() -> None:
    tallies: PnlTallies[str] = PnlTallies()
    tallies.add("BULL", 1.5)
    before = dict(tallies.totals)
    tallies.add("BULL", -2.0)
    assert before["BULL"] == PnlTotal(1, before["BULL"].units, 1, 0)
    assert (tallies.totals["BULL"].wins, tallies.totals["BULL"].losses) == (1, 1)


def expected_runs(seen: list[tuple[str, int]]) -> RunTotals:
    """The same by a walk over all observations."""
    transitions: dict[tuple[str, str], int] = {}
    apart_ms: dict[str, int] = {}
    open_ms, open_observations = 0, 1
    for (before, before_ms), (after, after_ms) in pairwise(seen):
        transitions[before, after] = transitions.get((before, after), 0) + 1
        apart_ms[before] = apart_ms.get(before, 0) + after_ms - before_ms
        open_ms = open_ms + after_ms - before_ms if before == after else 0
        open_observations = open_observations + 1 if before == after else 1
    apart_ms = {regime: time_ms for regime, time_ms in apart_ms.items() if time_ms}
    return RunTotals(transitions, apart_ms, seen[0][0], seen[-1][0], open_ms, open_observations)


@each_case("seed", range(60))
def test_runs_are_those_of_a_walk_over_what_is_left(seed: int) -> None:
    random = Random(seed)
    regimes = NAMES[: random.randint(1, 3)]
    tally = RunTally()
    seen: list[tuple[str, int]] = []
    now_ms = 1_000
    for _ in range(40):
        batch = []
        for _ in range(random.choice((0, 1, 1, 2, 3, FEW + 5))):
            now_ms += random.choice((0, 1, 500))
            batch.append((random.choice(regimes), now_ms))
        codes = np.array([NAMES.index(regime) for regime, _ in batch], dtype=np.int64)
        times_ms = np.array([time_ms for _, time_ms in batch], dtype=np.int64)
        tally.add_all(NAMES, codes, times_ms)
        seen.extend(batch)
        for _ in range(random.choice((0, 1, 2, 20))):
            if len(seen) > 1:
                tally.remove_oldest(seen[0][1], *seen[1])
                del seen[0]
        if seen:
            assert tally.totals() == expected_runs(seen)


def test_without_observations_there_are_no_runs() -> None:
    assert RunTally().totals() == RunTotals()
    assert RunTotals().episodes() == {}
