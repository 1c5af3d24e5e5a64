"""The as-of join, and the positions that it compares."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.columns import float_column, index_column
from strategic_memory_server.inputs.asof_join import GIVEN, NOT_OBSERVED, Observed
from strategic_memory_server.inputs.inline_join import joined
from strategic_memory_server.inputs.name_table import NameTable
from strategic_memory_server.memory import PortfolioWindow, RegimeWindow
from strategic_memory_server.stream_position import (
    MAX_SEQUENCE,
    MAX_TIME_MS,
    position_of_id,
    position_of_time,
    time_ms_of,
)

Seen = list[tuple[int, str]]
"""Positions and regimes."""


def joined_regimes(entries: Seen, observed: Seen) -> list[str]:
    """Regime of every entry: its own, or the one observed at its position."""
    names = NameTable()
    nothing = float_column([0.0] * len(observed))
    seen = RegimeWindow(
        regime=names.column(regime for _, regime in observed),
        pnl=nothing,
        volatility=nothing,
        trend=nothing,
        confidence=nothing,
        position=index_column([position for position, _ in observed]),
    )
    given = PortfolioWindow(
        regime=names.column(regime for _, regime in entries),
        pnl=float_column([0.0] * len(entries)),
        position=index_column([position for position, _ in entries]),
    )
    found = joined(given, seen, names)
    regimes = [names.names[code] for code in found.window.regime.tolist()]
    inferred = [place for place, (_, own) in enumerate(entries) if not own and regimes[place] != "UNKNOWN"]
    assert found.inferred.tolist() == inferred
    assert found.not_observed.tolist() == [
        place for place, (_, own) in enumerate(entries) if not own and regimes[place] == "UNKNOWN"
    ]
    return regimes


@pytest.mark.parametrize(
    ("position", "regime"), [(9, "UNKNOWN"), (10, "A"), (11, "A"), (19, "A"), (20, "B"), (21, "C"), (99, "C")]
)
def test_the_last_observation_at_or_before_counts(position: int, regime: str) -> None:
    assert joined_regimes([(position, "")], [(10, "A"), (20, "B"), (21, "C")]) == [regime]


def test_of_observations_at_the_same_position_the_last_counts() -> None:
    assert joined_regimes([(10, "")], [(10, "A"), (10, "B")]) == ["B"]


def test_without_observations_it_is_unknown() -> None:
    assert joined_regimes([(10, "")], []) == ["UNKNOWN"]


def test_an_entry_with_a_regime_keeps_it() -> None:
    entries = [(5, "X"), (5, ""), (10, ""), (12, "Y")]
    assert joined_regimes(entries, [(10, "A")]) == ["X", "UNKNOWN", "A", "Y"]


@each_case("seed", range(20))
def test_against_a_search_through_everything(seed: int) -> None:
    random = Random(seed)
    seen = sorted((random.randrange(50), random.choice("ABC")) for _ in range(random.randrange(30)))
    found = joined_regimes([(position, "") for position in range(-1, 52)], seen)
    for position, regime in zip(range(-1, 52), found, strict=True):
        earlier = [regime for at, regime in seen if at <= position]
        assert regime == (earlier[-1] if earlier else "UNKNOWN")


@each_case("seed", range(20))
def test_columns_of_observations_give_the_same(seed: int) -> None:
    """Wherever they are cut into older ones and a window, and whatever is missing of the older ones before the cut."""
    random = Random(seed)
    seen = sorted((random.randrange(50), random.randrange(3)) for _ in range(random.randrange(1, 30)))
    cut = random.randrange(len(seen))
    older, window = seen[:cut], seen[cut:]
    observed = Observed(
        positions=np.array([at for at, _ in window], dtype=np.int64),
        regimes=np.array([regime for _, regime in window], dtype=np.int64),
        older_positions=np.array([at for at, _ in older], dtype=np.int64),
        older_regimes=np.array([regime for _, regime in older], dtype=np.int64),
        unknown=9,
    )
    regimes, joins = observed.as_of(np.arange(-1, 52))
    for position, regime, join in zip(range(-1, 52), regimes.tolist(), joins.tolist(), strict=True):
        earlier = [pair for pair in seen if pair[0] <= position]
        assert (join, regime) == (earlier[-1] if earlier else (NOT_OBSERVED, 9))
    assert NOT_OBSERVED < position_of_time(0) < position_of_time(MAX_TIME_MS, MAX_SEQUENCE) < GIVEN


TIMES = st.integers(0, MAX_TIME_MS)
SEQUENCES = st.integers(0, MAX_SEQUENCE)


@given(TIMES, SEQUENCES, TIMES, SEQUENCES)
@repeatable(300)
def test_positions_are_in_the_order_of_the_ids(time: int, sequence: int, other_time: int, other_sequence: int) -> None:
    position = position_of_id(f"{time}-{sequence}".encode())
    other = position_of_id(f"{other_time}-{other_sequence}".encode())
    assert (position < other) == ((time, sequence) < (other_time, other_sequence))
    assert (position == other) == ((time, sequence) == (other_time, other_sequence))
    assert time_ms_of(position) == time


@given(st.integers(-62_135_596_800_000, MAX_TIME_MS))
@repeatable(200)
def test_a_time_is_given_back(time: int) -> None:
    assert time_ms_of(position_of_time(time)) == time
    assert -(2**63) <= position_of_time(time) < 2**63


@pytest.mark.parametrize(
    "entry_id", [b"18446744073709551615-18446744073709551615", b"18446744073709551614-5", b"253402300800000-0"]
)
def test_ids_beyond_the_calendar_fit_a_column_and_come_last(entry_id: bytes) -> None:
    position = position_of_id(entry_id)
    assert position_of_id(b"253402300799998-0") < position < 2**63
    assert time_ms_of(position) == MAX_TIME_MS


def test_a_sequence_beyond_the_bits_does_not_reach_the_next_millisecond() -> None:
    for sequence in (32_768, 40_000, 18_446_744_073_709_551_615):
        assert position_of_id(b"5-32767") <= position_of_id(f"5-{sequence}".encode()) < position_of_id(b"6-0")
