"""Running totals: together as one by one, and nothing is left when everything that was added is taken away."""

from __future__ import annotations

from random import Random

import numpy as np
from each_case import each_case

from strategic_memory_server.memory.pnl_tallies import FEW, PnlTallies, PnlTotal

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
