"""ObservationLookup fed by hand: it finds what a search of the whole stream finds, without reading it all."""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from random import Random
from typing import Any

import numpy as np
from each_case import each_case

from strategic_memory_server.columns.stream_position import LARGEST, Id, id_of, position_column, position_of
from strategic_memory_server.entries.entries import read_regime_observation
from strategic_memory_server.inputs.observation_lookup import ObservationLookup
from strategic_memory_server.inputs.page_reader import PageReader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.whole_pages import observations_of_page
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.windows.asof_join import Observed
from strategic_memory_server.windows.name_table import NameTable
from strategic_memory_server.windows.rolling_regimes import observation_columns

PAGE = 20
Stream = list[tuple[Id, bytes | None]]
"""Observations, oldest first: an id, and a regime, or None for a malformed one."""


class Regimes:
    """A regime stream that answers as Redis does, and counts."""

    def __init__(self, observations: Stream) -> None:
        self.observations = observations
        self._ids = [entry_id for entry_id, _ in observations]
        self.round_trips = self.sent = 0

    def answer(self, command: bytes) -> list[Any]:
        """Answer XREVRANGE key upper lower COUNT count."""
        name, _, upper, lower, _, count = command.split(b"\r\n")[2::2]
        assert name == b"XREVRANGE"
        end = _place(self._ids, upper.decode(), after=not upper.startswith(b"("))
        start = _place(self._ids, lower.decode(), after=False)
        within = self.observations[max(start, end - int(count)) : end][::-1] if end > start else []
        self.sent += len(within)
        return [
            [b"%d-%d" % entry_id, [b"regime", regime or b"R", b"pnl", b"1" if regime else b"nan"]]
            for entry_id, regime in within
        ]


def _place(ids: list[Id], bound: str, *, after: bool) -> int:
    """Where a bound of a range stands among the ids."""
    if bound == "-":
        return 0
    find = bisect_right if after else bisect_left
    return find(ids, id_of(bound.removeprefix("(").encode()))


def looked_up(regimes: Regimes, entry_ids: list[Id], extra_entries: int = 10_000) -> list[str]:
    """The regime at each of these ids, ascending, as the lookup finds it."""
    names = NameTable()
    reader = PageReader(
        "stream:meta.regime",
        read_regime_observation,
        functools.partial(observation_columns, names=names),
        functools.partial(observations_of_page, names=names),
    )
    column = position_column([position_of(entry_id) for entry_id in entry_ids])
    lookup = ObservationLookup("regimes", column, reader, ReadingLimits(PAGE, extra_entries))
    while commands := lookup.commands():
        regimes.round_trips += 1
        assert len(commands) <= PAGE
        lookup.feed([regimes.answer(command) for command in commands])
    nothing = np.empty(0, dtype=np.int64)
    unknown = names.index(UNKNOWN_REGIME)
    observed = Observed(column[:0], nothing, *lookup.found(), unknown)
    return [names.names[code] for code in observed.as_of(column)[0].tolist()]


def searched(observations: Stream, entry_ids: list[Id]) -> list[str]:
    """The regime of the last usable observation at or before each of these ids."""
    found = []
    for entry_id in entry_ids:
        earlier = [regime for seen, regime in observations if regime and seen <= entry_id]
        found.append(earlier[-1].decode() if earlier else UNKNOWN_REGIME)
    return found


def random_case(random: Random) -> tuple[Stream, list[Id]]:
    last_ms = random.choice([30, 300, 3_000])
    bad_share = random.choice([0.0, 0.1, 0.9])
    seen = sorted({(random.randint(1, last_ms), random.randrange(3)) for _ in range(random.choice([0, 5, 100, 600]))})
    observations = [(each, None if random.random() < bad_share else b"R%d" % random.randrange(99)) for each in seen]
    entries = [(random.randint(1, last_ms), random.randrange(3)) for _ in range(random.choice([1, 2, 30, 300]))]
    return observations, sorted(entries)


@each_case("seed", range(150))
def test_it_finds_what_a_search_finds(seed: int) -> None:
    observations, entries = random_case(Random(seed))
    assert looked_up(Regimes(observations), entries) == searched(observations, entries)


def test_ids_are_compared_whole_whatever_they_count() -> None:
    observations: Stream = [((5, 32_766), b"A"), ((5, 32_767), b"B"), ((5, 99_999), b"C"), ((5, LARGEST), b"D")]
    entries = [(5, sequence) for sequence in (0, 32_766, 99_998, 99_999, LARGEST - 1, LARGEST)]
    assert looked_up(Regimes(observations), entries) == [UNKNOWN_REGIME, "A", "B", "C", "C", "D"]
    microseconds: Stream = [((1_790_000_000_000_000, 1), b"A"), ((1_790_000_000_000_002, 1), b"B")]
    assert looked_up(Regimes(microseconds), [(1_790_000_000_000_001, 0)]) == ["A"]
    beyond: Stream = [((LARGEST - 1, 1), b"A"), ((LARGEST, LARGEST), b"B")]
    assert looked_up(Regimes(beyond), [(LARGEST, 7), (LARGEST, LARGEST)]) == ["A", "B"]


def test_rare_observations_are_read_once_and_no_others() -> None:
    observations: Stream = [((10 * number, 0), b"R%d" % number) for number in range(1, 101)]
    regimes = Regimes(observations)
    entries = [(time_ms, 0) for time_ms in range(405, 606)]
    found = looked_up(regimes, entries)
    assert found == searched(observations, entries)
    # Those of the stretch, 41 to 60, and the one before it.
    assert (regimes.sent, regimes.round_trips) <= (23, 2)


def test_one_entry_takes_one_round_trip_and_one_observation() -> None:
    regimes = Regimes([((number, 0), b"R") for number in range(1, 1_000)])
    assert looked_up(regimes, [(500, 1)]) == ["R"]
    assert (regimes.sent, regimes.round_trips) == (1, 1)


def test_frequent_observations_are_not_read_through() -> None:
    """A thousand of them between two entries."""
    observations: Stream = [((number, 0), b"R%d" % (number % 7)) for number in range(1, 100_001)]
    regimes = Regimes(observations)
    entries = [(time_ms, 5) for time_ms in range(1_000, 100_001, 1_000)]
    found = looked_up(regimes, entries)
    assert found == [f"R{time_ms % 7}" for time_ms, _ in entries]
    assert regimes.sent <= 2 * PAGE + len(entries)
    assert regimes.round_trips <= 2 + len(entries) / PAGE


def test_many_malformed_ones_are_passed_up_to_a_bound() -> None:
    observations: Stream = [((1, 0), b"A"), *(((number, 0), None) for number in range(2, 400))]
    assert looked_up(Regimes(observations), [(500, 0)]) == ["A"]
    regimes = Regimes(observations)
    assert looked_up(regimes, [(500, 0)], extra_entries=50) == [UNKNOWN_REGIME]
    assert regimes.sent < 100
