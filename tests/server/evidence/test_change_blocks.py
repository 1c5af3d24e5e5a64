"""The blocks of a regime: how they come about, and what must not matter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from evidence_samples import REGIMES

from strategic_memory_server.evidence.batch import batch, merged
from strategic_memory_server.evidence.cells import block_cells_of, cells_of
from strategic_memory_server.evidence.change.beginnings import (
    began_by_spread,
    log_beginnings,
    log_of_sum,
    squared_spread,
)
from strategic_memory_server.evidence.change.blocks import FULL, MOST, NO_TRADES, Block, BlockCells, Blocks
from strategic_memory_server.evidence.change.growth import adopted, joined, with_trade
from strategic_memory_server.evidence.regimes_apart import with_observations
from strategic_memory_server.evidence.sums import CellSums, EvidenceSums, RegimeSums, decayed, nothing_summed, updated

DECAY = 0.998
Pairs = list[tuple[int, float]]


def drawn(seed: int, count: int) -> Pairs:
    generator = np.random.default_rng(seed)
    return list(zip(generator.integers(0, 3, count).tolist(), generator.standard_normal(count).tolist(), strict=True))


def grown(trades: Pairs, blocks: Blocks = NO_TRADES, sums: EvidenceSums | None = None) -> tuple[Blocks, RegimeSums]:
    held = sums or EvidenceSums(DECAY)
    for policy, pnl in trades:
        held = updated(held, "BULL", policy, pnl)
        blocks = with_trade(blocks, policy, pnl, held.of("BULL"))
    return blocks, held.of("BULL")


def totals(blocks: Blocks) -> list[list[float]]:
    """Weight, pnl and squared pnl of all blocks, by policy."""
    kinds = zip(*((block.weight, block.pnl, block.squared_pnl) for block in blocks.held), strict=True)
    return [[math.fsum(each) for each in zip(*kind, strict=True)] for kind in kinds]


def test_lengths_grow_with_age_and_no_trade_is_lost() -> None:
    trades = drawn(1, 3_005)
    blocks, _ = grown(trades)
    lengths = [block.observations for block in blocks.held]
    assert (sum(lengths), len(blocks.held), lengths[-1]) == (3_005, MOST, 5)
    assert lengths[:-1] == sorted(lengths[:-1], reverse=True)
    assert lengths[0] > 1_000, "the oldest hold the most"
    weight, pnl, squares = totals(blocks)
    for policy in range(3):
        earned = [each for chosen, each in trades if chosen == policy]
        assert weight[policy] == len(earned)
        assert pnl[policy] == pytest.approx(math.fsum(earned), abs=1e-9)
        assert squares[policy] == pytest.approx(math.fsum(each * each for each in earned), rel=1e-12)


def test_a_block_is_closed_when_it_is_full() -> None:
    blocks, _ = grown(drawn(2, FULL - 1))
    assert [block.observations for block in blocks.held] == [FULL - 1]
    blocks, _ = grown(drawn(2, FULL))
    assert [block.observations for block in blocks.held] == [FULL, 0]


def test_a_regime_holds_at_most_150_numbers_however_much_it_saw() -> None:
    cells: RegimeSums = (CellSums(), CellSums(), CellSums())
    blocks = NO_TRADES
    generator = np.random.default_rng(3)
    policies, pnl = generator.integers(0, 3, 40_000).tolist(), generator.standard_normal(40_000).tolist()
    for policy, earned in zip(policies, pnl, strict=True):
        held = list(decayed(cells, DECAY))
        one = held[policy]
        held[policy] = CellSums(
            one.observations + 1, one.weight + 1, one.squared_weight + 1, one.pnl + earned, one.squared_pnl + earned**2
        )
        cells = (held[0], held[1], held[2])
        blocks = with_trade(blocks, policy, earned, cells)
        assert len(blocks.held) <= MOST
    numbers = sum(1 + 9 for _ in blocks.held) + len(blocks.residuals) + sum(len(cell) for cell in cells)
    assert numbers <= 150
    assert sum(block.observations for block in blocks.held) == 40_000


@pytest.mark.parametrize("most", [2, 8])
def test_one_by_one_equals_any_batches_to_the_last_bit(most: int) -> None:
    generator = np.random.default_rng(4)
    regimes, policies, pnl = (
        generator.integers(0, 4, 1_500),
        generator.integers(0, 3, 1_500),
        generator.standard_normal(1_500),
    )
    alone = nothing_summed(DECAY, change=True)
    for place in range(1_500):
        part = slice(place, place + 1)
        alone = with_observations(alone, REGIMES, regimes[part], policies[part], pnl[part], most)
    for step in (1_500, 700, 13):
        sums = nothing_summed(DECAY, change=True)
        for start in range(0, 1_500, step):
            part = slice(start, start + step)
            sums = with_observations(sums, REGIMES, regimes[part], policies[part], pnl[part], most)
        assert (sums.blocks, sums.regimes) == (alone.blocks, alone.regimes)
    assert set(alone.blocks or {}) == set(alone.regimes)


def test_another_regime_changes_nothing() -> None:
    one, both = nothing_summed(DECAY, change=True), nothing_summed(DECAY, change=True)
    for policy, pnl in drawn(5, 200):
        one = updated(one, "BULL", policy, pnl)
        both = updated(updated(both, "BULL", policy, pnl), "BEAR", 2 - policy, 1_000.0 * pnl)
    assert (one.blocks or {})["BULL"] == (both.blocks or {})["BULL"]


def test_two_stretches_of_history_are_joined() -> None:
    first, second = drawn(6, 437), drawn(7, 263)
    (earlier, sums_before), (later, _) = grown(first), grown(second)
    _, cells = grown([*first, *second])
    found = joined(earlier, later, cells)
    assert (len(found.held), sum(block.observations for block in found.held)) == (MOST, 700)
    whole, _ = grown([*first, *second])
    for mine, expected in zip(totals(found), totals(whole), strict=True):
        assert mine == pytest.approx(expected, abs=1e-9)
    assert joined(NO_TRADES, later, cells) == later
    for mine, expected in zip(totals(joined(earlier, NO_TRADES, sums_before)), totals(earlier), strict=True):
        assert mine == pytest.approx(expected, abs=1e-12)


def test_stretches_of_all_regimes_are_joined_with_their_sums() -> None:
    earlier, later = (summed(drawn(seed, 90)) for seed in (8, 9))
    both = merged(earlier, later)
    assert (both.blocks or {})["BULL"] == joined(
        (earlier.blocks or {})["BULL"], (later.blocks or {})["BULL"], both.of("BULL")
    )
    with pytest.raises(ValueError, match=r"^sums with blocks and sums without any cannot be joined"):
        merged(earlier, batch(DECAY, ["BULL"], [0], [1.0]))


def summed(trades: Pairs) -> EvidenceSums:
    sums = nothing_summed(DECAY, change=True)
    for policy, pnl in trades:
        sums = updated(sums, "BULL", policy, pnl)
    return sums


def test_sums_that_decay_are_gone_on_from_as_one_block() -> None:
    cells = batch(DECAY, ["BULL"] * 400, [policy for policy, _ in drawn(10, 400)], [1.0] * 400).of("BULL")
    blocks = adopted(cells)
    assert [block.observations for block in blocks.held] == [400, 0]
    assert blocks.held[0] == Block(
        400,
        (cells[0].weight, cells[1].weight, cells[2].weight),
        (cells[0].pnl, cells[1].pnl, cells[2].pnl),
        (cells[0].squared_pnl, cells[1].squared_pnl, cells[2].squared_pnl),
    )
    few = batch(DECAY, ["BULL"] * 4, [0, 1, 2, 0], [1.0] * 4).of("BULL")
    assert [block.observations for block in adopted(few).held] == [4]
    after, _ = grown(drawn(11, 25), blocks)
    assert [block.observations for block in after.held] == [400, 10, 10, 5]


EXTREME = (0.0, 1e-300, -1e-160, 1e-12, 1.0, -1e12, 1e100, -1e100)


def test_whatever_was_earned_all_is_finite() -> None:
    generator = np.random.default_rng(12)
    for decay in (0.01, 0.998, 1.0):
        sums = nothing_summed(decay, change=True)
        for place in range(300):
            sums = updated(sums, "BULL", int(generator.integers(3)), float(generator.choice(EXTREME)))
            if place % 10 == 5:
                (cells, _), blocks = cells_of(sums), block_cells_of(sums)
                likely = log_beginnings(blocks, squared_spread(cells.weight, cells.squared_pnl), (0.03, 0.1, 0.3))
                began = began_by_spread(likely)
                assert np.isfinite(likely[0, ..., : len((sums.blocks or {})["BULL"].held)]).all()
                np.testing.assert_allclose(began.sum(axis=(-2, -1)), 1.0, rtol=1e-12)


def test_a_change_that_is_certain_keeps_its_place() -> None:
    """However many blocks become one, none holds trades of both sides of a change that nobody can overlook."""
    before, after = drawn(13, 130), [(policy, pnl + 3.0) for policy, pnl in drawn(14, 400)]
    blocks, _ = grown([*before, *after])
    until = np.cumsum([block.observations for block in blocks.held]).tolist()
    assert 130 in until, "by age alone it would lie within a block"
    assert len(blocks.held) == MOST


def test_a_long_history_says_no_more_of_the_hazard_than_its_blocks_can() -> None:
    """A million trades are ten blocks. That these are one stretch or several is all that is known of changes."""
    lengths = np.array([[500_000.0, 200_000.0, 100_000.0, 50_000.0, *[10.0] * 6]])
    nothing_told = np.zeros((1, MOST, 3))
    blocks = BlockCells(lengths, np.ones_like(lengths), nothing_told, nothing_told, nothing_told, np.ones(1))
    likely = log_of_sum(log_beginnings(blocks, np.ones((1, 3)), (0.1,)))
    np.testing.assert_allclose(likely, 0.0, atol=1e-12, err_msg="blocks that tell nothing make neither hazard likelier")
