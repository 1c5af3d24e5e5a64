"""The as-of join: by whole ids for streams, by times for what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import numpy as np
import pytest
from each_case import each_case

from strategic_memory_server.columns.columns import PositionColumn, float_column, index_column
from strategic_memory_server.columns.stream_position import LARGEST, position_column, position_of
from strategic_memory_server.memory.strategic_memory import PortfolioWindow, RegimeWindow
from strategic_memory_server.rpc.inline.inline_join import joined
from strategic_memory_server.windows.asof_join import GIVEN, NOT_OBSERVED, Observed
from strategic_memory_server.windows.name_table import NameTable

Seen = list[tuple[int, str]]
"""Times and regimes."""


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
        time_ms=index_column([position for position, _ in observed]),
    )
    given = PortfolioWindow(
        regime=names.column(regime for _, regime in entries),
        pnl=float_column([0.0] * len(entries)),
        time_ms=index_column([position for position, _ in entries]),
        opened_ms=index_column([position for position, _ in entries]),
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


def at_times(times_ms: Iterable[int]) -> PositionColumn:
    return position_column([position_of((time_ms, 1)) for time_ms in times_ms])


@each_case("seed", range(20))
def test_columns_of_observations_give_the_same(seed: int) -> None:
    """Wherever they are cut into older ones and a window, and whatever is missing of the older ones before the cut."""
    random = Random(seed)
    seen = sorted((random.randrange(50), random.randrange(3)) for _ in range(random.randrange(1, 30)))
    cut = random.randrange(len(seen))
    older, window = seen[:cut], seen[cut:]
    observed = Observed(
        positions=at_times([at for at, _ in window]),
        regimes=np.array([regime for _, regime in window], dtype=np.int64),
        older_positions=at_times([at for at, _ in older]),
        older_regimes=np.array([regime for _, regime in older], dtype=np.int64),
        unknown=9,
    )
    regimes, joins = observed.as_of(at_times(range(52)))
    for time_ms, regime, join in zip(range(52), regimes.tolist(), joins.tolist(), strict=True):
        earlier = [(position_of((at, 1)), regime) for at, regime in seen if at <= time_ms]
        assert (join, regime) == (earlier[-1] if earlier else (NOT_OBSERVED, 9))
    assert NOT_OBSERVED < position_of((0, 1)) < position_of((LARGEST, LARGEST)) < GIVEN
