"""Keeping a bounded number of regimes apart: the same sums, however the observations are added."""

from __future__ import annotations

import json
from random import Random

import numpy as np
import pytest
from each_case import each_case
from evidence_samples import Trade

from strategic_memory_server.evidence.batch import batch, merged
from strategic_memory_server.evidence.estimator import Belief
from strategic_memory_server.evidence.plain_sums import from_plain, to_plain
from strategic_memory_server.evidence.regimes_apart import kept_apart, with_observations
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums

DECAY = 0.95


def added(sums: EvidenceSums, trades: list[Trade], most: int) -> EvidenceSums:
    names = sorted({trade.regime for trade in trades})
    columns = [[names.index(trade.regime), trade.policy] for trade in trades]
    regime, policy = np.array(columns, dtype=np.int64).reshape(-1, 2).T
    return with_observations(sums, names, regime, policy, np.array([trade.pnl for trade in trades]), most)


def many_names(random: Random, count: int, names: int) -> list[Trade]:
    """Trades of a few regimes again and again, and of many others."""
    regimes = ["BULL", "BEAR", "OTHER"] + [f"R{number}" for number in range(names)]
    weights = [5.0 * names] * 2 + [1.0] * (names + 1)
    return [
        Trade(regime, random.randrange(3), random.gauss(0.1, 1.0))
        for regime in random.choices(regimes, weights, k=count)
    ]


def stays(trades: list[Trade], most: int) -> dict[str, list[Trade]]:
    """By brute force: the trades of each regime since it was last kept apart anew, and all others."""
    apart: dict[str, list[Trade]] = {}
    mixture: list[list[Trade]] = []
    for trade in trades:
        if trade.regime == "OTHER":
            mixture.append([trade])
            continue
        apart[trade.regime] = [*apart.pop(trade.regime, []), trade]
        if len(apart) > most:
            mixture.append(apart.pop(next(iter(apart))))
    return {**apart, **({"OTHER": [trade for stay in mixture for trade in stay]} if mixture else {})}


def sums_of(trades: list[Trade]) -> EvidenceSums:
    return batch(DECAY, ["R"] * len(trades), [trade.policy for trade in trades], [trade.pnl for trade in trades])


@each_case("seed", range(12))
def test_pages_and_what_is_written_between_them_make_no_difference(seed: int) -> None:
    random = Random(seed)
    most = random.choice((4, 9, 64))
    trades = many_names(random, random.randint(1, 900), random.choice((2, 40, 300)))
    one_by_one = paged = EvidenceSums(DECAY)
    for trade in trades:
        one_by_one = added(one_by_one, [trade], most)
    start = 0
    while start < len(trades):
        end = start + random.randint(1, 120)
        paged = added(from_plain(json.loads(json.dumps(to_plain(paged)))), trades[start:end], most)
        start = end
    expected = stays(trades, most)
    assert set(one_by_one.regimes) == set(expected)
    for found in (one_by_one, paged):
        assert [name for name in found.regimes if name != "OTHER"] == [name for name in expected if name != "OTHER"]
        for name, of_regime in expected.items():
            for cell, wanted in zip(found.of(name), sums_of(of_regime).of("R"), strict=True):
                assert cell == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    if len(expected) > most:
        # Where regimes had to go there is one way to add, so that not a bit differs.
        again = EvidenceSums(DECAY)
        for trade in trades:
            again = added(again, [trade], most)
        assert json.dumps(to_plain(again)) == json.dumps(to_plain(one_by_one))


def test_what_was_kept_without_a_bound_is_brought_down_to_it_the_same_way_each_time() -> None:
    random = Random(5)
    trades = many_names(random, 5_000, 200)
    unbounded = added(EvidenceSums(DECAY), trades, 10_000)
    older = {name: value for name, value in to_plain(unbounded).items() if name != "newest_last"}
    found = [kept_apart(from_plain(json.loads(json.dumps(older))), 64) for _ in range(2)]
    assert json.dumps(to_plain(found[0])) == json.dumps(to_plain(found[1]))
    assert len(found[0].regimes) == 65
    assert found[0].observations == len(trades)
    assert {"BULL", "BEAR"} <= set(found[0].regimes)
    assert kept_apart(found[0], 64) == found[0]
    assert kept_apart(unbounded, 10_000) is unbounded


def test_the_mixture_is_never_the_best_regime() -> None:
    good = [Trade("OTHER", policy, 5.0 * policy + 0.01 * number) for number in range(200) for policy in range(3)]
    sums = added(EvidenceSums(0.998), [*good, Trade("UNKNOWN", 2, 50.0)], 64)
    assert Belief(sums, EvidenceSettings()).best_regime() is None
    poor = added(EvidenceSums(0.998), [Trade("BEAR", 0, -1.0)], 64)
    assert Belief(merged(sums, poor), EvidenceSettings()).best_regime() == "BEAR"
