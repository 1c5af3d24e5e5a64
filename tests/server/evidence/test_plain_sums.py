"""Sums as JSON: nothing is lost on the way, and nothing else is taken for them."""

from __future__ import annotations

import json

import pytest
from each_case import each_case
from evidence_samples import TRADES, Trade, made_up_trades, one_by_one
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.evidence.plain_sums import from_plain, to_plain
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.memory.json_types import JsonValue

CELL = [2, 1.5, 1.25, 0.5, 1.0]


@repeatable(60)
@given(st.lists(TRADES, max_size=20), st.sampled_from([0.3, 0.998, 1.0]), st.none() | st.text())
def test_sums_come_back_as_they_went(trades: list[Trade], decay: float, last_trade_id: str | None) -> None:
    made = one_by_one(trades, decay)
    sums = EvidenceSums(made.decay, made.regimes, last_trade_id)
    assert from_plain(json.loads(json.dumps(to_plain(sums)))) == sums


def test_sums_that_have_all_but_faded_come_back() -> None:
    sums = updated(EvidenceSums(0.3), "BULL", 0, 1e-100)
    for _ in range(700):
        sums = updated(sums, "BULL", 1, 3.0)
    assert 0.0 <= sums.of("BULL")[0].weight < 1e-300
    assert from_plain(json.loads(json.dumps(to_plain(sums)))) == sums


def test_a_constant_pnl_summed_for_long_is_accepted() -> None:
    sums = one_by_one([Trade("BULL", 0, 0.1)] * 20_000, 1.0)
    assert from_plain(to_plain(sums)) == sums


def test_the_order_of_the_newest_observations_is_written() -> None:
    sums = one_by_one(made_up_trades(seed=1, count=40), 0.998)
    turned = EvidenceSums(sums.decay, dict(reversed(list(sums.regimes.items()))), sums.last_trade_id)
    for each in (sums, turned):
        assert list(from_plain(json.loads(json.dumps(to_plain(each)))).regimes) == list(each.regimes)
    assert json.dumps(to_plain(turned)["regimes"]) == json.dumps(to_plain(sums)["regimes"])


def test_where_no_order_was_written_the_regimes_with_the_most_observations_count_as_the_newest() -> None:
    sums = one_by_one([Trade(name, 0, 0.5) for name in ("B", "C", "A", "C", "C", "A", "D")], 0.998)
    older = {name: value for name, value in to_plain(sums).items() if name != "newest_last"}
    assert list(from_plain(older).regimes) == ["B", "D", "A", "C"]


@each_case(
    ("place", "plain"),
    [
        ("evidence sums", None),
        ("evidence sums", []),
        ("decay", {"regimes": {}}),
        ("decay", {"decay": "0.9", "regimes": {}}),
        ("decay", {"decay": True, "regimes": {}}),
        ("decay", {"decay": 0.0, "regimes": {}}),
        ("decay", {"decay": 1.5, "regimes": {}}),
        ("decay", {"decay": float("nan"), "regimes": {}}),
        ("last_trade_id", {"decay": 0.9, "last_trade_id": 5, "regimes": {}}),
        ("regimes", {"decay": 0.9}),
        ("newest_last", {"decay": 0.9, "regimes": {}, "newest_last": ["BULL"]}),
        ("newest_last", {"decay": 0.9, "regimes": {}, "newest_last": "BULL"}),
        ("regimes", {"decay": 0.9, "regimes": []}),
        ("regimes.BULL", {"decay": 0.9, "regimes": {"BULL": [CELL, CELL]}}),
        ("regimes.BULL.CONSERVATIVE", {"decay": 0.9, "regimes": {"BULL": [CELL[:4], CELL, CELL]}}),
        ("regimes.BULL.BALANCED.pnl", {"decay": 0.9, "regimes": {"BULL": [CELL, [2, 1.5, 1.25, None, 1.0], CELL]}}),
        ("regimes.BULL.AGGRESSIVE.weight", {"decay": 0.9, "regimes": {"BULL": [CELL, CELL, [2, 10**400, 1, 1, 1]]}}),
        ("regimes.BULL.CONSERVATIVE", {"decay": 0.9, "regimes": {"BULL": [[2.5, 1.5, 1.25, 0.5, 1.0], CELL, CELL]}}),
        ("regimes.BULL.CONSERVATIVE", {"decay": 0.9, "regimes": {"BULL": [[2, -1.5, 1.25, 0.5, 1.0], CELL, CELL]}}),
        ("regimes.BULL.CONSERVATIVE", {"decay": 0.9, "regimes": {"BULL": [[2, 1.5, 1.25, 5.0, 1.0], CELL, CELL]}}),
        ("regimes.BULL.CONSERVATIVE", {"decay": 0.9, "regimes": {"BULL": [[2, 1e308, 1.0, 0, 0], CELL, CELL]}}),
        ("regimes.BULL.CONSERVATIVE", {"decay": 0.9, "regimes": {"BULL": [[2, 1.5, 1.25, 10**308, 1.0], CELL, CELL]}}),
        ("regimes.BULL.CONSERVATIVE", {"decay": 0.9, "regimes": {"BULL": [[2, 1.5, 2.5, 0, 0], CELL, CELL]}}),
        ("regimes.BULL.CONSERVATIVE", {"decay": 0.9, "regimes": {"BULL": [[2, 1.5, 1.25, 0, 1e201], CELL, CELL]}}),
        ("regimes.BULL.CONSERVATIVE", {"decay": 0.9, "regimes": {"BULL": [[10**300, 1.5, 1.25, 0, 1.0], CELL, CELL]}}),
    ],
)
def test_anything_else_is_refused_with_its_place(place: str, plain: JsonValue) -> None:
    with pytest.raises(ValueError, match=rf"^{place} (have|has|is) "):
        from_plain(plain)
